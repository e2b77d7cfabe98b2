"""Descents walk the path that their rule prescribes, and stall where the reports saw them stall."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import systems
from systems import InputError
from training.learn.descents import METHODS, Walk, descend_parameters
from training.optimise.gradient import descend
from training.optimise.rules import adagrad, momentum

NAMES = ("k", "alpha")
CHARGES = systems.get("trapped_charges", {"k": 1.0, "alpha": 1.0})


def walked(window, method, start=None, **options):
    samples = CHARGES.draw(window, 0, 300)
    return descend_parameters(
        CHARGES.motion().lagrangian, NAMES, samples, Walk(method, **options), start
    )


def columns(samples):
    """∂q̈/∂(k, α), written by hand."""
    q0, q1 = samples.q.T
    push = np.sign(q0 - q1) / (q0 - q1) ** 2
    return np.stack([-samples.q.ravel(), np.stack([push, -push], axis=1).ravel()], axis=1)


@pytest.mark.parametrize(
    ("rule", "theirs"),
    [
        (momentum(0.01, 0.8), lambda w: torch.optim.SGD([w], lr=0.01, momentum=0.8)),
        (adagrad(0.3), lambda w: torch.optim.Adagrad([w], lr=0.3)),
    ],
    ids=["momentum", "adagrad"],
)
def test_the_rules_are_those_of_torch(rule, theirs):
    start = torch.tensor([-1.2, 1.0, 0.3], dtype=torch.float64)

    def valley(w, step):
        return [(1 - w[:-1]).square().sum() + 3 * (w[1:] - w[:-1].square()).square().sum()]

    weights = start.clone().requires_grad_(True)
    optimizer = theirs(weights)
    for _ in range(50):
        optimizer.zero_grad()
        valley(weights, 0)[0].backward()
        optimizer.step()

    ours = descend(valley, start, rule, steps=50).parameters

    torch.testing.assert_close(ours, weights.detach(), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("method", METHODS)
def test_a_path_holds_every_step_with_its_loss(method):
    samples = CHARGES.draw("fixed_point", 0, 300)
    design, truth = columns(samples), samples.qdd.ravel()

    path = walked("fixed_point", method, steps=40)

    assert path.parameters.shape == (41, 2)
    assert path.parameters[0].tolist() == [2.0, 2.0]
    expected = [np.mean((design @ theta - truth) ** 2) for theta in path.parameters]
    np.testing.assert_allclose(path.losses, expected, rtol=1e-10)
    shorter = walked("fixed_point", method, steps=17)
    np.testing.assert_array_equal(shorter.parameters, path.parameters[:18])


def test_the_default_rate_of_gradient_descent_is_one_over_the_largest_curvature():
    samples = CHARGES.draw("origin", 0, 300)
    design, truth = columns(samples), samples.qdd.ravel()
    hessian = 2 * design.T @ design / len(truth)

    path = walked("origin", "gd", steps=5)

    assert path.rate == pytest.approx(1 / np.linalg.eigvalsh(hessian)[-1], rel=1e-12)
    theta = path.parameters[:-1]
    slopes = 2 * (theta @ design.T - truth) @ design / len(truth)
    np.testing.assert_allclose(path.parameters[1:], theta - path.rate * slopes, rtol=1e-12)


@pytest.mark.parametrize(
    "window",
    [
        "far_opposite",
        *(
            pytest.param(window, marks=pytest.mark.slow)
            for window in ("origin", "far", "fixed_point", "narrow")
        ),
    ],
)
@pytest.mark.parametrize("method", METHODS)
def test_no_default_rate_runs_away(window, method):
    path = walked(window, method)

    # Adam and AdaGrad step out of a narrow valley first, by their length, and come back.
    assert path.losses[-1] < path.losses[0]
    assert np.abs(path.parameters - 1).max() < 3
    if method == "gd":
        assert (np.diff(path.losses) <= 1e-12 * path.losses[:-1]).all()


@pytest.mark.slow
def test_alpha_does_not_converge_between_far_charges():
    """300 steps find k, which the far trap shows, and leave α where the first ones threw it."""
    for method in METHODS:
        k, alpha = walked("far_opposite", method).parameters[-1]
        assert abs(k - 1) < 1e-3
        assert abs(alpha - 1) > 0.9
    k, alpha = walked("far", "gd").parameters[-1]
    assert max(abs(k - 1), abs(alpha - 1)) < 1e-10


def test_single_precision_walks_on_single_numbers():
    double = walked("fixed_point", "gd", steps=30)
    single = walked("fixed_point", "gd", steps=30, dtype="float32")

    assert (single.parameters == single.parameters.astype(np.float32)).all()
    assert not (double.parameters == double.parameters.astype(np.float32)).all()
    np.testing.assert_allclose(single.parameters, double.parameters, rtol=1e-5)
    np.testing.assert_allclose(single.losses, double.losses, rtol=1e-3)


def test_what_cannot_be_walked_is_said():
    with pytest.raises(InputError, match=r"no method 'adm'; there are .* Did you mean 'adam'\?"):
        walked("origin", "adm")
    with pytest.raises(InputError, match="float32 or float64, not 'float16'"):
        walked("origin", "gd", dtype="float16")
    with pytest.raises(InputError, match="start must hold 2 numbers"):
        walked("origin", "gd", start=[1.0])
    with pytest.raises(InputError, match="0 steps or more, not -1"):
        walked("origin", "gd", steps=-1)
    with pytest.raises(InputError, match="step size 1e\\+06 is too large"):
        walked("origin", "gd", rate=1e6)
