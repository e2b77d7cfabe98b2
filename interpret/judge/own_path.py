"""Checks along the law's own path: forces, periods and χ² of what it leaves of noisy data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from interpret.judge import left_over
from interpret.judge.alike import alike
from interpret.judge.certificate import Check
from interpret.judge.forces import families
from interpret.judge.held_out import predicted
from interpret.judge.left_over import Left
from interpret.judge.residuals import Residuals
from interpret.judge.smooth_path import closer, doubted
from interpret.judge.thresholds import AGAIN, CHANCE, UNLIKELY, percent, short_of
from interpret.ledger.motion import masses
from training.prepare.preparation import Prepared
from training.prepare.rounding import rounding

QUIET: Final = 0.01
"""χ²/n of residuals that are a tenth of a noise that was made as small as it may be."""

TELLING: Final = 40
"""Samples of a stretch in which a correlation of errors shows: 1/√40 is a sixth."""

ROUNDED: Final = 0.99
"""Of the readings: where the law's motion is so many of them once rounded, nothing is left."""

SLACK: Final = 0.1
"""Of half a step: by so much a coefficient's error may move a number across it."""

ENOUGH: Final = 200
"""Values in which what a law misses shows by its form, where the size of the noise is not known."""

FAINT: Final = 1e-3
"""Of the motion: a law that leaves less of coarse samples is not what limits them."""

REFUTED: Final = 4.0
"""χ²/n of a law whose residuals are twice the noise: longer stretches would only say it louder."""


def along(rungs: Rungs, prepared: Prepared) -> Iterator[Check]:
    """Left-over forces, χ², periods and the last tenth, of a law that has longest stretches."""
    longest = rungs.longest
    assert longest is not None, "a law that cannot be fitted has no path"
    ratio, _ = left_over.excess(longest)
    if ratio < QUIET:
        # What is left are the steps of the integration: exact positions know no less.
        said = f"the law leaves {np.sqrt(ratio):.1g} of the smallest noise that is told from none"
        yield Check("noise", ratio, QUIET, "identified", said)
        yield _held_out(longest, rungs)
        return
    same = _rounded(longest)
    if same >= ROUNDED:
        # What coarse rounding takes away is no white noise: it comes again as the motion does.
        said = f"the law's motion, rounded as the data are, is the data: {percent(same)} of them"
        yield Check("noise", 1 - same, 1 - ROUNDED, "identified", said)
        yield _held_out(longest, rungs)
        return
    yield _left(longest, rungs, prepared)
    white = longest.errors is None
    yield _size(longest) if white else alike(longest, prepared.trajectories)
    yield _period(longest, rungs)
    yield _held_out(longest, rungs)


@dataclass(frozen=True)
class Rungs:
    """The residuals along the longest stretches, and along those half as long."""

    longest: Residuals | None
    shorter: Residuals | None = None

    @classmethod
    def of(cls, found: Iterator[Residuals]) -> Rungs:
        """The last two; there are no longer ones where a law is refuted beyond doubt.

        Very short stretches refute nothing: errors alike from sample to sample are not seen there.
        """
        longest = shorter = None
        for residual in found:
            longest, shorter = residual, longest
            told = np.mean([len(item) for item in residual.items]) >= TELLING
            if told and left_over.excess(residual)[0] > REFUTED:
                break
        return cls(longest, shorter)


def _rounded(residual: Residuals) -> float:
    """The share of the readings within half a step of the law's motion; 0 without steps."""
    grid = rounding(residual.trajectories)
    steps = np.concatenate([grid.q, grid.p]) / masses(residual.trajectories)
    steps = steps[residual.measured]
    if not (steps > 0).all():
        return 0.0
    left = np.concatenate(residual.missed)[:, residual.measured]
    return float((np.abs(left) <= (1 + SLACK) * steps / 2).mean())


def _left(longest: Residuals, rungs: Rungs, prepared: Prepared) -> Check:
    """The most significant force that is left over along the longest stretches."""
    found = _tests(longest, prepared)
    if not found:
        return Check("left over", np.nan, np.nan, "identified", "too few samples for the test")
    limit = CHANCE / len(found)
    best = found[0]
    said = (
        f"the strongest force left over, one of {best.cause}, is as strong by chance with a "
        f"probability of {best.probability:.1g}"
    )
    if best.probability >= limit or not _confirmed(best, rungs, prepared):
        return Check("left over", -np.log10(max(best.probability, 1e-300)), -np.log10(limit),
                     "identified", said)  # fmt: skip
    share = best.share
    verdict = short_of(share)
    why = (
        f"a force of {best.cause} is left over, {percent(share)} of the law's "
        f"(χ² falls by {best.gain:.0f}; by chance: {best.probability:.0e})"
    )
    return Check("left over", -np.log10(max(best.probability, 1e-300)), -np.log10(limit),
                 verdict, why, share)  # fmt: skip


def _tests(residual: Residuals, prepared: Prepared) -> list[Left]:
    found = families(residual.trajectories, prepared.features)
    own = left_over.by_trajectory(residual)
    return left_over.left(residual, (*found, own) if own else found)


def _confirmed(best: Left, rungs: Rungs, prepared: Prepared) -> bool:
    """Whether shorter stretches, which a fit cannot miss the minimum of, show it too.

    So it is where the force explains all that the longer ones miss beyond the shorter: a minimum
    that was missed leaves far more.
    """
    if rungs.shorter is None or rungs.longest is None:
        return True
    longer, free = left_over.excess(rungs.longest)[0], left_over.free(rungs.longest)
    without = longer - best.gain / free
    if without <= left_over.excess(rungs.shorter)[0] + UNLIKELY * np.sqrt(2 / free):
        return True
    again = [item for item in _tests(rungs.shorter, prepared) if item.cause == best.cause]
    return not again or again[0].probability < AGAIN


def _size(residual: Residuals) -> Check:
    """χ² against its own scatter."""
    ratio, z = left_over.excess(residual)
    said = f"χ²/n is {ratio:.3f}, {abs(z):.1f} deviations {'above' if z > 0 else 'below'} one"
    said = "; ".join(filter(None, (said, left_over.outliers(residual))))
    if not residual.seen and left_over.free(residual) < ENOUGH and _noise(residual) > FAINT:
        why = (
            f"the samples are too coarse to show their noise, and too few to tell it from what the "
            f"law misses: {percent(_noise(residual))} of the motion"
        )
        return Check("noise", left_over.free(residual), ENOUGH, "ambiguous", why)
    if z <= UNLIKELY:
        courses = residual.solution.shooting.courses
        found = closer(courses, residual.missed, residual.parameters)
        return doubted(Check("noise", z, UNLIKELY, "identified", said), found)
    return Check("noise", z, UNLIKELY, "not in the library",
                 f"{said}: the law misses the data by more than their noise")  # fmt: skip


def _period(longest: Residuals, rungs: Rungs) -> Check:
    """The highest peak of the residuals' periodogram."""
    length, chance = left_over.period(longest)
    limit = CHANCE
    figures = (-np.log10(max(chance, 1e-300)), -np.log10(limit))
    if chance >= limit or (rungs.shorter and left_over.period(rungs.shorter)[1] > AGAIN):
        return Check("period", *figures, "identified", "no period stands out of the residuals")
    said = f"the residuals have a period of {length:.4g} (by chance: {chance:.0e})"
    return Check("period", *figures, "approximate", said, _amplitude(longest))


def _held_out(longest: Residuals, rungs: Rungs) -> Check:
    """The last tenth, predicted from the rest."""
    error, chance, share = predicted(longest)
    if np.isnan(error):
        said = "the last tenth, held out, cannot be predicted from the rest"
        return Check("held out", np.nan, -np.log10(CHANCE), "not in the library", said)
    figures = (-np.log10(max(chance, 1e-300)), -np.log10(CHANCE))
    said = f"the last tenth, held out, is predicted to {error:.3g} times the noise"
    if chance >= CHANCE or (rungs.shorter and predicted(rungs.shorter)[1] > AGAIN):
        return Check("held out", *figures, "identified", said)
    missed = share * _noise(longest)
    verdict = short_of(missed)
    return Check("held out", *figures, verdict, f"{said} (by chance: {chance:.0e})", missed)


def _amplitude(residual: Residuals) -> float:
    """The rms of what the noise does not explain of the residuals, over that of the motion."""
    ratio, _ = left_over.excess(residual)
    return float(np.sqrt(max(0.0, ratio - 1))) * _noise(residual)


def _noise(residual: Residuals) -> float:
    """The largest noise of a channel, in parts of its spread."""
    sigma = residual.sigma[residual.measured]
    spread = np.concatenate(residual.paths).std(axis=0)[residual.measured]
    return float((sigma / spread).max())
