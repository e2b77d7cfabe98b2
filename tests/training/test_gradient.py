"""Gradient descent and Adam walk the known path, and go on from a checkpoint bit for bit."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from systems.errors import InputError
from training.bases.perceptron import Perceptron
from training.optimise import gradient
from training.optimise.checkpoint import Checkpoint
from training.optimise.gradient import descend
from training.optimise.rules import adagrad, adam, cosine_adamw, gradient_descent, momentum
from training.optimise.watch import Monitor

CURVATURE = torch.tensor([1.0, 3.0, 0.2], dtype=torch.float64)
START = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)


def bowl(w, step):
    """Sum of k w^2 / 2, whose gradient is k w."""
    return [(CURVATURE.to(w) * w * w).sum() / 2]


def valley(w, step):
    """Rosenbrock's, chained."""
    return [(1 - w[:-1]).square().sum() + 10 * (w[1:] - w[:-1].square()).square().sum()]


class Watch:
    def __init__(self):
        self.calls = []

    def update(self, step, total, loss):
        self.calls.append((step, total, loss))


def interrupted_at(loss, when):
    def interrupting(w, step):
        if step == when:
            raise KeyboardInterrupt
        return loss(w, step)

    return interrupting


# The network


@pytest.mark.parametrize("activation", ["tanh", "softplus", "elu"])
@pytest.mark.parametrize("output", ["linear", "exp"])
@pytest.mark.parametrize("hidden", [(), (5,), (7, 4, 6)])
def test_several_outputs_are_several_functions(activation, output, hidden):
    x = torch.randn(20, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    network = Perceptron.glorot(3, hidden, 2, activation, output, outputs=4).to(x)
    assert network.size == 4
    values, slopes = network.values(x), network.gradients(x)
    for k in range(4):
        weights = (*network.weights[:-1], network.weights[-1][:, k : k + 1])
        biases = (*network.biases[:-1], network.biases[-1][k : k + 1])
        alone = replace(network, weights=weights, biases=biases)
        torch.testing.assert_close(values[:, k : k + 1], alone.values(x))
        torch.testing.assert_close(slopes[..., k : k + 1], alone.gradients(x))


@pytest.mark.parametrize("activation", ["tanh", "softplus", "elu"])
@pytest.mark.parametrize("output", ["linear", "exp"])
@pytest.mark.parametrize("hidden", [(), (5,), (7, 4, 6)])
def test_gradients_are_those_of_autograd(activation, output, hidden):
    x = torch.randn(20, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    x = x.requires_grad_(True)
    network = Perceptron.glorot(3, hidden, 2, activation, output).to(x)

    values = network.values(x)
    (expected,) = torch.autograd.grad(values.sum(), x)

    assert values.shape == (20, 1)
    assert network.gradients(x).shape == (20, 3, 1)
    torch.testing.assert_close(network.gradients(x)[:, :, 0], expected, rtol=1e-12, atol=1e-14)


def test_the_gradients_can_be_differentiated_in_the_parameters():
    x = torch.linspace(-1, 1, 4, dtype=torch.float64)[:, None]
    network = Perceptron.glorot(1, (3,), seed=0, activation="softplus", output="exp").to(x)

    def slopes(flat):
        return network.with_parameters(flat).gradients(x)

    assert torch.autograd.gradcheck(slopes, network.parameters().requires_grad_(True))


@pytest.mark.parametrize(
    ("inputs", "hidden", "bytes_in_the_authors_checkpoint"),
    [(1, (16, 16), 1284), (1, (256, 256), 266244), (3, (16,) * 8, 7940)],
)
def test_the_networks_have_as_many_weights_as_the_authors(
    inputs, hidden, bytes_in_the_authors_checkpoint
):
    network = Perceptron.glorot(inputs, hidden, seed=0)

    parameters = network.parameters()

    assert parameters.dtype == torch.float32
    assert parameters.numel() * parameters.element_size() == bytes_in_the_authors_checkpoint


def test_weights_are_glorot_uniform_and_biases_zero():
    network = Perceptron.glorot(100, (200,), seed=3)

    first = network.weights[0]

    bound = math.sqrt(6 / 300)
    assert first.abs().max() <= bound
    assert first.std() == pytest.approx(bound / math.sqrt(3), rel=0.02)
    assert all((bias == 0).all() for bias in network.biases)
    assert not torch.equal(first, Perceptron.glorot(100, (200,), seed=4).weights[0])


def test_parameters_and_precision_change_nothing_else():
    network = Perceptron.glorot(2, (4, 3), seed=0, activation="elu", output="exp")
    x = torch.rand(5, 2)

    again = network.with_parameters(network.parameters())
    double = network.to(x.double())

    assert torch.equal(again.values(x), network.values(x))
    assert double.values(x.double()).dtype == torch.float64
    torch.testing.assert_close(double.values(x.double()).float(), network.values(x))


def test_softened_lies_at_most_one_a_unit_below_elu():
    weights = (torch.ones(1, 4, dtype=torch.float64), torch.ones(4, 1, dtype=torch.float64))
    biases = (torch.zeros(4, dtype=torch.float64), torch.tensor([0.3], dtype=torch.float64))
    elu = Perceptron(weights, biases, activation="elu")
    x = torch.tensor([[-50.0], [0.0], [50.0]], dtype=torch.float64)

    softened = elu.softened()

    assert softened.activation == "softplus"
    lower = softened.values(x) - elu.values(x)
    expected = torch.tensor([[0.0], [4 * math.log(2) - 4], [-4.0]], dtype=torch.float64)
    torch.testing.assert_close(lower, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("wrong", [{"activation": "tahn"}, {"output": "square"}])
def test_an_unknown_activation_or_output_is_named(wrong):
    with pytest.raises(InputError, match=next(iter(wrong.values()))):
        Perceptron.glorot(1, (2,), seed=0, **wrong)


# The rules


def test_gradient_descent_shrinks_each_mode_at_its_own_rate():
    done = descend(bowl, START, gradient_descent(0.1), steps=50)

    expected = (1 - 0.1 * CURVATURE) ** 50 * START
    torch.testing.assert_close(done.parameters, expected, rtol=1e-12, atol=0)


def test_gradient_descent_is_stable_up_to_two_over_the_curvature():
    # 2/3: the factors of the steepest mode, 1 - 3 rate, are then -0.95 and -1.05.
    assert descend(bowl, START, gradient_descent(0.65), steps=500).parameters.norm() < 1e-9

    with pytest.raises(InputError, match=r"step size 0\.683 is too large.*try a smaller one"):
        descend(bowl, START.float(), gradient_descent(0.683), steps=2000)


def test_the_first_step_of_adam_has_the_length_of_its_rate():
    done = descend(bowl, START, adam(0.01), steps=1)

    moved = done.parameters - START
    torch.testing.assert_close(moved, -0.01 * START.sign(), rtol=1e-6, atol=0)


def test_adam_walks_as_its_paper_says():
    """Algorithm 1 of Kingma and Ba, written out for one parameter and its gradients 1, -3, 0.5."""
    gradients = [1.0, -3.0, 0.5]
    m, v, w = 0.0, 0.0, 2.0
    for t, g in enumerate(gradients, start=1):
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g**2
        w -= 0.02 * (m / (1 - 0.9**t)) / (math.sqrt(v / (1 - 0.999**t)) + 1e-8)

    start = torch.tensor([2.0], dtype=torch.float64)
    done = descend(lambda w, step: [gradients[step] * w.sum()], start, adam(0.02), steps=3)

    assert float(done.parameters) == pytest.approx(w, rel=1e-14)


def test_a_loss_in_parts_is_their_sum():
    def parts(w, step):
        return ((CURVATURE[k] * w[k] ** 2) / 2 for k in range(3))

    whole = descend(bowl, START, gradient_descent(0.1), steps=20)
    summed = descend(parts, START, gradient_descent(0.1), steps=20)

    torch.testing.assert_close(summed.parameters, whole.parameters, rtol=1e-13, atol=0)
    np.testing.assert_allclose(summed.history, whole.history, rtol=1e-13)


def test_the_start_is_left_as_it_was():
    start = START.clone()

    descend(bowl, start, gradient_descent(0.1), steps=3)

    assert torch.equal(start, START)
    assert not start.requires_grad


# The loop


def test_the_history_is_thinned_evenly(monkeypatch):
    monkeypatch.setattr(gradient, "MOST_HISTORY", 100)

    def counting(w, step):
        return [0 * w.sum() + step]

    steps = 4 * 100 + 10
    done = descend(counting, START, gradient_descent(1.0), steps=steps)

    assert done.history == tuple(range(0, steps, 8))


def test_every_step_of_a_short_run_is_in_the_history():
    done = descend(bowl, START, gradient_descent(0.1), steps=7)

    expected = [
        float((CURVATURE * (1 - 0.1 * CURVATURE) ** (2 * k) * START**2).sum() / 2) for k in range(7)
    ]
    assert done.history == pytest.approx(expected, rel=1e-13)


def test_the_watch_hears_of_the_end():
    watch = Watch()

    done = descend(bowl, START, gradient_descent(0.1), steps=500, monitor=Monitor(watch))

    assert watch.calls[-1] == (500, 500, done.history[-1])
    assert len(watch.calls) < 100, "it is not told of every step"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rule", "when"),
    [(adam(0.01), 1), (adam(0.01), 1000), (gradient_descent(0.002), 1051)],
)
def test_a_resumed_descent_equals_an_uninterrupted_one_bit_for_bit(tmp_path, rule, when):
    start = START.float()
    path = tmp_path / "checkpoint.pt"
    whole = Checkpoint()
    uninterrupted = descend(valley, start, rule, 1100, Monitor(checkpoint=whole))

    checkpoint = Checkpoint(path)
    with pytest.raises(KeyboardInterrupt):
        descend(interrupted_at(valley, when), start, rule, 1100, Monitor(checkpoint=checkpoint))
    checkpoint.write()
    read = Checkpoint.read(path)
    resumed = descend(valley, start, rule, 1100, Monitor(checkpoint=read))

    assert torch.equal(resumed.parameters, uninterrupted.parameters)
    assert resumed.history == uninterrupted.history
    assert resumed.steps == 1100
    moments, expected = (one.progress.memory["optimizer"]["state"] for one in (read, whole))
    torch.testing.assert_close(moments, expected, rtol=0, atol=0)


@pytest.mark.parametrize(
    "rule",
    [momentum(0.001), adagrad(0.1), cosine_adamw(0.05, steps=60, warmup=10)],
    ids=["momentum", "adagrad", "adamw"],
)
def test_every_rule_goes_on_as_if_nothing_had_happened(rule):
    whole = descend(valley, START, rule, steps=60)
    kept = Monitor(checkpoint=Checkpoint())
    with pytest.raises(KeyboardInterrupt):
        descend(interrupted_at(valley, 25), START, rule, 60, kept)
    resumed = descend(valley, START, rule, 60, kept)
    assert torch.equal(whole.parameters, resumed.parameters)
    assert whole.history == resumed.history


def test_what_is_kept_is_a_copy(tmp_path):
    """The optimizer changes its numbers in place; the checkpoint of before must not follow."""
    kept = Checkpoint()

    class Stops:
        def update(self, step, total, loss):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        descend(valley, START, adam(0.01), 5, Monitor(Stops(), kept))
    before = kept.progress
    numbers = [before.parameters.clone(), before.memory["optimizer"]["state"][0]["exp_avg"].clone()]
    descend(valley, START, adam(0.01), 5, Monitor(checkpoint=kept))
    assert torch.equal(before.parameters, numbers[0])
    assert torch.equal(before.memory["optimizer"]["state"][0]["exp_avg"], numbers[1])
    assert before.memory["step"] == 1


def test_a_finished_descent_takes_no_further_step():
    checkpoint = Checkpoint()
    done = descend(bowl, START, adam(0.01), steps=30, monitor=Monitor(checkpoint=checkpoint))

    again = descend(
        interrupted_at(bowl, 30),
        START,
        adam(0.01),
        steps=30,
        monitor=Monitor(checkpoint=checkpoint),
    )

    assert torch.equal(again.parameters, done.parameters)


def _complex(optimizer):
    optimizer["state"][0]["exp_avg"] = optimizer["state"][0]["exp_avg"].to(torch.complex128)


def _counted(optimizer):
    optimizer["state"][0]["exp_avg"] = optimizer["state"][0]["exp_avg"] > 0


def _upwards(optimizer):
    optimizer["param_groups"][0]["maximize"] = True


@pytest.mark.parametrize("spoil", [_complex, _counted, _upwards])
def test_moments_that_are_not_those_of_the_optimizer_are_refused(spoil):
    checkpoint = Checkpoint()
    descend(bowl, START, adam(0.01), steps=3, monitor=Monitor(checkpoint=checkpoint))
    spoil(checkpoint.progress.memory["optimizer"])
    with pytest.raises(InputError, match="the checkpoint is damaged"):
        descend(bowl, START, adam(0.01), steps=5, monitor=Monitor(checkpoint=checkpoint))


def test_what_was_kept_on_a_gpu_goes_on_here():
    """There the same steps are taken by other kernels, and the rate is on the device."""
    checkpoint = Checkpoint()
    whole = descend(bowl, START, cosine_adamw(0.01, 20, warmup=5), steps=8)
    descend(bowl, START, cosine_adamw(0.01, 20, warmup=5), 3, Monitor(checkpoint=checkpoint))
    for group in checkpoint.progress.memory["optimizer"]["param_groups"]:
        group |= {"fused": True, "foreach": None, "capturable": True}
    went_on = Monitor(checkpoint=checkpoint)
    resumed = descend(bowl, START, cosine_adamw(0.01, 20, warmup=5), 8, went_on)
    torch.testing.assert_close(resumed.parameters, whole.parameters, rtol=0, atol=0)


@pytest.mark.parametrize("steps", [-1, 10**400])
def test_impossible_counts_of_steps_are_refused(steps):
    checkpoint = Checkpoint()
    descend(bowl, START, adam(0.01), steps=3, monitor=Monitor(checkpoint=checkpoint))
    checkpoint.progress.memory["step"] = steps
    with pytest.raises(InputError, match="the checkpoint is damaged"):
        descend(bowl, START, adam(0.01), steps=5, monitor=Monitor(checkpoint=checkpoint))


def test_the_checkpoint_of_another_rule_is_refused():
    checkpoint = Checkpoint()
    descend(bowl, START, adam(0.01), steps=3, monitor=Monitor(checkpoint=checkpoint))

    with pytest.raises(
        InputError, match="3 numbers of the rule Adam where this training has 3 of SGD"
    ):
        descend(
            bowl, START, gradient_descent(0.01), steps=5, monitor=Monitor(checkpoint=checkpoint)
        )


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_says_what_to_try(bad):
    def failing(w, step):
        return [w.square().sum() * (bad if step == 5 else 1.0)]

    with pytest.raises(InputError, match=rf"loss is {bad} by step 5: the step size 0\.01"):
        descend(failing, START, gradient_descent(0.01), steps=10)


# AdamW


def test_adamw_is_torchs():
    """The same path as torch's optimizer with a rate set by hand at every step."""
    rule = cosine_adamw(rate=0.05, steps=40, warmup=10, decay=0.3)
    done = descend(valley, START, rule, steps=40)
    w = START.clone().requires_grad_(True)
    other = torch.optim.AdamW([w], betas=(0.9, 0.99), weight_decay=0.3)
    for step in range(40):
        other.param_groups[0]["lr"] = 0.05 * rule.factor(step)
        other.zero_grad()
        torch.autograd.backward(valley(w, step)[0])
        other.step()
    torch.testing.assert_close(done.parameters, w.detach(), rtol=1e-12, atol=0)


def test_the_rate_rises_and_falls():
    rule = cosine_adamw(rate=2e-3, steps=1000, warmup=100)
    rates = [rule.rate * rule.factor(step) for step in range(1001)]
    top = rates.index(max(rates))
    assert 90 <= top <= 100
    assert rates[:top] == sorted(rates[:top])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert rates[-1] == pytest.approx(2e-6)
