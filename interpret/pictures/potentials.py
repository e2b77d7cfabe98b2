"""Pictures of potentials, of plain arrays: drawing alone imports matplotlib."""

from __future__ import annotations

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


def potential(numbers: Mapping[str, Array], title: str, names: Sequence[str]) -> Figure:
    """V learned, the law and, where known, the truth; below, how far they are from each other.

    ``numbers`` are those of `interpret.pictures.curves`: x (n, f), ``learned``, ``law`` and, where
    it is known, ``truth`` (n,); ``names`` (f) those of the features. Over the one feature if there
    is one, else against each other. Beyond ``seen`` (2,), if that is given, there are no data.
    """
    from matplotlib.figure import Figure

    x, learned, law = (numbers[name] for name in ("x", "learned", "law"))
    known = numbers.get("truth")
    held = "seen" in numbers
    figure = Figure(figsize=(7, 6), layout="constrained")
    above, below = figure.subplots(2, 1, height_ratios=[2, 1])
    single = len(names) == 1
    across = x[:, 0] if single else (law if known is None else known)
    style = "-" if single else "."
    if known is not None and single:
        above.plot(across, known, color="0.6", lw=5, alpha=0.6, label="truth")
    if "band" in numbers and single:
        two = 2 * numbers["band"]
        above.fill_between(across, law - two, law + two, color="C1", alpha=0.3, lw=0,
                           label="law, two σ")  # fmt: skip
    above.plot(across, learned, style, ms=4, label="learned")
    above.plot(across, law, "--" if single else ".", label="law", ms=2)
    if "band" in numbers and single:
        below.plot(across, np.maximum(two, SMALLEST), color="0.5", lw=1, ls=":", label="two σ")
    if known is not None:
        _difference(below, across, _gap(learned - known, held), style, "learned - truth")
        _difference(below, across, _gap(law - known, held), style, "law - truth")
    else:
        _difference(below, across, _gap(learned - law, held), style, "learned - law")
    if held:
        _shaded((above, below), numbers)
    above.set_ylabel("V, mean removed")
    above.set_title(title)
    above.legend()
    below.set_xlabel(names[0] if single else "V of the law")
    below.set_yscale("log")
    below.legend()
    return figure


def _shaded(panels: Sequence[Axes], numbers: Mapping[str, Array]) -> None:
    """Where there are no data, in grey; what was learned may run off there, and is cut."""
    x, law = numbers["x"][:, 0], numbers["law"]
    low, high = numbers["seen"]
    for first, last in ((x[0], low), (high, x[-1])):
        for axes in panels:
            axes.axvspan(first, max(first, last), color="0.5", alpha=0.12, lw=0)
    if np.isfinite(law).all():
        room = 0.3 * np.ptp(law)
        panels[0].set_ylim(law.min() - room, law.max() + room)
    panels[0].text(0.99, 0.03, "grey: no data", ha="right", transform=panels[0].transAxes)


def _gap(gap: Array, held: bool) -> Array:
    """A difference less its mean, which is gauge, where it has not been taken off of both already,
    over the data alone."""
    return gap if held else gap - gap.mean()


def _difference(axes: Axes, across: Array, gap: Array, style: str, label: str) -> None:
    axes.plot(across, np.maximum(np.abs(gap), SMALLEST), style, label=f"|{label}|")
