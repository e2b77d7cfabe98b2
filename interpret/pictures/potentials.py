"""Pictures of potentials, as PNG bytes, of plain arrays: drawing alone imports matplotlib."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[np.float64]
SMALLEST: Final = 1e-17
"""Differences below are drawn there: a logarithmic axis has no 0."""


def potential(numbers: Mapping[str, Array], title: str, names: Sequence[str]) -> bytes:
    """V learned, the law and, where known, the truth; below, how far they are from each other.

    ``numbers`` are those of `interpret.pictures.curves`: x (n, f), ``learned``, ``law`` and, where
    it is known, ``truth`` (n,); ``names`` (f) those of the features. Over the one feature if there
    is one, else against each other.
    """
    from matplotlib.figure import Figure

    x, learned, law = (numbers[name] for name in ("x", "learned", "law"))
    known = numbers.get("truth")
    figure = Figure(figsize=(7, 6), layout="constrained")
    above, below = figure.subplots(2, 1, height_ratios=[2, 1])
    single = len(names) == 1
    across = x[:, 0] if single else (law if known is None else known)
    style = "-" if single else "."
    above.plot(across, learned, style, label="learned")
    above.plot(across, law, "--" if single else ".", label="law", ms=3)
    if known is not None:
        above.plot(across, known, ":", label="truth")
        _difference(below, across, learned - known, style, "learned - truth")
        _difference(below, across, law - known, style, "law - truth")
    else:
        _difference(below, across, learned - law, style, "learned - law")
    above.set_ylabel("V, mean removed")
    above.set_title(title)
    above.legend()
    below.set_xlabel(names[0] if single else "V of the law")
    below.set_yscale("log")
    below.legend()
    return png(figure)


def png(figure: Figure) -> bytes:
    """The figure as PNG, drawn without a display."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    stream = io.BytesIO()
    FigureCanvasAgg(figure)
    figure.savefig(stream, format="png", dpi=120)
    return stream.getvalue()


def _difference(axes: Axes, across: Array, gap: Array, style: str, label: str) -> None:
    size = np.abs(gap - gap.mean())
    axes.plot(across, np.maximum(size, SMALLEST), style, label=f"|{label}|")
