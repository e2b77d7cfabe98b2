"""The paper's own way of reading the law off a trained potential: SINDy, as its scripts run it.

Source: H. S. Bhat, arXiv:1907.11806, and the R scripts published with it
(github.com/hbhat4000/learningpotentials, folder interpret).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from interpret.laws.judgement import Judgement, Origin
from interpret.laws.law import Law
from interpret.laws.parts import Part
from interpret.reading.probes import Probes
from interpret.select.library import Library
from interpret.select.matrix import Compressed
from interpret.select.supports import stlsq
from systems.errors import InputError
from training.features import Features
from training.learn.fit import Fit
from training.prepare.stencils import Array
from training.recipes.paper import paper_settings
from training.rows import trajectories as rows
from training.rows.trajectories import ForceRows

GRIDS: Final[Mapping[str, tuple[float, float, int]]] = MappingProxyType(
    {"central_force": (1.0, 9.5, 20001)}
)
"""Where the scripts ask for V on a grid, from, to and how many, and not at the training points."""

GAUGE: Final = "one constant"
NO_TEST: Final = "the paper's recipe makes no test for a missing term"


def probe_paper(fit: Fit) -> Probes:
    """V_theta at every sample of the trajectories, or, for the central force, on its grid.

    V is a function of the features it was learned on or, where the system's candidates are
    written in others (the network of q1 - q2, the library of r), of the system's.

    >>> from systems import get
    >>> from training import Settings, train
    >>> system = get("oscillator")
    >>> samples = probe_paper(train(system, system.draw()[:2], Settings(width=64)))
    >>> samples.levels.x.shape
    torch.Size([2002, 1])
    """
    q, group = _points(fit)
    features = _features(fit)
    x = torch.from_numpy(np.ascontiguousarray(features.values(q)))
    gradient = fit.gradient(q)
    gradients = ForceRows(
        x[None],
        torch.from_numpy(np.ascontiguousarray(features.jacobian(q)))[None],
        torch.ones(1, dtype=torch.float64),
        torch.from_numpy(gradient),
        torch.from_numpy(rows.importance(gradient)),
        "grad V",
    )
    return Probes(
        features,
        rows.levels(x, torch.from_numpy(fit(q)), torch.from_numpy(group), "V"),
        gradients,
        (1.0, 1.0),
        fit.residuals,
        max(fit.residuals),
        fit.prepared,
        fit.system.name,
    )


def regress_paper(samples: Probes, library: Library, threshold: float | None = None) -> Law:
    """Minimise |c_0 + Phi c - V|^2 by sequentially thresholded least squares.

    The values of V alone, not its gradients; the constant c_0 is a candidate like any other, and
    is dropped like any other when it is below the ``threshold``, which acts on the coefficients as
    they are and is the paper's own by default. The law leaves c_0 out: it is gauge. Its errors are
    those of the regression, so they tell how well the library fits the network, not the data.

    Raises InputError for a library that is empty, singular on the data or has collinear columns,
    and for a threshold that removes every candidate.

    >>> from systems import get
    >>> from training import Settings, train
    >>> system = get("oscillator")
    >>> samples = probe_paper(train(system, system.draw()[:2], Settings(width=64)))
    >>> regress_paper(samples, Library.of(system)).terms
    (q**2,)
    """
    library = library.without_gauge()
    names = samples.features.names
    x = samples.levels.x.numpy()
    library.check(x, names, samples.levels.group.numpy())
    if threshold is None:
        threshold = paper_settings(samples.system, samples.prepared.features).threshold
    problem = _problem(library.evaluate(x, names), samples.levels.level.numpy(), library)
    support = stlsq(problem, threshold)
    coefficients, residual = problem.solve(support)
    # Column 0 is the constant: terms[k - 1] belongs to column k.
    kept = [k for k in support if k > 0]
    if not kept:
        raise InputError(_all_removed(problem, threshold))
    inside = [support.index(k) for k in kept]
    terms = tuple(library.candidates[k - 1] for k in kept)
    return Law(
        origin=Origin(samples.system),
        parts=(Part("potential", terms, library.candidates),),
        coefficients=coefficients[kept],
        covariance=_covariance(problem, support, residual)[np.ix_(inside, inside)],
        variables=samples.variables,
        gauge=GAUGE,
        judgement=Judgement("identified", (NO_TEST,)),
    )


def _points(fit: Fit) -> tuple[Array, NDArray[np.intp]]:
    """Coordinates (n, d) at which V is asked for, and trajectory numbers (n,)."""
    if fit.system.name in GRIDS:
        low, high, count = GRIDS[fit.system.name]
        return np.linspace(low, high, count)[:, None], np.zeros(count, dtype=np.intp)
    _, q, _, group = fit.prepared.trajectories.stack()
    return q, group


def _features(fit: Fit) -> Features:
    wanted = {item.name for c in fit.system.candidates for item in c.free_symbols}
    if wanted <= set(fit.features.names):
        return fit.features
    return Features.of(fit.features.coordinates, fit.system.motion().features)


def _problem(values: Array, truth: Array, library: Library) -> Compressed:
    """The regression of V on 1 and the library, after QR."""
    names = ("1", *(str(candidate) for candidate in library))
    return Compressed.of(np.column_stack([np.ones(len(values)), values]), truth, names)


def _covariance(problem: Compressed, support: tuple[int, ...], residual: float) -> Array:
    """s^2 (A^T A)^-1 on the support, s^2 = |A c - b|^2 / (rows - terms)."""
    return residual**2 / max(1, problem.rows - len(support)) * problem.inverse_gram(support)


def _all_removed(problem: Compressed, threshold: float) -> str:
    coefficients, _ = problem.solve(tuple(range(problem.size)))
    largest = float(np.abs(coefficients[1:]).max())
    return (
        f"threshold {threshold:g} removed all {problem.size - 1} candidates; the largest "
        f"coefficient of the full library is {largest:.3g}: try {largest / 2:.1g}"
    )
