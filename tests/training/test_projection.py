"""Variable projection: the reduced loss is a minimum over c, and its gradient is its gradient."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from training.bases.network import glorot, placed
from training.bases.ridge import RidgeFunctions
from training.bases.tangent import Tangent
from training.optimise import levenberg
from training.optimise.broyden import Inverse, Place, broyden, descent
from training.optimise.broyden_batched import Descents, advance
from training.optimise.levenberg import levenberg_marquardt
from training.optimise.linearised import linearised
from training.optimise.projection import Limits, Reduced, lbfgs
from training.optimise.restarts import furthest, together
from training.recipes.table import MLP_TOLERANCE
from training.rows.trajectories import levels
from training.rows.values import ValueRows
from training.solve.linear import solve

WEIGHTS = (1.0, 0.3)


def target(x):
    return torch.exp(x[:, 0]) + torch.sin(3 * x[:, 0])


def families():
    """Two families of level rows of one function, on different points."""
    made = []
    for seed in (0, 1):
        x = torch.from_numpy(np.random.default_rng(seed).uniform(-1, 1, (40, 1)))
        made.append(levels(x, target(x), torch.zeros(40, dtype=torch.int64), "V"))
    return tuple(made)


FAMILIES = families()
REDUCED = Reduced(FAMILIES, WEIGHTS, ridge=1e-4)
NETWORKS = {
    "placed": placed(FAMILIES[0].x, 5, 0),
    "deep": glorot(FAMILIES[0].x, (3, 4), 0),
}


def normal_equations(network, reduced):
    """J_pᵀ J_p, from J_p where there are few rows, and J_pᵀ r."""
    found = linearised(network, reduced, reduced.eliminate(network)[1])
    few = found.jacobian is not None
    return found.jacobian.T @ found.jacobian if few else found.matrix, found.gradient


def rows(network):
    pairs = list(zip(WEIGHTS, FAMILIES, strict=True))
    design = torch.cat([weight * family.design(network) for weight, family in pairs])
    return design, torch.cat([weight * family.truth for weight, family in pairs])


@pytest.mark.parametrize("kind", NETWORKS)
def test_the_reduced_loss_is_the_ridge_minimum(kind):
    """min_c |A c - b|^2 + ridge^2 |c|^2, by the normal equations."""
    network = NETWORKS[kind]
    design, truth = rows(network)
    gram = design.T @ design + 1e-8 * torch.eye(network.size, dtype=torch.float64)
    c = torch.linalg.solve(gram, design.T @ truth)
    expected = (design @ c - truth).square().sum() + 1e-8 * c.square().sum()
    assert REDUCED.loss(network) == pytest.approx(float(expected), rel=1e-6)


@pytest.mark.parametrize("kind", NETWORKS)
def test_the_gradient_is_that_of_finite_differences(kind):
    """The envelope theorem: c* moves with w and does not matter."""
    network = NETWORKS[kind]
    flat = network.parameters()
    loss, gradient = REDUCED.loss_and_gradient(network, flat)

    assert loss == pytest.approx(REDUCED.loss(network), rel=1e-9)
    for m in range(len(flat)):
        step = torch.zeros_like(flat)
        step[m] = 1e-5
        ahead = REDUCED.loss(network.with_parameters(flat + step))
        behind = REDUCED.loss(network.with_parameters(flat - step))
        slope = (ahead - behind) / 2e-5
        assert float(gradient[m]) == pytest.approx(slope, rel=1e-4, abs=1e-7 * loss)


@pytest.mark.parametrize("kind", NETWORKS)
def test_kaufmans_jacobian_has_the_right_gradient(kind):
    """Dropping the second term of the Jacobian leaves J^T r what it is."""
    network = NETWORKS[kind]
    _, gradient = REDUCED.loss_and_gradient(network, network.parameters())
    normal, projected = normal_equations(network, REDUCED)
    torch.testing.assert_close(2 * projected, gradient, rtol=1e-6, atol=1e-12)
    torch.testing.assert_close(normal, normal.T)
    assert torch.linalg.eigvalsh(normal).min() > -1e-10 * normal.diagonal().max()


def test_kaufmans_jacobian_does_not_see_what_c_can_undo():
    """Moving w so that the change of A c lies in the range of A costs nothing: the scale of a
    nearly linear unit, say. The projected normal matrix is blind in that direction."""
    x = torch.linspace(-1, 1, 30, dtype=torch.float64)[:, None]
    family = levels(x, target(x), torch.zeros(30, dtype=torch.int64), "V")
    network = placed(x, 1, 0)
    tiny = network.with_parameters(torch.tensor([1e-4, 0.0], dtype=torch.float64))
    reduced = Reduced((family,), (1.0,), ridge=0.0)

    normal, _ = normal_equations(tiny, reduced)

    assert float(normal[0, 0]) < 1e-8 * float(tiny.size)


class Recorder:
    def __init__(self):
        self.steps = []
        self.memories = []
        self.losses = []
        self.networks = []

    def __call__(self, loss, network, memory):
        self.steps.append(len(self.steps) + 1)
        self.memories.append(memory)
        self.losses.append(loss)
        self.networks.append(network)


@pytest.mark.parametrize(
    "descend", [lbfgs, broyden, pytest.param(levenberg_marquardt, marks=pytest.mark.slow)]
)
def test_descending_gains_decades_step_by_step(descend):
    network, record = NETWORKS["deep"], Recorder()
    reduced = Reduced(FAMILIES, WEIGHTS)

    trained = descend(network, reduced, Limits(60, 1e-7), record)

    assert record.steps == list(range(1, len(record.steps) + 1))
    assert all(b <= a for a, b in zip(record.losses, record.losses[1:], strict=False))
    before, after = reduced.loss(network), reduced.loss(trained)
    assert after < 1e-3 * before
    assert after == pytest.approx(record.losses[-1], rel=1e-6)


@pytest.mark.parametrize("descend", [lbfgs, broyden, levenberg_marquardt])
def test_what_is_reported_is_what_is_handed_over(descend):
    """The network given to the watch has the loss given with it: a checkpoint of the two fits."""
    record = Recorder()
    reduced = Reduced(FAMILIES, WEIGHTS)
    descend(NETWORKS["placed"], reduced, Limits(8, 0.0), record)
    for loss, network in zip(record.losses, record.networks, strict=True):
        assert reduced.loss(network) == pytest.approx(loss, rel=1e-6)


@pytest.mark.parametrize("descend", [lbfgs, broyden, levenberg_marquardt])
def test_it_stops_at_the_tolerance(descend):
    """And not before: the tolerance is on the residual, its square on the loss."""
    record = Recorder()
    reduced = Reduced(FAMILIES, WEIGHTS)
    tolerance = 3e-3
    assert reduced.loss(NETWORKS["deep"]) > tolerance**2
    descend(NETWORKS["deep"], reduced, Limits(200, tolerance), record)
    assert record.losses[-1] <= tolerance**2
    assert all(loss > tolerance**2 for loss in record.losses[:-1])


def test_steps_follow_a_bent_valley():
    """The second term of a step, from the definitions, by differences a hundred times finer."""
    x = torch.linspace(-1, 1, 30, dtype=torch.float64)[:, None]
    network = glorot(x, (4, 3), 1)
    family = levels(x, target(x), torch.zeros(30, dtype=torch.int64), "V")
    reduced = Reduced((family,), (1.0,), ridge=1e-6)
    linear = linearised(network, reduced, reduced.solved(network)[1])
    damping = 30.0
    step, predicted = levenberg.moved(linear, damping)
    matrix = linear.jacobian.T @ linear.jacobian if linear.jacobian is not None else linear.matrix
    damped = matrix + damping * linear.scale * torch.eye(len(matrix), dtype=torch.float64)
    straight = -torch.linalg.solve(damped, linear.gradient)
    flat, h = network.parameters(), 1e-3

    def along(part):
        return reduced.residual(network.with_parameters(flat + part * straight))

    bend = (along(h) - 2 * along(0.0) + along(-h)) / h**2
    half = -torch.linalg.solve(damped, linear.place.pulled(linear.place.outside(bend))) / 2
    torch.testing.assert_close(step, straight + half, rtol=0, atol=0.02 * float(half.norm()))
    assert 1e-3 < float(half.norm() / straight.norm()) < levenberg.MOST_BENT / 2
    gained = linear.gradient @ straight * 2 + straight @ matrix @ straight
    assert predicted == pytest.approx(-float(gained), rel=1e-6)


@pytest.mark.parametrize("descend", [lbfgs, broyden, levenberg_marquardt])
def test_it_takes_no_more_iterations_than_asked_for(descend):
    record = Recorder()
    descend(NETWORKS["placed"], Reduced(FAMILIES, WEIGHTS), Limits(3, 0.0), record)
    assert record.steps == [1, 2, 3]


def test_levenberg_marquardt_goes_on_exactly_from_what_it_remembers():
    reduced = Reduced(FAMILIES, WEIGHTS)
    whole, first, then = Recorder(), Recorder(), Recorder()
    end = levenberg_marquardt(NETWORKS["placed"], reduced, Limits(9, 0.0), whole)
    half = levenberg_marquardt(NETWORKS["placed"], reduced, Limits(4, 0.0), first)
    again = levenberg_marquardt(half, reduced, Limits(5, 0.0), then, first.memories[-1])
    assert first.losses + then.losses == whole.losses
    assert torch.equal(again.parameters(), end.parameters())


def test_at_a_minimum_levenberg_marquardt_ends_by_itself():
    """A target that is one of the basis functions: nothing to gain, no thousand iterations."""
    network = NETWORKS["placed"]
    x = FAMILIES[0].x
    family = levels(x, network.values(x)[:, 2], torch.zeros(40, dtype=torch.int64), "V")
    record = Recorder()
    levenberg_marquardt(network, Reduced((family,), (1.0,)), Limits(1000, 0.0), record)
    assert len(record.steps) < 40


def test_the_ridge_is_out_of_the_way():
    """1e-8 against unit columns: the loss is the least-squares one to a part in a thousand."""
    network = NETWORKS["placed"]
    design, truth = rows(network)
    plain = solve(design, truth).residual ** 2
    assert Reduced(FAMILIES, WEIGHTS).loss(network) == pytest.approx(plain, rel=1e-3)


def test_the_mlp_recipes_tolerance_can_be_met():
    """By a network that holds the target exactly."""
    network = NETWORKS["deep"]
    x = FAMILIES[0].x
    family = levels(x, network.values(x).sum(dim=1), torch.zeros(40, dtype=torch.int64), "V")
    assert Reduced((family,), (1.0,)).loss(network) <= MLP_TOLERANCE**2


def values_of_ridges(biased):
    """Rows of values, of three weights, of a network whose slopes in the weights are written out.

    As many rows as make several blocks of the Jacobian, of which one is shorter.
    """
    rng = np.random.default_rng(5)
    x = rng.uniform(-1, 1, (101, 3))
    rows = ValueRows.of(x, np.sin(x @ [1.0, 2.0, -1.0]) + x[:, 0], rng.uniform(0.5, 2, 101))
    kind = "softplus" if biased else "exponential"
    return rows, RidgeFunctions.start(3, 4, kind, seed=1, biased=biased, linear=not biased)


@pytest.mark.parametrize("biased", [False, True], ids=["order-aware", "biased"])
def test_slopes_in_the_weights_are_autograds(biased):
    rows, network = values_of_ridges(biased)
    coefficients = torch.linspace(-1, 2, network.size, dtype=torch.float64)

    def value(flat):
        return network.with_parameters(flat).values(rows.x) @ coefficients

    expected = torch.func.jacrev(value)(network.parameters())
    torch.testing.assert_close(Tangent(network, coefficients).values(rows.x), expected)


@pytest.mark.parametrize("kind", NETWORKS)
def test_a_networks_slopes_in_the_weights_are_autograds(kind):
    """Of its values and of its gradients, in two features."""
    x = torch.from_numpy(np.random.default_rng(2).uniform(-1, 1, (7, 2)))
    network = placed(x, 5, 0) if kind == "placed" else glorot(x, (3, 4), 0)
    coefficients = torch.linspace(-1, 2, network.size, dtype=torch.float64)
    tangent = Tangent(network, coefficients)

    def jacobian(of):
        def function(flat):
            return getattr(network.with_parameters(flat), of)(x) @ coefficients

        return torch.func.jacrev(function)(network.parameters())

    torch.testing.assert_close(tangent.values(x), jacobian("values"))
    torch.testing.assert_close(tangent.gradients(x), jacobian("gradients"))


def test_few_rows_and_many_give_the_same_step(monkeypatch):
    """(JᵀJ + λ)⁻¹ Jᵀ r = Jᵀ (JJᵀ + λ)⁻¹ r: 80 rows and 12 of the ridge, 152 weights."""
    network = glorot(FAMILIES[0].x, (10, 12), 0)
    reduced = Reduced(FAMILIES, WEIGHTS, ridge=1e-4)
    coefficients = reduced.solved(network)[1]
    few = linearised(network, reduced, coefficients)
    monkeypatch.setattr("training.optimise.linearised.BLOCK", 1)
    many = linearised(network, reduced, coefficients)
    assert (few.jacobian is None, many.jacobian is None) == (False, True)
    assert few.scale == pytest.approx(many.scale, rel=1e-9)
    residual = reduced.residual(network)
    for vector in (residual, torch.linspace(-1, 1, len(residual), dtype=torch.float64)):
        one, other = (each.damped(1e-3)(each.side(vector)) for each in (few, many))
        torch.testing.assert_close(one, other, rtol=0, atol=1e-5 * float(other.abs().max()))
    pulled = many.side(residual)
    torch.testing.assert_close(pulled, many.gradient, rtol=0, atol=1e-8 * float(pulled.abs().max()))


@pytest.mark.parametrize("biased", [False, True], ids=["order-aware", "biased"])
def test_blocks_add_up_to_the_whole_jacobian(biased, monkeypatch):
    """The projected Jacobian in one piece, by dense linear algebra, against eleven blocks."""
    rows, network = values_of_ridges(biased)
    reduced = Reduced([rows], [0.7], ridge=1e-3)
    design, coefficients, residual = reduced.eliminate(network)
    jacobian = torch.zeros(len(design), network.parameters().numel(), dtype=torch.float64)
    jacobian[: len(rows.y)] = 0.7 * rows.design(Tangent(network, coefficients))
    projected = jacobian - design @ torch.linalg.lstsq(design, jacobian).solution

    monkeypatch.setattr("training.optimise.linearised.BLOCK", 1)
    monkeypatch.setattr("training.optimise.linearised.LEFT_OVER", 10 / network.size)
    normal, gradient = normal_equations(network, reduced)

    scale = float(jacobian.square().sum())
    torch.testing.assert_close(normal, projected.T @ projected, rtol=0, atol=1e-12 * scale)
    torch.testing.assert_close(gradient, projected.T @ residual, rtol=0, atol=1e-12 * scale)


def rosenbrock(w):
    """Σ 100 (w_k+1 - w_k²)² + (1 - w_k)², with its least at 1, along a bent valley."""
    w = w.detach().requires_grad_(True)
    losses = (100 * (w[:, 1:] - w[:, :-1] ** 2) ** 2 + (1 - w[:, :-1]) ** 2).sum(dim=1)
    (gradients,) = torch.autograd.grad(losses.sum(), w)
    return losses.detach(), gradients


def test_every_start_of_a_batch_descends_as_it_would_alone():
    """Broyden along the valley, to rounding, however far from there; one batch, no exchange."""
    starts = torch.tensor([[-1.2, 1.0, 0.5], [2.0, -3.0, 1.0], [1.0, 1.0, 1.0]]).double()
    state = Descents.begun(rosenbrock, starts)
    alone = Descents.begun(rosenbrock, starts[1:2])
    for step in range(60):
        state, alone = advance(state, rosenbrock), advance(alone, rosenbrock)
        if step == 10:
            torch.testing.assert_close(state.weights[1], alone.weights[0], rtol=1e-6, atol=1e-8)
    torch.testing.assert_close(state.weights, torch.ones_like(starts), rtol=0, atol=1e-9)
    assert state.ended[2]


def test_a_descent_alone_takes_the_steps_of_one_in_a_batch():
    """By one triangle in place and by whole matrices, through lines that take several trials."""
    start = np.array([2.0, -3.0, 1.0])

    def objective(weights):
        losses, gradients = rosenbrock(torch.from_numpy(weights)[None])
        return float(losses), gradients[0].numpy()

    state = Descents.begun(rosenbrock, torch.from_numpy(start)[None])
    for step, place in enumerate(descent(Place.at(start, objective), objective, Limits(60, 1e-10))):
        state = advance(state, rosenbrock)
        if step < 25:
            np.testing.assert_allclose(place.weights, state.weights[0], rtol=1e-6, atol=1e-8)
    assert place.loss < 1e-18
    np.testing.assert_allclose(place.weights, 1, rtol=0, atol=1e-8)


def test_what_broyden_knows_meets_the_secant_equation():
    """H₊ y = s after every step, whatever the mixture, and H₊ stays positive."""
    draw = np.random.default_rng(4)
    for _ in range(20):
        half = draw.standard_normal((5, 5))
        hessian = half @ half.T + 0.1 * np.eye(5)
        inverse, weights = Inverse(5), draw.standard_normal(5)
        here = Place(weights, 1.0, hessian @ weights)
        direction = here.steepest
        for _ in range(8):
            length = float(draw.uniform(0.1, 2.0))
            there = here.weights + length * direction
            after = Place(there, 1.0, hessian @ there)
            following = inverse.next(here, direction, length, after)
            upper = np.triu(inverse.triangle)
            known = inverse.scale * (upper + np.triu(upper, 1).T)
            step, change = after.weights - here.weights, after.gradient - here.gradient
            np.testing.assert_allclose(known @ change, step, rtol=1e-6, atol=1e-8 * abs(step).max())
            np.testing.assert_allclose(
                following, -known @ after.gradient, rtol=1e-6, atol=1e-8 * abs(following).max()
            )
            assert np.linalg.eigvalsh(known).min() > 0
            here, direction = after, following


def test_many_weights_at_once_have_the_losses_of_each():
    networks = [glorot(FAMILIES[0].x, (3, 4), seed) for seed in range(3)]
    objective = together(networks[0], REDUCED)
    losses, gradients = objective(torch.stack([each.parameters() for each in networks]))
    for network, loss, gradient in zip(networks, losses, gradients, strict=True):
        expected, slope = REDUCED.loss_and_gradient(network, network.parameters())
        assert float(loss) == pytest.approx(expected, rel=1e-6)
        torch.testing.assert_close(gradient, slope, rtol=1e-4, atol=1e-8)


def test_the_start_that_comes_furthest_is_taken():
    """Of three starts without a slope, which stay where they are, and one that is good already."""
    good = NETWORKS["deep"]
    flat = good.with_parameters(torch.zeros_like(good.parameters()))
    best = furthest([flat, flat, good, flat], REDUCED, Limits(3, 0.0))
    assert REDUCED.loss(best) < REDUCED.loss(good) < REDUCED.loss(flat)
