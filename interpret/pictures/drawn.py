"""How every figure looks, and what it is written as: PNG, or SVG to stand in a page.

An SVG has the colour of the text around it wherever it has no colour of its own, so that a page in
the dark shows it in the dark.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK: Final = "#010101"
"""Text and axes: matplotlib writes no colour into an SVG for plain black."""

COLOURS: Final = ("#2563eb", "#ea580c", "#059669", "#9333ea", "#dc2626", "#0891b2")
"""Told apart in the light, in the dark, and in print; the first is what was found."""

STYLE: Final[dict[Any, Any]] = {
    "font.size": 11,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": "medium",
    "figure.titlesize": "large",
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "legend.frameon": False,
    "lines.linewidth": 1.6,
    "figure.facecolor": "white",
    "axes.facecolor": "none",
    "svg.fonttype": "none",
    "svg.hashsalt": "interpret",
}


@contextmanager
def styled() -> Iterator[None]:
    """Figures that are made and written inside look alike."""
    from cycler import cycler
    from matplotlib import rc_context

    with rc_context({**STYLE, "axes.prop_cycle": cycler(color=COLOURS)}):
        yield


def png(figure: Figure) -> bytes:
    """The figure as PNG, drawn without a display."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    stream = io.BytesIO()
    FigureCanvasAgg(figure)
    figure.savefig(stream, format="png", dpi=120)
    return stream.getvalue()


def svg(figure: Figure) -> str:
    """The figure, made in `styled`, as an ``<svg>`` element that loads nothing."""
    stream = io.StringIO()
    figure.savefig(stream, format="svg", transparent=True, dpi=120)
    whole = stream.getvalue()
    element = whole[whole.index("<svg") :]
    element = re.sub(r"<metadata>.*?</metadata>", "", element, flags=re.DOTALL)
    # The page's width decides how large it is; what is not coloured has the colour of the text.
    element = re.sub(r' xmlns(:xlink)?="[^"]*"', "", element)
    element = re.sub(r' (width|height)="[\d.]*pt"', "", element, count=2)
    return element.replace(INK, "currentColor").replace("#000000", "currentColor").strip()
