"""Perturbation theory with networks: the derivatives of a map at 0, order by order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from systems import InputError, get
from systems.physics.scattering import born_tensor
from systems.samples.values import ValueSamples
from training.bases.ridge import PROFILES, RidgeFunctions, second_order
from training.learn.series import perturb, relative_error
from training.optimise.checkpoint import Checkpoint, Progress
from training.optimise.watch import Monitor
from training.recipes.paper_series import perturb_by_paper
from training.rows.values import ValueRows


def quadratic(n=400, d=4, seed=0):
    """y = s·x + x·h·x/2 with samples of amplitudes over two decades."""
    rng = np.random.default_rng(seed)
    slope = rng.standard_normal(d)
    bend = rng.standard_normal((d, d))
    bend = bend + bend.T
    amplitude = np.exp(rng.uniform(np.log(0.02), np.log(1), n))
    x = amplitude[:, None] * rng.uniform(0, 1, (n, d))
    y = x @ slope + 0.5 * np.einsum("ni,ij,nj->n", x, bend, x)
    return ValueSamples(x, y, amplitude), slope, bend


def test_the_derivatives_of_a_quadratic():
    samples, slope, bend = quadratic()
    found = perturb(samples, orders=2)
    # The second network is no quadratic, but its derivatives at 0 are those of one.
    assert relative_error(found.derivatives[0], slope) < 1e-4
    assert relative_error(found.derivatives[1], bend) < 1e-3
    assert found.iterations == len(found.history)
    assert found.neurons == 8 + 12


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(4))
def test_the_born_series(seed):
    samples = get("born").draw(seed=seed)
    found = perturb(samples, orders=3, seed=seed)
    slope, bend, third = found.derivatives
    assert relative_error(slope, born_tensor(1)) < 1e-5
    assert relative_error(bend, 2 * born_tensor(2)) < 1e-2
    assert relative_error(third, 6 * born_tensor(3)) < 0.1


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_more_samples_make_the_series_better():
    samples = get("born").draw(seed=0, count=6000)
    found = perturb(samples, orders=3)
    slope, bend, third = found.derivatives
    assert relative_error(slope, born_tensor(1)) < 2e-6
    assert relative_error(bend, 2 * born_tensor(2)) < 4e-3
    assert relative_error(third, 6 * born_tensor(3)) < 0.05


@pytest.mark.slow
def test_noise_is_not_learned():
    """More weights than samples: all of them could be fitted, noise and all."""
    samples, _, bend = quadratic(n=150, d=12)
    rng = np.random.default_rng(1)
    y = samples.y + 0.01 * samples.scale * rng.standard_normal(len(samples))
    noisy = replace(samples, y=y)
    errors = [
        relative_error(perturb(noisy, orders=2, noisy=told).derivatives[1], bend)
        for told in (True, False)
    ]
    # Untold, it stops where little is gained, and so before it has fitted all of the noise.
    assert errors[0] < 0.4
    assert errors[0] < 0.7 * errors[1]


# `test_every_run` has one order of the Born series.
@pytest.mark.slow
def test_one_order_is_corrected_by_the_second_network():
    samples, slope, _ = quadratic()
    found = perturb(samples, orders=1)
    assert len(found.derivatives) == 1
    assert len(found.stages) == 2
    assert relative_error(found.derivatives[0], slope) < 1e-4


def test_the_plain_recipe_keeps_the_hessian_before_and_after():
    samples, _, _ = quadratic(n=512)
    found = perturb_by_paper(samples, epochs=3)
    assert found.before.shape == found.derivatives[1].shape == (4, 4)
    assert len(found.history) == 9


class StopAfter:
    """Interrupts the training after so many epochs."""

    def __init__(self, epochs):
        self.epochs = epochs

    def update(self, step, total, loss):
        if step == self.epochs:
            raise KeyboardInterrupt


@pytest.mark.parametrize("killed", [1, 3, 5, 9])
def test_the_plain_recipe_goes_on_as_it_would_have(tmp_path, killed):
    """Within a network, between two, and after the last."""
    samples, _, _ = quadratic(n=512)
    whole = perturb_by_paper(samples, epochs=3)
    kept = Checkpoint(tmp_path / "checkpoint.pt")
    with pytest.raises(KeyboardInterrupt):
        perturb_by_paper(samples, epochs=3, monitor=Monitor(StopAfter(killed), kept))
    kept.write()

    again = perturb_by_paper(samples, epochs=3, monitor=Monitor(None, Checkpoint.read(kept.path)))

    assert again.history == whole.history
    for one, other in zip(again.derivatives, whole.derivatives, strict=True):
        assert relative_error(one, other) < 1e-12


def test_the_plain_recipe_refuses_what_others_have_kept():
    samples, _, _ = quadratic(n=512)
    kept = Checkpoint()
    perturb_by_paper(samples, epochs=2, monitor=Monitor(None, kept))
    with pytest.raises(InputError, match="is of 2 epochs, not 3"):
        perturb_by_paper(samples, epochs=3, monitor=Monitor(None, kept))
    narrower, _, _ = quadratic(n=512, d=3)
    with pytest.raises(InputError, match="the checkpoint is damaged"):
        perturb_by_paper(narrower, epochs=2, monitor=Monitor(None, kept))
    other = Checkpoint(None, Progress(torch.zeros(3)))
    with pytest.raises(InputError, match="the checkpoint lacks 'epochs'"):
        perturb_by_paper(samples, epochs=2, monitor=Monitor(None, other))


def test_the_plain_recipe_refuses_epochs_that_are_not_those_of_its_schedule():
    samples, _, _ = quadratic(n=512)
    kept = Checkpoint()
    with pytest.raises(KeyboardInterrupt):
        perturb_by_paper(samples, epochs=3, monitor=Monitor(StopAfter(1), kept))
    assert kept.progress is not None
    wrong = replace(kept.progress, memory={**kept.progress.memory, "epoch": 0})
    with pytest.raises(InputError, match="its epochs are not those of its schedule"):
        perturb_by_paper(samples, epochs=3, monitor=Monitor(None, Checkpoint(None, wrong)))


@pytest.mark.parametrize(("orders", "message"), [(0, "orders 1 to 3"), (4, "orders 1 to 3")])
def test_wrong_orders_are_told(orders, message):
    samples, _, _ = quadratic()
    with pytest.raises(InputError, match=message):
        perturb(samples, orders=orders)
    with pytest.raises(InputError, match="too few to train on"):
        perturb(quadratic(n=20)[0])


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("biased", [True, False])
@pytest.mark.parametrize("linear", [True, False])
def test_ridge_functions_vanish_at_zero_and_know_their_gradients(profile, biased, linear):
    basis = RidgeFunctions.start(3, 5, profile, seed=1, biased=biased, linear=linear)
    x = torch.randn(7, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    slopes = torch.func.vmap(torch.func.jacfwd(lambda p: basis.values(p[None])[0]))(x)
    torch.testing.assert_close(basis.gradients(x), slopes.transpose(1, 2))
    if biased or profile == "exponential":
        assert basis.values(torch.zeros(1, 3, dtype=torch.float64)).abs().max() < 1e-15
    flat = basis.parameters()
    torch.testing.assert_close(basis.with_parameters(flat + 1).parameters(), flat + 1)


def test_the_second_order_function_does_not_cancel():
    z = torch.tensor([1e-8, -1e-4, 0.05, 0.2, -3.0], dtype=torch.float64)
    exact = torch.tensor(
        [5.0000000166666667e-17, 4.999833337499833e-9, 1.2710963760240e-3,
         0.021402758160169833, 2.049787068367864],
        dtype=torch.float64,
    )  # fmt: skip
    torch.testing.assert_close(second_order(z), exact, rtol=1e-12, atol=0)


def test_value_rows_are_scaled_and_cut():
    rows = ValueRows.of(np.ones((4, 2)), np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 1, 1, 0.5]))
    assert rows.truth.norm() == pytest.approx(1)
    assert len(rows.part(1, 2).truth) == 2
    torch.testing.assert_close(rows.part(0, 2).truth, rows.truth[:2])
