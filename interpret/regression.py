"""regress(): the closed form of a trained function, from a candidate library."""

from __future__ import annotations

import numpy as np
import torch

from interpret.law import Law, Verdict
from interpret.library import Library
from interpret.optimizers import choose_support
from interpret.samples import Samples
from interpret.selection import Compressed, Support, plateau, thresholded
from systems import expressions
from training.bases.candidates import Candidates
from training.families import stack
from training.linear import compress

CLEAN_FACTOR = 2.0
NOISY_FACTOR = 1.5
ALARM = 10.0
GAUGE = "one constant per trajectory"


def regress(
    samples: Samples,
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

    >>> from interpret.samples import probe
    >>> from systems import get
    >>> from training import train
    >>> system = get("oscillator")
    >>> samples = probe(train(system, system.sample()))
    >>> regress(samples, Library.of(system)).expr
    q**2/2
    """
    names = samples.features.names
    library = library.without_gauge()
    library.check(samples.levels.x.numpy(), names, samples.levels.group.numpy())
    problem = compressed(samples, library)
    support = select(problem, samples.prepared.noisy, threshold, optimizer)
    coefficients, residual = problem.solve(support)
    _, full = problem.solve(tuple(range(problem.size)))
    verdict, reasons = _verdict(full, samples)
    kept = list(support)
    return Law(
        system=samples.system,
        terms=tuple(library.candidates[k] for k in support),
        coefficients=coefficients[kept],
        covariance=_covariance(problem, support, residual),
        candidates=library.candidates,
        features=samples.features.definitions,
        domain=samples.domain,
        gauge=GAUGE,
        verdict=verdict,
        reasons=reasons,
        chi2_per_n=(residual / max(samples.misfit, 1e-300)) ** 2,
    )


def compressed(samples: Samples, library: Library) -> Compressed:
    """The joint rows of V and grad V for every candidate, compressed by QR."""
    basis = Candidates(samples.features.names, library.candidates)
    families = (samples.levels, samples.gradients)
    with torch.no_grad():
        design, truth = stack(families, samples.weights, basis)
        block = compress(design, truth).numpy()
    names = tuple(expressions.text(candidate) for candidate in library.candidates)
    return Compressed(block[:, :-1], block[:, -1], names, len(design))


def select(problem: Compressed, noisy: bool, threshold: float | None, optimizer: str) -> Support:
    """The support by the rule asked for."""
    if optimizer != "path":
        return choose_support(problem, optimizer, threshold)
    if threshold is not None:
        return thresholded(problem, threshold)
    return plateau(problem, NOISY_FACTOR if noisy else CLEAN_FACTOR)


def _verdict(full: float, samples: Samples) -> tuple[Verdict, tuple[str, ...]]:
    """What can be said before the law is refined."""
    ratio = full / max(samples.misfit, 1e-300)
    if ratio > ALARM:
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


def _covariance(problem: Compressed, support: Support, residual: float) -> np.ndarray:
    """|r|^2 (A^T A)^-1 on the support: as if the residual were one error, not many.

    A network's error is smooth, so its rows are not independent and their number proves nothing;
    ``refine`` knows better.
    """
    columns = problem.design[:, list(support)]
    scale = np.linalg.norm(columns, axis=0)
    gram = (columns / scale).T @ (columns / scale)
    inverse = np.linalg.pinv(gram, rcond=1e-14, hermitian=True) / scale / scale[:, None]
    covariance: np.ndarray = residual**2 * inverse
    return covariance
