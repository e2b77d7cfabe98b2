"""An amplitude for every pair: charges where they are of rank one, else kinds of pairs.

a_ij = ±q_i q_j
"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interpret.bodies.found import Found, settled
from interpret.bodies.kinds import kinds
from interpret.bodies.model import Family, Model
from interpret.bodies.rows import Rows
from interpret.bodies.swarm import EXACT
from interpret.laws.constants import recognise
from interpret.laws.value import with_error
from interpret.select.matrix import Compressed

Array = NDArray[np.float64]
Numbers = NDArray[np.intp]

MOST_PAIRS: Final = 66
"""Of twelve particles; of more a column for each pair and shape is no matter of seconds."""

ROUNDS: Final = 50
STILL: Final = 1e-12

AS_WELL: Final = 1.5
"""Fewer numbers than amplitudes may miss so many times as much as these."""

MOST_COLUMNS: Final = 240
"""Of so many columns, a column for each pair and shape, shapes are looked for by twos as well."""

FAR_LESS: Final = 3.0
"""Two shapes are taken where one misses three times as much."""


def each_pair(rows: Rows, family: Family, outside: tuple[Family, ...]) -> Found | None:
    """The shapes, one or two, which with amplitudes for every pair explain most; with charges if
    one shape's amplitudes are products of them.

    None for too many pairs.
    """
    pairs = len(family.links)
    usable = family.usable(rows.swarm)
    if pairs > MOST_PAIRS or not len(usable):
        return None
    beside = Model(outside)
    more = rows.columns(beside.forces(rows.swarm.x))
    apart = rows.apart(usable.links, usable.shapes.slopes).reshape(len(more), pairs, -1)
    some = _shapes(rows, apart, more)
    columns = np.hstack([apart[:, :, list(some)].reshape(len(more), -1), more])
    own = pairs * len(some)
    needed = [k for k in _needed(rows, columns, own) if k >= own]
    kept = beside.on([k - own for k in needed])
    places = [*range(own), *needed]
    problem = rows.compressed(
        np.ascontiguousarray(columns[:, places]), tuple(map(str, range(len(places))))
    )
    shape = usable.on(some)
    charged = _charged(rows, shape, kept, problem) if len(some) == 1 else None
    return charged or _kinds(rows, shape, kept, problem)


def _shapes(rows: Rows, apart: Array, more: Array) -> tuple[int, ...]:
    """The best shape, or the best two where these miss far less: of columns (rows, B, K)."""
    count, pairs, shapes = apart.shape
    if pairs * shapes > MOST_COLUMNS:
        left = [_left(rows, np.hstack([apart[:, :, k], more])) for k in range(shapes)]
        return (int(np.argmin(left)),)
    whole = np.hstack([apart.reshape(count, -1), more])
    problem = rows.compressed(whole, tuple(map(str, range(whole.shape[1]))))
    scale = np.linalg.norm(problem.design, axis=0)
    design = problem.design / np.where(scale > 0, scale, 1.0)
    beside = list(range(pairs * shapes, whole.shape[1]))
    best: list[tuple[float, tuple[int, ...]]] = []
    for size in (1, 2):
        sets = combinations(range(shapes), min(size, shapes))
        found = []
        for some in sets:
            places = [b * shapes + k for b in range(pairs) for k in some] + beside
            part = design[:, places]
            solved = np.linalg.lstsq(part, problem.truth, rcond=1e-13)[0]
            found.append((float(np.linalg.norm(part @ solved - problem.truth)), some))
        best.append(min(found))
    (one, single), (two, both) = best
    limit = max(FAR_LESS * two, EXACT * problem.length)
    return single if one <= limit else both


def _left(rows: Rows, columns: Array) -> float:
    problem = rows.compressed(columns, tuple(map(str, range(columns.shape[1]))))
    return problem.solve(problem.full)[1]


def _needed(rows: Rows, columns: Array, pairs: int) -> list[int]:
    """The columns beside the pairs' without which the rows are missed by half as much again."""
    names = tuple(map(str, range(columns.shape[1])))
    problem = rows.compressed(columns, names)
    kept = list(problem.full)
    whole = max(problem.solve(problem.full)[1], EXACT * problem.length)
    for k in sorted(range(pairs, columns.shape[1]), reverse=True):
        less = tuple(c for c in kept if c != k)
        if problem.solve(less)[1] <= AS_WELL * whole:
            kept.remove(k)
    return kept


def _charged(rows: Rows, family: Family, beside: Model, problem: Compressed) -> Found | None:
    """The amplitudes as products of charges, where they are."""
    pairs = len(family.links)
    free, residual = problem.solve(problem.full)
    one, other = family.links.one, family.links.other
    start = _rank_one(free[:pairs], one, other, rows.swarm.count)
    if start is None:
        return None
    sign, charges = start
    rest = free[pairs:]
    for _ in range(ROUNDS):
        products = sign * charges[one] * charges[other]
        slopes = np.zeros((pairs, len(charges)))
        slopes[np.arange(pairs), one] += sign * charges[other]
        slopes[np.arange(pairs), other] += sign * charges[one]
        design = np.hstack([problem.design[:, :pairs] @ slopes, problem.design[:, pairs:]])
        left = problem.truth - problem.design @ np.concatenate([products, rest])
        step = np.linalg.lstsq(design, left, rcond=1e-14)[0]
        charges, rest = charges + step[: len(charges)], rest + step[len(charges) :]
        if np.abs(step[: len(charges)]).max() < STILL * np.abs(charges).max():
            break
    left = problem.truth - problem.design @ np.concatenate(
        [sign * charges[one] * charges[other], rest]
    )
    missed = float(np.linalg.norm(left))
    if not missed <= max(AS_WELL * residual, EXACT * problem.length):
        return None
    errors = _errors(rows, design, missed)[: len(charges)]
    errors = np.hypot(errors, rows.share(missed) * np.abs(charges))
    told = ", ".join(map(with_error, charges.tolist(), errors.tolist()))
    closed = [recognise(float(c), float(e)) for c, e in zip(charges, errors, strict=True)]
    known = [form for form in closed if form is not None]
    if len(known) == len(closed):
        charges = np.array([float(form) for form in known])
    factors = {"q_i": charges[one], "q_j": charges[other]}
    model = Model((replace(family, factors=factors), *beside.families))
    columns = rows.columns(model.forces(rows.swarm.x))
    shares = (rows.share(missed), rows.share(residual))
    found = settled(rows, model, tuple(range(len(model))), columns, shares)
    return found.saying(f"charges q = {told}: one for each of {_labels(rows)}")


def _errors(rows: Rows, design: Array, missed: float) -> Array:
    """The error bars of a compressed problem's numbers."""
    inverse = np.linalg.pinv(design.T @ design, rcond=1e-14, hermitian=True)
    free = max(len(rows.truth) / 4 - design.shape[1], 1.0)
    return np.asarray(np.sqrt(np.diag(inverse) * missed**2 / free))


def _labels(rows: Rows) -> str:
    return ", ".join("".join(body[:1]) for body in rows.swarm.names)


def _rank_one(
    amplitudes: Array, one: Numbers, other: Numbers, count: int
) -> tuple[float, Array] | None:
    """The sign and the charges nearest to the amplitudes, by their logarithms; None where signs
    belong to no product."""
    if count < 3 or not np.abs(amplitudes).min() > 0:
        return None
    pairs = np.arange(len(amplitudes))
    sums = np.zeros((len(amplitudes), count))
    sums[pairs, one] = sums[pairs, other] = 1.0
    sizes = np.exp(np.linalg.lstsq(sums, np.log(np.abs(amplitudes)), rcond=None)[0])
    signs = np.zeros((count, count))
    signs[one, other] = signs[other, one] = np.sign(amplitudes)
    for sign in (1.0, -1.0):
        own = np.concatenate([[1.0], sign * signs[0, 1:]])
        if (np.sign(amplitudes) == sign * own[one] * own[other]).all():
            return sign, sizes * own
    return None


def _kinds(rows: Rows, family: Family, beside: Model, problem: Compressed) -> Found:
    """The amplitudes by kind: pairs whose amplitudes agree share them."""
    own = len(family.links) * len(family)
    values, residual = problem.solve(problem.full)
    errors = _errors(rows, problem.design, residual)
    errors = np.hypot(errors, rows.share(residual) * np.abs(values))
    shape = (len(family.links), len(family))
    alike = kinds(values[:own].reshape(shape), errors[:own].reshape(shape))
    variable = family.shapes.variable
    several = len(alike) > 1
    families = [
        Family(
            family.links.some(np.array(kind)),
            family.shapes.renamed(f"{variable}_{number}" if several else variable),
        )
        for number, kind in enumerate(alike, start=1)
    ]
    model = Model((*families, *beside.families))
    columns = rows.columns(model.forces(rows.swarm.x))
    fitted = rows.compressed(columns, tuple(map(str, range(len(model)))))
    shares = (rows.share(fitted.solve(fitted.full)[1]), rows.share(residual))
    found = settled(rows, model, fitted.full, columns, shares)
    if not several:
        return found
    return found.saying(f"{len(alike)} kinds of pairs are told apart by their amplitudes")
