"""Pictures of accelerations: arrows, magnitudes and errors over a window of configuration space."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from interpret.plots import png
from systems.phase_space import PhaseSamples
from training.general_fit import GeneralFit
from training.phase_fit import PhaseFit
from training.stencils import Array

ARROWS = 150
SMALLEST = 1e-17
TWO = 2


def accelerations(fit: PhaseFit | GeneralFit, held_out: PhaseSamples) -> bytes:
    """Learned beside measured accelerations on samples held out, and how far they are apart."""
    predicted = predict(fit, held_out)
    if held_out.dimension == TWO:
        return png(over_plane(held_out, predicted))
    return png(against_each_other(held_out, predicted))


def predict(fit: PhaseFit | GeneralFit, samples: PhaseSamples) -> Array:
    """The learned accelerations, (n, d)."""
    if isinstance(fit, GeneralFit):
        return fit.acceleration(samples.q, samples.qd)
    return fit.acceleration(samples.q)


def over_plane(samples: PhaseSamples, predicted: Array) -> Figure:
    """For two coordinates: arrows of both, magnitude, absolute and relative error."""
    figure = Figure(figsize=(11, 9), layout="constrained")
    arrows, size, absolute, relative = figure.subplots(2, 2).ravel()
    measured = np.linalg.norm(samples.qdd, axis=1)
    missed = np.linalg.norm(predicted - samples.qdd, axis=1)
    quiver(arrows, samples, predicted)
    dots(size, samples, measured, "|q̈|")
    dots(absolute, samples, missed, "absolute error")
    dots(relative, samples, missed / np.maximum(measured, SMALLEST), "relative error")
    for axes in (arrows, size, absolute, relative):
        axes.set_xlabel(samples.coordinates[0])
        axes.set_ylabel(samples.coordinates[1])
    return figure


def quiver(axes: Axes, samples: PhaseSamples, predicted: Array) -> None:
    """The directions of measured (black) and learned (orange) accelerations, all of one length."""
    some = slice(ARROWS)
    for values, color, width, label in (
        (samples.qdd, "black", 0.006, "measured"),
        (predicted, "tab:orange", 0.003, "learned"),
    ):
        length = np.maximum(np.linalg.norm(values[some], axis=1, keepdims=True), SMALLEST)
        direction = values[some] / length
        axes.quiver(*samples.q[some].T, *direction.T, color=color, width=width, label=label)
    axes.set_title("directions of the accelerations")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=2, frameon=False)


def dots(axes: Axes, samples: PhaseSamples, values: Array, title: str) -> None:
    """A value at every sample, by colour on a logarithmic scale."""
    shown = np.maximum(values, SMALLEST)
    low, high = float(shown.min()), float(shown.max())
    norm = LogNorm(low, high if high > low else 10 * low)
    across, up = samples.q.T
    points = axes.scatter(across, up, c=shown, s=4, norm=norm, cmap="viridis")
    assert axes.figure is not None, "axes that were drawn on belong to a figure"
    axes.figure.colorbar(points, ax=axes)
    axes.set_title(title)


def against_each_other(samples: PhaseSamples, predicted: Array) -> Figure:
    """For any number of coordinates: the error of every component over its size."""
    figure = Figure(figsize=(7, 5), layout="constrained")
    axes = figure.subplots()
    measured = np.abs(samples.qdd).ravel()
    missed = np.maximum(np.abs(predicted - samples.qdd).ravel(), SMALLEST)
    axes.loglog(measured, missed, ".", ms=2)
    axes.set_xlabel("|q̈| measured")
    axes.set_ylabel("|learned - measured|")
    return figure
