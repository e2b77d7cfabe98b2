"""A step of gradient descent on the paper's networks: ours beside torch and JAX."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap

import systems
from systems import Trajectories
from tests.benchmarks.jax_step import JaxDescent
from training.bases.perceptron import Perceptron
from training.features import Features
from training.recipes.paper import paper_settings

pytestmark = pytest.mark.benchmark(timer=time.process_time)

TITLE = "Step cost of gradient descent"
NOTE = """
A full-batch step on the mean of |dp/dt + dV/dq|^2 in single precision, as the paper takes it: CPU
time of the others over ours, the best of 3 rounds by turns. Ours is compiled for this processor on
first use, where there is a C++ compiler; by torch: the same recipe without one. Double backward:
torch.nn and SGD, with create_graph, on the whole batch at once. vmap: the same with torch.func's
vmap(grad) of the network at a point. JAX: jit of one tangent along the residual and one pass back,
over chunks of 1000 points by lax.scan. All take the same steps from the same weights: their
gradients agree after three.
"""
POINTS = (1_000, 10_000, 100_000)
SAMPLES_IN_ALL = 200_000
FEW = 3
Slope = Callable[["Plain", Tensor], Tensor]


def motion(name: str, points: int) -> Trajectories:
    """Trajectories that give 100 forward differences each."""
    system = systems.get(name)
    shape = (2, points // 100, len(system.motion().coordinates))
    q, p = np.random.default_rng(0).standard_normal(shape)
    return system.motion().verlet(q, p, 1e-3, 100)


class Plain(nn.Module):
    """The network as torch.nn has it, on q or on q1 - q2, with the weights of ours."""

    def __init__(self, ours: Perceptron) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for weight, bias in zip(ours.weights, ours.biases, strict=True):
            layer = nn.Linear(*weight.shape)
            layer.weight.data, layer.bias.data = weight.T.clone(), bias.clone()
            layers += [layer, nn.Tanh()]
        self.stack = nn.Sequential(*layers[:-1])

    def forward(self, q: Tensor) -> Tensor:
        x = q[:, :3] - q[:, 3:] if q.shape[1] == 6 else q
        return self.stack(x).sum()


def differences(data: Trajectories) -> tuple[np.ndarray, np.ndarray]:
    """The places, and the forces by forward differences there."""
    q = np.concatenate([item.q[:-1] for item in data])
    force = np.concatenate([-np.diff(item.p, axis=0) / np.diff(item.t)[:, None] for item in data])
    return q, force


def single(q: np.ndarray) -> Tensor:
    """The points in single precision, to be differentiated in."""
    return torch.tensor(q, dtype=torch.float32, requires_grad=True)


def double_backward(network: Plain, q: Tensor) -> Tensor:
    """dV/dq of the batch, differentiable in the weights."""
    return torch.autograd.grad(network(q), q, create_graph=True)[0]


def mapped(network: Plain, q: Tensor) -> Tensor:
    """dV/dq point by point, differentiable in the weights."""
    weights = dict(network.named_parameters())
    return vmap(grad(lambda point: functional_call(network, weights, (point[None],))))(q)


def plain_descent(
    network: Plain, data: Trajectories, rate: float, steps: int, slope: Slope
) -> float:
    """Train the network; CPU seconds a step after the first."""
    q, force = differences(data)
    inputs = single(q)
    truth = torch.tensor(force, dtype=torch.float32)
    optimizer = torch.optim.SGD(network.parameters(), lr=rate)
    for step in range(steps):
        if step == 1:
            started = time.process_time()
        optimizer.zero_grad()
        (slope(network, inputs) - truth).square().mean().backward()
        optimizer.step()
    return (time.process_time() - started) / (steps - 1)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("points", POINTS)
@pytest.mark.parametrize("name", ["double_well", "coulomb"])
def test_step_cost(name, points, race, record, descended):
    system = systems.get(name)
    data = motion(name, points)
    features = Features.identity(data.coordinates)
    paper = paper_settings(name, features)
    steps = 1 + max(3, SAMPLES_IN_ALL // points)
    inputs = 3 if name == "coulomb" else 1

    def ours(steps):
        return descended(system, data, features, steps, compiled=True)

    def by_jax(steps):
        q, force = (part.astype(np.float32) for part in differences(data))
        if name == "coulomb":
            # On q1 - q2 the two charges' forces are one another's opposites.
            q, force = q[:, :3] - q[:, 3:], (force[:, :3] - force[:, 3:]) / 2
        descent = JaxDescent(Perceptron.glorot(inputs, paper.hidden, 0), q, force, paper.rate)
        return descent, descent.run(steps)

    def theirs(slope, steps):
        network = Plain(Perceptron.glorot(inputs, paper.hidden, seed=0))
        return network, plain_descent(network, data, paper.rate, steps, slope)

    at = data[0].q[:, :3] - data[0].q[:, 3:] if name == "coulomb" else data[0].q
    truth = ours(FEW)[0].gradient(data[0].q)
    for slope in (double_backward, mapped):
        found = slope(theirs(slope, FEW)[0], single(data[0].q)).detach()
        np.testing.assert_allclose(found, truth, rtol=0, atol=1e-4 * abs(truth).max())
    by_name = {
        "by torch": lambda _: descended(system, data, features, steps),
        "double backward": lambda _: theirs(double_backward, steps),
        "vmap": lambda _: theirs(mapped, steps),
    }
    if find_spec("jax") is not None:
        found = by_jax(FEW)[0].trained().gradients(single(at).detach())[:, :, 0]
        np.testing.assert_allclose(found, truth[:, :inputs], rtol=0, atol=1e-4 * abs(truth).max())
        by_name["JAX"] = lambda _: by_jax(steps)
    watches = race(lambda _: ours(steps), *by_name.values())
    mine, *others = (min(seconds for _, seconds in watch.results) for watch in watches)
    row = {
        "network": " × ".join(map(str, (inputs, *paper.hidden, 1))),
        "points": f"{points:,}",
        "ours, ms": f"{1e3 * mine:.3g}",
    }
    ratios = zip(by_name, others, strict=True)
    row |= {f"{each} / ours": f"{seconds / mine:.2f}" for each, seconds in ratios}
    record(TITLE, NOTE, row)
