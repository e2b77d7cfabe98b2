"""The paper's own recipe: its settings, its loss, its bias, and that it trains."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

import systems
from systems import InputError, Trajectories
from systems.expressions import symbol
from training.bases.candidates import Candidates
from training.bases.perceptron import Perceptron
from training.features import Features
from training.matching.force_matching import Matching
from training.optimise.checkpoint import Checkpoint
from training.optimise.watch import Monitor
from training.recipes import paper
from training.rows import trajectories as rows
from training.settings import Settings

COULOMB = ("x1", "y1", "z1", "x2", "y2", "z2")


def circles(points=200, size=1.0):
    """The oscillator's trajectories, shorter."""
    t = 0.05 * np.arange(points)
    radius = size * np.arange(1, 4)[:, None, None]
    wave = t[None, :, None]
    return Trajectories.from_arrays(("q",), (1.0,), t, radius * np.sin(wave), radius * np.cos(wave))


def charges(count, points):
    system = systems.get("coulomb")
    starts = np.random.default_rng(5).standard_normal((2, count, 6))
    return system.motion().verlet(starts[0], starts[1], 0.001, points - 1)


def trained(name, data, features=None, **settings):
    features = features or Features.identity(data.coordinates)
    return paper.train_paper(
        systems.get(name), data, Settings(recipe="paper", **settings), features
    )


def forward_residuals(network, data, features, trajectories=None, window=slice(None)):
    """(p_+ - p)/h + dV/dq, point by point, of a network in double precision; shape (n, d)."""
    network = network.to(torch.zeros(0, dtype=torch.float64))
    residuals = []
    for item in list(data)[slice(None) if trajectories is None else trajectories]:
        t, q, p = item.t[window], item.q[window], item.p[window]
        x = torch.from_numpy(np.ascontiguousarray(features.values(q[:-1])))
        slope = network.gradients(x)[:, :, 0].numpy()
        force = np.einsum("ndf,nf->nd", features.jacobian(q[:-1]), slope)
        residuals.append(np.diff(p, axis=0) / np.diff(t)[:, None] + force)
    return np.concatenate(residuals)


# The settings


@pytest.mark.parametrize(
    ("name", "coordinates", "hidden", "rate", "steps", "threshold"),
    [
        ("oscillator", ["q"], (16, 16), 0.01, 50_000, 0.04),
        ("double_well", ["q"], (16, 16), 0.01, 50_000, 0.5),
        ("central_force", ["r"], (16, 16), 0.001, 500_000, 0.15),
        ("coulomb", COULOMB, (16,) * 8, 0.01, 3 * 500_000, 0.04),
        ("pendulum", ["angle"], (16, 16), 0.01, 50_000, 0.5),
    ],
)
def test_the_settings_are_those_of_the_scripts(name, coordinates, hidden, rate, steps, threshold):
    found = paper.paper_settings(name, Features.identity(coordinates))

    assert (found.hidden, found.rate, found.steps) == (hidden, rate, steps)
    assert found.threshold == threshold


def test_charges_are_trained_on_their_distance_when_it_is_given():
    distance = Features.of(COULOMB, systems.get("coulomb").motion().features)

    found = paper.paper_settings("coulomb", distance)

    assert (found.hidden, found.rate, found.steps) == ((256, 256), 0.05, 50_000)
    assert (found.threshold, found.batch) == (0.05, 10)
    assert paper.paper_settings("coulomb", paper.differences(COULOMB)).threshold == 0.04


# The loss


def test_the_first_loss_is_the_mean_square_of_the_forward_residuals():
    data = circles()

    fit = trained("oscillator", data, iterations=1, seed=4)

    start = Perceptron.glorot(1, (16, 16), seed=4)
    expected = (forward_residuals(start, data, fit.features) ** 2).mean()
    assert fit.history == pytest.approx([expected], rel=1e-5)


def test_a_step_is_one_of_gradient_descent():
    data = circles()
    start = Perceptron.glorot(1, (16, 16), seed=0)
    flat = start.parameters().double().requires_grad_(True)
    q = torch.from_numpy(np.concatenate([item.q[:-1] for item in data]))
    forward = rows.forward(data, Features.identity(["q"]), [np.arange(199)] * 3)
    network = start.to(flat).with_parameters(flat)
    loss = (network.gradients(q)[:, :, 0] - forward.force).square().mean()
    (slope,) = torch.autograd.grad(loss, flat)

    fit = trained("oscillator", data, iterations=1)

    moved = fit.basis.parameters().double() - flat.detach()
    torch.testing.assert_close(moved, -0.01 * slope, rtol=1e-3, atol=1e-6)


def test_large_batches_are_summed_in_parts(monkeypatch):
    """By torch, as where nothing is compiled."""
    data = circles(points=5001)
    monkeypatch.setattr(Matching, "of", lambda network: None)

    fit = trained("oscillator", data, iterations=1)

    start = Perceptron.glorot(1, (16, 16), seed=0)
    expected = (forward_residuals(start, data, fit.features) ** 2).mean()
    assert fit.history == pytest.approx([expected], rel=1e-4)


def test_charges_on_raw_coordinates_use_the_differences_and_a_hundred_points_at_a_time(monkeypatch):
    data = charges(count=3, points=301)
    standing = replace(paper.COULOMB_DIFFERENCE, rate=0.0)
    monkeypatch.setattr(paper, "COULOMB_DIFFERENCE", standing)

    fit = trained("coulomb", data, iterations=6)

    start = Perceptron.glorot(3, (16,) * 8, seed=0)
    windows = [slice(1, 101), slice(101, 201), slice(201, 301)]
    expected = [
        forward_residuals(start, data, paper.differences(COULOMB), window=window)
        for window in windows
    ]
    assert fit.features == paper.differences(COULOMB)
    assert [each.shape for each in expected] == [(3 * 99, 6)] * 3
    assert fit.prepared.families[0].force.shape == (3 * 99, 6)
    losses = np.repeat([(each**2).mean() for each in expected], 2)
    assert fit.history == pytest.approx(losses, rel=1e-4)
    assert len(set(fit.history)) == 3


def test_charges_on_the_distance_are_trained_ten_trajectories_at_a_time(monkeypatch):
    data = charges(count=25, points=20)
    features = Features.of(COULOMB, systems.get("coulomb").motion().features)
    standing = replace(paper.COULOMB_DISTANCE, rate=0.0, hidden=(4,))
    monkeypatch.setitem(paper.BY_NAME, "coulomb", standing)

    fit = trained("coulomb", data, features, iterations=4)

    start = Perceptron.glorot(1, (4,), seed=0)
    parts = [slice(0, 10), slice(10, 20), slice(20, 25), slice(0, 10)]
    squares = [forward_residuals(start, data, features, part) ** 2 for part in parts]
    assert fit.history == pytest.approx([square.mean() for square in squares], rel=1e-4)


def along_r():
    t = 0.01 * np.arange(60)
    return Trajectories.from_velocities(("r",), (1.0,), [(t, 2 + t[:, None], np.cos(t)[:, None])])


def test_the_central_force_is_trained_with_elu_then_with_softplus():
    """100 steps, the first 6 with ELU: loss by loss as written out here."""
    data = along_r()

    fit = trained("central_force", data, iterations=100)

    network = Perceptron.glorot(1, (16, 16), 0, activation="elu", output="exp")
    (item,) = data
    q = torch.from_numpy(item.q[:-1])
    force = torch.from_numpy(-np.diff(item.p, axis=0) / 0.01)
    flat = network.parameters().double()
    losses = []
    for step in range(10):
        if step == 6:
            network = replace(network, activation="softplus")
            biases = network.with_parameters(flat)
            weights, (first, *later) = biases.weights, biases.biases
            later = [b - w.sum(0) for b, w in zip(later, weights[1:], strict=True)]
            flat = replace(biases, biases=(first, *later)).parameters()
        flat = flat.detach().requires_grad_(True)
        slope = network.with_parameters(flat).gradients(q)[:, :, 0]
        loss = (slope - force).square().mean()
        losses.append(float(loss.detach()))
        flat = flat - 0.001 * torch.autograd.grad(loss, flat)[0]
    assert fit.history[:10] == pytest.approx(losses, rel=1e-4)
    assert (fit.basis.activation, fit.basis.output) == ("softplus", "exp")


# The bias


def forward_bias(every):
    """The worst relative error of T1's coefficients by least squares on the forward rows."""
    system = systems.get("double_well")
    q = symbol("q")
    sampled = system.draw("T1", seed=0)
    items = [(item.t[::every], item.q[::every], item.p[::every]) for item in sampled]
    data = Trajectories.from_velocities(("q",), (1.0,), items)
    chosen = [np.arange(len(item) - 1) for item in data]
    forward = rows.forward(data, Features.identity(["q"]), chosen)
    design = Candidates(("q",), (q, q**2, q**3, q**4)).gradients(forward.x[0])[:, 0]
    solved = torch.linalg.lstsq(design, forward.force).solution[:, 0]
    truth = torch.tensor([2.0, 3.0, -4.0, 1.0], dtype=torch.float64)
    return float(((solved - truth) / truth).abs().max())


def test_the_forward_difference_is_biased_at_first_order():
    """No training can beat it: 1e-4 at the paper's h = 0.001, twice that at 0.002."""
    bias = forward_bias(every=1)

    assert 2e-5 < bias < 5e-4
    assert forward_bias(every=2) == pytest.approx(2 * bias, rel=0.1)


# The fit


@pytest.mark.slow
def test_it_learns_the_oscillator_slowly():
    data = circles()

    fit = trained("oscillator", data, iterations=600)

    q = np.linspace(-2, 2, 9)[:, None]
    assert fit.history[-1] < 0.1 * fit.history[0]
    assert np.abs(fit.gradient(q) - q).max() < 0.5
    assert fit.steps == 600
    assert fit.basis.parameters().dtype == torch.float32


def test_the_residual_is_that_of_the_forward_rows():
    fit = trained("oscillator", circles(), iterations=20)

    (family,) = fit.prepared.families
    double = torch.zeros(0, dtype=torch.float64)
    design = family.design(fit.basis.to(double))
    expected = float((design[:, 0] - family.truth).norm())
    assert fit.residuals == pytest.approx((expected,), rel=1e-5)
    assert fit.weights == (1.0,)
    assert float(family.truth.norm()) == pytest.approx(1.0)


def test_an_interrupted_training_goes_on_bit_for_bit(tmp_path):
    class Impatient:
        calls = 0

        def update(self, step, total, loss):
            self.calls += 1
            self.step = step
            if self.calls == 2:
                raise KeyboardInterrupt

    data = circles(points=50)
    system = systems.get("oscillator")
    features = Features.identity(["q"])
    checkpoint = Checkpoint(tmp_path / "checkpoint.pt")
    impatient = Impatient()
    endless = Settings(recipe="paper", iterations=10**6)
    with pytest.raises(KeyboardInterrupt):
        paper.train_paper(system, data, endless, features, Monitor(impatient, checkpoint))
    checkpoint.write()

    kept = Checkpoint.read(tmp_path / "checkpoint.pt")
    settings = Settings(recipe="paper", iterations=impatient.step + 20)
    resumed = paper.train_paper(system, data, settings, features, Monitor(checkpoint=kept))

    whole = paper.train_paper(system, data, settings, features)
    assert impatient.step > 1
    assert torch.equal(resumed.basis.parameters(), whole.basis.parameters())
    assert resumed.history == whole.history


def test_a_descent_that_diverges_says_so():
    t = 0.1 * np.arange(20)
    item = (t, 500 + t[:, None], np.cos(t)[:, None])
    far = Trajectories.from_velocities(("r",), (1.0,), [item])

    with pytest.raises(InputError, match=r"step size 0\.001 is too large.*another seed"):
        trained("central_force", far, iterations=50, seed=1)
