"""What the rest of a force may come from: velocities, one frequency, other masses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interpret.judge.force_columns import ForceColumns
from interpret.select.matrix import lengths

Array = NDArray[np.float64]

FREQUENCIES: Final = 600
HIGHEST: Final = 0.25
"""In parts of half the sampling frequency: above, an interval's mean is no force any more."""

NEXT: Final = 4
"""Steps of the frequency grid on each side that belong to a peak."""

MUCH_BETTER: Final = 2.0
"""Other masses are named where they leave (rms) half as much: one number each explains no more."""

ROUNDS: Final = 10
"""V and the masses in turn: each round leaves less, and the first is near."""


@dataclass(frozen=True)
class Cause:
    """What the rest of the force may come from: in words, and the force (rms) that it leaves."""

    words: str
    left: float


def of_velocity(columns: ForceColumns, few: Array) -> list[Cause]:
    """Forces that depend on the velocity, one column each; across it one for each pair."""
    kinds: dict[str, Callable[[Array], Array]] = {
        "depends on the velocity, linearly: friction": lambda v: v[:, :, None],
        "depends on the velocity, quadratically: drag": lambda v: (v * _speed(v))[:, :, None],
        "depends on the velocity's direction: dry friction": lambda v: (v / _speed(v))[:, :, None],
    }
    if columns.force.shape[1] > 1:
        kinds["depends on the velocity, across it: a gyroscopic force, a magnetic field's"] = (
            _turned
        )
    return [Cause(words, _with(columns, few, kind)) for words, kind in kinds.items()]


def _with(columns: ForceColumns, few: Array, kind: Callable[[Array], Array]) -> float:
    """What the few columns and a force that depends on the velocity leave together."""
    return columns.left(np.hstack([few, columns.mean(lambda node: kind(columns.v[node]))]))


def _speed(v: Array) -> Array:
    speed: Array = np.maximum(np.linalg.norm(v, axis=1, keepdims=True), 1e-300)
    return speed


def _turned(v: Array) -> Array:
    """v_j on coordinate i and -v_i on j, a column for each pair (n, d, pairs)."""
    pairs = list(combinations(range(v.shape[1]), 2))
    turned = np.zeros((*v.shape, len(pairs)))
    for k, (i, j) in enumerate(pairs):
        turned[:, i, k] = v[:, j]
        turned[:, j, k] = -v[:, i]
    return turned


def of_time(columns: ForceColumns, few: Array) -> list[Cause]:
    """Forces of one period: the best one, and another peak that leaves about as little."""
    grid = _frequencies(columns.t)
    if not len(grid):
        return []
    left = np.array([columns.left(np.hstack([few, _waves(columns, omega)])) for omega in grid])
    first = int(left.argmin())
    others = np.abs(np.arange(len(grid)) - first) > NEXT
    peaks = [first, int(np.where(others, left, np.inf).argmin())] if others.any() else [first]
    causes = []
    for peak in peaks:
        omega, least = _sharpened(columns, few, grid, peak)
        causes.append(Cause(f"has the period {2 * np.pi / omega:.4g}: a drive", least))
    return causes


def _frequencies(t: Array) -> Array:
    """Angular frequencies from one period in the longest record to a quarter of the highest."""
    span = float(np.ptp(t))
    step = float(np.median(t[2] - t[0]))
    spacing = max(np.pi / (2 * span), HIGHEST * np.pi / step / FREQUENCIES)
    grid: Array = np.arange(2 * np.pi / span, HIGHEST * np.pi / step, spacing)
    return grid


def _waves(columns: ForceColumns, omega: float) -> Array:
    """cos ωt and sin ωt on every coordinate."""
    dimension = columns.force.shape[1]

    def force(node: int) -> Array:
        t = columns.t[node]
        waves = np.stack([np.cos(omega * t), np.sin(omega * t)], axis=1)
        field: Array = np.einsum("de,nw->ndew", np.eye(dimension), waves)
        return field.reshape(len(t), dimension, -1)

    return columns.mean(force)


def _sharpened(columns: ForceColumns, few: Array, grid: Array, peak: int) -> tuple[float, float]:
    """The frequency of a peak between its neighbours on the grid, and what it leaves."""
    low, high = grid[max(peak - 1, 0)], grid[min(peak + 1, len(grid) - 1)]
    for _ in range(SHARPENINGS):
        some = np.linspace(low, high, 5)
        left = [columns.left(np.hstack([few, _waves(columns, omega)])) for omega in some]
        best = int(np.argmin(left))
        low, high = some[max(best - 1, 0)], some[min(best + 1, 4)]
    return float(some[best]), left[best]


SHARPENINGS: Final = 10
"""Each halves the interval: a thousandth of the grid's step."""


def of_masses(columns: ForceColumns, every: Array, mass: Array) -> list[Cause]:
    """Masses other than those given: F_i = -∂V/∂q_i/μ_i, μ_1 = 1, by V and the μ in turn.

    `every` are the forces of all candidates (n d, k), which must leave far more as they stand. The
    first μ are those of μ_i F_i = -∂V/∂q_i, which is linear in all unknowns.
    """
    d = len(mass)
    if d < 2 or not np.isfinite(every).all():
        return []
    place = np.arange(len(columns.truth)) % d
    unit = every / lengths(every)
    own = [np.where(place == i, columns.truth, 0.0) for i in range(d)]
    linear = np.column_stack([unit, *(-one for one in own[1:])])
    factors = np.array([1.0, *np.linalg.lstsq(linear, own[0], rcond=1e-10)[0][1 - d :]])
    for _ in range(ROUNDS):
        if not (factors > 0).all():
            return []
        solved = np.linalg.lstsq(unit / factors[place][:, None], columns.truth, rcond=1e-10)[0]
        pull = unit @ solved
        squares = np.array([pull[place == i] @ pull[place == i] for i in range(d)])
        along = np.array([pull[place == i] @ columns.truth[place == i] for i in range(d)])
        with np.errstate(divide="ignore", invalid="ignore"):
            factors = squares / along * (along[0] / squares[0])
        factors = np.where(np.isfinite(factors), factors, 0.0)
    if not (factors > 0).all():
        return []
    left = columns.left(every / factors[place][:, None])
    if left * MUCH_BETTER > columns.left(every):
        return []
    told = ",".join(f"{item:.3g}" for item in mass * factors)
    return [Cause(f"goes with other masses: try --mass {told}", left)]
