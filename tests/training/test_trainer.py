"""train(): what it learns is the force, it stops when it is good, and Ctrl-C loses nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

import systems
from systems.expressions import parse
from training import Features, Settings, train
from training.optimise.checkpoint import Checkpoint
from training.optimise.watch import Monitor
from training.recipes.table import MLP_TOLERANCE

WELL = systems.get("double_well")
COULOMB = systems.get("coulomb")
SMALL = Settings(width=10, points=200, tolerance=3e-5)
"""Too small a network for its first solve to be enough, trained by Levenberg-Marquardt."""
MLP = Settings(recipe="mlp", points=200, iterations=20)
"""Trained by L-BFGS."""


class Watch:
    """Remembers; interrupts after so many iterations, as Ctrl-C would."""

    def __init__(self, interrupt_after=None):
        self.calls = []
        self.interrupt_after = interrupt_after

    def update(self, step, total, loss):
        self.calls.append((step, total, loss))
        if len(self.calls) == self.interrupt_after:
            raise KeyboardInterrupt


def force_error(fit, dataset=None, seed=0):
    """|grad V - truth|/rms truth, root mean square, where it was trained."""
    system = fit.system
    q = np.concatenate([item.q for item in fit.prepared.trajectories])[::23]
    truth = -np.stack([np.broadcast_to(f, len(q)) for f in _forces(system, dataset, seed, q)], 1)
    error = fit.gradient(q) - truth
    return float(np.sqrt((error**2).mean() / (truth**2).mean()))


def _forces(system, dataset, seed, q):
    known = replace(system.motion(), potential=system.truths(dataset, seed)["potential"])
    return (known.acceleration()(q) * np.array(system.motion().mass)).T


@pytest.mark.parametrize(
    ("name", "dataset"),
    [
        ("oscillator", None),
        ("double_well", "T1"),
        ("double_well", "T3"),
        ("central_force", None),
        pytest.param("coulomb", "exact", marks=pytest.mark.slow),
        pytest.param("coulomb", "verlet", marks=pytest.mark.slow),
    ],
)
def test_the_first_solve_learns_the_force(sample, name, dataset):
    """No outer iteration, and the force, which is not fitted through the truth, is right."""
    system = systems.get(name)
    fit = train(system, sample(name, dataset))
    assert fit.iterations == 0
    assert fit.history == ()
    assert min(fit.residuals) < fit.settings.tolerance
    assert force_error(fit, dataset) < 1e-6


def test_the_values_are_the_potential_up_to_a_constant(sample):
    fit = train(WELL, sample("double_well", "T1"))
    q = np.linspace(-0.3, 2.3, 50)[:, None]
    difference = fit(q) - WELL.motion().potential_values(q)
    assert np.ptp(difference) < 1e-6
    assert fit(q).shape == (50,)


def test_with_a_feature_the_gradient_is_still_in_the_coordinates(sample):
    """d/dq of V(r): opposite forces on the two charges."""
    fit = train(COULOMB, sample("coulomb", "exact"))
    gradient = fit.gradient(sample("coulomb", "exact")[0].q[::50])
    assert fit.features.names == ("r",)
    assert gradient.shape == (7, 6)
    np.testing.assert_allclose(gradient[:, :3], -gradient[:, 3:], rtol=1e-12)


@pytest.mark.slow
def test_features_may_be_given_instead(sample):
    """1/r is learned as well as r."""
    inverse = 1 / COULOMB.motion().features["r"]
    features = Features.of(COULOMB.motion().coordinates, {"u": inverse})
    fit = train(COULOMB, sample("coulomb", "exact"), features=features)
    assert fit.features is features
    assert force_error(fit) < 1e-6


def test_the_truth_is_never_looked_at(sample):
    """A system that claims another potential, or none, gives the same numbers."""
    data = sample("double_well", "T2")
    honest = train(WELL, data)
    claimed = replace(WELL.motion(), potential=parse("q**7"))
    lying = train(replace(WELL, mechanics=claimed), data)
    blind = train(systems.observed(data), data)
    assert torch.equal(honest.coefficients, lying.coefficients)
    assert torch.equal(honest.coefficients, blind.coefficients)


def test_a_seed_is_a_fit(sample):
    data = sample("double_well", "T2")
    first, again = train(WELL, data), train(WELL, data)
    other = train(WELL, data, Settings(seed=1))
    assert torch.equal(first.coefficients, again.coefficients)
    assert torch.equal(first.basis.parameters(), again.basis.parameters())
    assert not torch.equal(first.basis.parameters(), other.basis.parameters())


def test_few_samples_get_few_neurons(sample):
    """As many neurons as samples would hold anything."""
    fit = train(WELL, sample("double_well", "T2"), Settings(points=100))
    assert fit.basis.size <= len(fit.prepared.points.x) / 4


def test_where_the_first_solve_is_not_enough_the_weights_are_trained(sample):
    data = sample("double_well", "T2")
    untrained = train(WELL, data, replace(SMALL, tolerance=1.0))
    watch = Watch()

    trained = train(WELL, data, SMALL, monitor=Monitor(watch))

    assert untrained.iterations == 0
    assert 0 < trained.iterations < 200
    assert min(trained.residuals) <= SMALL.tolerance < min(untrained.residuals)
    assert force_error(trained) < 0.1 * force_error(untrained)
    assert [loss for _, _, loss in watch.calls] == list(trained.history)
    assert [step for step, _, _ in watch.calls] == list(range(1, trained.iterations + 1))


def test_an_mlp_is_always_trained(sample):
    fit = train(WELL, sample("double_well", "T2"), MLP)
    assert 5 < fit.iterations <= 20
    assert fit.history[-1] < 0.05 * fit.history[0]
    assert [tuple(weight.shape) for weight in fit.basis.weights] == [(1, 16), (16, 64)]


def test_noisy_data_are_never_trained_on(sample):
    """The noise is the floor: a residual above the tolerance is no reason to go on."""
    data = sample("double_well", "T2").with_noise(0.01, seed=0)
    fit = train(WELL, data)
    assert min(fit.residuals) > fit.settings.tolerance
    assert fit.iterations == 0


@pytest.mark.parametrize(
    "settings",
    [pytest.param(SMALL, marks=pytest.mark.slow), MLP],
    ids=["levenberg_marquardt", "lbfgs"],
)
def test_ctrl_c_and_going_on(sample, settings, tmp_path):
    """The history goes on where it was, the loss too, and the end is as good."""
    data = sample("double_well", "T2")
    whole = train(WELL, data, settings)
    kept = Checkpoint(tmp_path / "checkpoint.pt")
    before = Watch(interrupt_after=6)
    with pytest.raises(KeyboardInterrupt):
        train(WELL, data, settings, monitor=Monitor(before, kept))
    kept.write()

    read = Checkpoint.read(tmp_path / "checkpoint.pt")
    history = read.progress.history
    done = len(history)
    watch = Watch()
    resumed = train(WELL, data, settings, monitor=Monitor(watch, read))

    assert done >= 5
    assert list(history) == [loss for _, _, loss in before.calls[:done]]
    assert resumed.history[:done] == history
    assert watch.calls[0][0] == done + 1
    assert resumed.history[done] < 1.5 * history[-1]
    if settings is SMALL:
        assert min(resumed.residuals) <= settings.tolerance
        assert resumed.history == pytest.approx(whole.history, rel=1e-3)
    else:
        assert resumed.history[-1] < 0.2 * history[-1]
        # Below its tolerance the recipe promises nothing: there only round-off decides.
        assert force_error(resumed) < 30 * max(force_error(whole), MLP_TOLERANCE)
    assert resumed.iterations <= (settings.iterations or 200)


def test_a_finished_training_is_not_taken_up_again(sample):
    """It ended by itself, or all iterations are spent: resuming adds none."""
    data = sample("double_well", "T2")
    kept = Checkpoint()
    whole = train(WELL, data, MLP, monitor=Monitor(checkpoint=kept))
    again = train(WELL, data, MLP, monitor=Monitor(checkpoint=kept))
    assert again.history == whole.history
    torch.testing.assert_close(again.basis.parameters(), whole.basis.parameters())


def test_no_iterations_means_none(sample):
    fit = train(WELL, sample("double_well", "T2"), replace(SMALL, iterations=0))
    assert fit.iterations == 0


@pytest.mark.gpu
@pytest.mark.parametrize("settings", [Settings(), SMALL, MLP])
def test_cuda_learns_what_the_cpu_learns(sample, settings):
    data = sample("double_well", "T2")
    cpu = train(WELL, data, settings)
    cuda = train(WELL, data, replace(settings, device="cuda"))
    assert cuda.basis.parameters().is_cuda
    q = np.linspace(0, 2, 20)[:, None]
    np.testing.assert_allclose(cuda.gradient(q), cpu.gradient(q), atol=1e-3)
    # A network that is descended takes another path there, to another minimum as good.
    assert force_error(cuda) < 10 * force_error(cpu) + 1e-6
