"""What the descent of hidden weights costs: its linear algebra, and what its methods come to."""

from __future__ import annotations

import time

import numpy as np
import pytest
import torch
from torch.func import jacrev, vmap

from systems.catalog import born
from training import match_forces
from training.bases.network import glorot
from training.bases.ridge import RidgeFunctions
from training.optimise.broyden import broyden
from training.optimise.levenberg import levenberg_marquardt
from training.optimise.linearised import linearised
from training.optimise.projection import Limits, Reduced, lbfgs
from training.rows.trajectories import ForceRows
from training.rows.values import ValueRows

pytestmark = pytest.mark.benchmark(timer=time.process_time)

TITLE = "Normal equations of hidden weights"
NOTE = """
JᵀJ and Jᵀr of 3000 samples of the Born series in 768 hidden weights, the output layer projected
out: CPU time of the whole Jacobian by torch.func's jacrev and vmap, projected and squared, over
ours, the best of 3 rounds by turns.
"""
METHODS_TITLE = "Descents of hidden weights"
METHODS_NOTE = """
The force of a double well, by a network 1 × 16 × 16 with its output layer solved for, from 128
points without noise: the relative error of the force on 1000 others, and the CPU time, of the worst
of three seeds. Each ends by itself, after 400 iterations, or where the residual is 5e-7.
"""
FORCES_TITLE = "Forces at places to a millionth"
FORCES_NOTE = """
`match_forces` down to a residual of less than a millionth: the relative error of the force at 1000
other places or more, and the CPU time on one core, of each of so many seeds the median and the
worst. The double well from 128 places, 1/r from 3008 Cartesian ones with 0.3 < r < 3.
"""


@pytest.mark.timeout(900)
def test_normal_equations(race, record):
    samples = born.make().draw(seed=0, count=3000)
    rows = ValueRows.of(samples.x, samples.y, samples.scale**-2.0)
    network = RidgeFunctions.start(64, 12, "exponential", seed=1, biased=False, linear=True)
    reduced = Reduced([rows], [1.0], 1e-10)
    coefficients = reduced.solved(network)[1]

    def whole(_):
        def value(flat, x):
            return network.with_parameters(flat).values(x[None])[0] @ coefficients

        slopes = vmap(jacrev(value), (None, 0))(network.parameters(), rows.x)
        jacobian = rows.importance[:, None] * slopes
        jacobian = torch.cat([jacobian, jacobian.new_zeros(network.size, jacobian.shape[1])])
        design, _, residual = reduced.eliminate(network)
        span = torch.linalg.qr(design).Q
        projected = jacobian - span @ (span.T @ jacobian)
        return projected.T @ projected, projected.T @ residual

    def ours(_):
        found = linearised(network, reduced, reduced.solved(network)[1])
        return found.matrix, found.gradient

    mine, rival = race(ours, whole, rounds=3)
    row = {
        "ours, ms": f"{1e3 * mine.best:.3g}",
        "whole, ms": f"{1e3 * rival.best:.3g}",
        "whole / ours": f"{rival.best / mine.best:.3g}",
    }
    record(TITLE, NOTE, row)
    for found, expected in zip(mine.results[0], rival.results[0], strict=True):
        torch.testing.assert_close(
            found, expected, rtol=0, atol=1e-10 * float(expected.abs().max())
        )
    assert rival.best / mine.best >= 1.5


def slope(q):
    """d/dq of q² (q - 2)² - (q - 1)²."""
    return 2 * q * (q - 2) ** 2 + 2 * q**2 * (q - 2) - 2 * (q - 1)


@pytest.mark.timeout(900)
def test_what_descents_come_to(benchmark, record):
    count = 128
    q = torch.from_numpy(1 + 2.2 * np.cos(np.pi * (np.arange(count) + 0.5) / count))[:, None]
    one = torch.ones(1, count, 1, 1, dtype=torch.float64)
    importance = torch.full((count,), 1 / float(slope(q).norm()), dtype=torch.float64)
    rows = ForceRows(q[None], one, one[0, :1, 0, 0], slope(q), importance)
    reduced = Reduced([rows], [1.0])
    others = torch.linspace(-1.2, 3.2, 1000, dtype=torch.float64)[:, None]

    def descended(descend, seed):
        started = time.process_time()
        start = glorot(q, (16, 16), seed)
        network = descend(start, reduced, Limits(400, 5e-7), lambda *_: None)
        spent = time.process_time() - started
        force = (network.gradients(others) @ reduced.solved(network)[1])[:, 0]
        missed = (force - slope(others)[:, 0]).norm() / slope(others).norm()
        return float(missed), spent

    def all_of_them():
        methods = (levenberg_marquardt, broyden, lbfgs)
        return {each: [descended(each, seed) for seed in range(3)] for each in methods}

    found = benchmark.pedantic(all_of_them, rounds=1)
    worst = {}
    for descend, told in found.items():
        worst[descend], spent = (max(each) for each in zip(*told, strict=True))
        row = {"method": descend.__name__, "error": f"{worst[descend]:.1e}"}
        record(METHODS_TITLE, METHODS_NOTE, row | {"CPU, ms": f"{1e3 * spent:.0f}"})
    assert worst[broyden] < worst[lbfgs]
    assert worst[levenberg_marquardt] < worst[lbfgs]


def of_a_well(count):
    """Places of a double well, its ends more densely than its middle, and the forces there."""
    q = 1 + 2.2 * np.cos(np.pi * (np.arange(count) + 0.5) / count)[:, None]
    return q, -slope(q)


def of_a_charge(count):
    """Places around a charge and the forces 1/r² there."""
    draw = np.random.default_rng(count)
    way = draw.standard_normal((count, 3))
    way /= np.linalg.norm(way, axis=1)[:, None]
    r = draw.uniform(0.3, 3, count)[:, None]
    return way * r, way / r**2


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("name", "field", "count", "hidden", "residual", "seeds"),
    [
        ("double well", of_a_well, 128, (16, 16), 5e-7, 11),
        ("1/r in three dimensions", of_a_charge, 3008, (16,) * 8, 8e-7, 3),
    ],
)
def test_forces_at_places(name, field, count, hidden, residual, seeds, benchmark, record):
    q, force = field(count)
    others, expected = field(4096)
    limits = Limits(20_000, residual)

    def learned(seed):
        started = time.process_time()
        found = match_forces(q, force, hidden, seed, limits)
        spent = time.process_time() - started
        missed = np.linalg.norm(found.gradient(others) + expected) / np.linalg.norm(expected)
        return missed, spent

    match_forces(q, force, hidden, limits=Limits(2, 0.0))
    found = benchmark.pedantic(lambda: [learned(seed) for seed in range(seeds)], rounds=1)
    errors, seconds = (sorted(each) for each in zip(*found, strict=True))
    row = {
        "forces": name,
        "network": " × ".join(map(str, (q.shape[1], *hidden, 1))),
        "seeds": str(seeds),
        "median error": f"{np.median(errors):.1e}",
        "worst": f"{errors[-1]:.1e}",
        "median CPU, s": f"{np.median(seconds):.3g}",
        "worst CPU, s": f"{seconds[-1]:.3g}",
    }
    record(FORCES_TITLE, FORCES_NOTE, row)
    assert np.median(errors) < 1e-6
