"""The certificate of a potential: does it make the motion that was measured?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch

from interpret.judge import left_over
from interpret.judge.alike import alike
from interpret.judge.certificate import Certificate, Check, as_it_was_read
from interpret.judge.channel import Channels
from interpret.judge.channels import LARGE
from interpret.judge.defects import Defects, defects
from interpret.judge.domain import supported, unfixed
from interpret.judge.fitted import residuals
from interpret.judge.forces import families
from interpret.judge.held_out import foreseen, predicted
from interpret.judge.left_over import Left
from interpret.judge.prediction import law_slope
from interpret.judge.remainder import remainder
from interpret.judge.residuals import Residuals
from interpret.judge.support import Forces, cancellation, enough, surrogate
from interpret.judge.thresholds import AGAIN, CHANCE, EXACT, UNLIKELY, percent, short_of
from interpret.laws.judgement import Verdict
from interpret.laws.law import Law
from interpret.reading.probes import Probes
from training.bases.candidates import Candidates
from training.prepare.preparation import VERLET
from training.rows.trajectories import LevelRows

NETWORK: Final = 10.0
"""How many times as much of the energy a law may miss as the flexible potential does."""

UNRESOLVED: Final = 1e-8
"""Energies that close to this part say nothing about each other: integrators are no better."""

QUIET: Final = 0.01
"""χ²/n of residuals that are a tenth of a noise that was made as small as it may be."""

TELLING: Final = 40
"""Samples of a stretch in which a correlation of errors shows: 1/√40 is a sixth."""

REFUTED: Final = 4.0
"""χ²/n of a law whose residuals are twice the noise: longer stretches would only say it louder."""


def certify(law: Law, samples: Probes) -> Certificate:
    """Every check that these data allow.

    Exact data: the law's flow from sample to sample, and the energy beside the network's. Noisy
    data: left-over forces, periods, χ² and neighbours of the residuals along the law's own path.
    """
    trajectories = samples.prepared.trajectories
    checks = [*as_it_was_read(law).checks, enough(law, trajectories.points)]
    if law.terms and np.isfinite(law.coefficients).all():
        forces = Forces.of(law, samples.prepared.features, samples.places)
        checks += [surrogate(law, forces), cancellation(forces)]
        checks += [supported(law, samples), unfixed(law, samples)]
        exact = not samples.prepared.noisy
        checks += _exact(law, samples) if exact else _noisy(law, samples)
    return Certificate(tuple(checks))


def by_columns(columns: Channels) -> Check:
    """dq/dt against p/m: do the columns belong together?"""
    off = max((abs(item.ratio - 1) for item in columns if np.isfinite(item.error)), default=0.0)
    said = "; ".join(columns.sentences) or "p/m is dq/dt in every coordinate"
    if columns.option:
        said = f"{said}; try {columns.option}"
    if columns.verdict:
        return Check("channels", off, LARGE, "contradictory columns", said)
    copied = any(item.verdict == "copied" for item in columns)
    return Check("channels", off, LARGE, "ambiguous" if copied else "identified", said)


def _exact(law: Law, samples: Probes) -> Iterator[Check]:
    prepared = samples.prepared
    if prepared.integrator == VERLET:
        share = _rows_missed(law, samples)
        found = f"Störmer–Verlet's second differences are the law's forces to {share:.1g}"
        yield Check("agreement", share, EXACT, _missed(share), found, share)
        yield remainder(law, samples)
        yield foreseen(law, samples)
        return
    slope = law_slope(law, prepared.features)
    yield _agreement(defects(prepared.trajectories, prepared.features, slope))
    if not prepared.drift:
        yield _beside_network(law, samples)
        yield remainder(law, samples)
        yield foreseen(law, samples)


def _rows_missed(law: Law, samples: Probes) -> float:
    """What the law misses of the first family of rows, whose truth has length one."""
    family = samples.prepared.families[0]
    basis = Candidates(samples.features.names, law.terms)
    with torch.no_grad():
        missed = family.design(basis) @ torch.from_numpy(law.coefficients.copy()) - family.truth
    return float(missed.norm())


def _missed(share: float) -> Verdict:
    """What a law is called that misses this share of the force."""
    return "identified" if share <= EXACT else short_of(share)


def _agreement(found: Defects) -> Check:
    """The law's flow from each sample to the next, against the next."""
    worst = max(found.share, found.moved, found.lost)
    said = f"from sample to sample the law misses {percent(found.share)} of the force"
    if found.moved > max(EXACT, found.share):
        said += f" and {percent(found.moved)} of the way"
    if found.lost:
        said += f", and runs off in {percent(found.lost)} of the steps"
    if worst > EXACT and found.cause:
        said += f"; {percent(found.explained)} of what is left depends on {found.cause}"
    return Check("agreement", worst, EXACT, _missed(worst), said, worst)


def _beside_network(law: Law, samples: Probes) -> Check:
    """The energy that the law leaves open, beside what the flexible potential leaves open.

    Energy rows have no quadrature: where a flexible function of the same variables closes them
    better, and better than digits of the data allow by chance, the library lacks a term.
    """
    own, flexible = _rows_missed(law, samples), samples.residuals[0]
    ratio = own / max(flexible, UNRESOLVED, _blur(law, samples))
    said = f"the energy closes to {own:.1g}, by a flexible potential to {flexible:.1g}"
    if ratio <= NETWORK:
        return Check("energy", ratio, NETWORK, "identified", said)
    verdict = short_of(own)
    return Check("energy", ratio, NETWORK, verdict, f"{said}: a term is missing", own)


def _blur(law: Law, samples: Probes) -> float:
    """What the last digits of the data move the energy by: √Σ (v σ_p)² + (F σ_q)², scaled as rows.

    σ is read off differences, so it holds the roughness of coarse steps too: an upper bound.
    """
    prepared = samples.prepared
    energy = prepared.families[0]
    assert isinstance(energy, LevelRows), "conservative exact data have energy rows"
    _, q, p, _ = prepared.trajectories.stack()
    moved = (p / prepared.trajectories.mass * prepared.noise.p) ** 2
    pushed = (law_slope(law, prepared.features)(q) * prepared.noise.q) ** 2
    mean = float((moved + pushed).sum(axis=1).mean())
    return energy.scale * float(np.sqrt(mean * len(energy.level)))


def _noisy(law: Law, samples: Probes) -> Iterator[Check]:
    rungs = Rungs.of(residuals(samples.prepared, law.terms, law.coefficients))
    longest = rungs.longest
    if longest is None:
        said = "the law could not be fitted along the trajectories, however short"
        yield Check("residuals", np.nan, np.nan, "not in the library", said)
        return
    whole = samples.prepared.trajectories
    ratio, _ = left_over.excess(longest)
    if ratio < QUIET:
        # What is left are the steps of the integration: exact positions know no less.
        said = f"the law leaves {np.sqrt(ratio):.1g} of the smallest noise that is told from none"
        yield Check("noise", ratio, QUIET, "identified", said)
        yield _held_out(longest, rungs)
        return
    yield _left(longest, rungs, samples)
    yield size(longest) if longest.errors is None else alike(longest, whole)
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


def _left(longest: Residuals, rungs: Rungs, samples: Probes) -> Check:
    """The most significant force that is left over along the longest stretches."""
    found = _tests(longest, samples)
    if not found:
        return Check("left over", np.nan, np.nan, "identified", "too few samples for the test")
    limit = CHANCE / len(found)
    best = found[0]
    said = (
        f"the strongest force left over, one of {best.cause}, is as strong by chance with a "
        f"probability of {best.probability:.1g}"
    )
    if best.probability >= limit or not _confirmed(best, rungs, samples):
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


def _tests(residual: Residuals, samples: Probes) -> list[Left]:
    found = families(residual.trajectories, samples.prepared.features)
    own = left_over.by_trajectory(residual)
    return left_over.left(residual, (*found, own) if own else found)


def _confirmed(best: Left, rungs: Rungs, samples: Probes) -> bool:
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
    again = [item for item in _tests(rungs.shorter, samples) if item.cause == best.cause]
    return not again or again[0].probability < AGAIN


def size(residual: Residuals) -> Check:
    """χ² against its own scatter."""
    ratio, z = left_over.excess(residual)
    said = f"χ²/n is {ratio:.3f}, {abs(z):.1f} deviations {'above' if z > 0 else 'below'} one"
    if z <= UNLIKELY:
        return Check("noise", z, UNLIKELY, "identified", said)
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
