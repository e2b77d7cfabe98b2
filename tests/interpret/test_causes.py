"""What the rest of a force may come from: other masses, told from forces that are none."""

from __future__ import annotations

import numpy as np
import pytest

from interpret.judge.causes import of_masses
from interpret.judge.force_columns import ForceColumns
from interpret.select.library import Library
from systems.expressions import parse_list
from training.features import Features
from training.rows.trajectories import importance

LIBRARY = Library(parse_list("x, y, x**2, x*y, y**2"))


def columns(force, noise=0.0):
    """Forces (n, 2) at random places and velocities."""
    rng = np.random.default_rng(0)
    q, v = rng.normal(size=(2, 300, 2))
    pull = force(q, v)
    pull = pull + noise * pull.std() * rng.normal(size=pull.shape)
    t = np.arange(300.0)
    features = Features.identity(("x", "y"))
    same = [np.stack([part] * 3) for part in (t, q, v)]
    return ForceColumns(features, *same, pull, importance(pull))


def springs(q, v):
    """-∂V/∂q of V = 30 x² - 50 x y + 25 y², the second over 2.4: its mass is 2.4, not 1."""
    x, y = q.T
    return np.stack([-60 * x + 50 * y, (50 * x - 50 * y) / 2.4], axis=1)


@pytest.mark.parametrize("noise", [0.0, 0.05])
def test_other_masses_are_named_in_units_of_those_given(noise):
    found = columns(springs, noise)
    (cause,) = of_masses(found, found.potential(LIBRARY), np.array([2.0, 2.0]))
    masses = cause.words.split("--mass ")[1].split(",")
    assert float(masses[0]) == 2
    assert float(masses[1]) == pytest.approx(4.8, rel=0.02 + noise / 2)
    assert cause.left < 2 * noise + 1e-10


def test_the_masses_given_are_left_alone_where_others_do_no_better():
    def right(q, v):
        return springs(q, v) * [1, 2.4]

    def rubbed(q, v):
        return right(q, v) - 20 * v

    for force in (right, rubbed):
        found = columns(force, 0.01)
        assert of_masses(found, found.potential(LIBRARY), np.ones(2)) == []


def test_one_coordinate_has_no_ratio_of_masses():
    found = columns(springs)
    assert of_masses(found, found.potential(LIBRARY), np.ones(1)) == []
