"""Taylor tensors of learned potentials, where they are known in closed form."""

from __future__ import annotations

from dataclasses import replace
from math import comb, factorial
from types import SimpleNamespace

import numpy as np
import pytest
import sympy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import systems
from interpret.reading.couplings.couplings import Couplings
from interpret.reading.couplings.expansion import expand, homogeneous, spread
from interpret.reading.couplings.force_projection import taylor_truth
from systems.errors import InputError
from systems.expressions import symbol
from training.bases import Candidates, Chebyshev, Network
from training.bases.box import Box
from training.bases.perceptron import Perceptron
from training.bases.scaling import Scaling
from training.features import Features
from training.potential import Potential

q0, q1, r = (symbol(name) for name in ("q0", "q1", "r"))
DISTANCE = sympy.sqrt((q0 - q1) ** 2)
IDENTITY = Features.identity(("q0", "q1"))
RADIAL = Features.of(("q0", "q1"), {"r": DISTANCE})
A = (1 / 16) ** (1 / 3)
"""The fixed point (a, -a) of the trapped charges with k = 4 and α = 1."""

seeds = st.integers(0, 2**32 - 1)


def learned(basis, coefficients, features):
    return Potential(basis, torch.as_tensor(coefficients, dtype=torch.float64), features)


def to_total(tensor, order):
    """The entries of no higher total order."""
    total = np.indices(tensor.shape).sum(axis=0)
    return np.where(total <= order, tensor, 0.0)


def difference(couplings, expected):
    """The largest, relative to the largest entry of the truth."""
    return abs(couplings.tensor - expected).max() / abs(expected).max()


@pytest.mark.parametrize(
    "potential",
    [
        learned(Candidates(("q0", "q1"), (1 / (q0 - q1),)), [1.0], IDENTITY),
        learned(Candidates(("r",), (1 / r,)), [1.0], RADIAL),
    ],
    ids=["of the coordinates", "of the distance"],
)
@pytest.mark.parametrize("scale", [1.0, 0.05])
def test_the_coulomb_coupling_to_order_8(potential, scale):
    """c_ij = α (-1)^i C(i+j, i) scale^(i+j) / (2a)^(i+j+1), to round-off, order by order."""
    couplings = expand(potential, (A, -A), 8, scale)
    truth = taylor_truth(1 / DISTANCE, ("q0", "q1"), (A, -A), scale, order=8)

    assert couplings.coordinates == ("q0", "q1")
    assert difference(couplings, truth.tensor) < 1e-14
    total = np.indices(truth.tensor.shape).sum(axis=0)
    for n in range(9):
        part = replace(couplings, tensor=np.where(total == n, couplings.tensor, 0))
        assert difference(part, np.where(total == n, truth.tensor, 0)) < 1e-13
    by_hand = (-1) ** 3 * comb(5, 3) * scale**5 / (2 * A) ** 6
    assert couplings.tensor[3, 2] == pytest.approx(by_hand, rel=1e-12)


def test_orders_far_beyond_what_nested_derivatives_reach():
    """To order 20, in the units in which the entries are of one size."""
    potential = learned(Candidates(("r",), (1 / r,)), [1.0], RADIAL)
    couplings = expand(potential, (A, -A), 20, A)
    for i, j in np.ndindex(21, 21):
        inside = i + j <= 20
        truth = (-1) ** i * comb(i + j, i) / 2 ** (i + j + 1) / A if inside else 0.0
        assert couplings.tensor[i, j] == pytest.approx(truth, rel=1e-9, abs=1e-12)


def test_on_the_other_side_of_the_diagonal_the_signs_change():
    """sqrt((q0 - q1)²) is q1 - q0 there."""
    potential = learned(Candidates(("r",), (1 / r,)), [1.0], RADIAL)
    one = expand(potential, (A, -A), 4).tensor
    other = expand(potential, (-A, A), 4).tensor
    assert np.allclose(other, one.T, rtol=1e-13)


@given(seeds, st.integers(1, 3), st.sampled_from(["monomial", "chebyshev"]))
@settings(max_examples=10)
def test_a_polynomial_is_its_own_expansion(seed, d, kind):
    """All of it once the order reaches its degree, and its lower orders before."""
    rng = np.random.default_rng(seed)
    names = ("x", "y", "z")[:d]
    highest = 4 if d == 1 else 2 if d == 2 else 1
    basis = Box.coupling(rng.uniform(-2, 2, d), rng.uniform(0.5, 2, d), highest, kind)
    coefficients = rng.standard_normal(basis.size)
    potential = learned(basis, coefficients, Features.identity(names))
    couplings = Couplings.of(basis, coefficients, names)

    for order in (2, d * highest):
        found = expand(potential, couplings.center, order, couplings.scale)
        short = min(order, highest) + 1
        corner = (slice(0, short),) * d
        expected = np.zeros((order + 1,) * d)
        expected[corner] = couplings.tensor[corner]
        assert np.abs(found.tensor - to_total(expected, order)).max() < 1e-11
    elsewhere = couplings.center + 0.3
    moved = expand(potential, elsewhere, d * highest, couplings.scale)
    wanted = np.zeros(moved.tensor.shape)
    wanted[(slice(0, highest + 1),) * d] = couplings.about(elsewhere).tensor
    assert np.abs(moved.tensor - wanted).max() < 1e-10


def derivatives_of_tanh(at, order):
    x = sympy.Dummy()
    return [float(sympy.tanh(x).diff(x, n).subs(x, at)) for n in range(order + 1)]


def test_a_network_of_two_neurons():
    """V = Σ c tanh(w·q + b): c_ij = Σ c tanh^(i+j)(w·q* + b) w0^i w1^j / (i! j!)."""
    weights = np.array([[0.7, -0.4], [0.2, 1.1]])
    biases, outer = np.array([0.3, -0.6]), np.array([1.5, -2.0])
    same = Scaling(-torch.ones(2), torch.ones(2), torch.zeros(2, dtype=torch.bool))
    network = Network(same, (torch.from_numpy(weights),), (torch.from_numpy(biases),))
    center = np.array([0.2, -0.5])

    expected = np.zeros((6, 6))
    for c, (w0, w1), b in zip(outer, weights.T, biases, strict=True):
        tanh = derivatives_of_tanh(float(center @ (w0, w1) + b), 5)
        for i, j in np.ndindex(6, 6):
            if i + j <= 5:
                expected[i, j] += c * tanh[i + j] * w0**i * w1**j / factorial(i) / factorial(j)
    assert difference(expand(learned(network, outer, IDENTITY), center, 5), expected) < 1e-13


@pytest.mark.parametrize("activation", ["tanh", "softplus", "elu"])
@pytest.mark.parametrize("output", ["linear", "exp"])
def test_a_single_precision_perceptron_is_expanded_in_doubles(activation, output):
    """The potential's values near the center, to far less than single precision."""
    network = Perceptron.glorot(2, (5, 5), 0, activation, output)
    center, step = np.array([0.3, -0.2]), 0.01
    couplings = expand(Potential(network, torch.ones(1), IDENTITY), center, 4, step)
    q = center + step * np.random.default_rng(0).uniform(-1, 1, (20, 2))

    doubles = network.to(torch.zeros((), dtype=torch.float64))
    values = doubles.values(torch.from_numpy(q))[:, 0].numpy()
    np.testing.assert_allclose(couplings(q), values, rtol=1e-10)


def test_a_chebyshev_series_in_the_distance():
    """The series in r of 2r³ - r, whose scaling the expansion sees through: no logarithm here."""
    x = torch.linspace(0.5, 1.5, 30, dtype=torch.float64)[:, None]
    basis = Chebyshev.of(x, 3)
    law = 2 * x[:, 0] ** 3 - x[:, 0]
    design = torch.cat([basis.values(x), torch.ones_like(x)], dim=1)
    coefficients = torch.linalg.lstsq(design, law).solution[:-1]
    couplings = expand(learned(basis, coefficients, RADIAL), (A, -A), 4)
    truth = taylor_truth(2 * DISTANCE**3 - DISTANCE, ("q0", "q1"), (A, -A), order=4)

    assert bool(basis.scaling.logarithmic[0]) is False
    gap = couplings.tensor - truth.tensor
    gap[0, 0] = 0
    assert np.abs(gap).max() < 1e-11


def test_whatever_has_a_potential_and_whatever_is_a_function():
    potential = learned(Candidates(("q0", "q1"), (q0**2 * q1,)), [3.0], IDENTITY)
    plain = expand(potential, (1.0, 2.0), 3)

    assert expand(SimpleNamespace(potential=potential), (1.0, 2.0), 3) == plain
    function = expand(lambda q: 3 * q[0] ** 2 * q[1], (1.0, 2.0), 3)
    assert function.coordinates == ("q0", "q1")
    np.testing.assert_allclose(function.tensor, plain.tensor, atol=1e-13)
    network = Perceptron.glorot(2, (4,), 0)
    of_it = expand(network, (0.3, 0.1), 2, coordinates=("x", "y"))
    same = expand(Potential(network, torch.ones(1), IDENTITY), (0.3, 0.1), 2)
    np.testing.assert_allclose(of_it.tensor, same.tensor, rtol=1e-13, atol=1e-15)
    assert of_it.coordinates == ("x", "y")
    named = expand(lambda q: q[0], (1.0,), 1, coordinates=("x",))
    assert named.coordinates == ("x",)


def test_the_unit_is_that_of_the_couplings():
    potential = learned(Candidates(("r",), (r**-2,)), [1.0], RADIAL)
    plain = expand(potential, (A, -A), 4)
    scaled = expand(potential, (A, -A), 4, scale=(0.2, 0.4))
    np.testing.assert_allclose(scaled.in_units().tensor, plain.tensor, rtol=0, atol=1e-9)
    assert scaled.scale.tolist() == [0.2, 0.4]
    assert abs(scaled.tensor[2, 0] / plain.tensor[2, 0]) == pytest.approx(0.04, rel=1e-10)


def test_a_trained_fit():
    """The oscillator's V = q²/2, as training left it."""
    import training

    system = systems.get("oscillator")
    fit = training.train(system, system.draw(seed=0))
    couplings = expand(fit, (0.3,), 3)
    assert couplings.coordinates == system.motion().coordinates
    assert couplings.tensor[1:] == pytest.approx([0.3, 0.5, 0.0], abs=1e-5)


@given(seeds, st.integers(1, 4), st.integers(0, 4))
def test_the_directions_tell_all_homogeneous_polynomials(seed, d, order):
    rng = np.random.default_rng(seed)
    for n in range(order + 1):
        orders = [m for m in np.ndindex((n + 1,) * d) if sum(m) == n]
        truth = dict(zip(orders, rng.standard_normal(len(orders)), strict=True))
        directions = spread(d, order)
        values = sum(c * np.prod(directions ** np.array(m), axis=1) for m, c in truth.items())
        found = homogeneous(directions, values, n)
        assert set(found) == set(truth)
        assert max(abs(found[m] - truth[m]) for m in truth) < 1e-11


@pytest.mark.parametrize(
    ("center", "order", "message"),
    [
        ((0.5, -0.5), -1, "from 0, not -1"),
        ((0.5, 0.5), 2, "not finite"),
        ((0.5,), 2, "needs 2 numbers"),
    ],
)
def test_what_cannot_be_expanded(center, order, message):
    potential = learned(Candidates(("r",), (1 / r,)), [1.0], RADIAL)
    with pytest.raises(InputError) as error:
        expand(potential, center, order)
    assert message in str(error.value)


def test_a_function_of_torch_that_has_no_series_is_named():
    with pytest.raises(InputError, match="series of torch's lgamma is not known"):
        expand(lambda q: torch.lgamma(q[0]), (0.5,), 2)


def test_only_a_potential_or_a_function_can_be_expanded():
    with pytest.raises(InputError, match="a str cannot be expanded"):
        expand("1/r", (0.5, -0.5), 2)
