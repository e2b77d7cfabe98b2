"""regress(): the closed form of a trained function, from a candidate library."""

from __future__ import annotations

import torch

from interpret.laws.judgement import Judgement, Origin, Verdict
from interpret.laws.law import Law
from interpret.laws.parts import Part
from interpret.reading.probes import Probes
from interpret.select.criteria import Criterion, Plateau, SmallestWithin, Threshold
from interpret.select.library import Library
from interpret.select.matrix import Compressed, Support
from interpret.select.optimizers import Optimizer
from systems import expressions
from training.bases.candidates import Candidates
from training.prepare.stencils import Array
from training.solve.families import stack

CLEAN_FACTOR = 2.0
NOISY_FACTOR = 1.5
ALARM = 10.0
FAINT = 1e-6
"""Less than this part may be the network's own error across a narrow range: whether it is a force
is asked along the law's own path."""
UNEXPLAINED = 1e-4
"""A network that misses more of exact data was not given the forces that act: what it then misses
bounds no term of the ones that were. The judge's number for exact motion."""
FEW = 4
"""Terms of a law that is sought among all subsets: a library of thirty has 31 930 of them."""
ALIKE = 1.1
"""Residuals that differ by less are alike: a tenth, where they are friction's and not noise."""
GAUGE = "one constant per trajectory"


def regress(
    samples: Probes,
    library: Library,
    threshold: float | None = None,
    optimizer: str = "path",
) -> Law:
    """Fit the library jointly to V_theta and grad V_theta, and keep the terms that matter.

    minimise w_V^2 |Phi c - V|^2 + w_F^2 |J grad Phi c - grad V|^2, V and Phi centred a trajectory:
    the constants are gauge, they are eliminated, never thresholded. The support is the plateau
    rule's over the whole threshold path ("path"), STLSQ's at ``threshold``, or one of PySINDy's
    optimizers'.

    The missing-term alarm: where the full library misses the network by more than ten times what
    the network itself misses of the data, a term is missing and the law is called "not in the
    library".

    Raises InputError for a library that is empty, singular on the data or has collinear columns,
    and for a threshold that removes every candidate.

    >>> from interpret.reading.probes import probe
    >>> from systems import get
    >>> from training import Settings, train
    >>> system = get("oscillator")
    >>> samples = probe(train(system, system.draw()[:2], Settings(width=64)))
    >>> regress(samples, Library.of(system)).expr
    q**2/2
    """
    names = samples.features.names
    library = library.without_gauge()
    library.check(samples.levels.x.numpy(), names, samples.levels.group.numpy())
    problem = compressed(samples, library)
    free = threshold is None and optimizer == "path"
    # The rows of noisy data miss the network by the noise, which says nothing of its error.
    least = 0.0 if samples.prepared.noisy else min(samples.misfit, UNEXPLAINED)
    rule = criterion(samples.prepared.noisy, threshold, optimizer, least)
    found = _under_friction(problem) if free and _rubbed(samples) else None
    support, *rivals = (rule.choose(problem).support,) if found is None else found
    coefficients, residual = problem.solve(support)
    _, full = problem.solve(problem.full)
    verdict, reasons = _verdict(full, samples)
    reasons += tuple(f"the terms {_listed(library, other)} fit as well" for other in rivals[:1])
    kept = list(support)
    terms = tuple(library.candidates[k] for k in support)
    chi2 = (residual / max(samples.misfit, 1e-300)) ** 2
    return Law(
        origin=Origin(samples.system),
        parts=(Part("potential", terms, library.candidates),),
        coefficients=coefficients[kept],
        covariance=_covariance(problem, support, residual),
        variables=samples.variables,
        gauge=GAUGE,
        judgement=Judgement(verdict, reasons, chi2),
    )


def compressed(samples: Probes, library: Library) -> Compressed:
    """The joint rows of V and grad V for every candidate, compressed by QR."""
    basis = Candidates(samples.features.names, library.candidates)
    families = (samples.levels, samples.gradients)
    with torch.no_grad():
        design, truth = stack(families, samples.weights, basis)
    names = tuple(expressions.text(candidate) for candidate in library)
    return Compressed.of(design.numpy(), truth.numpy(), names)


def criterion(
    noisy: bool, threshold: float | None, optimizer: str, least: float = 0.0
) -> Criterion:
    """The rule asked for; `least` is what the network misses of the data."""
    if optimizer != "path":
        return Optimizer(optimizer, threshold)
    if threshold is not None:
        return Threshold(threshold)
    return Plateau(NOISY_FACTOR if noisy else CLEAN_FACTOR, least)


def _rubbed(samples: Probes) -> bool:
    """Whether friction and noise are in the forces, which no likelihood then chooses terms by."""
    return samples.prepared.noisy and samples.prepared.drift > 0


def _under_friction(problem: Compressed) -> list[Support] | None:
    """The smallest support of a few terms that misses about as little as the library, and rivals.

    Friction and the errors of a tracker leave more of the force than most terms explain: on a path
    down from the whole library the terms of a small motion, which are all alike, fall in any order.
    Of those that fit alike the one named first in the library is taken. None: there is no such.
    """
    floor = NOISY_FACTOR * problem.solve(problem.full)[1]
    order = SmallestWithin(floor, FEW).choose(problem).order
    least = float(order.residuals[0])
    if least > floor:
        return None
    same = order.of_size(len(order.supports[0]))
    return sorted(support for support, left in same if left <= ALIKE * least)


def _listed(library: Library, support: Support) -> str:
    return ", ".join(expressions.text(library.candidates[k]) for k in support)


def _verdict(full: float, samples: Probes) -> tuple[Verdict, tuple[str, ...]]:
    """What can be said before the law is refined."""
    ratio = full / max(samples.misfit, 1e-300)
    if ratio > ALARM and full > FAINT:
        reason = (
            f"the whole library misses the learned potential by {ratio:.1e} times what the "
            "network misses of the data: a term is missing"
        )
        return "not in the library", (reason,)
    drift = samples.prepared.drift
    if drift:
        reason = (
            f"energy is not conserved: it drifts by {100 * drift:.0f} % of the kinetic energy's "
            "range, so only the forces were used; friction is no part of a potential"
        )
        return "ambiguous", (reason,)
    return "identified", ()


def _covariance(problem: Compressed, support: Support, residual: float) -> Array:
    """|r|^2 (A^T A)^-1 on the support: as if the residual were one error, not many.

    A network's error is smooth, so its rows are not independent and their number proves nothing;
    ``refine`` knows better.
    """
    return residual**2 * problem.inverse_gram(support)
