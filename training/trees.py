"""Rooted trees with labelled leaves, whose vertices sit in layers that decrease to the leaves.

These are the shapes of the diagrams of a network's Taylor tensors: at least two children a vertex,
every child in a lower layer than its parent, leaves below all layers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import product

Labels = tuple[int, ...]
Blocks = tuple[Labels, ...]

SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Vertex:
    """An inner vertex in a layer 1, 2, ..., with its children; a leaf is its label alone."""

    layer: int
    children: tuple[Tree, ...]


Tree = Vertex | int


def trees(leaves: Labels, layers: int) -> tuple[Tree, ...]:
    """All trees with these leaves and vertices in the layers 1 .. ``layers``, each once.

    >>> trees((0, 1), layers=2)
    (Vertex(layer=1, children=(0, 1)), Vertex(layer=2, children=(0, 1)))
    """
    if len(leaves) == 1:
        return leaves
    roots = range(1, layers + 1)
    return tuple(tree for layer in roots for tree in _rooted(leaves, layer))


def count(order: int, layers: int) -> int:
    """How many trees have ``order`` leaves: N_l(n) = Σ_k S(n, k) N_{l-1}(k), N_0(n) = δ_{n1}.

    S(n, k) is a Stirling number of the second kind: n leaves are gathered into k groups by the
    lowest layer, and these are the leaves of the layers above.

    >>> [count(n, 2) for n in range(1, 6)]
    [1, 2, 5, 15, 52]
    """
    if layers == 0:
        return int(order == 1)
    return sum(stirling(order, k) * count(k, layers - 1) for k in range(1, order + 1))


def unlabelled(tree: Tree) -> Tree:
    """The tree with all its leaves called 0, children in a fixed order: what it looks like.

    >>> unlabelled(Vertex(2, (Vertex(1, (0, 2)), 1)))
    Vertex(layer=2, children=(0, Vertex(layer=1, children=(0, 0))))
    """
    if not isinstance(tree, Vertex):
        return 0
    return Vertex(tree.layer, tuple(sorted(map(unlabelled, tree.children), key=_rank)))


def layer_of(tree: Tree) -> int:
    """The layer of a tree's root; leaves are in layer 0."""
    return tree.layer if isinstance(tree, Vertex) else 0


def named(vertex: Vertex) -> str:
    """A vertex as text, σ⁽ᵏ⁾ with its layer.

    >>> named(Vertex(2, (0, 1, 2)))
    'σ⁽³⁾₂'
    """
    legs = str(len(vertex.children)).translate(SUPERSCRIPTS)
    return f"σ⁽{legs}⁾{str(vertex.layer).translate(SUBSCRIPTS)}"


def partitions(items: Labels) -> Iterator[Blocks]:
    """All ways to part the items into non-empty blocks, the order of blocks left open.

    >>> list(partitions((0, 1)))
    [((0,), (1,)), ((0, 1),)]
    """
    if not items:
        yield ()
        return
    first, *rest = items
    for blocks in partitions(tuple(rest)):
        yield ((first,), *blocks)
        for k, block in enumerate(blocks):
            yield (*blocks[:k], (first, *block), *blocks[k + 1 :])


@cache
def stirling(n: int, k: int) -> int:
    """S(n, k), in how many ways n items are parted into k blocks."""
    if n == 0 or k == 0:
        return int(n == k)
    return k * stirling(n - 1, k) + stirling(n - 1, k - 1)


def _rank(tree: Tree) -> str:
    """Leaves first, then by layer, then anything that is always the same."""
    return repr(tree) if isinstance(tree, Vertex) else ""


@lru_cache(maxsize=256)
def _rooted(leaves: Labels, layer: int) -> tuple[Vertex, ...]:
    """The trees whose root is in this layer."""
    found = []
    for blocks in partitions(leaves):
        if len(blocks) > 1:
            below = (trees(block, layer - 1) for block in sorted(blocks))
            found += [Vertex(layer, children) for children in product(*below)]
    return tuple(found)
