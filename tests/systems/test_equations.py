"""Equations of motion: Lagrange, Newton and Hamilton must tell the same story."""

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from sympy import Matrix, Rational, Symbol, cos, sin, symbols

from systems import InputError, equations
from systems.splitting import split
from tests.builders import dear

x, y, xd, yd, xdd, ydd = symbols("x y xd yd xdd ydd")
NAMES = ("x", "y")

monomials = st.builds(
    lambda c, i, j: Rational(c, 3) * x**i * y**j,
    st.integers(-5, 5),
    st.integers(0, 4),
    st.integers(0, 4),
)
potentials = st.lists(monomials, min_size=1, max_size=4).map(lambda terms: sympy.Add(*terms))
masses = st.tuples(*[st.integers(1, 8).map(lambda n: n / 4)] * 2)


def same(a, b):
    return sympy.simplify(sympy.sympify(a) - b) == 0


@dear
@given(potentials, masses)
def test_euler_lagrange_of_a_separable_lagrangian_is_newton(potential, mass):
    lagrangian = equations.lagrangian(potential, NAMES, mass)
    left = equations.euler_lagrange(lagrangian, NAMES)
    for equation, q, qdd, m in zip(left, (x, y), (xdd, ydd), mass, strict=True):
        assert same(equation, Rational(m) * qdd + sympy.diff(potential, q))


@given(potentials, masses)
def test_split_undoes_lagrangian(potential, mass):
    lagrangian = equations.lagrangian(potential, NAMES, mass)
    # A total time derivative changes nothing: d/dt (x y²) = xd y² + 2 x y yd.
    found = split(lagrangian + xd * y**2 + 2 * x * y * yd, NAMES)
    assert (found.mass, found.kinetic, dict(found.others)) == (mass, None, {})
    assert same(found.potential, potential)


def hamilton(lagrangian, coordinates):
    """H = Σ p q̇ - L in q and p_q, for an L quadratic in the velocities."""
    rates = [equations.velocity(name) for name in coordinates]
    momenta = Matrix([Symbol(f"p_{name}") for name in coordinates])
    slopes = Matrix(equations.gradient(lagrangian, [rate.name for rate in rates]))
    offset = slopes.subs(dict.fromkeys(rates, 0))
    solved = equations.mass_matrix(lagrangian, coordinates).LUsolve(momenta - offset)
    moving = dict(zip(rates, solved, strict=True))
    energy = equations.energy(lagrangian, coordinates)
    return sympy.expand(energy.subs(moving, simultaneous=True))


@dear
@given(potentials, masses)
def test_hamilton_and_lagrange_agree(potential, mass):
    lagrangian = equations.lagrangian(potential, NAMES, mass)
    hamiltonian = hamilton(lagrangian, NAMES)
    rates = equations.gradient(hamiltonian, ["p_x", "p_y"])
    slopes = [-slope for slope in equations.gradient(hamiltonian, NAMES)]
    p_x, p_y = symbols("p_x p_y")
    moving = {p_x: Rational(mass[0]) * xd, p_y: Rational(mass[1]) * yd}
    assert all(same(rate.subs(moving), v) for rate, v in zip(rates, (xd, yd), strict=True))
    accelerations = equations.accelerations(lagrangian, NAMES)
    for slope, a, m in zip(slopes, accelerations, mass, strict=True):
        assert same(slope, Rational(m) * a)
    assert same(hamiltonian.subs(moving), equations.energy(lagrangian, NAMES))


def test_a_pendulum_on_a_cart_has_the_textbook_equations():
    theta, thetad = symbols("theta thetad")
    lagrangian = xd**2 + thetad**2 / 2 + xd * thetad * cos(theta) + cos(theta)
    names = ("x", "theta")
    expected = sympy.Matrix([[2, cos(theta)], [cos(theta), 1]])
    assert equations.mass_matrix(lagrangian, names) == expected
    force_x, force_theta = equations.forcing(lagrangian, names)
    assert same(force_x, thetad**2 * sin(theta))
    assert same(force_theta, -sin(theta))
    accelerations = sympy.Matrix(equations.accelerations(lagrangian, names))
    assert (
        (expected * accelerations - sympy.Matrix([force_x, force_theta]))
        .applyfunc(sympy.simplify)
        .is_zero_matrix
    )


def test_energy_is_conserved_by_the_accelerations_of_a_position_dependent_mass():
    q, qd = symbols("q qd")
    lagrangian = (1 + q**2) * qd**2 / 2 - q**4 + q * qd
    energy = equations.energy(lagrangian, ["q"])
    (qdd,) = equations.accelerations(lagrangian, ["q"])
    assert same(sympy.diff(energy, q) * qd + sympy.diff(energy, qd) * qdd, 0)


def test_a_magnetic_term_enters_the_hamiltonian():
    lagrangian = (xd**2 + yd**2) / 2 + x * yd
    p_x, p_y = symbols("p_x p_y")
    hamiltonian = hamilton(lagrangian, NAMES)
    assert same(hamiltonian, p_x**2 / 2 + (p_y - x) ** 2 / 2)


@pytest.mark.parametrize(
    "lagrangian",
    [
        xd * yd - x * y,  # coupled velocities alone
        xd**2 / 2 - yd**2 / 2 - x,  # a negative mass
        xd**2 / 2 - x,  # y does not move
        Symbol("m") * (xd**2 + yd**2),  # a mass without a number
    ],
)
def test_split_refuses_what_is_no_motion(lagrangian):
    with pytest.raises(InputError):
        split(lagrangian, NAMES)


def test_a_lagrangian_without_its_own_kinetic_energy_is_refused():
    with pytest.raises(InputError, match="no inverse"):
        equations.accelerations(xd**2 / 2 - x, NAMES)


def test_the_reduction_of_a_central_force_is_its_energy_in_polar_coordinates():
    r, phi, rd, phid, p_r, p_phi = symbols("r phi rd phid p_r p_phi")
    mass = Rational(3, 2)
    lagrangian = mass * (rd**2 + r**2 * phid**2) / 2 - 1 / r
    hamiltonian = hamilton(lagrangian, ("r", "phi"))
    reduced = equations.reduce_central(1 / r, 1.5, Symbol("ell2"))
    assert same(hamiltonian, p_r**2 / (2 * mass) + reduced.subs(Symbol("ell2"), p_phi**2))
    assert phi not in hamiltonian.free_symbols


def test_the_gradient_of_an_absolute_value_is_a_sign():
    assert equations.gradient(abs(x) + y, NAMES) == (sympy.sign(x), 1)
    assert equations.gradient(sympy.Integer(3), NAMES) == (0, 0)
