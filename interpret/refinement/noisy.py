"""Noisy data: the force ledger, of a potential alone, chooses and fits the law."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from sympy import Expr

from interpret.laws.law import Law
from interpret.ledger.account import Account
from interpret.ledger.accounting import account
from interpret.ledger.candidates import Candidates
from interpret.ledger.cells import celled
from interpret.ledger.motion import Courses, masses
from interpret.ledger.statement import stated
from interpret.reading.probes import Probes
from training.prepare.preparation import Prepared

PART: Final = "potential"


def noisy_estimate(law: Law, samples: Probes, *, select: bool) -> Law:
    """The maximum-likelihood law, its support chosen anew when ``select`` is set.

    The motion by the means of cells, all candidates as columns of the law's own response, each set
    with the noise that it leaves. A rival that explains as much is named: "ambiguous". A law that
    runs off is not in the library.
    """
    prepared = samples.prepared
    courses = celled(motion(prepared))
    terms = law.candidates if select else law.terms
    found = _account(prepared, courses, terms, chosen=not select)
    if select and (found.dropped or not found.terms):
        # What is significant stays, though the law misses more: the judge says what it misses.
        groups = (*found.chosen, *found.dropped)
        terms = tuple(terms[k] for k in sorted(groups)) or law.terms
        found = _account(prepared, courses, terms, chosen=True)
    if found.solution is None:
        why = "the law cannot be followed along the motion, so it is as it was first read"
        return law.doubted("not in the library", why)
    own = stated(replace(found, notes=()), law.origin)
    (part,) = law.parts
    return replace(
        law,
        parts=(replace(part, terms=own.parts[0].terms),),
        coefficients=own.coefficients,
        covariance=own.covariance,
        recognised=(),
        judgement=replace(own.judgement, chi2_per_n=_per_freedom(found, prepared)),
    )


def motion(prepared: Prepared) -> Courses:
    """The motion as it was measured, and as it was smoothed."""
    assert prepared.noisy, "only noisy data come here"
    measured = prepared.trajectories
    alone = measured.derived or not np.isfinite(prepared.noise.p).all()
    return Courses.along(measured, prepared.curves, alone=alone)


def _per_freedom(found: Account, prepared: Prepared) -> float:
    """χ² per degree of freedom by the noise that was read off the data, less in means of cells."""
    assert found.solution is not None, "a law that was fitted leaves residuals"
    courses, data = found.setting.courses, prepared.trajectories
    sigma = prepared.sigma / masses(data)
    count = len(courses.times) * courses.channels
    free = count - found.solution.reduced.stretches.states - len(found.terms)
    off = found.missed * courses.range / sigma[: courses.channels]
    many = data.points / len(courses.times)
    return float((off**2).mean() * many * count / max(free, 1))


def _account(
    prepared: Prepared, courses: Courses, terms: tuple[Expr, ...], *, chosen: bool
) -> Account:
    data, features = prepared.trajectories, prepared.features
    known = Candidates(data.coordinates, tuple(map(float, data.mass)))
    candidates = known.with_terms(PART, terms, features.definitions)
    return account(courses, candidates, drive=False, chosen=chosen)
