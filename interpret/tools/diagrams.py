"""The diagrams of a network's Taylor tensors, as text and as a picture.

What a diagram is worth for a given network is `training.taylor.evaluate`.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from systems.errors import InputError
from training.trees import SUPERSCRIPTS, Tree, Vertex, count, named, trees, unlabelled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST = 20_000
MOST_PANELS = 120
COLUMNS = 7
PANEL = (1.5, 1.6)
EDGE = "0.35"
FAINT = "0.88"
COLOURS = ("tab:blue", "tab:orange", "tab:green", "tab:red", "tab:purple")
"""Of vertices with 2, 3, ... legs."""
Point = tuple[float, float]


def text(order: int, layers: int) -> str:
    """All diagrams of ∂ⁿy/∂xⁿ through so many hidden layers, equal ones once, with their number.

    Raises InputError for an order below 1, no layer, and more diagrams than can be listed.

    >>> print(text(order=3, layers=2))
    ∂³y/∂x³ through 2 hidden layers: 5 diagrams, 3 up to exchange of the inputs
    σ⁽ᵏ⁾ₗ[...] is a neuron of layer l with k legs, x an input; every edge is a propagator P(l←m)
    ×1  σ⁽³⁾₁[x, x, x]
    ×1  σ⁽³⁾₂[x, x, x]
    ×3  σ⁽²⁾₂[x, σ⁽²⁾₁[x, x]]
    """
    shapes = _shapes(order, layers)
    return "\n".join(
        [
            _title(order, layers, len(shapes)),
            "σ⁽ᵏ⁾ₗ[...] is a neuron of layer l with k legs, x an input; "
            "every edge is a propagator P(l←m)",
            *(f"{'×' + str(times):<4}{_written(tree)}" for tree, times in shapes.items()),
        ]
    )


def picture(order: int, layers: int) -> bytes:
    """The same as a PNG: a panel each, the output on top, the inputs below, layers in between.

    Raises InputError as `text` does, and for more panels than can be seen.

    >>> picture(order=2, layers=2)[1:4]
    b'PNG'
    """
    from interpret.pictures.drawn import png

    return png(drawn(order, layers))


def drawn(order: int, layers: int) -> Figure:
    """What `picture` shows."""
    from matplotlib.figure import Figure

    shapes = _shapes(order, layers)
    if len(shapes) > MOST_PANELS:
        raise InputError(
            f"{len(shapes)} different diagrams of order {order} are too many for one picture; "
            f"list them as text, or draw a lower order."
        )
    across = min(COLUMNS, len(shapes))
    down = -(-len(shapes) // across)
    size = (max(PANEL[0] * across, 6.5) + 0.4, PANEL[1] * down + 0.6)
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(down, across, squeeze=False, sharex=True, sharey=True)
    for axes in grid.flat:
        axes.set_axis_off()
    for axes, (tree, times) in zip(grid.flat, shapes.items(), strict=False):
        _panel(axes, tree, order, layers)
        axes.set_title(f"×{times}", fontsize=10)
    for axes in grid[:, 0]:
        _label(axes, layers)
    figure.suptitle(_title(order, layers, len(shapes)), fontsize=11)
    return figure


def _shapes(order: int, layers: int) -> dict[Tree, int]:
    """The different trees, those with the lowest roots first, and how many labelled ones are so."""
    if order < 1 or layers < 1:
        raise InputError(
            f"diagrams are of an order from 1 and through 1 or more layers, not {order} and "
            f"{layers}."
        )
    total = count(order, layers)
    if total > MOST:
        raise InputError(
            f"there are {total:,} diagrams of order {order} through {layers} hidden layers; at "
            f"most {MOST:,} are listed."
        )
    return Counter(map(unlabelled, trees(tuple(range(order)), layers)))


def _title(order: int, layers: int, different: int) -> str:
    total = count(order, layers)
    power = "" if order == 1 else str(order).translate(SUPERSCRIPTS)
    return (
        f"∂{power}y/∂x{power} through {layers} hidden layer{'s' * (layers > 1)}: "
        f"{total:,} diagram{'s' * (total > 1)}, {different} up to exchange of the inputs"
    )


def _written(tree: Tree) -> str:
    if not isinstance(tree, Vertex):
        return "x"
    return f"{named(tree)}[{', '.join(map(_written, tree.children))}]"


def _panel(axes: Axes, tree: Tree, order: int, layers: int) -> None:
    """The tree between its layers, every layer a line."""
    for layer in range(layers + 2):
        axes.axhline(layer, color=FAINT, lw=0.8, zorder=0)
    root, _ = _branch(axes, tree, 0)
    _edge(axes, root, (root[0], layers + 1))
    axes.plot(root[0], layers + 1, "^", color=EDGE, ms=6)
    axes.set_xlim(-0.6, order - 0.4)
    axes.set_ylim(-0.4, layers + 1.4)


def _branch(axes: Axes, tree: Tree, left: int) -> tuple[Point, int]:
    """Draw a tree whose leaves begin at ``left``; where its root is, and the next free place."""
    if not isinstance(tree, Vertex):
        axes.plot(left, 0, "o", color=EDGE, ms=3)
        return (left, 0), left + 1
    below = []
    for child in tree.children:
        point, left = _branch(axes, child, left)
        below.append(point)
    across = sum(x for x, _ in below) / len(below)
    root = (across, tree.layer)
    for point in below:
        _edge(axes, point, root)
    colour = COLOURS[min(len(below), len(COLOURS) + 1) - 2]
    axes.plot(*root, "o", color=colour, ms=9)
    axes.text(*root, str(len(below)), color="white", size=6, ha="center", va="center_baseline")
    return root, left


def _edge(axes: Axes, lower: Point, upper: Point) -> None:
    (x, y), (above_x, above_y) = lower, upper
    axes.plot((x, above_x), (y, above_y), color=EDGE, lw=1, zorder=1)


def _label(axes: Axes, layers: int) -> None:
    """The names of the layers, left of the first panel of a row."""
    names = ["x", *(f"layer {layer}" for layer in range(1, layers + 1)), "y"]
    for height, name in enumerate(names):
        axes.text(-0.8, height, name, size=7, ha="right", va="center", color=EDGE)
