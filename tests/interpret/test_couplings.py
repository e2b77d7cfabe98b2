"""Coupling tensors: the algebra, exactly where numbers allow it, and their pictures."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
import sympy
import torch
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.image import imread

from interpret.pictures.heatmaps import heatmap, pair
from interpret.reading.couplings.couplings import Couplings
from systems.errors import InputError
from systems.expressions import symbol
from systems.integrate import compile
from tests.builders import dear
from training.bases.box import Box

NAMES = ("x", "y", "z")
seeds = st.integers(0, 2**32 - 1)
dimensions = st.integers(1, 3)


def whole(seed, d, highest=3):
    """Couplings whose arithmetic is exact: whole numbers, scales that are powers of two."""
    rng = np.random.default_rng(seed)
    tensor = rng.integers(-9, 10, (highest + 1,) * d)
    return Couplings(tensor, rng.integers(-3, 4, d), 2.0 ** rng.integers(-1, 2, d), NAMES[:d])


def drawn(seed, d, highest=3):
    """Couplings with any numbers."""
    rng = np.random.default_rng(seed)
    tensor = rng.standard_normal((highest + 1,) * d)
    return Couplings(tensor, rng.uniform(-2, 2, d), rng.uniform(0.5, 2, d), NAMES[:d])


def near(couplings, seed, count=7):
    """Points within one scale of the center."""
    z = np.random.default_rng(seed).uniform(-1, 1, (count, couplings.dimension))
    return couplings.center + couplings.scale * z


def polynomial(couplings):
    """V expanded about the origin, exactly, in fractions."""
    symbols = [symbol(name) for name in couplings.coordinates]
    sides = zip(symbols, couplings.center, couplings.scale, strict=True)
    z = [
        sympy.Poly((x - sympy.Rational(float(c))) / sympy.Rational(float(s)), *symbols, domain="QQ")
        for x, c, s in sides
    ]
    total = sympy.Poly(0, *symbols, domain="QQ")
    for orders, value in np.ndenumerate(couplings.tensor):
        powers = [side**m for side, m in zip(z, orders, strict=True)]
        total += sympy.prod(powers) * sympy.Rational(float(value))
    return total


# The polynomial


@given(seeds, dimensions)
def test_moving_twice_is_moving_once(seed, d):
    couplings = whole(seed, d)
    there, further = np.random.default_rng(seed + 1).integers(-3, 4, (2, d))

    assert couplings.about(there).about(further) == couplings.about(further)
    assert couplings.about(there).about(couplings.center) == couplings


@given(seeds, dimensions)
def test_neither_center_nor_unit_changes_the_function(seed, d):
    couplings = drawn(seed, d)
    q = near(couplings, seed)
    values = couplings(q)
    moved = couplings.about(couplings.center + 0.3).in_units(0.7)

    assert moved != couplings
    np.testing.assert_allclose(moved(q), values, rtol=0, atol=1e-11 * abs(couplings.tensor).sum())
    np.testing.assert_allclose(couplings.in_units(3.0).in_units(couplings.scale).tensor,
                               couplings.tensor, rtol=1e-13)  # fmt: skip


@given(seeds, dimensions)
@dear
def test_the_polynomial_and_the_expression_are_the_function(seed, d):
    """Both are sums of sympy, one expanded about the origin and one about the center."""
    couplings = drawn(seed, d)
    q = near(couplings, seed)
    values = couplings(q)
    size = abs(couplings.tensor).sum()
    exact = polynomial(couplings)
    at = [sympy.Rational(float(x)) for x in q[0]]

    np.testing.assert_allclose(
        compile([couplings.expr], NAMES[:d])(q)[:, 0], values, rtol=0, atol=1e-13 * size
    )
    assert float(exact(*at)) == pytest.approx(values[0], rel=0, abs=1e-13 * size)


@given(seeds, dimensions)
@dear
def test_the_gradient_is_the_derivative_of_the_polynomial(seed, d):
    couplings = whole(seed, d)
    q = np.random.default_rng(seed).integers(-3, 4, (3, d)).astype(float)
    exact = polynomial(couplings)

    for j, name in enumerate(NAMES[:d]):
        slope = exact.diff(symbol(name))
        expected = [float(slope(*map(sympy.Rational, row))) for row in q.tolist()]
        assert couplings.gradient(q)[:, j].tolist() == expected
        assert polynomial(couplings.derivative(name)) == slope


def test_entries_in_units_of_one_are_derivatives():
    """V = exp(x) exp(-2y) to order 2 about (0, 0), given in units of 1/2."""
    tensor = [[1, -1, 0.5], [0.5, -0.5, 0], [0.125, 0, 0]]
    plain = Couplings(tensor, (0, 0), 0.5, ("x", "y")).in_units()
    assert plain.tensor.tolist() == [[1, -2, 2], [1, -2, 0], [0.5, 0, 0]]


@given(seeds, dimensions, st.sampled_from(["monomial", "chebyshev"]))
def test_a_box_and_its_couplings_are_one_function(seed, d, kind):
    rng = np.random.default_rng(seed)
    basis = Box.coupling(rng.uniform(-2, 2, d), rng.uniform(0.5, 2, d), 4, kind)
    coefficients = rng.standard_normal(basis.size)
    couplings = Couplings.of(basis, coefficients, NAMES[:d])
    q = near(couplings, seed)

    values = basis.values(torch.from_numpy(q)).numpy() @ coefficients
    np.testing.assert_allclose(couplings(q), values, rtol=0, atol=1e-12 * basis.size)
    slopes = basis.gradients(torch.from_numpy(q)).numpy() @ coefficients
    np.testing.assert_allclose(couplings.gradient(q), slopes, rtol=0, atol=1e-10 * basis.size)
    np.testing.assert_allclose(couplings.coefficients(basis), coefficients, rtol=0, atol=1e-12)
    back = couplings.in_units(1.3).coefficients(basis)
    np.testing.assert_allclose(back, coefficients, rtol=0, atol=1e-11)


def test_chebyshev_polynomials_turn_into_powers_exactly():
    """T_8 = 128 z^8 - 256 z^6 + 160 z^4 - 32 z^2 + 1."""
    basis = Box.coupling((0.4, -0.4), 0.35, 8)
    coefficients = [float(order == (0, 8)) for order in basis.orders]
    row = Couplings.of(basis, coefficients, ("x", "y")).tensor[0]
    assert row.tolist() == [1, 0, -32, 0, 160, 0, -256, 0, 128]


def test_a_box_that_lacks_an_order_or_lies_elsewhere():
    couplings = whole(0, 2)
    small = Box.coupling(couplings.center, couplings.scale, 2)
    with pytest.raises(InputError, match=r"lacks the order \(\d, 3\)|lacks the order \(3, \d\)"):
        couplings.coefficients(small)
    elsewhere = Box.coupling(couplings.center + 1, couplings.scale, 3)
    with pytest.raises(InputError, match="another center"):
        couplings.coefficients(elsewhere)
    with pytest.raises(InputError, match="8 functions needs as many"):
        Couplings.of(small, [1.0], ("x", "y"))


# What is written and read


@given(seeds, dimensions)
def test_json_keeps_every_bit(seed, d):
    couplings = drawn(seed, d)
    read = Couplings.from_json(json.loads(json.dumps(couplings.to_json())))
    assert read == couplings
    assert read.tensor.tobytes() == couplings.tensor.tobytes()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tensor": None}, "damaged"),
        ({"tensor": [[1.0, 2.0]]}, "equal sides"),
        ({"tensor": [[1.0, float("nan")], [0.0, 0.0]]}, "finite"),
        ({"center": [0.0]}, "2 numbers each"),
        ({"scale": [1.0, 0.0]}, "above 0"),
        ({"coordinates": ["x"]}, "1 equal sides"),
        ({"coordinates": 3}, "damaged"),
    ],
)
def test_couplings_that_are_none(change, message):
    good = Couplings(np.eye(2), (0, 0), 1, ("x", "y")).to_json()
    with pytest.raises(InputError) as error:
        Couplings.from_json(good | change)
    assert message in str(error.value)
    with pytest.raises(InputError, match="lack 'tensor'"):
        Couplings.from_json({})


def test_couplings_cannot_be_changed():
    couplings = whole(0, 2)
    with pytest.raises(ValueError, match="read-only"):
        couplings.tensor[0, 0] = 5.0


def test_an_unknown_coordinate():
    with pytest.raises(InputError, match="Did you mean 'x'"):
        whole(0, 2).derivative("x1")


def test_how_they_print():
    tensor = np.zeros((11, 11))
    tensor[0, 0], tensor[1, 2], tensor[0, 10], tensor[3, 0] = 99, -0.5, 2, 1e-7
    couplings = Couplings(tensor, (0.4, -0.4), 0.35, ("q0", "q1"))
    assert str(couplings) == (
        "couplings to order 10 about q0 = 0.4, q1 = -0.4, in units of 0.35\n"
        "entry     c\n"
        "c_0,10    2\n"
        "c_12     -0.5\n"
        "c_30      1e-07"
    )
    many = Couplings(np.arange(1.0, 12.0), (0,), 1, ("q",))
    assert str(many).splitlines()[2] == "c_10     11"
    assert str(many).splitlines()[-1] == "and 2 smaller ones"
    latex = couplings._repr_latex_()
    assert r"V = c + 2.0 z_{q_{1}}^{10} - 0.5 z_{q_{0}} z_{q_{1}}^{2}" in latex
    assert r"z_{q_{0}} = \frac{q_{0} - 0.4}{0.35}" in latex


# Pictures


def test_the_picture_has_positive_red_and_negative_blue():
    """A tensor of four cells: its left lower and right upper ones."""
    picture = heatmap(Couplings([[7, 2], [-2, 0]], (0, 0), 1, ("x", "y")), "signs")
    image = imread(io.BytesIO(picture))[..., :3]
    cells = image[:, : 82 * image.shape[1] // 100]  # without the colour bar
    warmth = cells[..., 0] - cells[..., 2]
    red, blue = warmth > 0.2, warmth < -0.2
    rows, columns = np.nonzero(red)
    down, left = np.nonzero(blue)

    assert red.mean() > 0.05
    assert red.mean() == pytest.approx(blue.mean(), rel=0.1)  # one cell each, c_00 is not drawn
    assert rows.mean() < down.mean()  # i grows downwards
    assert columns.mean() > left.mean()  # j grows to the right


@pytest.mark.slow
def test_a_pair_has_one_scale_of_colours():
    """The truth is drawn in the units of what is recovered, so that equal couplings look alike."""
    couplings = Couplings([[0, 1], [-1, 3]], (0, 0), 1, ("x", "y"))
    linear = Couplings([[0, 1], [-1, 0]], (0, 0), 1, ("x", "y"))
    picture = imread(io.BytesIO(pair(couplings, couplings.in_units(0.1))))[..., :3]
    same = imread(io.BytesIO(pair(couplings, couplings)))[..., :3]
    other = imread(io.BytesIO(pair(couplings, linear)))[..., :3]

    assert np.array_equal(picture, same)
    assert not np.array_equal(picture, other)
    assert picture.shape[1] > 1.5 * picture.shape[0]


def test_pictures_that_cannot_be_drawn():
    flat = Couplings([[0, 1], [-1, 3]], (0, 0), 1, ("x", "y"))
    with pytest.raises(InputError, match="two coordinates, not of 3"):
        heatmap(whole(0, 3), "three")
    with pytest.raises(InputError, match="but the constant"):
        heatmap(Couplings([[1.0]], (0, 0), 1, ("x", "y")), "constant")
    with pytest.raises(InputError, match="same center"):
        pair(flat, flat.about((1, 1)))
