"""The loops of forces beside torch's double backward, and what happens where nothing compiles."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

import systems
from training.bases.perceptron import Perceptron
from training.features import Features
from training.matching import compiler, in_torch
from training.matching.force_matching import ACTIVATIONS, ALONE, Matching, Points
from training.matching.in_torch import InTorch
from training.recipes import paper
from training.settings import Settings

needs_compiler = pytest.mark.skipif(compiler._compiler() is None, reason="there is no C++ compiler")
SHAPES = [
    (1, 1, (16, 16), 1000),
    (3, 6, (16,) * 8, 777),
    (1, 6, (7, 5), 130),
    (2, 2, (33,), 65),
    (3, 3, (4, 9, 2), 1),
]
"""Features, coordinates, hidden layers and points: full blocks, and what is left of one."""


@pytest.fixture
def another(monkeypatch):
    """A way to name another compiler, none of which is remembered afterwards."""

    def forget():
        for known in (compiler.library, compiler._compiler, compiler._knowledge):
            known.cache_clear()

    def named(**environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        forget()

    yield named
    forget()


def problem(shape, dtype, activation="tanh", output="linear"):
    """A network with biases, and points with dx/dq and dV/dq drawn at random."""
    features, coordinates, hidden, count = shape
    draw = torch.Generator().manual_seed(1)

    def normal(*size):
        return torch.randn(*size, generator=draw, dtype=torch.float64).to(dtype)

    network = Perceptron.glorot(features, hidden, 0, activation, output)
    weights = tuple(weight.to(dtype) for weight in network.weights)
    biases = tuple(0.3 * normal(*bias.shape) for bias in network.biases)
    jacobian = normal(count, coordinates, features)
    if features == coordinates:
        jacobian = torch.eye(features, dtype=dtype).expand(count, -1, -1)
    network = replace(network, weights=weights, biases=biases)
    return network, (normal(count, features), jacobian, normal(count, coordinates))


def doubly(network, x, jacobian, force, scale):
    """The loss and its gradient as torch finds them."""
    flat = network.parameters().requires_grad_(True)
    x = x.clone().requires_grad_(True)
    current = network.with_parameters(flat)
    (slope,) = torch.autograd.grad(current.values(x).sum(), x, create_graph=True)
    gradient = (jacobian @ slope[:, :, None])[:, :, 0]
    loss = scale * (gradient - force).square().sum()
    (found,) = torch.autograd.grad(loss, flat)
    return float(loss.detach()), found


loops = pytest.mark.parametrize(
    "made", [pytest.param(Matching.of, marks=needs_compiler), InTorch], ids=["compiled", "torch"]
)


@loops
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("output", ["linear", "exp"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_loss_and_gradient_are_those_of_double_backward(dtype, activation, output, shape, made):
    network, points = problem(shape, dtype, activation, output)
    matching = made(network)
    loss, gradient = matching.with_gradient(network.parameters(), Points.shared(*points), 0.5)
    true, slope = doubly(network, *points, 0.5)
    exact = 1e-12 if dtype is torch.float64 else 1e-4
    assert float(loss) == pytest.approx(true, rel=exact)
    np.testing.assert_allclose(gradient, slope, rtol=0, atol=exact * float(slope.abs().max()))


def test_by_torch_stretches_add_up_and_leave_nothing_behind(monkeypatch):
    """Full ones and one that is shorter, in two parts, twice in the same room."""
    network, points = problem((2, 3, (5, 4), 333), torch.float64, output="exp")
    monkeypatch.setitem(in_torch.TOGETHER, "cpu", 100)
    parts = [Points.of(*(each[some] for each in points)) for some in (slice(150), slice(150, 333))]
    loop, flat = InTorch(network), network.parameters()
    loop.with_gradient(2 * flat, parts, 0.5)
    loss, gradient = loop.with_gradient(flat, parts, 0.5)
    true, slope = doubly(network, *points, 0.5)
    assert float(loss) == pytest.approx(true, rel=1e-12)
    np.testing.assert_allclose(gradient, slope, rtol=0, atol=1e-12 * float(slope.abs().max()))


@loops
def test_it_is_a_function_in_torchs_graph(made):
    network, points = problem(SHAPES[0], torch.float64)
    flat = network.parameters().requires_grad_(True)
    loss = made(network)(flat, Points.shared(*points), 1.0)
    (2 * loss).backward()
    _, slope = doubly(network, *points, 2.0)
    np.testing.assert_allclose(flat.grad, slope, rtol=0, atol=1e-12 * float(slope.abs().max()))


@needs_compiler
@pytest.mark.parametrize("size", [30.0, 3000.0])
def test_saturated_units_have_no_slope(size):
    """tanh at ±30 and at ±3000, far beyond what the exponential can say."""
    network, points = problem(SHAPES[1], torch.float64)
    network = network.with_parameters(size * network.parameters())
    loss, gradient = Matching.of(network).with_gradient(
        network.parameters(), Points.shared(*points), 1.0
    )
    true, _ = doubly(network, *points, 1.0)
    assert loss == pytest.approx(true, rel=1e-9)
    assert gradient.isfinite().all()


@needs_compiler
def test_what_is_no_number_stays_none():
    network, points = problem(SHAPES[0], torch.float32, output="exp")
    for bad in (np.nan, 1e30):
        wild = network.with_parameters(torch.full_like(network.parameters(), bad))
        loss, _ = Matching.of(wild).with_gradient(wild.parameters(), Points.shared(*points), 1.0)
        assert not loss.isfinite()


@needs_compiler
def test_threads_share_the_points():
    network, points = problem((2, 3, (8, 8), 3 * ALONE + 5), torch.float64)
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        parts = Points.shared(*points)
        loss, gradient = Matching.of(network).with_gradient(network.parameters(), parts, 1.0)
    finally:
        torch.set_num_threads(before)
    assert len(parts) == 3
    true, slope = doubly(network, *points, 1.0)
    assert loss == pytest.approx(true, rel=1e-12)
    np.testing.assert_allclose(gradient, slope, rtol=0, atol=1e-12 * float(slope.abs().max()))


@pytest.mark.parametrize("activation", ["gelu", "sin"])
def test_other_activations_are_left_to_torch(activation):
    network, _ = problem(SHAPES[0], torch.float32, activation)
    assert Matching.of(network) is None


@pytest.mark.parametrize("compiler_", ["", "no-such-compiler", "false", "true"])
def test_without_a_compiler_torch_takes_the_same_steps(compiler_, another):
    data = systems.get("oscillator").motion()
    q, p = np.random.default_rng(0).standard_normal((2, 3, 1))
    data = data.verlet(q, p, 0.05, 60)
    features = Features.identity(("q",))
    asked = Settings(recipe="paper", iterations=30)

    def trained():
        return paper.train_paper(systems.get("oscillator"), data, asked, features)

    mine = trained()
    another(CXX=compiler_)
    plain = trained()
    assert not plain.compiled
    np.testing.assert_allclose(plain.basis.parameters(), mine.basis.parameters(), rtol=0, atol=1e-4)


@needs_compiler
def test_a_cache_that_cannot_be_written_is_done_without(another, tmp_path):
    """And what was compiled once is found again."""
    (tmp_path / "file").touch()
    another(XDG_CACHE_HOME=str(tmp_path / "file"))
    network, _ = problem(SHAPES[0], torch.float32)
    assert Matching.of(network) is None
    another(XDG_CACHE_HOME=str(tmp_path))
    assert Matching.of(network) is not None
    (made,) = (tmp_path / "interpret").iterdir()
    stamp = made.stat().st_mtime_ns
    another(XDG_CACHE_HOME=str(tmp_path))
    assert Matching.of(network) is not None
    assert made.stat().st_mtime_ns == stamp
