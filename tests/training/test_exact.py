"""Known numbers go into a Lagrangian, the same numbers come out, with the error bars they have."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

import systems
from systems import InputError, PhaseSamples
from systems.expressions import symbol
from training.learn.acceleration_model import acceleration_model, quadratic_loss
from training.learn.numbers import ParameterFit, fit_parameters

WINDOWS = ("origin", "far", "far_opposite", "fixed_point", "narrow")
NAMES = ("k", "alpha")
x, xd, k, m, b, c = map(symbol, ("x", "xd", "k", "m", "b", "c"))


def charges(stiffness):
    return systems.get("trapped_charges", {"k": stiffness, "alpha": 1.0})


def design(samples):
    """∂q̈/∂(k, α) of the two charges, written by hand."""
    q0, q1 = samples.q.T
    push = np.sign(q0 - q1) / (q0 - q1) ** 2
    return np.stack([-samples.q.ravel(), np.stack([push, -push], axis=1).ravel()], axis=1)


def line(acceleration, count=200, seed=0):
    """One coordinate with the acceleration a(x, v) at random points."""
    rng = np.random.default_rng(seed)
    q, v = rng.uniform(-1, 1, (2, count, 1))
    return PhaseSamples(("x",), q, v, acceleration(q, v))


# Affine models


@pytest.mark.parametrize("stiffness", [1.0, 4.0])
@pytest.mark.parametrize("window", WINDOWS)
def test_the_charges_come_back_to_round_off_from_every_window(stiffness, window):
    system = charges(stiffness)
    truth = np.array([stiffness, 1.0])
    for seed in range(10):
        fit = fit_parameters(
            system.motion().lagrangian, NAMES, system.draw(window, seed, 1000), start=[2.5, 0.5]
        )

        error = np.abs(fit.values / truth - 1)
        assert error.max() <= 1e-12
        # Round-off has an error bar too, and it is not a generous one.
        assert (np.abs(fit.values - truth) <= 5 * fit.stderr).all()
        assert (fit.stderr / truth).max() <= 2e-12
        assert fit.weakest() == ""


@pytest.mark.parametrize(
    "window",
    [pytest.param(w, marks=[pytest.mark.slow] * (w != "far")) for w in WINDOWS],
)
def test_error_bars_are_those_of_the_noise(window):
    system = charges(1.0)
    clean = system.draw(window, 0, 1000)
    fits = [
        fit_parameters(system.motion().lagrangian, NAMES, clean.with_absolute_noise(1e-3, seed))
        for seed in range(200)
    ]

    scores = np.array([(fit.values - 1) / fit.stderr for fit in fits])

    # 20 seeds scatter by 16 %, 200 by 5 %.
    assert ((scores[:20].std(axis=0) > 0.8) & (scores[:20].std(axis=0) < 1.3)).all()
    assert ((scores.std(axis=0) > 0.9) & (scores.std(axis=0) < 1.1)).all()
    assert (np.abs(scores.mean(axis=0)) < 0.25).all()
    assert np.mean([fit.sigma for fit in fits]) == pytest.approx(1e-3, rel=0.005)


@pytest.mark.parametrize("window", WINDOWS)
def test_covariance_and_weak_direction_are_those_of_the_normal_equations(window):
    system = charges(4.0)
    samples = system.draw(window, 1, 500).with_absolute_noise(1e-2, 2)
    columns = design(samples)
    lengths = np.linalg.norm(columns, axis=0)

    fit = fit_parameters(system.motion().lagrangian, NAMES, samples)

    residual = samples.qdd.ravel() - columns @ fit.values
    assert abs(columns.T @ residual / lengths).max() <= 1e-10 * np.linalg.norm(samples.qdd)
    assert fit.rows == 1000
    assert fit.sigma == pytest.approx(np.sqrt(residual @ residual / 998), rel=1e-9)
    gram = columns.T @ columns / np.outer(lengths, lengths)
    # The Gram matrix squares the condition number, 1e4 in the narrow window.
    expected = fit.sigma**2 * np.linalg.inv(gram) / np.outer(lengths, lengths)
    np.testing.assert_allclose(fit.covariance, expected, rtol=1e-6)
    eigenvalues, vectors = np.linalg.eigh(gram)
    np.testing.assert_allclose(fit.singular_values[::-1] ** 2, eigenvalues, rtol=1e-6)
    assert abs(fit.weak_direction @ vectors[:, 0]) == pytest.approx(1, abs=1e-9)


def test_noise_that_hides_a_parameter_is_said():
    """Absolute noise hides what the narrow window tells, relative noise α between far charges."""
    system = charges(1.0)

    def weakest(window, noisy):
        samples = system.draw(window, 0, 1000)
        return fit_parameters(system.motion().lagrangian, NAMES, noisy(samples)).weakest()

    narrow = weakest("narrow", lambda samples: samples.with_absolute_noise(1e-3, 0))
    assert narrow.startswith("k is not identifiable from this window: sd/|k| = 0.1")
    assert "\nalpha is not identifiable from this window: sd/|alpha| = 0.1" in narrow
    far = weakest("far_opposite", lambda samples: samples.with_rms_noise(1e-3, 0))
    assert far.startswith("alpha is not identifiable from this window: sd/|alpha| = ")
    assert "k is not" not in far
    assert weakest("narrow", lambda samples: samples.with_rms_noise(1e-3, 0)) == ""
    assert weakest("far_opposite", lambda samples: samples.with_absolute_noise(1e-3, 0)) == ""


def test_a_parameter_that_no_row_sees_has_no_error_bar():
    """x ẋ is a total derivative: b moves nothing."""
    samples = line(lambda q, v: -2.5 * q)

    fit = fit_parameters(xd**2 / 2 - k * x**2 / 2 + b * x * xd, ["k", "b"], samples)

    assert fit.values == pytest.approx([2.5, 1.0])  # b stays where it starts
    assert fit.stderr[0] < 1e-15
    assert fit.stderr[1] == np.inf
    assert fit.singular_values[1] == 0
    assert fit.weak_direction.tolist() == [0, 1]
    assert fit.weakest() == "b is not identifiable from this window: sd/|b| = inf"


# Models that are not affine


@pytest.mark.parametrize("start", [None, [5.0, 0.1], [0.1, 3.0]])
def test_a_decay_length_is_found_from_afar(start):
    samples = line(lambda q, v: 2 * 0.7 * np.exp(-0.7 * q))

    fit = fit_parameters(xd**2 / 2 - c * sympy.exp(-b * x), ["c", "b"], samples, start=start)

    np.testing.assert_allclose(fit.values, [2.0, 0.7], rtol=1e-13)


def test_a_mass_that_depends_on_position_is_found_with_its_error_bar():
    """L = (1 + m x²) ẋ²/2 - k x²/2, so that ẍ = -(k x + m x ẋ²)/(1 + m x²)."""
    samples = line(lambda q, v: -(3 * q + 0.5 * q * v**2) / (1 + 0.5 * q**2))
    lagrangian = (1 + m * x**2) * xd**2 / 2 - k * x**2 / 2

    fit = fit_parameters(lagrangian, ["m", "k"], samples)
    noisy = [
        fit_parameters(lagrangian, ["m", "k"], samples.with_rms_noise(0.01, seed))
        for seed in range(60)
    ]

    np.testing.assert_allclose(fit.values, [0.5, 3.0], rtol=1e-13)
    scores = np.array([(each.values - [0.5, 3.0]) / each.stderr for each in noisy])
    assert ((scores.std(axis=0) > 0.75) & (scores.std(axis=0) < 1.25)).all()


def test_a_center_within_an_absolute_value_is_found():
    """V = c |x - b|³ with b = 0.3, of which both sides are seen."""
    samples = line(lambda q, v: -3 * 2 * (q - 0.3) * abs(q - 0.3))

    fit = fit_parameters(xd**2 / 2 - c * sympy.Abs(x - b) ** 3, ["c", "b"], samples)

    np.testing.assert_allclose(fit.values, [2.0, 0.3], rtol=1e-13)


def test_only_the_ratio_of_stiffness_and_mass_is_seen():
    samples = line(lambda q, v: -2.5 * q)

    fit = fit_parameters(m * xd**2 / 2 - k * x**2 / 2, ["k", "m"], samples)

    assert fit.values[0] / fit.values[1] == pytest.approx(2.5, rel=1e-13)
    assert np.isinf(fit.stderr).all()
    assert len(fit.weakest().splitlines()) == 2


@pytest.mark.parametrize(
    ("lagrangian", "parameters", "affine"),
    [
        (xd**2 / 2 - k * x**2 / 2, ("k",), True),
        (m * xd**2 / 2 - k * x**2 / 2, ("k", "m"), False),
        # The mass cancels, though at first its derivative holds it.
        (m * xd**2 / 2 - m * k * x**2 / 2, ("k", "m"), True),
        (m * (1 + x) * xd**2 / 2 - m * x**4, ("m",), True),
        (xd**2 / 2 - k**2 * x**2, ("k",), False),
        (xd**2 / 2 - k * b * x**2, ("k", "b"), False),
    ],
)
def test_what_is_affine_is_decided_by_algebra(lagrangian, parameters, affine):
    assert acceleration_model(lagrangian, parameters, ("x",)).affine is affine


# The loss in closed form


def test_nothing_cancels_at_the_bottom_of_the_loss():
    """On whole numbers the loss is exactly 2⁻⁸⁰ · mean x²; row by row little is left of it."""
    q = np.array([[1.0], [2.0], [3.0], [1000.0]])
    samples = PhaseSamples(("x",), q, 0 * q, 2 - 3 * q)
    model = acceleration_model(xd**2 / 2 - k * x**2 / 2 + b * x, ("k", "b"), ("x",))
    loss = quadratic_loss(model, samples, np.array([3.0, 2.0]))

    off = 2.0**-40
    found = loss(np.array([[3 + off, 2.0], [3.0, 2 + off]]))

    np.testing.assert_allclose(found, [off**2 * (q**2).mean(), off**2], rtol=1e-12)
    assert loss(np.array([[3.0, 2.0]])) == [0.0]


def test_the_loss_is_the_mean_square_of_all_rows():
    system = charges(4.0)
    samples = system.draw("origin", 0, 100).with_rms_noise(0.1, 1)
    model = acceleration_model(system.motion().lagrangian, NAMES, samples.coordinates)
    best = fit_parameters(system.motion().lagrangian, NAMES, samples).values
    theta = np.array([[1.0, 3.0], best, [4.0, 1.0]])

    found = quadratic_loss(model, samples, best)(theta)

    expected = [np.mean((samples.qdd.ravel() - design(samples) @ each) ** 2) for each in theta]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


# What cannot be used


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (["alfa"], "no parameter 'alfa'; it has alpha, k. Did you mean 'alpha'?"),
        (["q0"], "no parameter 'q0'"),
        ([], "name the parameters to fit, each once: the Lagrangian holds alpha, k"),
        (["k", "k"], "each once"),
        (["k"], "alpha must be a parameter or have a number"),
    ],
)
def test_parameters_must_be_those_of_the_lagrangian(parameters, message):
    system = charges(1.0)

    with pytest.raises(InputError, match=message.replace("?", r"\?")):
        fit_parameters(system.motion().lagrangian, parameters, system.draw(count=10))


def test_samples_must_suffice_and_be_regular():
    system = charges(1.0)
    samples = system.draw(count=10)

    with pytest.raises(InputError, match="2 accelerations cannot fix 2 parameters"):
        fit_parameters(system.motion().lagrangian, NAMES, samples[:1])
    with pytest.raises(InputError, match="start must hold 2 numbers"):
        fit_parameters(system.motion().lagrangian, NAMES, samples, start=[1.0])
    together = samples.q.copy()
    together[3] = 0.5
    colliding = PhaseSamples(samples.coordinates, together, samples.qd, samples.qdd)
    with pytest.raises(InputError, match=r"singular or not real at sample 3, q = \[0.5, 0.5\]"):
        fit_parameters(system.motion().lagrangian, NAMES, colliding)


def test_a_weak_combination_may_begin_with_a_minus():
    weak = np.array([-0.6, 0.8])
    fit = ParameterFit(("k", "b"), np.ones(2), np.eye(2), np.ones(2), weak, 1e-3, 2000)

    assert fit.weak_combination().startswith("the data constrain -0.6 k + 0.8 b least")
