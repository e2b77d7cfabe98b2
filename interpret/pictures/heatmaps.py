"""Pictures of coupling tensors of two coordinates, as PNG bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from interpret.pictures.drawn import png
from interpret.reading.couplings.couplings import Couplings
from systems.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import SymLogNorm
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

Array = NDArray[np.float64]
DECADES = 4
COLOURS = "RdBu_r"
PANEL = (4.4, 4.0)


def heatmap(couplings: Couplings, title: str) -> bytes:
    """c_ij by sign and order of magnitude, i down and j across: four decades from the largest.

    Red is positive, blue negative, white smaller than all of that. c_00 is gauge and crossed out.

    Raises InputError for couplings that are not of two coordinates.

    >>> saddle = Couplings(np.array([[0.0, 1.0], [-1.0, 2.0]]), np.zeros(2), np.ones(2), ("x", "y"))
    >>> heatmap(saddle, "saddle")[1:4]
    b'PNG'
    """
    return png(tensor(couplings, title))


def tensor(couplings: Couplings, title: str) -> Figure:
    """The same as a figure."""
    return _drawn([(couplings, title)])


def pair(recovered: Couplings, truth: Couplings) -> bytes:
    """The recovered couplings beside the true ones, in the same units and the same colours.

    Raises InputError where they have different centers, or are not of two coordinates.
    """
    near = 1e-9 * recovered.scale.max()
    if recovered.coordinates != truth.coordinates or not np.allclose(
        recovered.center, truth.center, rtol=0, atol=near
    ):
        raise InputError(
            "couplings are compared about the same center, in the same coordinates; move one of "
            "them with .about."
        )
    return png(_drawn([(recovered, "recovered"), (truth.in_units(recovered.scale), "truth")]))


def _drawn(panels: list[tuple[Couplings, str]]) -> Figure:
    from matplotlib.figure import Figure

    tensors = [_without_constant(couplings) for couplings, _ in panels]
    largest = max(float(np.nanmax(np.abs(tensor))) for tensor in tensors) or 1.0
    norm = _norm(largest)
    size = (PANEL[0] * len(panels) + 0.8, PANEL[1])
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for each, tensor, (couplings, title) in zip(axes, tensors, panels, strict=True):
        image = _panel(each, tensor, couplings.coordinates, norm)
        each.set_title(title)
    _colour_bar(figure, image, largest, list(axes))
    return figure


def _without_constant(couplings: Couplings) -> Array:
    """The tensor, nan for the constant."""
    if couplings.dimension != 2:
        raise InputError(
            f"a picture shows the couplings of two coordinates, not of {couplings.dimension}."
        )
    tensor = couplings.tensor.copy()
    tensor[0, 0] = np.nan
    if tensor.size == 1:
        raise InputError("there is no coupling but the constant to show.")
    return tensor


def _norm(largest: float) -> SymLogNorm:
    """Colours by the logarithm, of either sign; linear below the last decade shown."""
    from matplotlib.colors import SymLogNorm

    smallest = largest / 10**DECADES
    return SymLogNorm(linthresh=smallest, vmin=-largest, vmax=largest, base=10)


def _panel(axes: Axes, tensor: Array, coordinates: tuple[str, ...], norm: SymLogNorm) -> AxesImage:
    image = axes.imshow(tensor, norm=norm, cmap=COLOURS)
    axes.plot(0, 0, "x", color="grey")
    orders = range(len(tensor))
    axes.set_xticks(orders)
    axes.set_yticks(orders)
    axes.set_ylabel(f"i, power of {coordinates[0]}")
    axes.set_xlabel(f"j, power of {coordinates[1]}")
    return image


def _colour_bar(figure: Figure, image: AxesImage, largest: float, axes: list[Axes]) -> None:
    """Ticks at every second decade: at all of them, on both sides, they would touch."""
    exponents = np.floor(np.log10(largest)) - np.arange(0, DECADES, 2)
    sizes = 10.0**exponents
    bar = figure.colorbar(image, ax=axes)
    bar.set_ticks([*-sizes, 0.0, *sizes[::-1]])
    bar.ax.minorticks_off()
