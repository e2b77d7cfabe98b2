"""The neural basis: its derivatives are its derivatives, its weights lie where the data are."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from training.bases.network import glorot, placed
from training.bases.tangent import Tangent

seeds = st.integers(0, 2**32 - 1)
MAKERS = {
    "placed": lambda x, seed: placed(x, 7, seed),
    "glorot": lambda x, seed: glorot(x, (5, 4), seed),
    "deep": lambda x, seed: glorot(x, (3, 4, 2), seed),
}


def points(seed, features, count=40, positive=False):
    """Points in a box of unequal sides; positive: over more than a decade, so taken as log x."""
    x = torch.from_numpy(np.random.default_rng(seed).uniform(-1, 1, (count, features)))
    if positive:
        return 10 ** (1.5 * x)
    return x * torch.tensor([2.0, 0.1, 30.0])[:features] + 5.0


def network_and_points(kind, seed, features, positive):
    x = points(seed, features, positive=positive)
    return MAKERS[kind](x, seed % 1000), x


networks = given(st.sampled_from(sorted(MAKERS)), seeds, st.integers(1, 3), st.booleans())


@networks
def test_gradients_are_autograds(kind, seed, features, positive):
    network, x = network_and_points(kind, seed, features, positive)
    at = x.clone().requires_grad_(True)

    values = network.values(at)

    for k in range(network.size):
        (expected,) = torch.autograd.grad(values[:, k].sum(), at, retain_graph=True)
        found = network.gradients(x)[:, :, k]
        torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)


@networks
def test_gradients_are_finite_differences(kind, seed, features, positive):
    network, x = network_and_points(kind, seed, features, positive)

    for j in range(features):
        reach = torch.minimum(x[:, j].abs(), x[:, j].max() - x[:, j].min())
        step = torch.zeros_like(x)
        step[:, j] = 1e-7 * reach
        ahead, behind = network.values(x + step), network.values(x - step)
        slope = (ahead - behind) / (2 * step[:, j : j + 1])
        size = float(slope.abs().max() + 1 / reach.min())
        torch.testing.assert_close(network.gradients(x)[:, j], slope, rtol=0, atol=1e-6 * size)


@networks
def test_parameters_go_out_and_come_back(kind, seed, features, positive):
    network, x = network_and_points(kind, seed, features, positive)
    other = MAKERS[kind](x, seed % 1000 + 1)
    flat = network.parameters()

    back = other.with_parameters(flat)

    assert flat.ndim == 1
    assert torch.equal(back.parameters(), flat)
    assert torch.equal(back.values(x), network.values(x))
    assert torch.equal(back.gradients(x), network.gradients(x))
    assert not torch.equal(other.values(x), network.values(x))


@networks
def test_the_tangent_is_the_derivative_in_the_weights(kind, seed, features, positive):
    """Values and gradients of Tangent along a random direction of the weights."""
    network, x = network_and_points(kind, seed, features, positive)
    rng = np.random.default_rng(seed)
    c = torch.from_numpy(rng.normal(size=network.size))
    flat = network.parameters()
    direction = torch.from_numpy(rng.normal(size=len(flat)))
    h = 1e-5

    tangent = Tangent(network, c)

    assert tangent.size == len(flat)
    for ask in ("values", "gradients"):
        ahead = getattr(network.with_parameters(flat + h * direction), ask)(x) @ c
        behind = getattr(network.with_parameters(flat - h * direction), ask)(x) @ c
        expected = (ahead - behind) / (2 * h)
        found = getattr(tangent, ask)(x) @ direction
        size = float(expected.abs().max()) + 1e-12
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-6 * size)


@given(seeds, st.integers(1, 3), st.integers(1, 60))
def test_every_placed_unit_sits_on_a_datum_and_climbs_towards_another(seed, features, width):
    """w . z_a + b = 0 at one datum, a slope of 0.3 to 2 at another along the same line."""
    x = points(seed, features)
    network = placed(x, width, seed % 997)
    (weight,), (bias,) = network.weights, network.biases

    drive = network.scaling(x) @ weight + bias

    assert network.size == width
    assert (drive.abs().min(dim=0).values < 1e-9 * (1 + bias.abs())).all()
    climbs = ((drive.abs() >= 0.299) & (drive.abs() <= 2.001)).any(dim=0)
    assert climbs.all()


def test_the_slopes_are_spread_over_their_range():
    """Log-uniform in (0.3, 2): a third in each third of the logarithm, none outside."""
    x = torch.tensor([[-1.0], [1.0]], dtype=torch.float64)
    (weight,) = placed(x, 3000, 0).weights
    slope = 2 * weight.abs().squeeze()
    marks = 0.3 * (2 / 0.3) ** (np.arange(4) / 3)
    counts, _ = np.histogram(slope.numpy(), marks)
    assert counts.sum() == 3000
    assert (abs(counts - 1000) < 100).all()


@pytest.mark.parametrize("kind", sorted(MAKERS))
def test_a_seed_is_a_network(kind):
    x = points(0, 2)
    again = MAKERS[kind](x, 3)
    assert torch.equal(MAKERS[kind](x, 3).parameters(), again.parameters())
    assert not torch.equal(MAKERS[kind](x, 4).parameters(), again.parameters())


def test_repeated_data_do_not_break_the_placing():
    """All samples but one in one spot: no unit may be nan."""
    for features in (1, 2):
        x = torch.zeros(50, features, dtype=torch.float64)
        x[7] = 1.0
        network = placed(x, 20, 0)
        assert torch.isfinite(network.parameters()).all()
        assert torch.isfinite(network.gradients(x)).all()


def test_glorot_spreads_its_first_layer_over_the_box():
    x = points(1, 2)
    network = glorot(x, (200, 3), 0)
    lengths = network.weights[0].norm(dim=0)

    assert [tuple(weight.shape) for weight in network.weights] == [(2, 200), (200, 3)]
    assert 0.5 <= lengths.min() < 0.7
    assert 2.8 < lengths.max() <= 3.0
    # Each unit's ridge crosses the box, so that none of them is constant on the data.
    assert (network.biases[0].abs() <= network.weights[0].abs().sum(dim=0)).all()
    bound = np.sqrt(6 / 203)
    assert 0.8 * bound < network.weights[1].abs().max() <= bound


def test_precision_follows_the_tensor_it_is_like():
    x = points(0, 2)
    network = placed(x, 5, 0).to(torch.zeros(0, dtype=torch.float32))
    assert network.values(x.float()).dtype == torch.float32
    torch.testing.assert_close(
        network.values(x.float()).double(), placed(x, 5, 0).values(x), rtol=0, atol=1e-5
    )
