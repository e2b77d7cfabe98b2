"""Noisy data: choose among all subsets of the library by likelihood."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from interpret.laws.judgement import Judgement, Verdict
from interpret.laws.law import Law
from interpret.reading.probes import Probes
from interpret.refinement.correlated import ENOUGH, Found, alike, correlated, screen
from interpret.refinement.likelihood import Estimate, maximise
from interpret.refinement.linear import Errors, Linear
from interpret.refinement.segments import FITTED, first_estimate, points
from interpret.refinement.shooting import AT_ONCE, Shooting
from interpret.select.criteria import CLOSE, LeastChiSquared
from interpret.select.library import Library
from interpret.select.matrix import Compressed, Support
from systems.errors import InputError
from training.prepare.noise import NEGLIGIBLE, SMALLEST_NOISE

FINALISTS = 4
OVERRATED = 0.25
CREDIBLE = 1.5
RESOLVED = 0.1

TRUSTED = 1.0
DECIDED = 10.0
"""Where the Fisher approximation gives the first law's own χ² to 1, what it sees behind by more
than 10 in BIC is no rival. Source: R. Kass, A. Raftery, J. Am. Stat. Assoc. 90 (1995) 773, 3.2."""


@dataclass(frozen=True)
class Contender:
    """A support with its likelihood fit; ``bic`` = chi^2 + |support| log n."""

    support: Support
    estimate: Estimate

    @property
    def bic(self) -> float:
        """The Bayesian information criterion, up to a constant."""
        count = len(self.estimate.coefficients)
        return self.estimate.chi_squared + count * float(np.log(self.estimate.observations))


def noisy_estimate(law: Law, samples: Probes, *, select: bool) -> Law:
    """The maximum-likelihood law, its support chosen anew when ``select`` is set.

    0. Errors that neighbouring readings do not show, but the whole library, are `correlated`.
    1. Fit the law as it stands; where it fits far better than the noise level says, the level was
       coarse sampling mistaken for noise, and is lowered to what the fit leaves.
       Then fit the full library from there.
    2. About it, the path moves in proportion to the coefficients (Fisher): a linear problem, of
       which every subset is a least-squares fit.
    3. Refit the four best by BIC; the least BIC wins, or the part of it that it is ahead of by
       chance alone. A close rival is named: "ambiguous".
    """
    library = Library(law.candidates)
    support = tuple(law.candidates.index(term) for term in law.terms)
    if alike(screen(samples, library, ENOUGH)):
        every = screen(samples, library)
        slow = correlated(samples, library, every, None if select else support)
        if slow is not None:
            return _concluded(law, library, slow)
    found = _first(law, samples, _part(library, support))
    if found is None:
        raise InputError(
            "the law found cannot be integrated along the data, so it cannot be refined: "
            "try another library, or less noise"
        )
    problem, first = measured(*sharpened(*found))
    contenders = [Contender(support, first)]
    if select:
        contenders += _others(problem.with_library(library), library, contenders[0])
    contenders.sort(key=lambda contender: contender.bic)
    concluded = _conclude(law, library, contenders)
    cut = len(problem.trajectories) > len(samples.prepared.trajectories)
    same = set(concluded.terms) == set(law.terms)
    if not cut or same or concluded.chi2_per_n > FITTED:
        return concluded
    # Chosen on stretches that the first law could be followed along; this one can be on longer.
    longer = noisy_estimate(concluded, samples, select=False)
    return replace(longer, judgement=replace(concluded.judgement, chi2_per_n=longer.chi2_per_n))


def _first(law: Law, samples: Probes, part: Library) -> tuple[Shooting, Estimate] | None:
    """The law as it stands, fitted to the data as measured."""
    prepared = samples.prepared
    assert prepared.smoothed is not None, "only noisy data come here"
    return first_estimate(
        prepared.trajectories,
        prepared.smoothed,
        prepared.features,
        part,
        prepared.sigma,
        law.coefficients,
    )


def sharpened(problem: Shooting, first: Estimate) -> tuple[Shooting, Estimate]:
    """The same fit with sigma lowered to the residual, where chi^2/n is far below 1."""
    if first.chi2_per_n > OVERRATED:
        return problem, first
    observed = np.concatenate(problem.observed)
    lowest = NEGLIGIBLE * observed.std(axis=0)
    sigma = np.maximum(problem.sigma * np.sqrt(first.chi2_per_n), lowest)
    finer = replace(problem, sigma=sigma).resolved(first.states, first.coefficients)
    again = None if finer is None else maximise(finer, first.states, first.coefficients)
    if finer is None or again is None:
        return problem, first
    return finer, again


def measured(problem: Shooting, first: Estimate) -> tuple[Shooting, Estimate]:
    """The same fit with the σ of each channel that its own residuals show.

    Differences of the data give σ to 2/√n, and error bars and χ² inherit that; residuals of a law
    that explains the data give it to 1/√(2n). Where they are larger than `CREDIBLE` times the
    differences allow, the law is wrong or the noise correlated, and the differences are kept.
    """
    predicted = problem.predictions(first.states, first.coefficients)
    pairs = zip(problem.observed, predicted, strict=True)
    left = np.concatenate([seen - path for seen, path in pairs])
    share = first.degrees_of_freedom / first.observations
    sigma = np.sqrt((left**2).mean(axis=0) / share)
    if not (sigma < CREDIBLE * problem.sigma).all():
        return problem, first
    spread = np.concatenate(problem.observed).std(axis=0)
    # The steps were made fine enough for the σ supposed, and err by more than far smaller ones.
    lowest = np.maximum(SMALLEST_NOISE * spread, RESOLVED * problem.sigma)
    known = np.where(np.isfinite(problem.sigma), np.maximum(sigma, lowest), np.inf)
    again = replace(problem, sigma=known)
    found = maximise(again, first.states, first.coefficients)
    return (problem, first) if found is None else (again, found)


def _others(problem: Shooting, library: Library, first: Contender) -> Iterator[Contender]:
    """The best subsets under the Fisher approximation about the full library's fit, refitted."""
    start = np.zeros(len(library))
    start[list(first.support)] = first.estimate.coefficients
    full = maximise(problem, first.estimate.states, start)
    fisher = None if full is None else about(problem, full)
    if full is None or fisher is None:
        return
    trusted = abs(_expected(fisher, first.support) - first.bic) < TRUSTED
    for support in LeastChiSquared().choose(fisher).order.supports[:FINALISTS]:
        behind = _expected(fisher, support) - first.bic
        if support == first.support or (trusted and behind > DECIDED):
            continue
        guess = fisher.solve(support)[0][list(support)]
        part = problem.with_library(_part(library, support))
        fitted = maximise(part, full.states, guess)
        if fitted is not None:
            yield Contender(support, fitted)


def _expected(fisher: Compressed, support: Support) -> float:
    """The BIC of a support under the Fisher approximation."""
    return fisher.solve(support)[1] ** 2 + len(support) * float(np.log(fisher.rows))


def about(problem: Shooting, full: Estimate) -> Compressed | None:
    """The likelihood about the full library's fit as a linear problem: |A c - b|^2 is chi^2.

    By QR of its rows, the initial states eliminated: of candidates that are nearly alike the normal
    equations know only the square of what tells them apart, which may be less than their digits.
    None where the fit cannot be followed.
    """
    names, measured = tuple(map(str, problem.library)), np.isfinite(problem.sigma)
    supposed = Errors.supposed(len(measured))
    count = len(full.states)
    size = points(problem.trajectories) * (len(measured) + len(names))
    blocks = []
    for numbers in np.array_split(np.arange(count), min(count, -(-size // AT_ONCE))):
        rows = problem.some(numbers.tolist()).rows(full.states[numbers], full.coefficients)
        if rows is None or not all(np.isfinite(part).all() for part in rows):
            return None
        design, missed = Linear(tuple(rows), measured, names).apart(supposed)
        short = Compressed.of(design, missed + design @ full.coefficients, names)
        blocks.append(np.column_stack([short.design, short.truth]))
    together = np.concatenate(blocks)
    found = Compressed.of(together[:, :-1], together[:, -1], names)
    return replace(found, rows=full.observations)


def _part(library: Library, support: Support) -> Library:
    return Library(tuple(library.candidates[k] for k in support))


def lead(best: Support, rival: Support, candidates: int) -> float:
    """How far ahead of a rival in BIC a law must be.

    One that has other terms instead, or fewer, is another law. One that only adds m terms holds
    this law as a part: the best of C(K - k, m) such has 2 log C(K - k, m) less by chance alone.
    Source: extended BIC (`interpret.select.criteria.LeastInformation`).
    """
    if not set(best) < set(rival):
        return CLOSE
    return -2 * float(np.log(math.comb(candidates - len(best), len(rival) - len(best))))


def _conclude(law: Law, library: Library, ranked: list[Contender]) -> Law:
    count = len(library)
    # Of laws that hold another as a part, and are ahead of it by chance alone, that part is taken.
    best = ranked[0]
    for part in ranked[1:]:
        within = set(part.support) < set(best.support)
        if within and ranked[0].bic - part.bic > lead(part.support, ranked[0].support, count):
            best = part
    for rival in ranked:
        behind = rival.bic - best.bic
        if rival is not best and behind < lead(best.support, rival.support, count):
            return _refined(law, library, best, (rival.support, behind))
    return _refined(law, library, best)


def _concluded(law: Law, library: Library, found: Found) -> Law:
    """The law of correlated errors, beside the first rival that costs as little."""
    best = Contender(found.support, found.estimate)
    near = (pair for pair in found.rivals if pair[1] < lead(found.support, pair[0], len(library)))
    return _refined(law, library, best, next(near, None))


def _refined(
    law: Law, library: Library, best: Contender, rival: tuple[Support, float] | None = None
) -> Law:
    """The law of the best contender; ambiguous beside a rival, given with what it costs more."""
    reasons: tuple[str, ...] = ()
    verdict: Verdict = "identified"
    if rival is not None:
        terms = ", ".join(str(library.candidates[k]) for k in rival[0])
        found = f"{'higher' if rival[1] > 0 else 'lower'} by {abs(rival[1]):.1f}"
        reasons = (f"the terms {terms} fit almost as well (BIC {found})",)
        verdict = "ambiguous"
    (part,) = law.parts
    return replace(
        law,
        parts=(replace(part, terms=_part(library, best.support).candidates),),
        coefficients=best.estimate.coefficients,
        covariance=best.estimate.covariance,
        recognised=(),
        judgement=Judgement(verdict, reasons, best.estimate.chi2_per_n),
    )
