"""What every measured value says of the parameters: rows, of stretches side by side.

    y_i = J_x(i) x_0 + J_θ(i) θ + e_i

Each stretch of a motion has an initial state x_0 of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import overload

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Stretch:
    """The rows of one stretch: how its C values at n times move with its initial state,
    ``start`` (n, C, 2d), and with the p parameters, ``columns`` (n, C, p), and the ``target``
    (n, C) that these are to explain. Of m stretches side by side they have one axis more."""

    start: Array
    columns: Array
    target: Array

    def on(self, some: Sequence[int]) -> Stretch:
        """With some of the parameters alone."""
        return replace(self, columns=self.columns[..., list(some)])

    def toward(self, step: Array) -> Stretch:
        """With the target moved by what a step (p,) of the parameters explains."""
        return replace(self, target=self.target + self.columns @ step)

    def left(self, states: Array, step: Array) -> Array:
        """What is left of the target (m, n, C) by steps of the initial states (m, 2d), and of the
        parameters (p,)."""
        flat = self.start.reshape(len(states), -1, states.shape[-1])
        moved = (flat @ states[..., None]).reshape(self.target.shape)
        found: Array = self.target - moved - self.columns @ step
        return found


class Rows(Sequence[Stretch]):
    """Stretches, those of one length side by side: numpy's steps are taken for all of them."""

    def __init__(self, blocks: Sequence[tuple[list[int], Stretch]]) -> None:
        self.blocks = tuple(blocks)
        places = ((j, place) for j, (some, _) in enumerate(blocks) for place in enumerate(some))
        self._places = {number: (j, k) for j, (k, number) in places}

    @staticmethod
    def of(stretches: Sequence[Stretch]) -> Rows:
        """Those of any stretches."""
        if isinstance(stretches, Rows):
            return stretches
        parts = [(item.start, item.columns, item.target) for item in stretches]
        return Rows([(numbers, Stretch(*arrays)) for numbers, arrays in alike(parts)])

    def toward(self, step: Array) -> Rows:
        """With the target moved by what a step (p,) of the parameters explains."""
        return Rows([(numbers, block.toward(step)) for numbers, block in self.blocks])

    def on(self, some: Sequence[int]) -> Rows:
        """With some of the parameters alone."""
        return Rows([(numbers, block.on(some)) for numbers, block in self.blocks])

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, index: int) -> Stretch: ...
    @overload
    def __getitem__(self, index: slice) -> list[Stretch]: ...
    def __getitem__(self, index: int | slice) -> Stretch | list[Stretch]:
        """One stretch, or a list of some."""
        if isinstance(index, slice):
            return [self[number] for number in range(len(self))[index]]
        block, place = self._places[range(len(self))[index]]
        found = self.blocks[block][1]
        return Stretch(found.start[place], found.columns[place], found.target[place])

    @property
    def size(self) -> int:
        """Components of an initial state."""
        return int(self.blocks[0][1].start.shape[-1])

    @property
    def states(self) -> int:
        """The number of all initial states' components."""
        return len(self) * self.size

    def in_order(self, blocks: Sequence[Array]) -> list[Array]:
        """What there is of every stretch, (m, ...) by blocks, one after the other."""
        return [blocks[j][k] for j, k in map(self._places.__getitem__, range(len(self)))]


def alike(items: Sequence[tuple[Array, ...]]) -> list[tuple[list[int], list[Array]]]:
    """The numbers of items whose arrays have the same shapes, and these arrays, stacked.

    >>> [(numbers, a.shape) for numbers, (a,) in alike([(np.ones(2),), (np.ones(3),)] * 2)]
    [([0, 2], (2, 2)), ([1, 3], (2, 3))]
    """
    found: dict[tuple[tuple[int, ...], ...], list[int]] = {}
    for number, arrays in enumerate(items):
        found.setdefault(tuple(array.shape for array in arrays), []).append(number)
    return [
        (numbers, [np.stack(group) for group in zip(*(items[k] for k in numbers), strict=True)])
        for numbers in found.values()
    ]
