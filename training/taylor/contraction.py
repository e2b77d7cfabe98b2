"""All Taylor tensors of a network at once: the sum over diagrams, contracted at the root.

Let Z_m be the m-th derivatives of a layer's z = h W + b, and g = ∂y/∂h its gradient. A diagram's
root is one neuron i of one layer, with two or more legs. Summed over layers, neurons and those
partitions π of n inputs that have two or more blocks B,

    ∂ⁿy = Σ g_i σ^(|π|)(z_i) Π_B Z_{|B|,i},

and only derivatives of orders below n are ever propagated. The blocks of a partition are gathered
into two parts as equal as can be: the sum over all neurons of all layers is then one matrix product
for each size of part, of matrices that hold symmetric tensors by their distinct entries.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Any

import torch
from torch import Tensor

from systems.errors import InputError
from training.taylor.activations import derivatives
from training.taylor.layers import Layers, point
from training.taylor.symmetric import pairings, splits, unpack

Sizes = tuple[int, ...]
"""The sizes of the blocks of a partition, sorted."""


def tensors(network: Any, center: Any, order: int) -> tuple[Tensor, ...]:
    """∂y/∂x, ∂²y/∂x², ..., ∂ⁿy/∂xⁿ at ``center`` (d,), each a symmetric tensor (d,) * n.

    ``network`` is whatever `Layers.of` takes, of any depth. Tables of indices are kept for the next
    call. Raises InputError for an order below 1 and for what is no network.

    >>> layer = (torch.eye(2),), (torch.zeros(2),), ("exp",)
    >>> network = Layers(*layer, torch.tensor([1.0, 2.0]), torch.tensor(0.0))
    >>> tensors(network, (0.0, 0.0), order=2)[1].tolist()
    [[1.0, 0.0], [0.0, 2.0]]
    """
    if order < 1:
        raise InputError(f"Taylor tensors are of an order from 1, not {order}.")
    layers = Layers.of(network)
    inputs = layers.inputs
    hidden = _propagated(layers, point(center, inputs), order)
    gradient = layers.output
    roots = []
    for layer in reversed(hidden):
        roots.append(_Root(layer, gradient))
        gradient = torch.mv(layer.weight, layer.slopes[1] * gradient)
    first = gradient if roots else gradient.clone()
    return (first, *(_contracted(roots, inputs, n) for n in range(2, order + 1)))


@dataclass(frozen=True, eq=False)
class _Layer:
    """The derivatives σ^(k)(z) of a layer (neurons,), and those of z by x (entries, neurons).

    ``products`` holds Z_m under (m,), and all products of these once they were needed.
    """

    inputs: int
    weight: Tensor
    slopes: list[Tensor]
    products: dict[Sizes, Tensor]

    def product(self, sizes: Sizes) -> Tensor | None:
        """Σ_π Π_B Z_{|B|} over the partitions π with blocks of these sizes; None where it is 0."""
        if sizes not in self.products and len(sizes) > 1:
            total = None
            # The last index is in a block of one size or another.
            for block in sorted(set(sizes)):
                total = self._with(block, sizes, total)
            if total is not None:
                self.products[sizes] = total
        return self.products.get(sizes)

    def _with(self, block: int, sizes: Sizes, total: Tensor | None) -> Tensor | None:
        """Added to the total: the products whose last index is in a block of this size."""
        others = list(sizes)
        others.remove(block)
        one, rest = self.product((block,)), self.product(tuple(others))
        if one is None or rest is None:
            return total
        for entries, rest_entries in splits(self.inputs, sum(sizes), block):
            a, b = one.index_select(0, entries), rest.index_select(0, rest_entries)
            total = a.mul_(b) if total is None else total.addcmul_(a, b)
        return total

    def propagated(self, order: int, weight: Tensor) -> Tensor:
        """Z_m of the next layer: Σ_π σ^(|π|) Π_B Z_{|B|} W over all partitions of m."""
        total: Tensor | None = None
        for sizes in partitions(order):
            product = self.product(sizes)
            if product is not None:
                scaled = self.slopes[len(sizes)][:, None] * weight
                total = product @ scaled if total is None else total.addmm_(product, scaled)
        assert total is not None, "one leaf a block is always there"
        return total


@dataclass(frozen=True, eq=False)
class _Root:
    """A layer in which diagrams begin, with the gradient g = ∂y/∂h."""

    layer: _Layer
    gradient: Tensor

    def pairs(self, part: int, rest: int) -> list[tuple[Tensor, Tensor]]:
        """Each product over the ``rest``, after the sum of all that the ``part`` can be to it."""
        found = []
        for sizes in partitions(rest):
            factor = self._part(part, sizes)
            # Large products are made only where they are needed.
            product = None if factor is None else self.layer.product(sizes)
            if factor is not None and product is not None:
                found.append((factor, product))
        return found

    def _part(self, part: int, others: Sizes) -> Tensor | None:
        """Σ g σ^(k) Π_B Z_{|B|} over the partitions of the part, k the number of all blocks."""
        total: Tensor | None = None
        for sizes in partitions(part):
            weight = share(sizes, others)
            product = self.layer.product(sizes) if weight else None
            if product is not None:
                slope = self.gradient * self.layer.slopes[len(sizes) + len(others)]
                if weight != 1:
                    slope *= weight
                total = slope * product if total is None else total.addcmul_(slope, product)
        return total


def _propagated(layers: Layers, center: Tensor, order: int) -> list[_Layer]:
    """Every layer with the derivatives of its z, of orders below the highest."""
    found: list[_Layer] = []
    hidden = center
    for weight, bias, names in layers:
        z: dict[Sizes, Tensor] = {(1,): weight}
        if found:
            z = {(m,): found[-1].propagated(m, weight) for m in range(1, order)}
        slopes = derivatives(names, torch.addmv(bias, weight.T, hidden), order)
        found.append(_Layer(layers.inputs, weight, slopes, z))
        hidden = slopes[0]
    return found


def _contracted(roots: list[_Root], inputs: int, order: int) -> Tensor:
    """∂ⁿy, n >= 2: the sum over all ways to choose which indices are in the part."""
    entries: Tensor | None = None
    for part in range(1, order // 2 + 1):
        matrix = _paired(roots, part, order - part)
        if matrix is None:
            continue
        if order == 2:
            # All there is to choose; its two halves differ by rounding alone.
            return (matrix + matrix.T).mul_(0.5)
        for places in pairings(inputs, order, part):
            found = matrix.take(places)
            entries = found if entries is None else entries.add_(found)
    if entries is None:
        return torch.zeros((inputs,) * order, dtype=torch.float64)
    return unpack(entries, inputs, order)


def _paired(roots: list[_Root], part: int, rest: int) -> Tensor | None:
    """Part against rest, (entries, entries): summed over the neurons of all layers."""
    pairs = [pair for root in roots for pair in root.pairs(part, rest)]
    if part > 1 and len(pairs) > 1:
        # The matrix is then so much larger than its factors that it should be written once.
        left, right = (torch.cat(side, dim=1) for side in zip(*pairs, strict=True))
        return left @ right.T
    matrix: Tensor | None = None
    for left, right in pairs:
        matrix = left @ right.T if matrix is None else matrix.addmm_(left, right.T)
    return matrix


@cache
def partitions(order: int, largest: int | None = None) -> tuple[Sizes, ...]:
    """The sizes that the blocks of n things can have, none above the largest.

    >>> partitions(4)
    ((1, 1, 1, 1), (1, 1, 2), (2, 2), (1, 3), (4,))
    """
    if order == 0:
        return ((),)
    highest = min(order, largest or order)
    return tuple(
        (*rest, last) for last in range(1, highest + 1) for rest in partitions(order - last, last)
    )


@cache
def share(sizes: Sizes, others: Sizes) -> float:
    """1 over the number of ways to gather the blocks of both into such a part and its rest.

    A way and its exchange are one where part and rest are of the same size. It is 0 where the
    blocks can be gathered into more equal parts than these two: they are counted there.

    >>> share((1,), (1, 1)), share((1,), (3,)), share((1,), (1, 2))
    (0.3333333333333333, 1.0, 0.0)
    """
    blocks = (*sizes, *others)
    part, order = sum(sizes), sum(blocks)
    sums = Counter(sum(some) for k in range(len(blocks) + 1) for some in combinations(blocks, k))
    fairest = max(total for total in sums if 2 * total <= order)
    if fairest != part:
        return 0.0
    return (2 if 2 * part == order else 1) / sums[part]
