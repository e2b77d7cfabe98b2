"""The Euler–Lagrange residual by one tangent beside the full Hessian, as the reports have it."""

from __future__ import annotations

import time

import pytest
import torch

from tests.benchmarks.lagrangian_network import LagrangianNetwork
from tests.benchmarks.tangents import (
    accelerations,
    accelerations_full_hessian,
    euler_lagrange_residual,
)

pytestmark = pytest.mark.benchmark(timer=time.process_time)

TITLE = "Euler–Lagrange residual by tangents"
NOTE = """
L = |q̇|²/2 + a tanh network 2d × 64 × 64 × 1, in double precision. Full Hessian: accelerations
M⁻¹ (∂L/∂q - C q̇) minus the data's, by torch.func's hessian, jacrev(jacrev), solve and vmap. Ours:
the residual d/dt ∂L/∂q̇ - ∂L/∂q by one tangent forward and one pass back, written out for the
network. Any L: the same by torch.func, which takes any Lagrangian. Tangents and solve: the full
Hessian's numbers from d + 1 tangents. Forward: these numbers alone. Train: the mean of their
squares, with its gradient in all weights. Ratios are of the medians of 9 rounds by turns, in CPU
time.
"""
HIDDEN = (64, 64)
ROUNDS = 9
REPEATS = {"full Hessian": 1, "ours": 10, "any L": 5, "tangents and solve": 2}
"""The quick ones are done several times a round, so that the clock can tell them."""
LEAST = {2: 4.0, 10: 8.0, 30: 18.0}
"""What even a busy machine shows, full Hessian over ours; it usually shows twice as much."""


@pytest.mark.timeout(600)
@pytest.mark.parametrize("work", ["forward", "train"])
@pytest.mark.parametrize("samples", [128, 1000])
@pytest.mark.parametrize("d", LEAST)
def test_tangents_beat_the_full_hessian(d, samples, work, race, record):
    network = LagrangianNetwork.glorot(d, HIDDEN, seed=0)
    weights = network.parameters()
    generator = torch.Generator().manual_seed(1)
    q, qd, qdd = torch.randn(3, samples, d, generator=generator, dtype=torch.float64)

    def lagrangian(q, qd, flat):
        return network.with_parameters(flat)(q, qd)

    hessian = accelerations_full_hessian(lagrangian)
    tangents = accelerations(lagrangian)
    residual = euler_lagrange_residual(lagrangian)
    forms = {
        "full Hessian": lambda flat: hessian(q, qd, flat) - qdd,
        "ours": lambda flat: network.with_parameters(flat).residual(q, qd, qdd),
        "any L": lambda flat: residual(q, qd, qdd, flat),
        "tangents and solve": lambda flat: tangents(q, qd, flat) - qdd,
    }

    def forward(form):
        with torch.no_grad():
            return form(weights)

    def train(form):
        flat = weights.clone().requires_grad_(True)
        return torch.autograd.grad(form(flat).square().mean(), flat)[0]

    done = {"forward": forward, "train": train}[work]
    for one, other in [("full Hessian", "tangents and solve"), ("ours", "any L")]:
        torch.testing.assert_close(done(forms[one]), done(forms[other]), rtol=1e-9, atol=1e-12)
    moving = hessian(q, qd, weights)
    assert network.residual(q, qd, moving).abs().max() < 1e-12 * (1 + moving.abs().max())

    def repeated(name):
        def run(_):
            for _ in range(REPEATS[name]):
                done(forms[name])

        return run

    watches = race(*map(repeated, forms), rounds=ROUNDS)
    cost = {name: watch.usual / REPEATS[name] for name, watch in zip(forms, watches, strict=True)}
    full, *others = forms
    row = {
        "d": str(d),
        "samples": f"{samples:,}",
        "work": work,
        "full Hessian, ms": f"{1e3 * cost[full]:.3g}",
        **{f"full Hessian / {name}": f"{cost[full] / cost[name]:.1f}" for name in others},
    }
    record(TITLE, NOTE, row)
    assert cost[full] > LEAST[d] * cost["ours"]
