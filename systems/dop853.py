"""Dormand–Prince 8(5,3), batched: every trajectory keeps its own time and its own step.

    y' = f(y),   y_+ = y + h Σ_s b_s k_s,   k_s = f(y + h Σ_j a_sj k_j)

One call of `f` serves all trajectories that are still under way, so numpy works on long arrays;
yet a close encounter shortens the steps of its own trajectory only.

Source: E. Hairer, S. P. Nørsett, G. Wanner, "Solving Ordinary Differential Equations I", 2nd ed.,
sections II.4 to II.6. The tableau is scipy's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
RightHandSide = Callable[[Array], Array]

STAGES = 12
# The interpolant is one order less accurate than the step. Steps are therefore controlled this
# much more tightly than what is asked of the points in between; it costs a factor 10^(4/8) = 3.
TIGHTER = 1e-4
SAFETY = 0.9
SLOWEST, FASTEST = 0.2, 3.0  # factors by which a step may change


def solve(
    rhs: RightHandSide,
    start: Array,
    t: Array,
    *,
    rtol: float = 1e-12,
    atol: float = 1e-13,
    max_steps: int = 100_000,
) -> Array:
    """y(t) of y' = rhs(y), for R starts at once.

    `rhs` maps (R, k) to (R, k) for any R, `start` is (R, k), and the times `t` (n,) increase.
    Returns (R, n, k). `rtol` and `atol` hold for the error that each step adds, at the points
    between two steps as well. A trajectory that cannot be continued, because it runs into a
    singularity, overflows or takes more than `max_steps` steps, is NaN from there on.

    >>> t = np.linspace(0, 20, 2001)
    >>> y = solve(lambda y: np.stack([y[:, 1], -y[:, 0]], axis=1), np.array([[0.0, 1.0]]), t)
    >>> bool(abs(y[0, :, 0] - np.sin(t)).max() < 1e-13)
    True
    """
    # A trial step may leave the domain of rhs. Its error is then not finite and it is rejected.
    with np.errstate(all="ignore"):
        batch = _Batch(rhs, np.asarray(start, dtype=float), t, rtol * TIGHTER, atol * TIGHTER)
        for _ in range(max_steps):
            if not batch.sweep():
                break
    return batch.out


def _sum(weights: Array, k: Array) -> Array:
    """Σ_s w_s k_s, of weights (s,) or (m, s); `np.tensordot` costs more than the sum itself."""
    flat: Array = weights @ k.reshape(len(k), -1)
    return flat.reshape(*weights.shape[:-1], *k.shape[1:])


class _Batch:
    """The state of all trajectories. Arrays are (k, R) inside: one component is one row."""

    def __init__(
        self, rhs: RightHandSide, start: Array, t: Array, rtol: float, atol: float
    ) -> None:
        from scipy.integrate import DOP853

        self.tableau: Any = DOP853
        self.field = rhs
        self.grid = np.asarray(t, dtype=float)
        self.rtol = rtol
        self.atol = atol
        self.out = np.full((len(start), len(self.grid), start.shape[1]), np.nan)
        self.out[:, 0] = start
        self.y = start.T.copy()
        self.f = self.rhs(self.y)
        self.time = np.full(len(start), self.grid[0])
        self.next = np.ones(len(start), dtype=np.intp)  # the grid point to be reached next
        self.step = self.first_step()
        self.live = np.arange(len(start))

    def rhs(self, y: Array) -> Array:
        return np.asarray(self.field(y.T), dtype=float).T

    def first_step(self) -> Array:
        """h with h |f| = |y| / 100, in the norm of the tolerances (Hairer's first guess)."""
        scale = self.atol + self.rtol * abs(self.y)
        size = np.sqrt(np.mean((self.y / scale) ** 2, axis=0))
        speed = np.sqrt(np.mean((self.f / scale) ** 2, axis=0))
        span = self.grid[-1] - self.grid[0]
        guess = 0.01 * size / speed
        usable = np.isfinite(guess) & (guess > 0)
        return np.asarray(np.where(usable, np.minimum(guess, span), 1e-6 * span))

    def sweep(self) -> bool:
        """Try one step of every live trajectory; False when none is left."""
        self.drop_finished()
        if not self.live.size:
            return False
        y0 = self.y[:, self.live]
        h = np.minimum(self.step[self.live], self.grid[-1] - self.time[self.live])
        k, y1 = self.stages(y0, h)
        error = self.error(k, h, y0, y1)
        factor = np.clip(SAFETY * error ** (-1 / 8), SLOWEST, FASTEST)
        factor[np.isnan(error)] = SLOWEST
        accepted = error < 1  # False where the error is not a number
        factor[~accepted] = np.minimum(factor[~accepted], 1)
        self.step[self.live] = h * factor
        if accepted.any():
            self.accept(accepted, k, h, y0, y1)
        return True

    def drop_finished(self) -> None:
        """Leave the trajectories alone that are complete, or whose step has vanished."""
        arrived = self.next[self.live] == len(self.grid)
        stuck = ~(self.step[self.live] > 4 * np.spacing(abs(self.time[self.live])))
        self.live = self.live[~(arrived | stuck)]

    def stages(self, y0: Array, h: Array) -> tuple[Array, Array]:
        """The slopes k (16, k, R), of which the last three are still empty, and the end y1."""
        k = np.empty((STAGES + 4, *y0.shape))
        k[0] = self.f[:, self.live]
        for stage in range(1, STAGES):
            weights = self.tableau.A[stage, :stage]
            k[stage] = self.rhs(y0 + h * _sum(weights, k[:stage]))
        y1 = y0 + h * _sum(self.tableau.B, k[:STAGES])
        k[STAGES] = self.rhs(y1)
        return k, y1

    def error(self, k: Array, h: Array, y0: Array, y1: Array) -> Array:
        """The error of each step over the tolerance: below 1 the step is good."""
        scale = self.atol + self.rtol * np.maximum(abs(y0), abs(y1))
        fifth = _sum(self.tableau.E5, k[: STAGES + 1]) / scale
        third = _sum(self.tableau.E3, k[: STAGES + 1]) / scale
        fifth2 = np.sum(fifth**2, axis=0)
        third2 = np.sum(third**2, axis=0)
        both = np.sqrt((fifth2 + 0.01 * third2) * len(y0))
        # Without any error (a free particle) the quotient is 0/0.
        return np.asarray(np.where(both == 0, 1e-16, h * fifth2 / both))

    def accept(self, accepted: NDArray[np.bool_], k: Array, h: Array, y0: Array, y1: Array) -> None:
        """Fill the grid points passed by the good steps, and move on."""
        who = self.live[accepted]
        k, h, y0, y1 = k[:, :, accepted], h[accepted], y0[:, accepted], y1[:, accepted]
        begin = self.time[who]
        # A last, shortened step ends on the last point exactly, whatever the rounding.
        arrived = h >= self.grid[-1] - begin
        end = np.where(arrived, self.grid[-1], begin + h)
        first = self.next[who]
        last = np.searchsorted(self.grid, end, side="right")
        count = last - first
        if count.any():
            coefficients = self.interpolant(k, h, y0, y1)
            column = np.repeat(np.arange(len(who)), count)
            # 0, 1, 2, ... within each trajectory, counted from its first new point.
            offset = np.arange(len(column)) - np.repeat(np.cumsum(count) - count, count)
            point = first[column] + offset
            x = (self.grid[point] - begin[column]) / h[column]
            self.out[who[column], point] = self.evaluate(coefficients, y0, x, column).T
        self.y[:, who] = y1
        self.f[:, who] = k[STAGES]
        self.time[who] = end
        self.next[who] = last

    def interpolant(self, k: Array, h: Array, y0: Array, y1: Array) -> Array:
        """The coefficients (7, k, R) of the polynomial of degree 7 through the step."""
        extra = zip(self.tableau.A_EXTRA, range(STAGES + 1, STAGES + 4), strict=True)
        for weights, stage in extra:
            k[stage] = self.rhs(y0 + h * _sum(weights[:stage], k[:stage]))
        rise = y1 - y0
        ends = np.stack([rise, h * k[0] - rise, 2 * rise - h * (k[STAGES] + k[0])])
        inner = h * _sum(self.tableau.D, k)
        return np.concatenate([ends, inner])

    @staticmethod
    def evaluate(coefficients: Array, y0: Array, x: Array, column: NDArray[np.intp]) -> Array:
        """The interpolants at the fractions x (m,) of the steps `column` (m,): (k, m).

        y0 + x (F0 + (1-x) (F1 + x (F2 + (1-x) (F3 + ...)))): Hairer's nested form.
        """
        value = np.zeros((len(y0), len(x)))
        for power in reversed(range(len(coefficients))):
            value += coefficients[power][:, column]
            value *= x if power % 2 == 0 else 1 - x
        return value + y0[:, column]
