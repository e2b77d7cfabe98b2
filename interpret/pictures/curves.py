"""What a picture of a learned potential needs: a few hundred numbers, kept with the run."""

from __future__ import annotations

from typing import Final

import numpy as np
import sympy
import torch
from numpy.typing import NDArray

from interpret.laws.law import Law
from interpret.pictures.profiles import band
from interpret.select.library import Library
from systems.integrate import compile
from training.learn.fit import Fit
from training.prepare.stencils import Array

Mask = NDArray[np.bool_]

POINTS: Final = 400
"""Enough for a smooth curve seven inches wide."""

MARGIN: Final = 1e-3
"""Curves end so far inside the data, as a part of their range: V may have a pole at its edge."""


def curves(
    fit: Fit, law: Law, truth: sympy.Expr | None = None, elsewhere: Array | None = None
) -> dict[str, Array]:
    """V learned, by the law and in truth, at the same points, each less its mean: c is gauge.

    ``x`` (n, f) are 400 points along the one feature, or, of several, 400 of the training points
    at most; ``learned``, ``law`` and ``truth`` (n,) the values there, ``band`` the σ of the law. A
    law in other variables than the features is nan, a truth in others is left out, as one that is
    not known. Where the law is to hold `elsewhere` too, at coordinates (m, d), the one feature goes
    on to there; ``seen`` (2,) are then the ends of the data, in which the means are taken.
    """
    x = _points(fit)
    names = fit.features.names
    found = {}
    if elsewhere is not None and x.shape[1] == 1:
        found["seen"] = np.array([x.min(), x.max()])
        whole = np.append(fit.features.values(elsewhere), found["seen"])
        x = np.linspace(whole.min(), whole.max(), POINTS)[:, None]
    low, high = found.get("seen", (-np.inf, np.inf))
    inside: Mask = (x >= low) & (x <= high)
    seen: Mask = np.asarray(inside.all(axis=1))
    found |= {
        "x": x,
        "learned": _centred(fit.potential.values(torch.from_numpy(x)).numpy(), seen),
        "law": _centred(_law_values(law, x, names), seen),
    }
    if law.terms and _variables(law.expr) <= set(names) and np.isfinite(law.covariance).all():
        found["band"] = band(law.terms, law.covariance, x, names, seen)
    if truth is not None and _variables(truth) <= set(names):
        found["truth"] = _centred(compile([truth], names)(x)[:, 0], seen)
    return found


def _points(fit: Fit) -> Array:
    x: Array = fit.prepared.points.x.numpy()
    if x.shape[1] > 1:
        return x[:: -(-len(x) // POINTS)]
    low, high = float(x.min()), float(x.max())
    inset = MARGIN * (high - low)
    return np.linspace(low + inset, high - inset, POINTS)[:, None]


def _law_values(law: Law, x: Array, names: tuple[str, ...]) -> Array:
    if not law.terms or not _variables(law.expr) <= set(names):
        # A law in other variables than the network's (the paper's recipe) has no curve here.
        return np.full(len(x), np.nan)
    values: Array = Library(law.terms).evaluate(x, names) @ law.coefficients
    return values


def _variables(expression: sympy.Expr) -> set[str]:
    return {item.name for item in expression.free_symbols}


def _centred(values: Array, seen: Mask) -> Array:
    centred: Array = values - values[seen].mean()
    return centred
