"""The diagrams of a network's Taylor tensors: what they are, and what each is worth.

For z_l = W_l h_{l-1} + b_l, h_l = σ(z_l), y = w h_L + b, the tensor ∂ⁿy/∂x_1..∂x_n is the sum over
all rooted trees with n labelled leaves whose inner vertices have two or more children and sit in
layers that decrease from root to leaf. In each of them

    an edge from layer m up to layer l is a propagator   P(l←m) = ∂z_l/∂h_m,
    a vertex of k children in layer l is                 σ⁽ᵏ⁾(z_{l,i}), the same neuron i for all,

the root hangs on P(out←l), leaves are inputs x = h_0, and neurons are summed over.

Source: B. Kaspschak and U.-G. Meißner, arXiv:2009.03192; the rules in this form are our own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from torch import Tensor

from systems.errors import InputError
from training.taylor.activations import derivatives
from training.taylor.layers import Layers, point
from training.trees import SUBSCRIPTS, Tree, Vertex, layer_of, named, trees


class Propagator(NamedTuple):
    """P(upper←lower) = ∂z_upper/∂h_lower; ``upper`` is one above the last layer for the output."""

    upper: int
    lower: int


class Slope(NamedTuple):
    """σ⁽ᵏ⁾, k = ``order``, in a layer: what a vertex of k children is."""

    layer: int
    order: int


@dataclass(frozen=True)
class Diagram:
    """One term of ∂ⁿy/∂xⁿ for a network of so many hidden layers; its leaves are 0 .. n-1.

    >>> print(diagrams(order=2, layers=1)[0])
    P(out←1) σ⁽²⁾₁[P(1←0) x₁, P(1←0) x₂]
    """

    tree: Tree
    order: int
    layers: int

    @property
    def propagators(self) -> tuple[Propagator, ...]:
        """All propagators from the root down."""
        return tuple(propagator for propagator, _ in self._walk(self.layers + 1, self.tree))

    @property
    def vertices(self) -> tuple[Slope, ...]:
        """All vertices from the root down."""
        below = (tree for _, tree in self._walk(self.layers + 1, self.tree))
        return tuple(
            Slope(tree.layer, len(tree.children)) for tree in below if isinstance(tree, Vertex)
        )

    def __str__(self) -> str:
        return self._written(self.layers + 1, self.tree)

    def _walk(self, upper: int, tree: Tree) -> Iterator[tuple[Propagator, Tree]]:
        """Every propagator with the tree that hangs on it."""
        yield Propagator(upper, layer_of(tree)), tree
        if isinstance(tree, Vertex):
            for child in tree.children:
                yield from self._walk(tree.layer, child)

    def _written(self, upper: int, tree: Tree) -> str:
        end = "out" if upper > self.layers else str(upper)
        edge = f"P({end}←{layer_of(tree)})"
        if not isinstance(tree, Vertex):
            return f"{edge} x{str(tree + 1).translate(SUBSCRIPTS)}"
        legs = ", ".join(self._written(tree.layer, child) for child in tree.children)
        return f"{edge} {named(tree)}[{legs}]"


def diagrams(order: int, layers: int) -> tuple[Diagram, ...]:
    """All diagrams of ∂ⁿy/∂xⁿ, n = ``order`` >= 1, for a network of ``layers`` hidden layers.

    ``trees.count`` says beforehand how many there are. Raises InputError for an order below 1.

    >>> len(diagrams(order=4, layers=3))
    60
    """
    if order < 1 or layers < 0:
        raise InputError(
            f"diagrams are of an order from 1 and of 0 or more layers, not {order} and {layers}."
        )
    found = trees(tuple(range(order)), layers)
    return tuple(Diagram(tree, order, layers) for tree in found)


def evaluate(diagram: Diagram, network: Any, center: Any) -> Tensor:
    """What a diagram is worth at ``center`` (d,): a tensor (d,) * n, not symmetric by itself.

    ``network`` is whatever `Layers.of` takes. The sum over all `diagrams` is the Taylor tensor; for
    many of them take `Rules.at` once. Raises InputError for a diagram of another depth.
    """
    return Rules.at(network, center, diagram.order).value(diagram)


@dataclass(frozen=True, eq=False)
class Rules:
    """The propagators and the vertices of a network at a point.

    P(l←m) is (neurons of m, neurons of l); the derivatives of a layer are (neurons,) each.
    """

    layers: int
    propagators: dict[Propagator, Tensor]
    vertices: tuple[list[Tensor], ...]

    @staticmethod
    def at(network: Any, center: Any, order: int) -> Rules:
        """The rules for all diagrams up to an order."""
        layers = Layers.of(network)
        hidden = point(center, layers.inputs)
        vertices = []
        for weight, bias, names in layers:
            slopes = derivatives(names, hidden @ weight + bias, order)
            hidden = slopes[0]
            vertices.append(slopes)
        weights = (*layers.weights, layers.output[:, None])
        propagators = {}
        for upper in range(1, len(weights) + 1):
            chain = weights[upper - 1]
            propagators[Propagator(upper, upper - 1)] = chain
            for lower in range(upper - 2, -1, -1):
                chain = weights[lower] @ (vertices[lower][1][:, None] * chain)
                propagators[Propagator(upper, lower)] = chain
        return Rules(len(vertices), propagators, tuple(vertices))

    def value(self, diagram: Diagram) -> Tensor:
        """The tensor (d,) * n of a diagram."""
        if diagram.layers != self.layers:
            raise InputError(
                f"the diagram is of {diagram.layers} hidden layers, the network has {self.layers}."
            )
        return self._below(self.layers + 1, diagram.tree, diagram.order)[..., 0]

    def _below(self, upper: int, tree: Tree, order: int) -> Tensor:
        """A propagator and what hangs on it, (..., neurons of the upper layer).

        There is an axis for each of the n leaves, of length 1 for those that are elsewhere.
        """
        propagator = self.propagators[Propagator(upper, layer_of(tree))]
        if not isinstance(tree, Vertex):
            axes = [1] * order
            axes[tree] = len(propagator)
            return propagator.reshape(*axes, -1)
        value = self.vertices[tree.layer - 1][len(tree.children)]
        for child in tree.children:
            value = value * self._below(tree.layer, child, order)
        return value @ propagator
