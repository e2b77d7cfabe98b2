"""Pictures of accelerations: arrows, magnitudes and errors over a window of configuration space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from systems.samples.phase_space import PhaseSamples

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[np.float64]
ARROWS: Final = 150
MOST_DOTS: Final = 800
"""More lie upon each other, and make a page heavy."""

SMALLEST: Final = 1e-17
"""Errors below are drawn there: a logarithmic axis has no 0."""

PLANE: Final = 2
"""Arrows are drawn of so many coordinates."""

Numbers = Mapping[str, Array]
"""q, measured and predicted accelerations, (n, d) each, by these names."""


def acceleration_numbers(samples: PhaseSamples, predicted: Array) -> Numbers:
    """What `accelerations` draws: q, the measured q̈ and the predicted, (n, d) each.

    >>> line = PhaseSamples(("x",), [[1.0]], [[0.0]], [[-1.0]])
    >>> sorted(acceleration_numbers(line, np.array([[-1.1]])))
    ['measured', 'predicted', 'q']
    """
    return {"q": samples.q, "measured": samples.qdd, "predicted": predicted}


def accelerations(numbers: Numbers, names: Sequence[str]) -> Figure:
    """Learned beside measured accelerations and how far they are apart.

    ``names`` are those of the coordinates.
    """
    return over_plane(numbers, names) if len(names) == PLANE else against_each_other(numbers)


def over_plane(numbers: Numbers, names: Sequence[str]) -> Figure:
    """For two coordinates: arrows of both, magnitude, absolute and relative error."""
    from matplotlib.figure import Figure

    q, measured = numbers["q"], numbers["measured"]
    figure = Figure(figsize=(11, 9), layout="constrained")
    arrows, size, absolute, relative = figure.subplots(2, 2).ravel()
    length = np.linalg.norm(measured, axis=1)
    missed = np.linalg.norm(numbers["predicted"] - measured, axis=1)
    _quiver(arrows, numbers)
    dots(size, q, length, "|q̈|")
    dots(absolute, q, missed, "absolute error")
    dots(relative, q, missed / np.maximum(length, SMALLEST), "relative error")
    for axes in (arrows, size, absolute, relative):
        axes.set_xlabel(names[0])
        axes.set_ylabel(names[1])
    return figure


def dots(axes: Axes, q: Array, values: Array, title: str) -> None:
    """A value at every place q (n, 2), by colour on a logarithmic scale."""
    from matplotlib.colors import LogNorm

    some = slice(MOST_DOTS)
    shown = np.maximum(values[some], SMALLEST)
    low, high = float(shown.min()), float(shown.max())
    norm = LogNorm(low, high if high > low else 10 * low)
    across, up = q[some].T
    points = axes.scatter(across, up, c=shown, s=4, norm=norm, cmap="viridis", rasterized=True)
    assert axes.figure is not None, "axes that were drawn on belong to a figure"
    axes.figure.colorbar(points, ax=axes)
    axes.set_title(title)


def against_each_other(numbers: Numbers) -> Figure:
    """For any number of coordinates: the error of every component over its size."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 5), layout="constrained")
    axes = figure.subplots()
    missed = np.abs(numbers["predicted"] - numbers["measured"]).ravel()
    axes.loglog(
        np.abs(numbers["measured"]).ravel(),
        np.maximum(missed, SMALLEST),
        ".",
        ms=2,
        rasterized=True,
    )
    axes.set_xlabel("|q̈| measured")
    axes.set_ylabel("|learned - measured|")
    return figure


def _quiver(axes: Axes, numbers: Numbers) -> None:
    """The directions of measured (black) and learned (orange) accelerations, all of one length."""
    some = slice(ARROWS)
    for name, color, width, label in (
        ("measured", "black", 0.006, "measured"),
        ("predicted", "tab:orange", 0.003, "learned"),
    ):
        values = numbers[name][some]
        direction = values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), SMALLEST)
        axes.quiver(*numbers["q"][some].T, *direction.T, color=color, width=width, label=label)
    axes.set_title("directions of the accelerations")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=2, frameon=False)
