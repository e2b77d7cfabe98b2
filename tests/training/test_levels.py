"""Networks of energy levels, and the one curve of the structured model."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import systems
from systems.errors import InputError
from systems.physics.finite_volume import luescher_levels, momentum, phase
from systems.physics.finite_volume.curves import Curves
from systems.physics.finite_volume.level_samples import LevelSamples, draw_levels
from systems.physics.finite_volume.points import LevelPoints
from systems.physics.finite_volume.wave_numbers import wave_number
from training.learn.levels.inputs import POINTS, Inputs
from training.learn.levels.level_network import LevelNetwork, LevelSettings, learn_levels
from training.learn.levels.structured import learn_phase
from training.optimise.checkpoint import Checkpoint
from training.optimise.watch import Monitor

SMALL = LevelSettings(hidden=(32, 32), batch=200, steps=400, rate=5e-3)


@pytest.fixture(scope="module")
def samples() -> list[LevelSamples]:
    return [draw_levels(model, 150, 10, seed=0) for model in "AC"]


@pytest.fixture(scope="module")
def network(samples) -> LevelNetwork:
    return learn_levels(samples, settings=SMALL)


def predicted(network, part):
    return network(part.phases[part.system], part.boxes)


# Curves


def test_curves_pass_through_their_tables_and_are_smooth_between():
    energies = np.linspace(277, 1000, 100)
    k = wave_number(energies)
    curves = Curves(energies, np.stack([np.sin(k), k**3]))
    rows = np.array([0, 1, 1])
    np.testing.assert_allclose(
        curves.at(k[[5, 50, 99]], rows), [np.sin(k[5]), k[50] ** 3, k[99] ** 3]
    )
    between = np.array([0.7, 1.3, 2.2])
    np.testing.assert_allclose(curves.at(between, rows), [np.sin(0.7), 1.3**3, 2.2**3], atol=1e-6)
    with pytest.raises(InputError, match="too short for a spline"):
        Curves(energies[:3], np.zeros((1, 3)))


# Inputs


def test_the_grid_shows_delta_at_fixed_q():
    energies = np.linspace(277, 1000, 100)
    k = wave_number(energies)
    boxes = np.array([9.0, 14.0])
    shown = Inputs(energies, "grid")(np.stack([np.tanh(k), np.tanh(k)]), boxes)
    assert shown.shape == (2, POINTS)
    q = np.linspace(0, 3.55, POINTS)
    inside = 2 * np.pi * q / 14.0 < k[-1]
    expected = np.tanh(2 * np.pi * q / 14.0) - 1.2
    np.testing.assert_allclose(shown[1, inside], expected[inside], atol=1e-4)
    # Beyond the table the last phase shift goes on.
    assert shown[0, -1] == pytest.approx(np.tanh(k[-1]) - 1.2)


def test_raw_inputs_are_the_table_and_the_box():
    energies = np.linspace(277, 1000, 100)
    shown = Inputs(energies, "raw")(np.full((1, 100), 1.2), np.array([14.0]))
    assert shown.shape == (1, 101)
    assert np.abs(shown[0, :-1]).max() == 0
    assert shown[0, -1] == 1
    with pytest.raises(InputError, match="Did you mean 'grid'"):
        Inputs(energies, "gird")


# The network


def test_a_network_learns_levels(network, samples):
    history = np.sqrt(network.history)
    assert history[0] > 8 * history[-1]
    part = samples[0]
    missed = predicted(network, part) - part.levels
    # Better by far than the mean level of a box.
    assert np.sqrt((missed**2).mean()) < 0.2 * part.levels.std(axis=0).mean()


def test_training_goes_on_from_a_checkpoint_as_if_nothing_had_happened(network, samples):
    checkpoint = Checkpoint()

    class Stops:
        def update(self, step, total, loss):
            if step >= 100:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        learn_levels(samples, settings=SMALL, monitor=Monitor(Stops(), checkpoint))
    resumed = learn_levels(samples, settings=SMALL, monitor=Monitor(checkpoint=checkpoint))
    assert torch.equal(resumed.perceptron.parameters(), network.perceptron.parameters())


def test_a_network_survives_its_state(network, samples):
    again = LevelNetwork.of_state(network.state())
    assert np.array_equal(predicted(again, samples[1]), predicted(network, samples[1]))
    with pytest.raises(InputError, match="of no network of levels"):
        LevelNetwork.of_state({"weights": []})


@pytest.mark.slow
def test_seeds_differ(network, samples):
    other = learn_levels(samples, settings=SMALL, seed=1)
    assert not torch.equal(other.perceptron.parameters(), network.perceptron.parameters())


# The structured model


def test_the_structured_model_learns_the_kinematic_phase(samples):
    learned = learn_phase(samples, knots=100)
    q = np.linspace(max(learned.lowest, 0.5), min(learned.highest, 3.1), 500)
    missed = np.abs(learned(q) - phase(q))
    assert np.median(missed) < 2e-4
    assert missed.max() < 0.03
    assert np.isnan(learned(np.array([0.0, 50.0]))).all()


def test_its_points_are_those_of_the_formula(samples):
    points = LevelPoints.of(samples[1])
    assert np.median(np.abs(points.turns - phase(points.q))) < 1e-3
    # Other levels than the true ones give other points: here all of them too high.
    shifted = LevelPoints.of(samples[1], samples[1].levels + 1.0)
    assert np.median(shifted.turns - phase(shifted.q)) < -1e-3
    some = points[points.numbers == 3]
    assert 0 < len(some) < len(points) == len(LevelPoints.joined([points]))


def test_levels_of_a_learned_phase_are_those_of_lueschers_formula(samples):
    """A constant phase shift, unlike any of the data."""
    learned = learn_phase(samples, knots=100)
    energies = samples[0].energies
    phases, boxes = np.full((3, 100), 1.0), np.array([9.5, 11.0, 13.0])
    by_curve = luescher_levels(energies, phases, boxes, kinematic=learned)[:, 1:]
    q = momentum(np.arange(1, 10) * np.pi - 1.0)
    exact = 2 * np.hypot(138.5, 197.3269804 * 2 * np.pi * q / boxes[:, None])
    assert np.median(np.abs(by_curve - exact)) < 0.05
    assert np.abs(by_curve - exact).max() < 1.0


def test_too_few_levels_are_told():
    few = [draw_levels("A", 2, 2, seed=0)]
    with pytest.raises(InputError, match="too few for a curve of 240 knots"):
        learn_phase(few)


# The problem


def test_the_catalog_draws_models_apart():
    problem = systems.get("luescher", {"boxes": 2})
    assert problem.experiment == "levels"
    drawn = problem.draw("B", seed=3, count=4)
    assert drawn.couplings.model == "B"
    assert len(drawn) == 8
    assert [*problem.datasets] == ["A", "C", "B"]
    assert [name for name, each in problem.datasets.items() if each.unseen] == ["B"]
    with pytest.raises(InputError, match="it has A, C, B"):
        problem.draw("D")
    with pytest.raises(InputError, match="is a map from δ and L to E_n, not a motion"):
        problem.motion()
