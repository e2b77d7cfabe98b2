"""Is anything left over? Tests of a law's residuals under noise, each against chance.

- each family of flexible forces along the law's own path: an F test of what it explains;
- a period: the highest peak of the residuals' periodogram;
- the size of the residuals against the noise that the data's own differences show.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interpret.judge.forces import Family, Points
from interpret.judge.outlying import MOST_SHARE, lonely
from interpret.judge.residuals import Residuals, projected
from interpret.judge.thresholds import UNLIKELY
from interpret.judge.whiteness import correlation, effective
from systems.errors import InputError

Array = NDArray[np.float64]

FAINT: Final = 1e-10
WEAK: Final = 1e-6
MOST_GROUPS: Final = 6
"""Of more trajectories some neighbours are taken together: each has all the coefficients."""

CLEAR: Final = 2.0
"""Directions within two deviations of nothing are noise."""
SPREAD_OF_SIGMA: Final = 1.8
"""The noise read off n sixth differences is off by this over √n, in parts of itself: they overlap,
and a median wastes a third. Measured on 3000 draws of white noise: 1.74 to 1.85 for n = 50 to 1000.
"""

OFF: Final = 3.5
BEYOND: Final = 4.65e-4
BELOW: Final = 0.9939
"""Deviations of a single reading that is told from noise; the share of white noise beyond them, and
the mean square of what is below, ∫ r² φ / ∫ φ."""


@dataclass(frozen=True)
class Left:
    """What one family explains of the residuals.

    - `probability`: that chance explains as much;
    - `gain`: by how much χ² falls; `share`: the rms of the force found over that of the law's.
    """

    cause: str
    probability: float
    gain: float
    share: float


def left(residuals: Residuals, families: Sequence[Family]) -> list[Left]:
    """Each family's F test along the law's path, the most significant first.

    F = (gain/m) / (RSS/(n - p - m)) for the m directions that a family adds; residuals that are
    correlated count for n (1 - ρ)/(1 + ρ).
    """
    from scipy.stats import f as fisher

    rho = correlation([item[:, residuals.measured] for item in residuals.items])
    alone = effective(1.0, rho)
    found = []
    for family in families:
        columns = residuals.response(family.fields)
        if not all(np.isfinite(column).all() for column in columns):
            continue
        design, target = projected(residuals, columns)
        lengths = np.linalg.norm(design, axis=0)
        seen = lengths > FAINT * max(float(lengths.max(initial=0.0)), 1e-300)
        scaled = design[:, seen] / lengths[seen]
        parts, singular, right = np.linalg.svd(scaled, full_matrices=False)
        kept = singular > WEAK * max(float(singular.max(initial=0.0)), 1e-300)
        count = int(kept.sum())
        free = len(target) - residuals.parameters - count
        if count == 0 or free < count:
            continue
        along = parts.T @ target
        gain = float((along[kept] ** 2).sum())
        rest = float(target @ target) - gain
        ratio = alone * gain / count / max(rest / free, 1e-300)
        probability = float(fisher.sf(ratio, count, max(1.0, alone * free)))
        clear = (np.abs(along) > CLEAR) & (singular > WEAK * singular[0])
        solved = np.zeros(len(lengths))
        solved[seen] = right[clear].T @ (along[clear] / singular[clear]) / lengths[seen]
        share = _share(residuals, family, solved)
        found.append(Left(family.cause, probability, gain, share))
    return sorted(found, key=lambda item: item.probability)


def by_trajectory(residuals: Residuals) -> Family | None:
    """The law's own terms with coefficients of their own in every trajectory, or in a few groups.

    None where there is one alone: two systems in one file have no common law.
    """
    owner = residuals.owner
    count = int(owner.max()) + 1
    if count < 2:
        return None
    groups = min(count, MOST_GROUPS)
    member = (owner * groups // count)[:, None] == np.arange(groups)

    def fields(points: Points) -> Array:
        terms = residuals.terms(points.q)
        n, d, _ = terms.shape
        of = member[points.run]
        each: Array = (terms[:, :, :, None] * of[:, None, None, :]).reshape(n, d, -1)
        return each

    return Family("the number of the trajectory", fields)


def _share(residuals: Residuals, family: Family, solved: Array) -> float:
    """The rms of the force Σ_k solved_k f_k over that of the law's, less what its terms take up."""
    force, own, whole = residuals.forces(family.fields)
    extra = (force @ solved).reshape(-1)
    terms = own.reshape(len(extra), -1)
    extra = extra - terms @ np.linalg.lstsq(terms, extra, rcond=WEAK)[0]
    size = float(np.linalg.norm(whole))
    return float(np.linalg.norm(extra)) / size if size else np.inf


def period(residuals: Residuals) -> tuple[float, float]:
    """The period of the residuals' highest peak, and the probability of such a peak by chance.

    The powers of white noise at the n/2 frequencies of each channel are exponential: a peak of
    height z among N has the probability 1 - (1 - exp(-z))^N. Trajectories are taken one by one, on
    even grids of as many points, since a drive has its phase in each.
    """
    best = (np.inf, 1.0)
    total = 0
    for item, trajectory in zip(residuals.items, residuals.trajectories, strict=True):
        columns = item[:, residuals.measured]
        if len(columns) < FEWEST:
            continue
        even = np.linspace(trajectory.t[0], trajectory.t[-1], len(columns))
        for column in columns.T:
            signal = np.interp(even, trajectory.t, column)
            power = np.abs(np.fft.rfft(signal - signal.mean())[1:]) ** 2 / len(signal)
            height = power / max(float(power.mean()), 1e-300)
            total += len(height)
            peak = int(np.argmax(height))
            chance = float(np.exp(-height[peak]))
            if chance < best[1]:
                best = (float(even[-1] - even[0]) / (peak + 1), chance)
    if not total:
        return best
    return best[0], float(-np.expm1(total * np.log1p(-min(best[1], 1 - 1e-16))))


FEWEST: Final = 32
"""Samples of a trajectory whose periodogram means anything."""


def free(residuals: Residuals) -> int:
    """Measured values less fitted numbers."""
    used = residuals.values.size
    return used - residuals.parameters


def alone(residuals: Residuals) -> list[NDArray[np.bool_]]:
    """Which residuals (n_j, 2d) are far off with neighbours that are not: a reading's own fault.

    None where there are so many that it is the law that is off.
    """
    off = [lonely((np.abs(item) > OFF) & residuals.measured) for item in residuals.items]
    count, used = sum(int(part.sum()) for part in off), free(residuals) + residuals.parameters
    return off if count <= MOST_SHARE * used else [part & False for part in off]


def excess(residuals: Residuals) -> tuple[float, float]:
    """χ² per degree of freedom, and by how many of its own deviations it is above one.

    Single readings far off are left out, and the others are compared with what white noise has
    below that: ∫ r² over |r| < 3.5, 0.994. The scatter has two sources: n finite, 2/n; and σ, read
    off differences of the same data.
    """
    off = alone(residuals)
    pairs = zip(residuals.items, off, strict=True)
    chi = sum(float((item[residuals.measured & ~far] ** 2).sum()) for item, far in pairs)
    left_free = free(residuals) - sum(int(far.sum()) for far in off)
    if left_free < 1:
        raise InputError("there are fewer values than parameters, so nothing is left to judge.")
    ratio = chi / left_free / BELOW
    used = left_free + residuals.parameters
    scatter = np.sqrt(2 / left_free + (2 * SPREAD_OF_SIGMA) ** 2 / used)
    return ratio, float((ratio - 1) / scatter)


def outliers(residuals: Residuals) -> str:
    """How many single readings are far off, where that is more than chance; "" otherwise."""
    found = np.sum([far.sum(axis=0) for far in alone(residuals)], axis=0)
    data = residuals.trajectories
    names = (*data.coordinates, *(f"p_{name}" for name in data.coordinates))
    chance = BEYOND * (free(residuals) + residuals.parameters)
    if found.sum() <= chance + UNLIKELY * np.sqrt(chance) + 1:
        return ""
    where = ", ".join(name for name, count in zip(names, found, strict=True) if count)
    return (
        f"{found.sum()} single readings of {where} are off by more than {OFF:g} deviations, "
        f"{chance:.0f} would be by chance, and do not count"
    )
