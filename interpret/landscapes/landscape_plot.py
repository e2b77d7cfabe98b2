"""The picture of a landscape: double and single precision side by side, from afar and close up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import sympy

from interpret.landscapes.landscape import Landscape
from interpret.landscapes.surface import Array, Closeup
from systems.expressions import symbol
from training.learn.descents import DescentPath

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import QuadMesh

TITLES = {
    "gd": "gradient descent",
    "momentum": "momentum",
    "adam": "Adam",
    "adagrad": "AdaGrad",
}
INKS = {"gd": "#ff4d4d", "momentum": "#ffb02e", "adam": "#ffffff", "adagrad": "#ff8ae2"}
OTHER_INK = "#9cff57"
COLORS = "viridis"

DECADES = 5.0
DECADES_NEAR = 3.0
"""Losses more than so many decades below the highest are drawn in the darkest shade."""

WIDTHS = (4.8, 3.0, 2.0, 1.4)
"""The later a path the thinner, so that those it covers still show."""

MOST_LINES = 7
LINED = 0.6
"""Contour lines are drawn in this upper part of the decades: below it the valley is too steep."""


def png(landscape: Landscape, paths: Sequence[DescentPath] = ()) -> bytes:
    """log10 of the loss with its contours, float64 left and float32 right, as PNG bytes.

    Above: the ranges of the landscape with the paths of the descents, optimum and truth. Below: the
    valley about the optimum in its own axes, in which the exact contours are circles.
    """
    from matplotlib.figure import Figure

    from interpret.pictures.drawn import png as to_png

    figure = Figure(figsize=(11, 10.6))
    figure.set_layout_engine("constrained", h_pad=0.1)
    above, below = figure.subplots(2, 2)
    mesh = _draw_range(above, landscape, paths)
    figure.colorbar(mesh, ax=list(above), label=r"$\log_{10}$ loss", pad=0.015, aspect=28)
    mesh = _draw_closeup(below, landscape, landscape.closeup())
    figure.colorbar(mesh, ax=list(below), label=r"$\log_{10}$ loss", pad=0.015, aspect=28)
    handles, labels = above[0].get_legend_handles_labels()
    figure.legend(
        handles,
        labels,
        loc="outside lower center",
        ncols=len(labels),
        facecolor="0.5",
        edgecolor="none",
        labelcolor="white",
    )
    return to_png(figure)


def _draw_range(
    above: Sequence[Axes], landscape: Landscape, paths: Sequence[DescentPath]
) -> QuadMesh:
    """The whole landscape in both precisions, with paths and marks."""
    first, second = landscape.axes
    span = _span(landscape.loss, DECADES)
    pictures = (landscape.loss, landscape.float32)
    titles = (f"float64, {landscape.method}", "float32, row by row")
    for axes, picture, title in zip(above, pictures, titles, strict=True):
        mesh = _shade(axes, first, second, picture, span)
        for number, path in enumerate(paths):
            _draw_path(axes, path, WIDTHS[min(number, len(WIDTHS) - 1)])
        _mark(axes, landscape)
        axes.set(xlim=(first[0], first[-1]), ylim=(second[0], second[-1]), title=title)
        axes.set(xlabel=_in_math(landscape.names[0]), ylabel=_in_math(landscape.names[1]))
    return mesh


def _draw_closeup(below: Sequence[Axes], landscape: Landscape, near: Closeup) -> QuadMesh:
    """The valley in its own axes in both precisions, with the roughness in the titles."""
    span = _span(near.exact, DECADES_NEAR)
    single, double = landscape.roughness()
    pictures = (near.exact, near.float32)
    titles = (
        f"float64 near the optimum: roughness {double:.1g} dex",
        f"float32 near the optimum: roughness {single:.1g} dex",
    )
    along, across = (_direction(direction, landscape.names) for direction in near.directions)
    for axes, picture, title in zip(below, pictures, titles, strict=True):
        mesh = _shade(axes, near.along, near.across, picture, span)
        axes.plot(0, 0, "*", color="white", mec="black", ms=15)
        axes.set(xlabel=f"along the valley:  {along}", ylabel=f"across it:  {across}")
        axes.ticklabel_format(style="sci", scilimits=(-2, 3), useMathText=True)
        # Room for the power of ten at the top of the axis.
        axes.set_title(title, pad=18)
    return mesh


def _span(exact: Array, decades: float) -> tuple[float, float]:
    """The lowest and the highest log10 loss that is told by a shade."""
    top = float(np.log10(exact.max()))
    with np.errstate(divide="ignore"):
        bottom = float(np.log10(exact.min()))
    return max(bottom, top - decades), top


def _shade(axes: Axes, x: Array, y: Array, loss: Array, span: tuple[float, float]) -> QuadMesh:
    """log10 of the loss (x, y) in shades, with thin contour lines."""
    from matplotlib.ticker import MaxNLocator

    bottom, top = span
    height = np.log10(np.maximum(loss, 10.0 ** (bottom - 1))).T
    mesh = axes.pcolormesh(
        x, y, height, vmin=bottom, vmax=top, cmap=COLORS, shading="nearest", rasterized=True
    )
    lowest = top - LINED * (top - bottom)
    ticks = np.asarray(MaxNLocator(MOST_LINES).tick_values(lowest, top))
    lines = ticks[(ticks >= lowest) & (ticks < top)]
    axes.contour(
        x, y, height, levels=lines, colors="white", linestyles="-", linewidths=0.6, alpha=0.5
    )
    return mesh


def _draw_path(axes: Axes, path: DescentPath, width: float) -> None:
    """The path with a dark rim, a white dot where it starts and one of its own where it ends."""
    from matplotlib.patheffects import Normal, Stroke

    ink = INKS.get(path.method, OTHER_INK)
    rim = [Stroke(linewidth=width + 1.2, foreground="black", alpha=0.6), Normal()]
    label = TITLES.get(path.method, path.method)
    x, y = path.parameters.T
    axes.plot(x, y, color=ink, lw=width, label=label, path_effects=rim, zorder=3)
    axes.plot(x[0], y[0], "o", color="white", mec="black", ms=7, zorder=5)
    axes.plot(x[-1], y[-1], "o", color=ink, mec="black", ms=6 + 1.4 * width, mew=1.2, zorder=4)


def _mark(axes: Axes, landscape: Landscape) -> None:
    """The optimum as a star and the truth as a cross."""
    x, y = landscape.optimum
    axes.plot(x, y, "*", color="white", mec="black", ms=16, ls="", label="optimum", zorder=6)
    if landscape.truth is not None:
        x, y = landscape.truth
        axes.plot(x, y, "x", color="black", ms=6, mew=1.6, ls="", label="truth", zorder=7)


def _direction(direction: Array, names: tuple[str, str]) -> str:
    """The unit vector in words, larger part first, such as "0.8 k - 0.6 alpha"."""
    larger, smaller = sorted(zip(direction, names, strict=True), key=lambda part: -abs(part[0]))
    size = f"{abs(larger[0]):.2g}"
    head = _in_math(larger[1]) if size == "1" else f"{size} {_in_math(larger[1])}"
    lead = "-" if larger[0] < 0 else ""
    sign = "-" if smaller[0] < 0 else "+"
    return f"{lead}{head} {sign} {abs(smaller[0]):.2g} {_in_math(smaller[1])}"


def _in_math(name: str) -> str:
    """The name as mathematics: alpha as the Greek letter."""
    return f"${sympy.latex(symbol(name))}$"
