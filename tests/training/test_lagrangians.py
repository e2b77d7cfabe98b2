"""All forms of the equations of motion agree to round-off, with each other and with sympy."""

import numpy as np
import pytest
import torch
from torch.func import grad

from systems import InputError, mechanics, motion
from systems.expressions import parse
from systems.integrate import compile
from training.bases.perceptron import Perceptron
from training.lagrangian_network import LagrangianNetwork
from training.lagrangians import (
    accelerations,
    accelerations_full_hessian,
    accelerations_known_mass,
    euler_lagrange_residual,
    mass_matrices,
    torch_lagrangian,
)

TEXTS = {
    "harmonic and Coulomb": (
        "(xd**2 + yd**2)/2 - 2*(x**2 + y**2) - 1/sqrt((x - y)**2)",
        ("x", "y"),
    ),
    "polar": ("rd**2/2 + r**2*phid**2/2 + 1/r", ("r", "phi")),
    "position-dependent mass, magnetic": (
        "(1 + x**2)*xd**2/2 + yd**2/2 + x*y*xd - x**2 - y**2/2 - 1/abs(x - y)",
        ("x", "y"),
    ),
    "functions": ("xd**2*exp(x)/2 + pi*yd**2*(2 + cos(x*y)) - log(3 + y) + sqrt(2)*y*xd", "xy"),
    "relativistic": ("-sqrt(1 - xd**2) - x**2/2", ("x",)),
}


def network(d=3, activation="tanh", seed=0):
    """A network whose biases are not zero, so that nothing vanishes by chance."""
    made = LagrangianNetwork.glorot(d, (12, 9), seed, activation)
    generator = torch.Generator().manual_seed(seed + 1)
    noise = torch.randn(len(made.parameters()), generator=generator, dtype=torch.float64)
    return made.with_parameters(made.parameters() + 0.1 * noise)


LAGRANGIANS = {
    **{
        name: (torch_lagrangian(parse(text), names), len(names))
        for name, (text, names) in TEXTS.items()
    },
    "network": (network(), 3),
}


def points(d, count=40):
    generator = torch.Generator().manual_seed(3)
    q, qd, qdd = torch.rand(3, count, d, generator=generator, dtype=torch.float64)
    return 0.2 + q, 1.8 * qd - 0.9, 4 * qdd - 2


def close(found, expected, tolerance=1e-11):
    torch.testing.assert_close(found, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", LAGRANGIANS)
def test_the_tangents_give_the_accelerations_of_the_full_hessian(name):
    lagrangian, d = LAGRANGIANS[name]
    q, qd, _ = points(d)

    found = accelerations(lagrangian)(q, qd)

    assert found.shape == q.shape
    assert found.abs().max() > 1e-3
    close(found, accelerations_full_hessian(lagrangian)(q, qd))


@pytest.mark.parametrize("name", LAGRANGIANS)
def test_the_residual_is_the_mass_times_what_the_acceleration_is_off_by(name):
    lagrangian, d = LAGRANGIANS[name]
    q, qd, qdd = points(d)

    found = euler_lagrange_residual(lagrangian)(q, qd, qdd)

    off = qdd - accelerations_full_hessian(lagrangian)(q, qd)
    close(found, torch.einsum("nij,nj->ni", mass_matrices(lagrangian)(q, qd), off))
    assert found.abs().max() > 0.1


@pytest.mark.parametrize("name", TEXTS)
def test_torch_agrees_with_sympy(name):
    text, names = TEXTS[name]
    q, qd, qdd = points(len(names))
    lagrangian = torch_lagrangian(parse(text), names)
    variables = [f"{name}{dots}" for dots in ("", "d", "dd") for name in names]
    state = np.hstack([q, qd, qdd])

    truth = motion.acceleration_function(parse(text), names)(q.numpy(), qd.numpy())
    value = compile([parse(text)], variables)(state)[:, 0]
    left = compile(mechanics.euler_lagrange(parse(text), names), variables)(state)

    close(accelerations(lagrangian)(q, qd), torch.tensor(truth))
    close(torch.vmap(lagrangian)(q, qd), torch.tensor(value), 1e-14)
    close(euler_lagrange_residual(lagrangian)(q, qd, qdd), torch.tensor(left))


def test_a_known_mass_spares_the_hessian():
    matrix = torch.tensor([[2.0, 0.5], [0.5, 1.0]], dtype=torch.float64)
    q, qd, _ = points(2)

    def potential(q, qd):
        return q[0] * q[1] ** 2 * qd[0] - torch.exp(q[0] * q[1])

    def coupled(q, qd):
        return qd @ matrix @ qd / 2 + potential(q, qd)

    def diagonal(q, qd):
        return qd[0] ** 2 + qd[1] ** 2 / 6 + potential(q, qd)

    close(accelerations_known_mass(coupled, matrix)(q, qd), accelerations(coupled)(q, qd))
    mass = torch.tensor([2.0, 1 / 3], dtype=torch.float64)
    close(accelerations_known_mass(diagonal, mass)(q, qd), accelerations(diagonal)(q, qd))
    assert (
        accelerations_known_mass(diagonal, mass)(q, qd) - accelerations(coupled)(q, qd)
    ).abs().max() > 0.1


def test_parameters_are_shared_by_all_samples_and_can_be_differentiated():
    q, qd, qdd = points(2)

    def lagrangian(q, qd, k, masses):
        return masses["m"] @ qd**2 / 2 - k * (q * q).sum() / 2

    masses = {"m": torch.tensor([1.0, 2.0], dtype=torch.float64)}
    k = torch.tensor(4.0, dtype=torch.float64)

    close(accelerations(lagrangian)(q, qd, k, masses), -k * q / masses["m"])
    residual = euler_lagrange_residual(lagrangian)
    close(residual(q, qd, qdd, k, masses), masses["m"] * qdd + k * q)
    close(grad(lambda k: residual(q, qd, qdd, k, masses).sum())(k), q.sum())


@pytest.mark.parametrize("activation", ["tanh", "softplus"])
@pytest.mark.parametrize("d", [1, 4])
def test_the_networks_own_residual_is_the_residual(activation, d):
    made = network(d, activation)
    q, qd, qdd = points(d)

    close(made.residual(q, qd, qdd), euler_lagrange_residual(made)(q, qd, qdd), 1e-13)


@pytest.mark.parametrize("hidden", [(7,), (5, 6, 4)])
def test_the_networks_own_residual_is_right_for_any_number_of_layers(hidden):
    made = LagrangianNetwork.glorot(2, hidden, seed=5)
    q, qd, qdd = points(2)

    close(made.residual(q, qd, qdd), euler_lagrange_residual(made)(q, qd, qdd), 1e-13)


def test_the_networks_own_residual_has_the_right_gradient_in_the_weights():
    made = network(2)
    q, qd, qdd = points(2)

    def own(flat):
        return made.with_parameters(flat).residual(q, qd, qdd).square().mean()

    def general(flat):
        residual = euler_lagrange_residual(lambda q, qd, w: made.with_parameters(w)(q, qd))
        return residual(q, qd, qdd, flat).square().mean()

    slope = grad(own)(made.parameters())
    close(slope, grad(general)(made.parameters()), 1e-12)
    # The last bias is a constant in L, which moves nothing; the others matter.
    assert slope[-1] == 0
    assert (slope != 0).sum() == len(slope) - 1


def test_unsuitable_networks_are_refused():
    with pytest.raises(InputError, match="tanh or softplus, not 'elu'"):
        LagrangianNetwork.glorot(2, (4,), 0, activation="elu")
    with pytest.raises(InputError, match="with the output 'exp'"):
        LagrangianNetwork(Perceptron.glorot(4, (4,), 0, output="exp"))
    with pytest.raises(InputError, match="as many inputs"):
        LagrangianNetwork(Perceptron.glorot(3, (4,), 0))


def test_a_lagrangian_with_unknown_symbols_is_refused():
    with pytest.raises(InputError, match=r"holds k; .* everything else must be a number"):
        torch_lagrangian(parse("qd**2/2 - k*q**2"), ("q",))


def test_a_constant_lagrangian_is_a_tensor():
    constant = torch_lagrangian(parse("3/4"), ("q",))
    q = torch.zeros(1, dtype=torch.float64)
    assert constant(q, q) == 0.75
    assert euler_lagrange_residual(constant)(q[None], q[None], q[None]) == 0
