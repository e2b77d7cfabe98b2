"""Does the law predict motion it has not seen? The last tenth of every trajectory.

How far a prediction may be off is the motion's own matter: its tangents say how an error of the
start or of the coefficients grows. Chaos, escapes and collisions cannot be predicted by any law,
and are no evidence against one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from interpret.judge.certificate import Check
from interpret.judge.prediction import MOST_TRAJECTORIES, law_slope
from interpret.judge.residuals import Array, Residuals
from interpret.judge.thresholds import EXACT, percent, short_of
from interpret.judge.whiteness import correlation, effective
from interpret.laws.law import Law
from interpret.ledger.flow import Parameters, eighth_order, flow
from interpret.ledger.motion import masses
from interpret.ledger.potential import Potential
from interpret.ledger.rows import alike
from interpret.reading.probes import Probes
from interpret.refinement.noisefree import row_estimate
from systems.samples.trajectories import Trajectories, Trajectory
from training.features import Features
from training.prepare.preparation import VERLET, prepare, unsmoothed
from training.settings import Settings

SHOWN: Final = 0.9

FEWEST: Final = 30
"""Samples of a trajectory whose last tenth is one too: three at least."""

FORESEEN: Final = 0.1
"""Where an error of `EXACT` grows to this part of the motion, nothing is predicted any more."""

SUBSTEPS: Final = (1, 2, 4, 8, 16)
NEARLY: Final = 0.01
"""Steps from one sample to the next that are tried, and what halving them may move."""

EVEN: Final = 1e-6
"""Störmer–Verlet's steps are equal to this part."""


def foreseen(law: Law, samples: Probes) -> Check:
    """Of exact motion: refined without the last tenth, integrated from where that starts.

    Measured is the largest error over what an error of 1 in the state, in parts of each channel's
    spread, or of all coefficients would make of it there. By the flow, or by Störmer–Verlet's own
    steps where the data were made by them.
    """
    whole = samples.prepared.trajectories
    if min(len(item) for item in whole) < FEWEST:
        return _silent("the trajectories are too short to predict a tenth of them")
    first, late = _stretches(whole, 0.0, SHOWN), _stretches(whole, SHOWN, 1.0)
    late = replace(late, items=late.items[:MOST_TRAJECTORIES])
    verlet = samples.prepared.integrator == VERLET
    if verlet:
        prepared = prepare(first, samples.features, Settings())
    else:
        prepared = unsmoothed(replace(samples.prepared, trajectories=first, smoothed=None))
    if len(prepared.families) != len(samples.prepared.families):
        return _silent("nine tenths of the data are too few to fit the law to")
    shown = row_estimate(law, replace(samples, prepared=prepared))
    spread = np.concatenate(whole.channel_std())
    spread = np.where(spread > 0, spread, 1.0)
    rows = _flown(late, samples.features, shown, EXACT * spread)
    if rows is None:
        return _silent("the last tenth cannot be predicted: the law runs into a singularity there")
    if verlet:
        rows = [_stepped(part, item, late.mass, shown, samples.features, EXACT * spread)
                for part, item in zip(rows, late, strict=True)]  # fmt: skip
    unit = np.concatenate([EXACT * spread, EXACT * np.abs(shown.coefficients)])
    return _compared(rows, unit)


def _flown(late: Trajectories, features: Features, law: Law, unit: Array) -> list[Array] | None:
    """[∂(q, p)/∂parameters | observed - predicted] over a unit (2d,), (n_j, 2d, P + 1) each.

    From each trajectory's first sample, in steps that are halved until that moves no prediction by
    a hundredth of the unit. None where the motion leaves the numbers.
    """
    potential = Potential(features, law.terms, late.mass)
    numbers = Parameters(law.coefficients, np.zeros(0))
    divided = masses(late)
    seen = [np.concatenate([item.q, item.p], axis=1) for item in late]
    found: list[Array] = [np.empty(0)] * len(late)
    for some, (times,) in alike([(item.t,) for item in late]):
        starts = np.stack([seen[k][0] for k in some]) / divided
        before: Array | None = None
        for steps in SUBSTEPS:
            method = replace(eighth_order(), steps=steps)
            with np.errstate(all="ignore"):
                path, tangents = flow(potential, starts, times, numbers, method)
            near = before is not None and np.abs(path - before) < NEARLY * unit / divided
            before = path
            if np.all(near):
                break
        if not (np.isfinite(path).all() and np.isfinite(tangents).all()):
            return None
        for k, one, grown in zip(some, path, tangents, strict=True):
            # By the momenta at the start, and not by the velocities.
            grown[..., : len(divided)] /= divided
            missed = (seen[k] - one * divided)[..., None]
            rows = np.concatenate([grown * divided[:, None], missed], axis=2)
            found[k] = rows / unit[:, None]
    return found


def _compared(rows: Sequence[Array], unit: Array) -> Check:
    """Errors [.. | missed] over `EXACT` of each channel's spread against what small errors make."""
    grown = [np.sqrt(1 + ((part[:, :, :-1] * unit) ** 2).sum(axis=2)) for part in rows]
    # A prediction ends where an error grows beyond use, whatever comes after.
    known = [
        np.maximum.accumulate(part.max(axis=1)) * EXACT < FORESEEN * np.ones(len(part))
        for part in grown
    ]
    share = float(np.mean(np.concatenate(known)))
    if share == 0.0:
        return _silent("the last tenth cannot be predicted: an error of 1e-4 outgrows the motion")
    pairs = zip(rows, grown, known, strict=True)
    missed = EXACT * max(
        float(np.max(np.abs(part[seen, :, -1]) / growth[seen], initial=0.0))
        for part, growth, seen in pairs
    )
    plain = EXACT * max(
        float(np.max(np.abs(part[seen, :, -1]), initial=0.0))
        for part, seen in zip(rows, known, strict=True)
    )
    said = f"the last tenth, held out, is predicted to {plain:.1g} of how far the motion goes"
    if share < 1:
        said += f"; {percent(1 - share)} of it cannot be predicted, as small errors outgrow it"
    if missed <= EXACT:
        return Check("held out", missed, EXACT, "identified", said)
    verdict = short_of(missed)
    return Check("held out", missed, EXACT, verdict, said, missed)


def _stepped(
    rows: Array, item: Trajectory, mass: Array, law: Law, features: Features, sigma: Array
) -> Array:
    """The same rows of the coordinates alone, missed by Verlet's steps from the first two samples.

    q_{n+1} = 2 q_n - q_{n-1} - h² ∂V/∂q(q_n)/m; nothing is told where the steps are unequal.
    """
    d = len(mass)
    steps = np.diff(item.t)
    h = float(steps.mean())
    result = np.zeros_like(rows)
    if np.ptp(steps) > EVEN * h:
        return result
    slope = law_slope(law, features)
    path = [item.q[0], item.q[1]]
    for _ in range(len(item) - 2):
        pulled = slope(path[-1][None])[0] / mass
        path.append(2 * path[-1] - path[-2] - h**2 * pulled)
    result[:, :d] = rows[:, :d]
    result[:, :d, -1] = (item.q - np.array(path)) / sigma[:d]
    return result


def predicted(residual: Residuals) -> tuple[float, float, float]:
    """Of noisy motion: the error of the prediction, its probability, and what it exceeds noise by.

    Without the last tenth, of every stretch that is fitted as one, the parameters would differ by
    N₁⁻¹ J₂ᵀ r₂, and that tenth would be missed by (1 + J₂ N₁⁻¹ J₂ᵀ) r₂, whose χ² is
    |r₂|² + r₂ᵀ J₂ N₁⁻¹ J₂ᵀ r₂: no second fit is needed, and how errors grow is in it. Compared
    with what is left of the rest it is F distributed (G. Chow, Econometrica 28 (1960) 591).
    Returned: the rms error in units of the noise, the probability, and the part of how far the
    motion goes that is no noise.
    """
    from scipy.stats import f as fisher

    measured, blocks = residual.measured, []
    for missed, tangent in zip(residual.items, residual.tangents(), strict=True):
        rows = np.concatenate([tangent, missed[:, :, None]], axis=2)[:, measured]
        cut = round(SHOWN * len(rows))
        blocks.append(
            (rows[:cut].reshape(-1, rows.shape[2]), rows[cut:].reshape(-1, rows.shape[2]))
        )
    size = len(measured)
    both = [np.concatenate(pair) for pair in blocks]
    # What the fit left of its own parameters' freedom is taken out first.
    moved = _moved([rows[:, :-1] for rows in both], [rows[:, -1] for rows in both], size)
    left = [rows[:, -1] - rows[:, :-1] @ step for rows, step in zip(both, moved, strict=True)]
    late = [r[len(one) :] for r, (one, _) in zip(left, blocks, strict=True)]
    pulls = [two[:, :-1].T @ r for r, (_, two) in zip(late, blocks, strict=True)]
    whole = sum(float(r @ r) for r in left)
    alone = sum(float(r @ r) for r in late)
    error = alone + _quadratic([one[:, :-1] for one, _ in blocks], pulls, size)
    count = sum(len(r) for r in late)
    free = sum(len(r) for r in left) - residual.parameters - count
    if count == 0 or free < 1:
        return np.nan, 1.0, 0.0
    rest = max(whole - error, 1e-300) / free
    share = effective(1.0, correlation([item[:, measured] for item in residual.items]))
    chance = float(fisher.sf(share * error / count / rest, count, max(1.0, share * free)))
    excess = float(np.sqrt(max(0.0, error / count - 1)))
    return float(np.sqrt(error / count)), chance, excess


def _moved(designs: Sequence[Array], targets: Sequence[Array], size: int) -> list[Array]:
    """Least squares of all: the step of each trajectory's state and of the common coefficients."""
    inverses, pulled, information, right = _schur(
        designs, [a.T @ b for a, b in zip(designs, targets, strict=True)], size
    )
    common = invert(information) @ right
    return [
        np.concatenate(
            [inverse @ (pull - design[:, :size].T @ (design[:, size:] @ common)), common]
        )
        for inverse, pull, design in zip(inverses, pulled, designs, strict=True)
    ]


def _quadratic(designs: Sequence[Array], pulls: Sequence[Array], size: int) -> float:
    """gᵀ N⁻¹ g of N = JᵀJ of all trajectories and g, given for each."""
    inverses, pulled, information, right = _schur(designs, pulls, size)
    own = sum(float(g @ inverse @ g) for inverse, g in zip(inverses, pulled, strict=True))
    return own + float(right @ invert(information) @ right)


def _schur(
    designs: Sequence[Array], pulls: Sequence[Array], size: int
) -> tuple[list[Array], list[Array], Array, Array]:
    """The states' N⁻¹ and g of each, and N and g of the coefficients once these are eliminated."""
    inverses, pulled = [], []
    count = designs[0].shape[1] - size
    information, right = np.zeros((count, count)), np.zeros(count)
    for design, pull in zip(designs, pulls, strict=True):
        own, common = design[:, :size], design[:, size:]
        inverse = invert(own.T @ own)
        cross = own.T @ common
        information += common.T @ common - cross.T @ inverse @ cross
        right += pull[size:] - cross.T @ inverse @ pull[:size]
        inverses.append(inverse)
        pulled.append(pull[:size])
    return inverses, pulled, information, right


def _stretches(trajectories: Trajectories, start: float, end: float) -> Trajectories:
    """The samples of every trajectory between two fractions of their number."""
    items = []
    for item in trajectories:
        part = slice(round(start * len(item)), round(end * len(item)))
        items.append(item.at(part))
    return replace(trajectories, items=tuple(items))


def _silent(why: str) -> Check:
    return Check("held out", np.nan, np.nan, "identified", why)


def invert(information: Array) -> Array:
    """The inverse after scaling to a unit diagonal; directions below round-off get none.

    >>> invert(np.diag([4.0, 0.5])).round(12).tolist()
    [[0.25, 0.0], [0.0, 2.0]]
    """
    if not np.isfinite(information).all():
        return np.full_like(information, np.nan)
    scale = np.sqrt(np.maximum(np.diagonal(information), 1e-300))
    # What rounding makes of a diagonal of nothing is no correlation: none is above one.
    related = np.clip(information / scale / scale[:, None], -1.0, 1.0)
    inverse = np.linalg.pinv(related, rcond=1e-14, hermitian=True)
    result: Array = inverse / scale / scale[:, None]
    return result
