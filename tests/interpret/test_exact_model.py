"""The exact model tells its numbers with their error bars, and what the data leave open."""

from __future__ import annotations

import numpy as np
import pytest

import systems
from interpret.reading.parameters import ExactModel, exact_model, weak_direction
from systems import InputError
from training.learn.numbers import ParameterFit

SYSTEM = systems.get("trapped_charges", {"k": 4.0, "alpha": 1.0})


def fitted(names, values, deviations, weak):
    size = len(names)
    return ParameterFit(
        tuple(names),
        np.array(values),
        np.diag(np.square(deviations)),
        np.array([1.4, 0.1][:size]),
        np.array(weak),
        1e-3,
        2000,
    )


def test_the_table_reads_as_it_should():
    fit = fitted(["k", "alpha"], [3.99987, 0.93], [2e-5, 0.17], [0.6, -0.8])

    told = str(ExactModel(fit, {"k": 4.0, "alpha": 1.0}))

    assert told.splitlines() == [
        "parameter   recovered    truth   error",
        "k           3.99987(2)   4       3e-05",
        "alpha       0.9(2)       1       0.07",
        "2000 accelerations, residual 0.001; singular values of the scaled design: 1.4, 0.1",
        "the data constrain 0.6 k - 0.8 alpha least, "
        "each in units of the same effect on the accelerations",
        "alpha is not identifiable from this window: sd/|alpha| = 0.18",
    ]


def test_without_a_truth_nothing_is_compared():
    told = str(ExactModel(fitted(["k"], [2.0], [0.01], [1.0])))

    assert told.splitlines() == [
        "parameter   recovered",
        "k           2.00(1)",
        "2000 accelerations, residual 0.001; singular values of the scaled design: 1.4",
    ]


def test_a_weak_direction_may_begin_with_a_minus():
    fit = fitted(["k", "b"], [1.0, 1.0], [0.1, 0.1], [-0.6, 0.8])

    assert weak_direction(fit).startswith("the data constrain -0.6 k + 0.8 b least")


@pytest.mark.parametrize("window", SYSTEM.datasets)
def test_the_charges_are_recovered_from_every_window(window):
    model = exact_model(SYSTEM, SYSTEM.draw(window, seed=3))

    assert model.fit.names == ("k", "alpha")
    assert max(model.errors().values()) <= 1e-12


def test_errors_are_relative_and_signless():
    model = ExactModel(fitted(["k", "b"], [3.0, -0.5], [1, 1], [1, 0]), {"k": 4.0, "b": 0.0})

    assert model.errors() == {"k": 0.25, "b": 0.5}


def test_a_system_without_parameters_has_nothing_to_fit():
    samples = SYSTEM.draw(count=10)

    with pytest.raises(InputError, match="'oscillator' has no parameters to fit"):
        exact_model(systems.get("oscillator"), samples)
