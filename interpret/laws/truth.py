"""The truth in the words of a law: its coefficients on the law's candidates, and what they miss.

A truth may be written differently from the law: factorised, in coordinates where the law has
features, with other constants. Here it is brought to the law's variables and then decomposed,
exactly where algebra allows, by projection on a grid of points where it does not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import sympy
import torch
from numpy.typing import NDArray
from sympy import Expr, Symbol

from interpret.laws.forms import values
from interpret.laws.law import Law
from interpret.laws.matching import matched
from interpret.laws.parts import Part
from systems.errors import InputError, nearest
from systems.expressions import symbol
from systems.problem import Problem
from training.solve.linear import solve

Array = NDArray[np.float64]

POINTS: Final = 400
"""Points on which a projection is made, at least; ten for each candidate if that is more."""

NEGLIGIBLE: Final = 1e-9
"""A part of a term below this fraction of it is round-off of the projection."""

DECADE: Final = 10.0
"""A positive variable that spans more than this is sampled evenly in its logarithm."""

ATTEMPTS: Final = 200
"""Batches of random coordinates drawn to find points whose features lie in the law's domain."""


@dataclass(frozen=True)
class Words:
    """What a truth is written in: coordinates, features, which are functions of them by name, and
    the gauge, which no data can fix: usually the constant 1."""

    coordinates: tuple[str, ...]
    features: Mapping[str, Expr]
    gauge: tuple[Expr, ...]

    @staticmethod
    def of(problem: Problem, law: Law) -> Words:
        """Those of a motion's coordinates; of a map, the law's own variables."""
        mechanics = problem.mechanics
        if mechanics is None:
            return Words(tuple(law.domain), {}, problem.gauge)
        return Words(mechanics.coordinates, mechanics.features, problem.gauge)


@dataclass(frozen=True)
class Setting:
    """Truth, candidates and gauge in one set of variables, with points x (n, f) of the domain."""

    truth: Expr
    candidates: tuple[Expr, ...]
    gauge: tuple[Expr, ...]
    variables: tuple[str, ...]
    points: Array


@dataclass(frozen=True)
class Decomposition:
    """truth = sum_j coefficients[j] * candidates[j] + sum(outside) + gauge.

    `coefficients` are exact, or Floats where they come from a projection or from the truth.
    `outside` are the terms that no candidate spans; `remainder` is their size: the root mean
    square of what is left of the truth after projection on candidates and gauge, over the root
    mean square of the truth about its mean.
    """

    coefficients: tuple[Expr, ...]
    outside: tuple[Expr, ...]
    remainder: float


def common(
    law: Law, part: Part, words: Words, truth: Expr, *, written_out: bool = False
) -> Setting:
    """The truth and a part's candidates in the same variables, with points in the law's domain.

    These are the law's own variables if the truth is written in them, otherwise, or when asked to
    be ``written_out``, the coordinates, with the features of the law and of the truth written out.

    Raises InputError when the truth has a variable that neither the law nor its words know.
    """
    gauge = tuple(sympy.sympify(unit, strict=True) for unit in words.gauge)
    names = {item.name for item in truth.free_symbols}
    bodies = law.variables.bodies
    summed = set() if bodies is None else set(bodies.sums) - set(words.coordinates)
    written_out = written_out or (bool(summed) and not names & summed)
    same = all(name in law.domain and _same(name, law, words) for name in names)
    if same and not written_out:
        variables = tuple(law.domain)
        points = _points(law.domain, len(part.candidates))
        return Setting(truth, part.candidates, gauge, variables, points)
    variables = tuple(words.coordinates)
    # In the truth a name means what the system says; only other names are the law's features.
    own = {name: what for name, what in law.features.items() if name not in variables}
    expanded = truth.xreplace(_symbols({**own, **words.features}))
    for name in sorted(item.name for item in expanded.free_symbols):
        if name not in variables:
            known = sorted({*variables, *law.domain, *words.features})
            raise InputError(
                f"the truth {truth} has the variable {name}, which is none of "
                f"{', '.join(known)}.{nearest(name, known)}"
            )
    candidates = tuple(map(law.written_out, part.candidates))
    points = _coordinates(law, variables, len(candidates))
    return Setting(expanded, candidates, gauge, variables, points)


def decompose(setting: Setting) -> Decomposition:
    """Coefficients of the truth on the candidates, and the remainder outside the library.

    1. Expand truth and candidates, and match them term by term (`matching.matched`).
    2. Project the other terms on gauge and candidates at the points: least squares with columns
       scaled to length 1. They are outside the library if more than 1e-9 of them is left over.

    >>> q = symbol("q")
    >>> x = np.linspace(0.0, 2.0, 50)[:, None]
    >>> found = decompose(Setting(q * (q - 2), (q, q**2, q**3), (sympy.Integer(1),), ("q",), x))
    >>> found.coefficients, found.outside, found.remainder
    ((-2, 1, 0), (), 0.0)
    """
    symbols = [symbol(name) for name in setting.variables]
    both = (*setting.candidates, *setting.gauge)
    coefficients, rest = matched(setting.truth, both, symbols)
    # What the truth has of the gauge is of no interest.
    coefficients = coefficients[: len(setting.candidates)]
    if not rest:
        return Decomposition(coefficients, (), 0.0)
    projected, left_over, remainder = _projected(setting, sympy.Add(*rest))
    if left_over > NEGLIGIBLE:
        return Decomposition(coefficients, rest, remainder)
    pairs = zip(coefficients, projected, strict=True)
    summed = tuple(exact + sympy.Float(part) if part else exact for exact, part in pairs)
    return Decomposition(summed, (), 0.0)


def _same(name: str, law: Law, words: Words) -> bool:
    """Whether a name means the same in the law and in the truth."""
    here = law.features.get(name, symbol(name))
    there = words.features.get(name, symbol(name) if name in words.coordinates else here)
    return bool(here == there or sympy.simplify(here - there) == 0)


def _symbols(definitions: Mapping[str, Expr]) -> dict[Symbol, Expr]:
    return {symbol(name): expression for name, expression in definitions.items()}


def _projected(setting: Setting, rest: Expr) -> tuple[list[float], float, float]:
    """Coefficients of `rest` on the candidates; what is left over, of `rest` and of the truth."""
    columns = (*setting.gauge, *setting.candidates)
    expressions = (*columns, rest, setting.truth)
    table = values_or_not(expressions, setting.variables, setting.points)
    table = np.ascontiguousarray(table[np.isfinite(table).all(axis=1)])
    if len(table) <= len(columns):
        raise InputError(
            f"the truth {setting.truth} is not finite in the law's domain, so the two cannot be "
            f"compared there."
        )
    matrix, wanted, truth = table[:, :-2], table[:, -2], table[:, -1]
    size = float(np.linalg.norm(wanted))
    solution = solve(torch.from_numpy(matrix), torch.from_numpy(wanted)).coefficients.numpy()
    # Columns whose part is round-off are left out, and the others solved again without them.
    used = np.abs(solution) * np.linalg.norm(_about_mean(matrix), axis=0) > NEGLIGIBLE * size
    used[: len(setting.gauge)] = True
    found = solve(torch.from_numpy(matrix[:, used]), torch.from_numpy(wanted))
    solution = np.zeros_like(solution)
    solution[used], residual = found.coefficients.numpy(), found.residual
    remainder = residual / float(np.linalg.norm(_about_mean(truth)) or 1.0)
    return solution[len(setting.gauge) :].tolist(), residual / size, remainder


def values_or_not(expressions: Sequence[Expr], variables: Sequence[str], x: Array) -> Array:
    """The expressions at the points, inf or nan where one is singular: (n, f) to (n, k)."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return values(expressions, variables, x)


def _about_mean(matrix: Array) -> Array:
    centred: Array = matrix - matrix.mean(axis=0)
    return centred


def _points(domain: Mapping[str, tuple[float, float]], candidates: int) -> Array:
    """Points of a box, shape (n, f): a grid in one dimension, random ones in several."""
    count = max(POINTS, 10 * candidates)
    if len(domain) == 1:
        fractions = np.linspace(0.0, 1.0, count)[:, np.newaxis]
    else:
        fractions = np.random.default_rng(0).random((count, len(domain)))
    points = np.empty_like(fractions)
    for column, (low, top) in enumerate(domain.values()):
        along = fractions[:, column]
        if low > 0 and top > DECADE * low:
            points[:, column] = low * (top / low) ** along
        else:
            points[:, column] = low + (top - low) * along
    return points


def _coordinates(law: Law, variables: tuple[str, ...], candidates: int) -> Array:
    """Random coordinates (n, d) at which every feature of the law lies in the law's domain.

    Of the coordinates themselves only the features' ranges are known, so their scale is drawn
    too, over four decades around the largest feature.
    """
    if all(name in law.domain for name in variables):
        return _points({name: law.domain[name] for name in variables}, candidates)
    if not law.features or not all(name in law.domain for name in law.features):
        lacking = ", ".join(name for name in variables if name not in law.domain)
        raise InputError(f"the law does not say which {lacking} it was learned from.")
    bounds = np.array([law.domain[name] for name in law.features])
    expressions = tuple(law.features.values())
    random = np.random.default_rng(0)
    count = max(POINTS, 10 * candidates)
    largest = float(np.abs(bounds).max())
    found = np.empty((0, len(variables)))
    for _ in range(ATTEMPTS):
        scale = largest * 10.0 ** random.uniform(-2, 2, size=(count, 1))
        points = scale * random.standard_normal((count, len(variables)))
        features = values_or_not(expressions, variables, points)
        inside = ((features >= bounds[:, 0]) & (features <= bounds[:, 1])).all(axis=1)
        found = np.vstack([found, points[inside]])
        if len(found) >= count:
            return found[:count]
    raise InputError(
        f"no coordinates were found at which {', '.join(law.features)} lie in the law's domain; "
        f"write the truth in {', '.join(law.features)} instead."
    )
