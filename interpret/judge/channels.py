"""Do the columns belong together? dq/dt against p/m, coordinate by coordinate."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from interpret.judge.channel import Channel, Channels
from interpret.judge.computed import formulas
from interpret.judge.dependence import dependence
from interpret.judge.outlying import outlying
from interpret.judge.weak_form import (
    Slope,
    Stretch,
    expected_noise,
    slope,
    slope_in,
    stretches,
)
from systems.samples.trajectories import Trajectories
from training.prepare.noise import Noise, estimate

Array = NDArray[np.float64]

LARGE = 0.1
"""A ratio farther from 1 than this is no calibration: the columns contradict each other."""

SMALL = 0.005
"""A ratio nearer to 1 than this harms no law by more than its noise does."""

BEYOND = 5.0
"""Errors that a ratio has to lie off 1: 6e-7 by chance."""

UNLIKE_NOISE = 9.0
"""So many times the variance of the white noise is a signal: three of its deviations."""

LOOSE = 0.05
"""The share of p/m that dq/dt has to miss before the two are said to contradict each other."""

GROWS = 2.0
"""A misfit that grows so much on every second sample comes from the steps."""

FAINT = 1e-5
"""A smaller share that is missed hides no dependence worth the name: 0.3 % of the ratio."""

FIRM = 0.1
"""The share of its misfit that a permuted column may keep: another column has to fit far better."""

STILL = 1e-12
"""A coordinate that moves less than this part of what others do stands still, round-off apart."""

ALIKE = 1e-9
"""Two coordinates that are one linear function of each other to this part are copies."""

MOST_POINTS = 20000
"""So many samples tell a ratio to 1e-3 at 5 % of noise; more would only take longer."""

FEWEST_TRAJECTORIES = 10
"""So many are looked at, however long they are: one may be a circle that tells little."""


def channels(trajectories: Trajectories, velocities: bool = False) -> Channels:
    """The ratio of p_i/m_i and dq_i/dt with its error, and what it says of each coordinate i.

    Both are compared in the weak form (`weak_form`), where smoothing bends neither of them and
    noise averages out. What the steps cost is measured on every second sample. `velocities`:
    the columns are velocities, which no mass mends.

    >>> t = np.linspace(0, 10, 200)
    >>> q, v = np.sin(t)[:, None], np.cos(t)[:, None]
    >>> found = channels(Trajectories.from_velocities(["x"], [1], [(t, q, 0.5 * v)]))
    >>> found.verdict, found.option
    ('contradictory columns', '--mass 0.5')
    >>> print(found[0].sentence)
    p_x/m is 0.5 times dx/dt: is the mass 0.5 times what was given?
    """
    if trajectories.derived:
        derived = tuple(Channel(name, 1.0, 0.0, "derived") for name in trajectories.coordinates)
        return Channels(derived, tuple(trajectories.mass.tolist()))
    some = _some(trajectories)
    some = outlying(some, jointly=False).without(some)
    evidence = _Evidence(some, stretches(some), stretches(some, every=2), estimate(some))
    every = range(some.dimension)
    found = [_still(some, i) or evidence.compared(i) for i in every]
    found = evidence.exchanged(found)
    found = [evidence.dependent(i, item) for i, item in enumerate(found)]
    found = [
        replace(item, verdict="computed", written=name) if name and _off_a_little(item) else item
        for item, name in zip(found, formulas(some), strict=True)
    ]
    found = [_copied(some, i, item) for i, item in enumerate(found)]
    items = tuple(replace(item, velocities=velocities) for item in found)
    return Channels(items, tuple(some.mass.tolist()))


def _some(trajectories: Trajectories) -> Trajectories:
    """Enough of the samples: whole trajectories where they are short, else the first points."""
    mean = trajectories.points / len(trajectories)
    items = trajectories.items[: max(round(MOST_POINTS / mean), FEWEST_TRAJECTORIES)]
    most = MOST_POINTS // len(items)
    cut = tuple(item.at(slice(most)) for item in items)
    return replace(trajectories, items=cut)


@dataclass(frozen=True)
class _Evidence:
    """The samples, q and ∫ v dt of all and of every second one, and the channels' white noise."""

    samples: Trajectories
    parts: tuple[Stretch, ...]
    halved: tuple[Stretch, ...]
    noise: Noise

    @cached_property
    def slopes(self) -> tuple[Slope | None, ...]:
        """Of every coordinate, that of its own velocity."""
        return tuple(slope(self.parts, i, i) for i in range(self.samples.dimension))

    def compared(self, i: int) -> Channel:
        """Coordinate i by its ratio alone."""
        name = self.samples.coordinates[i]
        best = self.slopes[i]
        if best is None:
            if self.parts and not any(item.p[:, i].any() for item in self.samples):
                return Channel(name, 0.0, 0.0, "contradictory")
            return Channel(name, 1.0, np.inf, "not told")
        share, coarse = best.unexplained, self._coarse(i, best)
        steps = np.inf if coarse is None else abs(coarse[1].ratio - coarse[0].ratio)
        ratio, error = best.ratio, float(np.hypot(best.error, steps))
        if share > LOOSE and share > UNLIKE_NOISE * self._expected(i, best):
            if coarse is None or coarse[1].unexplained > GROWS * coarse[0].unexplained:
                # The steps are too long for the motion: that is no fault of the columns.
                return Channel(name, ratio, error, "not told")
            return Channel(name, ratio, error, "contradictory", amount=float(np.sqrt(share)))
        off = abs(ratio - 1)
        if off > max(BEYOND * error, SMALL):
            return Channel(name, ratio, error, "contradictory" if off > LARGE else "not used")
        return Channel(name, ratio, error, "not told" if error > LARGE else "agrees")

    def _coarse(self, i: int, best: Slope) -> tuple[Slope, Slope] | None:
        """The slopes in windows of one length, of all samples and of every second one."""
        width = max(best.half_width // 2, 1)
        fine = slope_in(self.parts, i, i, 2 * width)
        coarse = slope_in(self.halved, i, i, width)
        return None if fine is None or coarse is None else (fine, coarse)

    def _expected(self, i: int, best: Slope) -> float:
        """The share of the variance of p/m in windows that white noise makes."""
        step = float(np.median(np.concatenate([np.diff(t) for t, _, _ in self.parts])))
        v = self.noise.p[i] / self.samples.mass[i]
        variance = expected_noise(best.half_width, step, best.ratio * self.noise.q[i], v)
        return variance / best.size if best.size > 0 else np.inf

    def exchanged(self, found: list[Channel]) -> list[Channel]:
        """The same, with columns named that are another coordinate's velocity.

        The velocity that explains dq_i/dt best is sought among all; where the best ones are a
        permutation, and explain far more than the given ones, the columns are exchanged.
        """
        wrong = [i for i, item in enumerate(found) if item.verdict == "contradictory"]
        if len(wrong) < 2:
            return found
        missed = np.ones((len(wrong), len(wrong)))
        for row, i in enumerate(wrong):
            for column, j in enumerate(wrong):
                pair = slope(self.parts, i, j)
                missed[row, column] = 1.0 if pair is None else pair.unexplained
        best = np.argmin(missed, axis=1)
        own, least = np.diagonal(missed), missed.min(axis=1)
        moved = [(wrong[row], wrong[best[row]]) for row in range(len(wrong)) if best[row] != row]
        firm = np.all((least < FIRM * own) | (least == own))
        if not moved or not firm or len(set(best.tolist())) < len(wrong):
            return found
        result = list(found)
        for i, j in moved:
            other = self.samples.coordinates[i]
            result[j] = replace(found[j], verdict="permuted", other=other)
        return result

    def dependent(self, i: int, item: Channel) -> Channel:
        """The same, with the coordinate named that its ratio depends on."""
        if item.verdict in ("permuted", "motionless"):
            return item
        best = self.slopes[i]
        if best is None or best.unexplained < max(FAINT, UNLIKE_NOISE * self._expected(i, best)):
            return item
        if item.verdict == "not told":
            coarse = self._coarse(i, best)
            # A misfit that comes from the steps is none of the masses.
            if coarse is None or coarse[1].unexplained > GROWS * coarse[0].unexplained:
                return item
        on = dependence(self.parts, i)
        if on is None:
            return item
        name = self.samples.coordinates[on.on]
        return replace(item, verdict="varying", other=name, amount=on.varies)


def _off_a_little(item: Channel) -> bool:
    """Whether a ratio is near enough to 1 to be that of a difference formula."""
    return item.verdict in ("agrees", "not used", "not told")


def _still(samples: Trajectories, i: int) -> Channel | None:
    """The channel of a coordinate that never moves, nor says its velocity that it does."""
    reach = np.array([np.ptp(item.q, axis=0) for item in samples]).max(axis=0)
    travelled = max(
        float(np.abs(samples.velocity(k)[:, i]).max() * np.ptp(item.t))
        for k, item in enumerate(samples)
    )
    largest = float(max(reach.max(), np.abs([item.q[0, i] for item in samples]).max()))
    if max(float(reach[i]), travelled) > STILL * largest:
        return None
    return Channel(samples.coordinates[i], 1.0, np.inf, "motionless")


def _copied(samples: Trajectories, i: int, item: Channel) -> Channel:
    """The same, with an earlier coordinate named that this one is a linear function of."""
    if item.verdict == "motionless":
        return item
    q = np.concatenate([part.q for part in samples])
    y = q[:, i] - q[:, i].mean()
    for j in range(i):
        x = q[:, j] - q[:, j].mean()
        if not x @ x > 0:
            continue
        left = y - (x @ y) / (x @ x) * x
        if np.sqrt(left @ left) <= ALIKE * np.sqrt(y @ y):
            name = samples.coordinates[j]
            return (
                item
                if item.verdict == "contradictory"
                else replace(item, verdict="copied", other=name)
            )
    return item
