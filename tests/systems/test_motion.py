"""Motion from any Lagrangian: numbers must agree with sympy's own solution and with known flows."""

import numpy as np
import pytest
import sympy
from hypothesis import example, given
from hypothesis import strategies as st

import systems
from systems import InputError, equations, motion
from systems.expressions import parse
from systems.integrate import compile

LAGRANGIANS = {
    "harmonic and Coulomb": (
        "(xd**2 + yd**2)/2 - 2*(x**2 + y**2) - 1/sqrt((x - y)**2)",
        ("x", "y"),
    ),
    "polar": ("rd**2/2 + r**2*phid**2/2 + 1/r", ("r", "phi")),
    "position-dependent mass, magnetic": (
        "(1 + x**2)*xd**2/2 + yd**2/2 + x*y*xd - x**2 - y**2/2 - 1/abs(x - y)",
        ("x", "y"),
    ),
    "coupled velocities": ("xd*yd*cos(x - y) + 2*xd**2 + yd**2 - x*y", ("x", "y")),
    "relativistic": ("-sqrt(1 - xd**2) - x**2/2", ("x",)),
    "three coordinates": (
        "(xd**2 + 2*yd**2 + 3*zd**2)/2 + xd*zd/2 + y*zd*sin(x) - x**2*y**2 - z**4",
        ("x", "y", "z"),
    ),
}


def lagrangian(name):
    text, coordinates = LAGRANGIANS[name]
    return parse(text), coordinates


def points(d, seed=0, count=50):
    rng = np.random.default_rng(seed)
    return rng.uniform(0.2, 0.9, (count, d)), rng.uniform(-0.9, 0.9, (count, d))


@pytest.mark.parametrize("name", LAGRANGIANS)
def test_the_numbers_agree_with_sympys_inverse(name):
    expression, coordinates = lagrangian(name)
    q, qd = points(len(coordinates))
    names = [*coordinates, *(f"{name}d" for name in coordinates)]
    symbolic = compile(equations.accelerations(expression, coordinates), names)

    found = motion.acceleration_function(expression, coordinates)(q, qd)

    np.testing.assert_allclose(found, symbolic(np.hstack([q, qd])), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", LAGRANGIANS)
def test_the_accelerations_satisfy_the_euler_lagrange_equations(name):
    expression, coordinates = lagrangian(name)
    samples = motion.phase_samples(expression, coordinates, *points(len(coordinates)))
    names = [f"{name}{dots}" for dots in ("", "d", "dd") for name in coordinates]
    residual = compile(equations.euler_lagrange(expression, coordinates), names)

    left = residual(np.hstack([samples.q, samples.qd, samples.qdd]))

    assert samples.coordinates == coordinates
    assert abs(left).max() < 1e-11 * max(1, abs(samples.qdd).max())
    # The test can fail: other accelerations leave a residual.
    off = residual(np.hstack([samples.q, samples.qd, samples.qdd + 1e-6]))
    assert abs(off).max() > 1e-8


def test_the_trapped_charges_move_as_the_catalog_says():
    system = systems.get("trapped_charges")
    truth = system.draw("origin", seed=1, count=100)
    numbers = {sympy.Symbol(name): value for name, value in system.parameters.items()}

    samples = motion.phase_samples(
        system.motion().lagrangian.subs(numbers), system.motion().coordinates, truth.q, truth.qd
    )

    np.testing.assert_allclose(samples.qdd, truth.qdd, rtol=1e-12)


def test_the_flow_of_a_charge_in_a_magnetic_field_is_a_circle():
    expression = parse("(xd**2 + yd**2)/2 + (x*yd - y*xd)")  # qdd = 2 (yd, -xd)
    t = np.linspace(0, 5, 41)

    q, qd = motion.flow(expression, ("x", "y"), [[0.0, 0.0], [1.0, 2.0]], [[1.0, 0.0]] * 2, t)

    circle = np.stack([np.sin(2 * t), np.cos(2 * t) - 1], axis=1) / 2
    np.testing.assert_allclose(q, [circle, circle + np.array([1, 2])], atol=1e-12)
    np.testing.assert_allclose(qd[0], np.stack([np.cos(2 * t), -np.sin(2 * t)], 1), atol=1e-12)


def test_the_flow_keeps_energy_and_angular_momentum_in_polar_coordinates():
    expression, coordinates = lagrangian("polar")
    t = np.linspace(0, 20, 50)

    q, qd = motion.flow(expression, coordinates, [[1.0, 0.0]], [[0.1, 1.2]], t)

    r, rd, phid = q[0, :, 0], qd[0, :, 0], qd[0, :, 1]
    np.testing.assert_allclose(r**2 * phid, 1.2, rtol=1e-11)
    np.testing.assert_allclose(rd**2 / 2 + (r * phid) ** 2 / 2 - 1 / r, 0.005 + 0.72 - 1, rtol=1e-9)
    assert np.ptp(r) > 0.3


# `test_integrate` marks what cannot be reached.
@pytest.mark.slow
def test_a_motion_into_a_singularity_is_told():
    with pytest.raises(InputError, match="trajectory 1 cannot be followed beyond t = 0"):
        motion.flow(
            parse("xd**2/2 + 1/x"), ("x",), [[5.0], [0.5]], [[3.0], [0.0]], np.linspace(0, 2, 5)
        )


def test_a_singular_mass_is_told_with_its_sample():
    expression = parse("x**2*xd**2/2 - x")
    moving = motion.acceleration_function(expression, ("x",))

    assert moving([[2.0]], [[1.0]]) == pytest.approx(-0.75)
    with pytest.raises(InputError, match=r"sample 1 \(x = 0, xd = 1\): .* has no inverse"):
        moving([[2.0], [0.0]], [[1.0], [1.0]])
    with pytest.raises(InputError, match="has no inverse"):
        motion.flow(expression, ("x",), [[0.0]], [[1.0]], [0.0, 1.0])


def test_a_mass_matrix_that_is_singular_but_for_rounding_is_told():
    expression = parse("(xd + yd)**2/6 + (xd - yd)**2*1e-14 - x*y")
    with pytest.raises(InputError, match="has no inverse"):
        motion.acceleration_function(expression, ("x", "y"))([[1.0, 1.0]], [[0.0, 0.0]])


@given(st.floats(1e-12, 1e12), st.floats(1e-12, 1e12))
@example(1e-12, 1e12)
def test_masses_of_any_size_are_not_singular(m0, m1):
    x, y, xd, yd = sympy.symbols("x y xd yd")
    expression = (m0 * xd**2 + m1 * yd**2) / 2 - x - y
    found = motion.acceleration_function(expression, ("x", "y"))([[0.0, 0.0]], [[0.0, 0.0]])
    np.testing.assert_allclose(found, [[-1 / m0, -1 / m1]], rtol=1e-12)


def test_a_pole_is_told_with_its_sample():
    moving = motion.acceleration_function(lagrangian("harmonic and Coulomb")[0], ("x", "y"))
    with pytest.raises(InputError, match=r"sample 1 \(x = 1, y = 1, .*not a finite number"):
        moving([[1.0, 0.0], [1.0, 1.0]], [[0.0, 0.0], [0.0, 0.0]])


def test_what_jumps_has_no_slope_elsewhere():
    expression = parse("xd**2/2 - abs(x)")
    x, xd = sympy.symbols("x xd")
    plain = motion.acceleration_function(expression, ("x",))
    jumping = motion.acceleration_function(expression + sympy.sign(x) * (1 + xd), ("x",))
    q, qd = np.array([[0.5], [-0.5]]), np.array([[1.0], [1.0]])

    np.testing.assert_allclose(plain(q, qd), [[-1], [1]])
    np.testing.assert_allclose(jumping(q, qd), [[-1], [1]])


def test_unknown_symbols_and_shapes_are_refused():
    with pytest.raises(InputError, match=r"holds k, qdd; .* Did you mean 'qd'\?"):
        motion.acceleration_function(parse("qdd**2/2 - k*q"), ("q",))
    moving = motion.acceleration_function(parse("xd**2 + yd**2"), ("x", "y"))
    with pytest.raises(InputError, match=r"must both have the shape \(samples, 2\)"):
        moving([[1.0]], [[1.0]])
    with pytest.raises(InputError, match="shape"):
        moving([[1.0, 2.0]], [[1.0, 2.0], [1.0, 2.0]])
