"""What a page draws: profiles with their band, the motion that follows, how terms were chosen."""

from __future__ import annotations

import numpy as np
import pytest

import systems
from interpret.pages.evidence import exhibits, followed
from interpret.pictures.choices import path_numbers
from interpret.pictures.profiles import profile_numbers
from interpret.pictures.rollouts import rollout_numbers, value_numbers
from interpret.pipeline import fit
from interpret.select.matrix import Compressed
from systems.errors import InputError
from systems.expressions import symbol
from systems.samples.trajectories import Trajectories


@pytest.fixture(scope="module")
def swings() -> Trajectories:
    """A pendulum with friction, with 1 % noise."""
    return systems.get("damped_pendulum").draw()[:2].with_noise(0.01, 1)


@pytest.fixture(scope="module")
def run(swings):
    return fit(swings, name="swings")


def test_the_motion_that_follows_stays_within_the_noise(run, swings):
    """From a start that a fifth of the motion settles, and not one noisy reading."""
    numbers = rollout_numbers(run.law, swings)
    late = numbers["t"] >= numbers["from"][0]
    whole = max(swings.items, key=len)
    assert numbers["from"][0] == pytest.approx(whole.t[round(0.9 * len(whole))])
    noise = 0.01 * np.concatenate([item.q for item in swings]).std()
    missed = numbers["measured"][late] - numbers["law"][late]
    assert 0.6 * noise < missed.std() < 1.6 * noise


def test_a_short_motion_follows_from_its_first_reading():
    data = systems.get("oscillator").draw()
    few = Trajectories(data.coordinates, data.mass, (data.items[0].at(slice(0, 8)),))
    law = fit(data, name="oscillator").law
    numbers = rollout_numbers(law, few)
    assert numbers["from"][0] == numbers["t"][0]
    np.testing.assert_allclose(numbers["law"], numbers["measured"], atol=1e-6)


def test_a_motion_that_runs_off_is_said_and_not_drawn(run, swings, monkeypatch):
    def refuse(*arguments):
        raise InputError("the motion runs off to infinity.")

    monkeypatch.setattr("interpret.pictures.rollouts.rollout_numbers", refuse)
    (shown,) = followed(run.law, swings)
    assert shown.svg == ""
    assert "runs off" in shown.caption


def test_a_profile_is_the_part_its_band_and_the_truth(run):
    potential, friction = run.law.parts
    numbers = profile_numbers(run.law, potential, None)
    x, c = numbers["x"], run.law.coefficients[0]
    mean = np.cos(x).mean()
    np.testing.assert_allclose(numbers["law"], c * (np.cos(x) - mean), atol=1e-12)
    np.testing.assert_allclose(numbers["band"], run.law.stderr[0] * np.abs(np.cos(x) - mean))
    assert "truth" not in numbers
    rate = symbol("thetad")
    beside = profile_numbers(run.law, friction, rate**2 / 20)
    np.testing.assert_allclose(beside["truth"], beside["x"] ** 2 / 20)
    assert profile_numbers(run.law, friction, symbol("other") ** 2).get("truth") is None


def test_the_way_down_ends_with_nothing_and_rings_what_was_taken():
    rng = np.random.default_rng(0)
    columns = rng.standard_normal((60, 4))
    target = columns[:, 1] - 2 * columns[:, 3] + 1e-6 * rng.standard_normal(60)
    numbers, (_, *sets) = path_numbers(Compressed.of(columns, target, tuple("abcd")), (1, 3))
    taken = int(numbers["chosen"][0])
    assert sets[taken] == "b, d"
    assert (numbers["sizes"][0], numbers["left"][0]) == (0, 1.0)
    # A true term makes a step, a spurious one none.
    assert numbers["left"][taken] < 1e-4 * numbers["left"][taken - 1]
    assert numbers["left"][taken] < 2 * numbers["left"][-1]


def test_what_a_law_of_values_misses_is_drawn_of_the_values():
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (300, 1))
    samples = systems.ValueSamples(x, x[:, 0] ** 2 + 0.01 * rng.standard_normal(300), np.ones(300))
    law = fit(samples, name="square", steps=2).law
    numbers = value_numbers(law, samples.x, samples.y)
    assert numbers["missed"].std() == pytest.approx(0.01, rel=0.2)


def test_a_page_shows_every_picture_once(run, swings):
    shown = [each.title for each in exhibits(run, swings)]
    assert len(set(shown)) == len(shown)
    assert set(shown) >= {
        "V(θ)", "What is left over", "What comes next", "Training"
    }  # fmt: skip
