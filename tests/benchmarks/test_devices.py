"""A step of training on a GPU beside one core; `make bench-gpu`."""

from __future__ import annotations

import time

import pytest
import torch

from training.bases.network import glorot
from training.optimise.projection import Reduced
from training.rows.trajectories import ForceRows

TITLE = "A step on a GPU"
NOTE = """
The reduced loss of variable projection and its gradient in all hidden weights, in double precision,
of a network 1 × 16 × 16 × 1 at so many points, in seconds of the clock after a warm-up: one core,
and the GPU with all its kernels done. Both find the same loss.
"""
POINTS = (10_000, 1_000_000)


def problem(points: int, device: str) -> tuple[Reduced, object, torch.Tensor]:
    """Points of a double well, and a network to be trained on them."""
    x = torch.linspace(-1.5, 1.5, points, dtype=torch.float64)[:, None]
    force = x**3 - x
    importance = torch.full((points,), float(1 / force.norm()), dtype=torch.float64)
    one = torch.ones(1, dtype=torch.float64)
    rows = ForceRows(x[None], torch.ones(1, points, 1, 1).double(), one, force, importance)
    network = glorot(x, (16, 16), 0)
    like = torch.zeros(0, dtype=torch.float64, device=device)
    network = network.to(like)
    return Reduced([rows.to(like)], [1.0]), network, network.parameters()


def step(points: int, device: str, rounds: int = 3) -> tuple[float, float]:
    """The best of the seconds that a step takes, and the loss."""
    reduced, network, flat = problem(points, device)
    best = float("inf")
    for _ in range(rounds + 1):
        if device == "cuda":
            torch.cuda.synchronize()
        started = time.perf_counter()
        loss, _ = reduced.loss_and_gradient(network, flat)
        if device == "cuda":
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - started)
    return best, loss


@pytest.mark.gpu
@pytest.mark.parametrize("points", POINTS)
def test_a_step_on_a_gpu(points, benchmark, record):
    core, expected = step(points, "cpu")
    gpu, loss = benchmark.pedantic(step, (points, "cuda"), rounds=1)
    row = {
        "points": f"{points:,}",
        "one core, ms": f"{1e3 * core:.3g}",
        "GPU, ms": f"{1e3 * gpu:.3g}",
        "core / GPU": f"{core / gpu:.3g}",
        "GPU": torch.cuda.get_device_name(),
    }
    record(TITLE, NOTE, row)
    assert loss == pytest.approx(expected, rel=1e-6)


def test_the_same_on_a_core(benchmark):
    """What is timed on a GPU runs where there is none."""
    _, loss = benchmark.pedantic(step, (1_000, "cpu", 1), rounds=1)
    assert 0 < loss < 1
