"""Diagrams as text and as a picture: all of them, each drawn by the rules."""

from __future__ import annotations

import io
import re
from collections import Counter

import pytest
from matplotlib.image import imread

from interpret.tools.diagrams import drawn, picture, text
from systems.errors import InputError
from training.taylor.diagrams import diagrams
from training.trees import count, unlabelled

ORDERS = [(1, 1), (2, 2), (4, 3), (5, 4)]


def listed(order, layers):
    """How often each diagram of the text is there."""
    title, _, *lines = text(order, layers).splitlines()
    found = dict(reversed(line.split(maxsplit=1)) for line in lines)
    assert len(found) == len(lines)
    return title, {tree: int(times.removeprefix("×")) for tree, times in found.items()}


@pytest.mark.parametrize(("order", "layers"), ORDERS)
def test_the_text_lists_all(order, layers):
    title, found = listed(order, layers)
    assert sum(found.values()) == count(order, layers)
    assert f"{count(order, layers):,} diagram" in title
    assert f", {len(found)} up to exchange" in title
    assert all(tree.count("x") == order for tree in found)


def test_the_text_is_known():
    assert text(3, 2).splitlines() == [
        "∂³y/∂x³ through 2 hidden layers: 5 diagrams, 3 up to exchange of the inputs",
        "σ⁽ᵏ⁾ₗ[...] is a neuron of layer l with k legs, x an input; "
        "every edge is a propagator P(l←m)",
        "×1  σ⁽³⁾₁[x, x, x]",
        "×1  σ⁽³⁾₂[x, x, x]",
        "×3  σ⁽²⁾₂[x, σ⁽²⁾₁[x, x]]",
    ]
    _, deep = listed(4, 3)
    assert deep["σ⁽²⁾₃[x, σ⁽²⁾₂[x, σ⁽²⁾₁[x, x]]]"] == 12
    assert deep["σ⁽²⁾₃[σ⁽²⁾₁[x, x], σ⁽²⁾₂[x, x]]"] == 6


def content(axes):
    """What a panel shows: its number, its vertices (layer, legs), its edges and its leaves."""
    times = int(axes.get_title().removeprefix("×"))
    legs = [item for item in axes.texts if re.fullmatch(r"\d+", item.get_text())]
    vertices = sorted((round(item.get_position()[1]), int(item.get_text())) for item in legs)
    ends = [tuple(line.get_ydata()) for line in axes.lines if len(line.get_ydata()) == 2]
    edges = sorted((max(pair), min(pair)) for pair in ends if pair[0] != pair[1])
    leaves = sum(len(line.get_ydata()) == 1 and line.get_ydata()[0] == 0 for line in axes.lines)
    return times, tuple(vertices), tuple(edges), leaves


@pytest.mark.parametrize(
    ("order", "layers"), [*ORDERS[:-1], pytest.param(*ORDERS[-1], marks=pytest.mark.slow)]
)
def test_every_panel_has_the_vertices_and_propagators_of_its_diagram(order, layers):
    figure = drawn(order, layers)
    shown = Counter()
    for axes in figure.axes:
        if axes.get_title():
            times, vertices, edges, leaves = content(axes)
            assert leaves == order
            shown[vertices, edges] += times
    exact = Counter(
        (tuple(sorted(diagram.vertices)), tuple(sorted(diagram.propagators)))
        for diagram in diagrams(order, layers)
    )
    assert shown == exact
    looks = {unlabelled(diagram.tree) for diagram in diagrams(order, layers)}
    assert sum(bool(axes.get_title()) for axes in figure.axes) == len(looks)


def test_the_picture_is_a_png_that_is_not_empty():
    pixels = imread(io.BytesIO(picture(4, 3)))
    assert pixels.shape[1] > 2 * pixels.shape[0] > 400
    assert 0.01 < (pixels[:, :, :3].min(axis=2) < 0.9).mean() < 0.5


@pytest.mark.parametrize("show", [text, picture])
@pytest.mark.parametrize(
    ("order", "layers", "message"),
    [(0, 2, "from 1"), (2, 0, "1 or more layers"), (8, 4, "at most 20,000")],
)
def test_what_cannot_be_shown(show, order, layers, message):
    with pytest.raises(InputError, match=message):
        show(order, layers)


@pytest.mark.slow
def test_too_many_for_a_picture():
    assert len(text(6, 4).splitlines()) > 200
    with pytest.raises(InputError, match="too many for one picture"):
        picture(6, 4)
