"""A learned potential: V and its gradient belong together, and survive being saved."""

from __future__ import annotations

import io

import numpy as np
import pytest
import sympy
import torch

from systems.errors import InputError
from systems.expressions import symbol
from training.bases.candidates import Candidates
from training.bases.network import glorot, placed
from training.bases.tangent import Tangent
from training.features import Features
from training.potential import CHUNK, Potential

x, y = symbol("x"), symbol("y")
RADIUS = Features.of(("x", "y"), {"r": sympy.sqrt(x**2 + y**2)})
DATA = torch.linspace(0.1, 3, 40, dtype=torch.float64)[:, None]


def kept(learned):
    """What a run keeps of a potential."""
    stream = io.BytesIO()
    torch.save(learned.state(), stream)
    return stream.getvalue()


def potential(network, features=RADIUS):
    return Potential(network, torch.linspace(-1, 1, network.size, dtype=torch.float64), features)


@pytest.mark.parametrize("network", [placed(DATA, 6, 0), glorot(DATA, (5, 4), 0)])
def test_the_gradient_is_that_of_the_values(network):
    """Through the feature: dV/dq = W'(r) q/r."""
    learned = potential(network)
    q = np.random.default_rng(0).uniform(0.3, 2, (7, 2))
    h = 1e-6
    for a in range(2):
        step = h * np.eye(2)[a]
        slope = (learned(q + step) - learned(q - step)) / (2 * h)
        np.testing.assert_allclose(learned.gradient(q)[:, a], slope, atol=1e-7)


def test_many_points_are_taken_in_chunks():
    learned = potential(placed(DATA, 6, 0))
    q = np.random.default_rng(0).uniform(0.3, 2, (2 * CHUNK + 1, 2))
    values, gradient = learned(q), learned.gradient(q)
    assert values.shape == (2 * CHUNK + 1,)
    assert gradient.shape == (2 * CHUNK + 1, 2)
    np.testing.assert_allclose(values[-3:], learned(q[-3:]), rtol=1e-13)
    np.testing.assert_allclose(gradient[-3:], learned.gradient(q[-3:]), rtol=1e-13)


@pytest.mark.parametrize("network", [placed(DATA, 6, 0), glorot(DATA, (5, 4), 0)])
@pytest.mark.parametrize("features", [RADIUS, Features.identity(("q",))])
def test_it_survives_being_saved(tmp_path, network, features):
    learned = potential(network, features)
    path = tmp_path / "weights.pt"
    path.write_bytes(kept(learned))

    back = Potential.load(path)

    q = np.random.default_rng(0).uniform(0.3, 2, (7, len(features.coordinates)))
    np.testing.assert_array_equal(back(q), learned(q))
    np.testing.assert_array_equal(back.gradient(q), learned.gradient(q))
    assert back.features.definitions == features.definitions


def test_a_library_is_kept_as_text(tmp_path):
    learned = Potential(Candidates(("r",), (symbol("r") ** 2,)), torch.ones(1), RADIUS)
    (tmp_path / "weights.pt").write_bytes(kept(learned))
    assert Potential.load(tmp_path / "weights.pt").basis == learned.basis


def test_a_basis_that_cannot_be_kept_says_so():
    network = glorot(torch.rand(9, 1, dtype=torch.float64), (3,), seed=0)
    learned = Potential(Tangent(network, torch.ones(3)), torch.ones(6), RADIUS)
    with pytest.raises(InputError, match="a Tangent basis cannot be saved"):
        learned.state()


def test_missing_weights_are_said_in_one_sentence(tmp_path):
    with pytest.raises(InputError, match="no weights at"):
        Potential.load(tmp_path / "weights.pt")


def test_damaged_weights_are_said_in_one_sentence(tmp_path):
    path = tmp_path / "weights.pt"
    path.write_bytes(b"no weights at all")
    with pytest.raises(InputError):
        Potential.load(path)
