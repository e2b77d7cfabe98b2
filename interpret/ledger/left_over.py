"""Is a force left over? Free functions of each position, velocity and the time are asked for one,
and frictions that depend freely on a position.

Their columns run along the law's own path, on which noise cannot ask for a force; along the smooth
path the noise that it has followed would.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interpret.ledger.account import Account
from interpret.ledger.initial_states import SMALLEST
from interpret.ledger.motion import Course
from interpret.ledger.path import Path
from interpret.ledger.reduced import Reduced
from interpret.ledger.response import response, stretch
from interpret.ledger.shooting import INTERVALS, Shooting

Array = NDArray[np.float64]

KNOTS: Final = 6
"""Of the cubic splines that a free function is made of."""

SEEN: Final = 1e-8
"""Directions of the splines that the motion sees less of say nothing."""


@dataclass(frozen=True, eq=False)
class LeftOver:
    """A free force of one variable: how probable it is by chance, and its share of the whole.

    At the `values` (n,) of the variable it is an acceleration (n, d), known to an `error` (n, d).
    """

    variable: str
    probability: float
    share: float
    values: Array
    force: Array
    error: Array


def left_over(account: Account) -> list[LeftOver]:
    """The free forces of every variable that the residuals ask for, the least probable first."""
    if account.solution is None:
        return []
    courses = _along_the_law(account, account.solution.shooting)
    d = account.setting.courses.dimension
    names = account.setting.candidates.coordinates
    residuals = np.concatenate(account.solution.residuals())
    ends = np.cumsum([len(course) for course in courses])[:-1]
    parts = _parts(account, courses, np.split(residuals, ends))
    states = np.concatenate([course.path.state(course.t) for course in courses])
    times = np.concatenate([course.t for course in courses])
    whole = np.concatenate([course.path.a(course.t) for course in courses])
    variables = [*names, *(f"d{name}/dt" for name in names), "t"]
    values = [*states.T, times]
    found = []
    for number, (name, value) in enumerate(zip(variables, values, strict=True)):
        if np.ptp(value) <= SEEN * np.abs(value).max():
            continue  # nothing depends on what never changes
        splines = _Splines.over(value, number, d)
        asked = {name: splines}
        if number < d:
            asked[f"the velocity and {name} together"] = replace(splines, friction=True)
        found += [
            _asked(account, parts, free, words, (states, times, whole))
            for words, free in asked.items()
        ]
    return sorted(found, key=lambda item: item.probability)


@dataclass(frozen=True)
class _Splines:
    """A free force on each of d coordinates, of one variable: number `which` of (q, v, t).

    A ``friction`` is this times the coordinate's own velocity.
    """

    knots: Array
    which: int
    dimension: int
    friction: bool = False

    @staticmethod
    def over(values: Array, which: int, dimension: int) -> _Splines:
        low, high = float(values.min()), float(values.max())
        inner = np.linspace(low, high, KNOTS)
        return _Splines(np.concatenate([[low] * 3, inner, [high] * 3]), which, dimension)

    def __call__(self, state: Array, t: Array) -> Array:
        """(n, d, d k): every spline but the first, which the initial state's motion has part in."""
        from scipy.interpolate import BSpline

        value = np.column_stack([state, t])[:, self.which]
        inside = np.clip(value, self.knots[0], self.knots[-1])
        basis = BSpline(self.knots, np.eye(len(self.knots) - 4), 3)(inside)[:, 1:]
        d, many = self.dimension, basis.shape[1]
        force = np.zeros((len(t), d, d * many))
        for i in range(d):
            pull = basis * state[:, d + i, None] if self.friction else basis
            force[:, i, i * many : (i + 1) * many] = pull
        return force


def _asked(
    account: Account,
    parts: list[tuple[Course, Array]],
    splines: _Splines,
    name: str,
    motion: tuple[Array, Array, Array],
) -> LeftOver:
    """The F test of one variable's free force, and its rms over that of the acceleration."""
    from scipy.special import fdtrc

    rows = [stretch(course, response(course, splines), target) for course, target in parts]
    reduced = Reduced(rows, account.state.noise)
    scale = np.sqrt(np.maximum(np.diagonal(reduced.gram)[:-1], SMALLEST**2))
    inside = reduced.gram[:-1, :-1] / np.outer(scale, scale)
    values, directions = np.linalg.eigh(inside)
    seen = values > SEEN * values.max(initial=0.0)
    along = directions.T @ (reduced.gram[:-1, -1] / scale)
    gain = float((along[seen] ** 2 / values[seen]).sum())
    many, left = int(seen.sum()), max(reduced.count - int(seen.sum()), 1)
    spread = max(float(reduced.gram[-1, -1]) - gain, SMALLEST) / left
    states, times, whole = motion
    columns = splines(states, times) / scale @ directions[:, seen]
    free = columns @ (along[seen] / values[seen])
    error = np.sqrt(spread * (columns**2 @ (1 / values[seen])))
    own, all_of_it = ((part**2).sum(axis=1).mean() for part in (free, whole))
    # Beside a law without forces it is all of the force.
    share = float(np.sqrt(own / all_of_it)) if all_of_it > 0 else 1.0
    probability = float(fdtrc(max(many, 1), left, gain / max(many, 1) / spread))
    value = np.column_stack([states, times])[:, splines.which]
    return LeftOver(name, probability, share, value, free, error)


def _parts(
    account: Account, courses: list[Course], residuals: list[Array]
) -> list[tuple[Course, Array]]:
    """Stretches of two periods: over longer ones a force left over would bend the path itself."""
    d, found = account.setting.courses.dimension, []
    for course, left in zip(courses, residuals, strict=True):
        for first, last in account.setting.pieces(course):
            if last - first > 2 * d + 3:
                found.append((course.cut(first, last), left[first:last]))
    return found


def _along_the_law(account: Account, shooting: Shooting) -> list[Course]:
    """The courses with the law's own path in the place of the smooth one."""
    law = account.law
    path, _ = shooting.flown(law)
    courses = []
    ends = (*shooting.first[1:], len(shooting.states))
    for course, begin, end in zip(account.setting.courses.items, shooting.first, ends, strict=True):
        inner = path[begin : end - 1, :INTERVALS].reshape(-1, path.shape[2])
        # The last segment repeats its end where the course ends before it.
        last = len(course) - (end - begin - 1) * INTERVALS
        state = np.concatenate([inner, path[end - 1, :last]])
        a = shooting.field(state, course.moments(course.t), law.coefficients, law.inner).total
        d = a.shape[1]
        path_of_law = Path.through(course.t, state[:, :d], state[:, d:], a)
        courses.append(replace(course, path=path_of_law))
    return courses
