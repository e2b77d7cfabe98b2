"""One rule for all: a law is its accelerations, term by term, and where they lead.

q̈_i = Σ_k c_k φ_k(q, q̇, t): expressions are expanded into terms, each a number times its shape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Final

import numpy as np
import sympy
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from scipy.interpolate import CubicSpline
from sympy import Expr, Float, Symbol

from systems.equations import velocity
from systems.forces import TIME
from systems.samples.trajectories import Trajectories, Trajectory
from tests.benchmarks.pysindy_scores import Score

Array = NDArray[np.float64]
NEAR: Final = 0.01
"""A number inside a function or an exponent counts as the truth's, or as a half of an integer, that
is so near; how far it is off then counts as an error of a coefficient."""

NOTHING: Final = 1e-3
"""A term that makes up less of the acceleration is none, whosever it is: symbolic regressors always
add a constant, and compute in single precision."""

LONGEST: Final = 4000
"""Operations of an expression that is still expanded; no law is as long."""

SLOPES: Final = 100_000
"""A law whose motion asks for its acceleration more often does not come to an end."""


@dataclass(frozen=True)
class Words:
    """What laws are written in: coordinates q, velocities qd, features such as r, and drives.

    `waves` are drives by symbol: functions of time, or None for one that was measured.
    """

    coordinates: tuple[str, ...]
    features: Mapping[str, Expr] = field(default_factory=dict)
    waves: Mapping[Symbol, Expr | None] = field(default_factory=dict)

    @property
    def state(self) -> tuple[str, ...]:
        """Coordinates, velocities, and drives."""
        rates = (velocity(name).name for name in self.coordinates)
        return (*self.coordinates, *rates, *(wave.name for wave in self.waves))

    def columns(self, item: Trajectory, mass: Array) -> Array:
        """The values (n, k) of the state along a motion."""
        return np.column_stack([item.q, item.p / mass, self.driven(item)])

    def driven(self, item: Trajectory) -> Array:
        """The values (n, w) of the drives."""
        given = iter([] if item.extra is None else item.extra.T)
        columns = [
            next(given) if wave is None else sympy.lambdify(TIME, wave)(item.t)
            for wave in self.waves.values()
        ]
        return np.column_stack([np.zeros((len(item), 0)), *columns])

    def plain(self, expr: Expr) -> Expr:
        """An expression in coordinates, velocities, and drives alone."""
        return expr.xreplace({Symbol(name): what for name, what in self.features.items()})

    def timed(self, expr: Expr) -> Expr:
        """An expression with the drives that are known written out in the time."""
        return expr.xreplace({s: wave for s, wave in self.waves.items() if wave is not None})


def written(words: Words, forces: Iterable[Expr]) -> tuple[Expr, ...]:
    """Expressions with a symbol for every feature and measured drive: r for √((x1 - x2)² + …).

    >>> x, y, r = sympy.symbols("x y r")
    >>> written(Words(("x", "y"), {"r": sympy.sqrt(x**2 + y**2)}), [x / (x**2 + y**2) ** 2])
    (x/r**4,)
    """
    squares = {
        sympy.expand(what**2): Symbol(name, positive=True) for name, what in words.features.items()
    }

    def named(base: Expr, power: Expr) -> Expr:
        found = squares.get(sympy.expand(base)) if base.is_Add else None
        return base**power if found is None else found ** (2 * power)

    heard = {sympy.Function(s.name)(TIME): s for s, wave in words.waves.items() if wave is None}
    one_name = {symbol: Symbol(symbol.name) for symbol in squares.values()}
    return tuple(
        force.replace(sympy.Pow, named).xreplace(heard).xreplace(one_name) for force in forces
    )


def numbers(exprs: Iterable[Expr]) -> list[Expr]:
    """The numbers inside of functions and exponents of the truth, and the halves of integers."""
    inside = {
        number
        for expr in exprs
        for node in expr.atoms(sympy.Function, sympy.Pow)
        for number in node.atoms(sympy.Number)
    }
    halves = {sympy.Rational(k, 2) for k in range(-30, 31) if k}
    return sorted(inside | halves - {sympy.S.Zero}, key=float)


def terms(expr: Expr, known: Sequence[Expr]) -> tuple[dict[Expr, float], float]:
    """The coefficient of each shape, and how far the numbers inside are off, at worst.

    >>> x = sympy.Symbol("x")
    >>> terms(2.5 * x * (x + 2), numbers([])) == ({x: 5.0, x**2: 2.5}, 0.0)
    True
    >>> found, off = terms(-4 * sympy.sin(1.001 * x), numbers([]))
    >>> found, round(off, 6)
    ({sin(x): -4.0}, 0.001)
    """
    found: dict[Expr, float] = {}
    worst = 0.0
    for term in sympy.Add.make_args(expr):
        number, rest = term.as_independent(*term.free_symbols, as_Add=False)
        shapes, off = _expanded(rest, tuple(known))
        worst = max(worst, off)
        for shape, size in shapes:
            found[shape] = found.get(shape, 0.0) + float(number) * size
    return {shape: size for shape, size in found.items() if size}, worst


@lru_cache(maxsize=10_000)
def _expanded(term: Expr, known: tuple[Expr, ...]) -> tuple[tuple[tuple[Expr, float], ...], float]:
    """The shapes of one term with their sizes, and how far the numbers inside are off."""
    off = [0.0]

    def snapped(number: Expr) -> Expr:
        nearest = min(known, key=lambda one: abs(float(one) - float(number)))
        away = abs(float(number) / float(nearest) - 1)
        if away > NEAR:
            return number
        off.append(away)
        return nearest

    def inner(node: Expr) -> Expr:
        return node.func(*(a.xreplace({n: snapped(n) for n in a.atoms(Float)}) for a in node.args))

    def bent(node: Expr) -> bool:
        plain = node.is_Pow and node.exp.is_Integer and node.exp.is_positive
        return isinstance(node, sympy.Function) or (node.is_Pow and not plain)

    whole = sympy.expand(sympy.nfloat(term, n=17).replace(bent, inner), trig=True)
    parts = (
        part.as_independent(*part.free_symbols, as_Add=False) for part in sympy.Add.make_args(whole)
    )
    return tuple((shape, float(size)) for size, shape in parts), max(off)


@dataclass(frozen=True)
class Judge:
    """Judges accelerations, expressions in the `words`, by the `truth` on the points of `data`.

    `sizes` are those of the expressions that were met so far.
    """

    words: Words
    truth: tuple[Expr, ...]
    data: Trajectories
    sizes: dict[Expr, float] = field(default_factory=dict, repr=False, compare=False)

    def score(self, law: Sequence[Expr]) -> Score:
        """Of all coordinates: are the terms the true ones, and how far off is the worst?"""
        return Score.worst([self.score_of(i, force) for i, force in enumerate(law)])

    def score_of(self, i: int, force: Expr) -> Score:
        """That of one coordinate; what cannot be expanded into terms has none of the true ones."""
        truth, force = map(self.words.timed, (self.truth[i], force))
        known = numbers(map(self.words.timed, self.truth))
        true, _ = terms(truth, known)
        lost = Score(False, 1.0)
        if force.count_ops() > LONGEST or force.has(sympy.nan, sympy.zoo, sympy.oo, sympy.I):
            return lost
        try:
            found, off = terms(force, known)
        except (TypeError, ValueError, OverflowError, RecursionError):
            return lost
        size = self._size(truth)
        small = {
            shape for shape, number in found.items()
            if shape not in true and not abs(number) * self._size(shape) > NOTHING * size
        }  # fmt: skip
        score = Score.of_forces({s: c for s, c in found.items() if s not in small}, true)
        return Score(score.exact, max(score.error, off if score.exact else 0.0))

    def _size(self, expr: Expr) -> float:
        """The root mean square of an expression on the data."""
        if expr not in self.sizes:
            with np.errstate(all="ignore"):
                values = self.field([expr])(*self._points)
                self.sizes[expr] = float(np.sqrt(np.mean(np.square(values))))
        return self.sizes[expr]

    @cached_property
    def _points(self) -> tuple[Array, Array]:
        states = [self.words.columns(item, self.data.mass) for item in self.data]
        whole, times = np.vstack(states), np.concatenate([item.t for item in self.data])
        every = max(1, len(whole) // 500)
        return whole[::every], times[::every]

    def field(self, law: Sequence[Expr]) -> Callable[[Array, Array], Array]:
        """The accelerations (n, d) at states (n, k) and times (n,)."""
        plain = [self.words.plain(force) for force in law]
        names = [*map(Symbol, self.words.state), TIME]
        compiled = sympy.lambdify(names, plain, cse=True)

        def at(states: Array, times: Array) -> Array:
            columns = [np.broadcast_to(a, len(states)) for a in compiled(*states.T, times)]
            return np.column_stack(columns).astype(float)

        return at

    def rollout(self, law: Sequence[Expr], held_out: Trajectories) -> float:
        """The root mean square of q̂ - q over the deviation of q; inf where the law leads nowhere.

        Of motions that the law has not seen, each followed from its first point; the median.
        """
        follow = self.field(law)
        spread, _ = held_out.channel_std()
        return float(np.median([self._followed(follow, item, spread, held_out.mass)
                                for item in held_out]))  # fmt: skip

    def _followed(
        self, field: Callable[[Array, Array], Array], item: Trajectory, spread: Array, mass: Array
    ) -> float:
        d = len(spread)
        drives = CubicSpline(item.t, self.words.driven(item))
        left = [SLOPES]

        def slope(time: float, state: Array) -> Array:
            left[0] -= 1
            if left[0] < 0:
                raise ArithmeticError
            now = np.concatenate([state, drives(time)])[None]
            return np.concatenate([state[d:], field(now, np.array([time]))[0]])

        start = np.concatenate([item.q[0], item.p[0] / mass])
        try:
            with np.errstate(all="ignore"):
                span = (item.t[0], item.t[-1])
                found = solve_ivp(slope, span, start, "DOP853", item.t, rtol=1e-8, atol=1e-10)
        except (ArithmeticError, ValueError, TypeError):
            return float("inf")
        if not found.success or not np.isfinite(found.y).all():
            return float("inf")
        off = (found.y[:d].T - item.q) / np.where(spread > 0, spread, 1.0)
        return float(np.sqrt(np.mean(off**2)))
