"""The certificate of a potential: does it make the motion that was measured?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import torch

from interpret.judge.certificate import Certificate, Check, as_it_was_read
from interpret.judge.channel import Channels
from interpret.judge.channels import LARGE
from interpret.judge.defects import Defects, defects
from interpret.judge.domain import still, supported, unfixed
from interpret.judge.fitted import residuals
from interpret.judge.held_out import foreseen
from interpret.judge.own_path import Rungs, along
from interpret.judge.prediction import law_slope
from interpret.judge.remainder import remainder
from interpret.judge.settling import with_release
from interpret.judge.support import Forces, cancellation, founded, surrogate
from interpret.judge.thresholds import EXACT, percent, short_of
from interpret.laws.judgement import Verdict
from interpret.laws.law import Law
from interpret.reading.probes import Probes
from interpret.refinement.noisy import motion
from training.bases.candidates import Candidates
from training.prepare.preparation import VERLET
from training.rows.trajectories import LevelRows

NETWORK: Final = 10.0
"""How many times as much of the energy a law may miss as the flexible potential does."""

UNRESOLVED: Final = 1e-8
"""Energies that close to this part say nothing about each other: integrators are no better."""


def certify(law: Law, samples: Probes) -> Certificate:
    """Every check that these data allow.

    Exact data: the law's flow from sample to sample, and the energy beside the network's. Noisy
    data: left-over forces, periods, χ² and neighbours of the residuals along the law's own path.
    """
    trajectories = samples.prepared.trajectories
    # Of a function of what never changes there is nothing to read, and no term is missing.
    nothing = len(still(samples)) == len(samples.domain)
    checks = [] if nothing else [*as_it_was_read(law).checks, *founded(law, trajectories.points)]
    if law.terms and np.isfinite(law.coefficients).all():
        forces = Forces.of(law, samples.prepared.features, samples.places)
        exact = not samples.prepared.noisy
        followed = list(_exact(law, samples) if exact else _noisy(law, samples))
        missed = followed[0].statistic if exact else np.inf
        checks += [surrogate(law, forces, missed), cancellation(forces)]
        checks += [supported(law, samples), unfixed(law, samples), *followed]
    found = Certificate(tuple(checks))
    if not law.judgement.rivals or samples.prepared.smoothed is None:
        return found
    return with_release(found, law, motion(samples.prepared))


def by_columns(columns: Channels) -> Check:
    """dq/dt against p/m: do the columns belong together?"""
    off = max((abs(item.ratio - 1) for item in columns if np.isfinite(item.error)), default=0.0)
    said = "; ".join(columns.sentences) or "p/m is dq/dt in every coordinate"
    if columns.option:
        # Momenta are named beside the coordinates that they belong to.
        order = ",".join(item.coordinate for item in columns)
        named = any(item.verdict == "permuted" for item in columns)
        said = f"{said}; try {f'--coordinates {order} ' if named else ''}{columns.option}"
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
        # The paper's own recipe has forward differences alone, and no energy rows.
        if len(prepared.families) > 1:
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
    if rungs.longest is None:
        said = "the law could not be fitted along the trajectories, however short"
        yield Check("residuals", np.nan, np.nan, "not in the library", said)
        return
    yield from along(rungs, samples.prepared)
