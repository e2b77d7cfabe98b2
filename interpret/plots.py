"""Pictures of a run, as PNG bytes."""

from __future__ import annotations

import io

import numpy as np
import sympy
import torch
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from interpret.law import Law
from interpret.library import Library
from systems.integrate import compile
from training.fit import Fit
from training.stencils import Array

POINTS = 400
MARGIN = 1e-3


def potential(fit: Fit, law: Law, truth: sympy.Expr | None = None) -> bytes:
    """V learned, the law and, where known, the truth; below, how far they are from each other.

    Over the one feature if there is one, else against each other at the training points. All
    curves have their mean taken off: the constant is gauge. A truth in other variables than the
    features is left out of the picture.
    """
    x = curve_points(fit)
    known = _truth_values(truth, x, fit.features.names)
    learned = _centred(fit.potential.values(torch.from_numpy(x)).numpy())
    formula = _centred(_law_values(law, x, fit.features.names))
    figure = Figure(figsize=(7, 6), layout="constrained")
    above, below = figure.subplots(2, 1, height_ratios=[2, 1])
    single = x.shape[1] == 1
    across = x[:, 0] if single else (formula if known is None else known)
    style = "-" if single else "."
    above.plot(across, learned, style, label="learned")
    above.plot(across, formula, "--" if single else ".", label="law", ms=3)
    if known is not None:
        above.plot(across, known, ":", label="truth")
        _difference(below, across, learned - known, style, "learned - truth")
        _difference(below, across, formula - known, style, "law - truth")
    else:
        _difference(below, across, learned - formula, style, "learned - law")
    above.set_ylabel("V, mean removed")
    above.set_title(law.system)
    above.legend()
    below.set_xlabel(fit.features.names[0] if single else "V of the law")
    below.set_yscale("log")
    below.legend()
    return png(figure)


def curve_points(fit: Fit) -> Array:
    """Where V is drawn: along the one feature's range, or at the training points; (n, f)."""
    x: Array = fit.prepared.points.x.numpy()
    if x.shape[1] > 1:
        return x
    low, high = float(x.min()), float(x.max())
    inset = MARGIN * (high - low)
    return np.linspace(low + inset, high - inset, POINTS)[:, None]


def png(figure: Figure) -> bytes:
    """The figure as PNG, drawn without a display."""
    stream = io.BytesIO()
    FigureCanvasAgg(figure)
    figure.savefig(stream, format="png", dpi=120)
    return stream.getvalue()


def _law_values(law: Law, x: Array, names: tuple[str, ...]) -> Array:
    law_variables = {item.name for item in law.expr.free_symbols}
    if not law.terms or not law_variables <= set(names):
        # A law in other variables than the network's (the paper's recipe) has no curve here.
        return np.full(len(x), np.nan)
    values: Array = Library(law.terms).evaluate(x, names) @ law.coefficients
    return values


def _truth_values(truth: sympy.Expr | None, x: Array, names: tuple[str, ...]) -> Array | None:
    if truth is None or not {item.name for item in truth.free_symbols} <= set(names):
        return None
    return _centred(compile([truth], names)(x)[:, 0])


def _difference(axes: Axes, across: Array, gap: Array, style: str, label: str) -> None:
    size = np.abs(_centred(gap))
    axes.plot(across, np.maximum(size, 1e-17), style, label=f"|{label}|")


def _centred(values: Array) -> Array:
    centred: Array = values - values.mean()
    return centred
