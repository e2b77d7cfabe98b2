"""Pictures of a run: kept as a few numbers, and drawn when somebody asks for them."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from interpret.pictures.drawn import png, styled, svg

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[Any]
Numbers = Mapping[str, Array]
SUFFIX: Final = ".picture.npz"


@dataclass(frozen=True)
class Picture:
    """What one picture is drawn of: arrays by name, and the labels that stand on it."""

    kind: str
    numbers: Numbers
    labels: Sequence[str] = ()

    def files(self) -> dict[str, bytes]:
        """The file that keeps it in the folder of a run, by its name."""
        stream = io.BytesIO()
        named: dict[str, Any] = {f"number_{name}": array for name, array in self.numbers.items()}
        np.savez_compressed(stream, labels=np.array(self.labels, dtype=np.str_), **named)
        return {f"{self.kind}{SUFFIX}": stream.getvalue()}

    @staticmethod
    def read(name: str, content: bytes) -> Picture:
        """The picture that `files` kept.

        >>> kept = Picture("potential", {"x": np.zeros(2)}, ("a", "b")).files()
        >>> Picture.read(*next(iter(kept.items()))).labels
        ['a', 'b']
        """
        with np.load(io.BytesIO(content), allow_pickle=False) as held:
            numbers = {
                key.removeprefix("number_"): held[key]
                for key in held.files
                if key.startswith("number_")
            }
            return Picture(name.removesuffix(SUFFIX), numbers, held["labels"].tolist())

    def draw(self) -> bytes:
        """The picture as PNG."""
        with styled():
            return png(DRAWERS[self.kind](self.numbers, self.labels))

    def svg(self) -> str:
        """The picture as an ``<svg>`` element, in the colours of the page it stands in."""
        with styled():
            return svg(DRAWERS[self.kind](self.numbers, self.labels))


def _potential(numbers: Numbers, labels: Sequence[str]) -> Figure:
    from interpret.pictures import potentials as plots

    title, *names = labels
    return plots.potential(numbers, title, names)


def _accelerations(numbers: Numbers, labels: Sequence[str]) -> Figure:
    from interpret.pictures import accelerations as plots

    return plots.accelerations(numbers, labels)


def _couplings(numbers: Numbers, labels: Sequence[str]) -> Figure:
    from interpret.pictures.heatmaps import tensor as drawn
    from interpret.reading.couplings.couplings import Couplings

    title, *names = labels
    tensor, center, scale = (numbers[name] for name in ("tensor", "center", "scale"))
    return drawn(Couplings(tensor, center, scale, tuple(names)), title)


def _levels(numbers: Numbers, labels: Sequence[str]) -> Figure:
    from interpret.pictures.spectra import picture

    return picture(numbers)


def _forces(numbers: Numbers, labels: Sequence[str]) -> Figure:
    from interpret.pictures import forces as plots

    title, *names = labels
    return plots.forces(numbers, title, names)


def _left_over(numbers: Numbers, labels: Sequence[str]) -> Figure:
    from interpret.pictures import forces as plots

    return plots.left_over(numbers, labels)


def _drag(numbers: Numbers, labels: Sequence[str]) -> Figure:
    from interpret.pictures import forces as plots

    return plots.drag(numbers, labels[0])


def _choice(numbers: Numbers, labels: Sequence[str]) -> Figure:
    from interpret.pictures.choices import choice

    return choice(numbers, labels)


DRAWERS: dict[str, Callable[[Numbers, Sequence[str]], Figure]] = {
    "potential": _potential,
    "accelerations": _accelerations,
    "couplings": _couplings,
    "levels": _levels,
    "forces": _forces,
    "left_over": _left_over,
    "drag": _drag,
    "choice": _choice,
}
"""What draws each kind of picture."""
