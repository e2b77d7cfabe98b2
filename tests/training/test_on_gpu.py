"""What a GPU does in one kernel, in recorded steps and in batches, beside what torch does here.

The kernel's own arithmetic is tested wherever Triton is: by its interpreter where there is no GPU.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.training.test_levels import SMALL, samples  # noqa: F401
from tests.training.test_matching import doubly, problem
from training.bases.network import glorot
from training.learn.levels.level_network import learn_levels
from training.matching import on_gpu
from training.matching.force_matching import ACTIVATIONS, Points
from training.matching.loops import loop
from training.matching.on_gpu import GpuMatching
from training.optimise.checkpoint import Checkpoint
from training.optimise.gradient import descend
from training.optimise.projection import Limits, Reduced
from training.optimise.recorded import Recorded
from training.optimise.restarts import furthest, together
from training.optimise.rules import adam, cosine_adamw, gradient_descent
from training.optimise.watch import Monitor
from training.rows.trajectories import levels

SHAPES = [(1, 1, (16, 16), 1000), (1, 6, (7, 20), 130), (3, 3, (4, 9), 65), (2, 4, (16, 32), 1)]
"""Features, coordinates, hidden layers and points: full blocks, and what is left of one."""


interpreted = pytest.mark.skipif(
    not on_gpu.has_triton() or torch.cuda.is_available(),
    reason="there is no Triton, or a GPU, which runs the kernel itself",
)
"""By Triton's interpreter: see `tests/conftest.py`."""


def agrees(matching, network, points, dtype):
    """Whether loss and gradient are those of double backward."""
    where = network.weights[0].device
    own = Points.shared(*(part.to(where) for part in points))
    loss, gradient = matching.with_gradient(network.parameters(), own, 0.3)
    true, slope = doubly(network, *(part.to(where) for part in points), 0.3)
    exact = 1e-12 if dtype is torch.float64 else 1e-4
    assert float(loss) == pytest.approx(true, rel=exact)
    np.testing.assert_allclose(
        gradient.cpu(), slope.cpu(), rtol=0, atol=exact * float(slope.abs().max())
    )


@interpreted
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize(
    ("activation", "output"), [("tanh", "linear"), ("softplus", "exp"), ("elu", "linear")]
)
def test_the_kernel_interpreted_is_double_backward(shape, activation, output):
    network, points = problem(shape, torch.float64, activation, output)
    agrees(GpuMatching.kernel(network, 3), network, points, torch.float64)


@interpreted
def test_single_precision_stays_single():
    network, points = problem(SHAPES[0], torch.float32)
    agrees(GpuMatching.kernel(network, 3), network, points, torch.float32)


@pytest.mark.parametrize("hidden", [(16,), (16,) * 3, (64, 64)], ids=str)
def test_what_the_kernel_does_not_know(hidden):
    network, _ = problem((1, 1, hidden, 3), torch.float32)
    assert not on_gpu.known(network)


def test_on_a_cpu_there_is_none():
    network, _ = problem(SHAPES[0], torch.float32)
    assert on_gpu.known(network)
    assert GpuMatching.of(network) is None


@pytest.mark.gpu
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("output", ["linear", "exp"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_the_kernel_is_double_backward(dtype, activation, output, shape):
    network, points = problem(shape, dtype, activation, output)
    network = network.to(torch.zeros(0, dtype=dtype, device="cuda"))
    matching = loop(network)
    assert isinstance(matching, GpuMatching)
    agrees(matching, network, points, dtype)


class Valley:
    """A loss of two kinds of steps, whose minimum moves: the steps tell where in `at`."""

    def __init__(self, device):
        self.at = torch.zeros(3, dtype=torch.float64, device=device)
        self.sizes = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64, device=device)

    def prepare(self, step):
        self.at.fill_(step / 10)
        return step % 2

    def parts(self, flat, kind):
        yield ((flat - self.at) ** (2 + 2 * kind) * self.sizes).sum()
        yield flat.sin().sum()

    def __call__(self, flat, step):
        return self.parts(flat, self.prepare(step))


RULES = {
    "descent": gradient_descent(0.01),
    "adam": adam(0.02),
    "cosine": cosine_adamw(0.02, 40, warmup=5, decay=0.1),
}


@pytest.mark.gpu
@pytest.mark.parametrize("rule", RULES)
def test_recorded_steps_are_the_same_steps(rule, monkeypatch):
    replayed = []
    recorded = Recorded._recorded
    monkeypatch.setattr(
        Recorded, "_recorded", lambda self, kind: replayed.append(kind) or recorded(self, kind)
    )
    start = torch.tensor([0.3, -0.2, 0.5], dtype=torch.float64)
    there = descend(Valley("cuda"), start.cuda(), RULES[rule], 40)
    here = descend(Valley("cpu"), start, RULES[rule], 40)
    assert replayed == [0, 1]
    torch.testing.assert_close(there.parameters.cpu(), here.parameters, rtol=1e-6, atol=1e-9)
    assert there.history == pytest.approx(here.history, rel=1e-6)


@pytest.mark.gpu
@pytest.mark.parametrize(("first", "then"), [("cuda", "cpu"), ("cpu", "cuda"), ("cuda", "cuda")])
@pytest.mark.parametrize("rule", RULES)
def test_a_descent_goes_on_on_the_other_device(rule, first, then):
    start = torch.tensor([0.3, -0.2, 0.5], dtype=torch.float64)
    whole = descend(Valley("cpu"), start, RULES[rule], 40)
    kept = Monitor(checkpoint=Checkpoint())
    descend(Valley(first), start.to(first), RULES[rule], 17, kept)
    resumed = descend(Valley(then), start.to(then), RULES[rule], 40, kept)
    torch.testing.assert_close(resumed.parameters.cpu(), whole.parameters, rtol=1e-6, atol=1e-9)


@pytest.mark.gpu
def test_levels_are_learned_alike(samples):  # noqa: F811
    settings = replace(SMALL, steps=300)
    here = learn_levels(samples, settings=settings)
    there = learn_levels(samples, settings=settings, device="cuda")
    assert there.history[-1] == pytest.approx(here.history[-1], rel=0.2)
    assert there.history[-1] < there.history[0]


@pytest.mark.gpu
def test_restarts_are_the_same_in_a_batch_there():
    x = torch.linspace(-1, 1, 200, dtype=torch.float64)[:, None]
    rows = levels(x, torch.exp(x[:, 0]), torch.zeros(200, dtype=torch.int64), "V")
    starts = [glorot(x, (6,), seed) for seed in range(8)]
    like = torch.zeros(0, dtype=torch.float64, device="cuda")
    here, there = Reduced([rows], [1.0]), Reduced([rows.to(like)], [1.0])
    weights = torch.stack([start.parameters() for start in starts])
    loss, slope = together(starts[0], here)(weights)
    loss_there, slope_there = together(starts[0].to(like), there)(weights.to(like))
    torch.testing.assert_close(loss_there.cpu(), loss, rtol=1e-6, atol=1e-20)
    torch.testing.assert_close(slope_there.cpu(), slope, rtol=1e-4, atol=1e-9)
    best = furthest([start.to(like) for start in starts], there, Limits(40, 0.0))
    assert there.loss(best) < 0.1 * float(loss.min())
