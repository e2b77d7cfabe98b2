"""Integrators against solutions that are known, and laws that every motion keeps."""

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from systems import InputError, dop853, integrate
from tests.builders import dear

x, y = sympy.symbols("x y")
quartic = integrate.compile([-(x**3) - x * y**2, -y - x**2 * y], ["x", "y"])


def quartic_energy(q, v):
    potential = (q[..., 0] ** 4) / 4 + (q[..., 0] * q[..., 1]) ** 2 / 2 + (q[..., 1] ** 2) / 2
    return (v**2).sum(axis=-1) / 2 + potential


def kepler(eccentricity, t):
    """The Kepler motion with semi-major axis 1 from its pericenter, by Kepler's equation."""
    e = eccentricity
    anomaly = np.full(len(t), np.pi)  # from here Newton's method converges for every e
    for _ in range(50):
        step = (anomaly - e * np.sin(anomaly) - t) / (1 - e * np.cos(anomaly))
        anomaly -= step
    return np.column_stack([np.cos(anomaly) - e, np.sqrt(1 - e**2) * np.sin(anomaly)])


def gravity(q):
    return -q / np.linalg.norm(q, axis=1, keepdims=True) ** 3


def at_pericenter(eccentricities):
    e = np.asarray(eccentricities)
    q0 = np.column_stack([1 - e, np.zeros_like(e)])
    v0 = np.column_stack([np.zeros_like(e), np.sqrt((1 + e) / (1 - e))])
    return q0, v0


def test_compile_shares_shapes_constants_and_derivatives_with_numpy():
    points = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    values = integrate.compile([x * y, sympy.Integer(7), sympy.sqrt(x) / y], ["x", "y"])(points)
    expected = np.column_stack(
        [points.prod(axis=1), [7, 7, 7], np.sqrt(points[:, 0]) / points[:, 1]]
    )
    np.testing.assert_allclose(values, expected, rtol=1e-15)
    with pytest.raises(InputError, match="y must have a number"):
        integrate.compile([x * y], ["x"])


starts = st.lists(st.floats(-1, 1), min_size=4, max_size=4)


@settings(deadline=None, max_examples=8)
@given(starts)
def test_verlet_is_reversible(numbers):
    q0, v0 = np.array([numbers[:2]]), np.array([numbers[2:]])
    _, q, v = integrate.verlet(quartic, q0, v0, 0.01, 300)
    _, back, v_back = integrate.verlet(quartic, q[:, -1], -v[:, -1], 0.01, 300)
    np.testing.assert_allclose(back[:, ::-1], q, atol=1e-11)
    np.testing.assert_allclose(-v_back[:, ::-1], v, atol=1e-11)


@dear
@given(starts)
def test_flow_conserves_energy(numbers):
    q0, v0 = np.array([numbers[:2]]), np.array([numbers[2:]])
    q, v = integrate.flow(quartic, q0, v0, np.linspace(0, 10, 777))
    energy = quartic_energy(q, v)
    # What rtol = 1e-12 promises over some ten units of time.
    assert np.ptp(energy) < 1e-12


def test_verlet_takes_exactly_the_steps_it_says():
    q0, v0, h = np.array([[0.3, -0.2], [1.0, 0.5]]), np.array([[0.1, 0.4], [-1.0, 0.0]]), 0.125
    t, q, v = integrate.verlet(quartic, q0, v0, h, 7)
    assert t.tolist() == [h * n for n in range(8)]
    a = quartic(q.reshape(-1, 2)).reshape(q.shape)
    np.testing.assert_allclose(
        q[:, 1:], q[:, :-1] + h * v[:, :-1] + h**2 / 2 * a[:, :-1], rtol=1e-14
    )
    np.testing.assert_allclose(v[:, 1:], v[:, :-1] + h / 2 * (a[:, :-1] + a[:, 1:]), rtol=1e-14)
    # The relation by which data of Verlet's are recognised: q_+ - 2q + q_- = h² a.
    second = q[:, 2:] - 2 * q[:, 1:-1] + q[:, :-2]
    np.testing.assert_allclose(second, h**2 * a[:, 1:-1], atol=1e-15)


def test_verlet_is_of_second_order():
    errors = []
    for steps in (100, 200, 400):
        _, q, _ = integrate.verlet(gravity, *at_pericenter([0.3]), 2.0 / steps, steps)
        errors.append(np.linalg.norm(q[0, -1] - kepler(0.3, np.array([2.0]))[0]))
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.05)
    assert errors[1] / errors[2] == pytest.approx(4, rel=0.05)


def test_flow_follows_kepler_orbits_to_rounding_error_on_any_grid():
    eccentricities = [0.0, 0.3, 0.9, 0.99]
    rng = np.random.default_rng(0)
    t = np.concatenate([[0], np.sort(rng.uniform(0, 6, 800))])
    q, _ = integrate.flow(gravity, *at_pericenter(eccentricities), t)
    for path, e in zip(q, eccentricities, strict=True):
        # Near the pericenter a rounding error in time counts (1-e)^(-1/2) fold, and grows on.
        assert abs(path - kepler(e, t)).max() < 1e-13 / (1 - e)


def test_flow_agrees_with_an_independent_integration_between_the_steps():
    q0, v0 = np.array([[1.0, 0.7]]), np.array([[0.0, -0.4]])
    t = np.linspace(0, 5, 1001)
    q, v = integrate.flow(quartic, q0, v0, t)
    reference = solve_ivp(
        lambda _, s: np.concatenate([s[2:], quartic(s[None, :2])[0]]),
        (0, 5),
        np.concatenate([q0[0], v0[0]]),
        method="DOP853",
        t_eval=t,
        max_step=0.02,
        rtol=1e-13,
        atol=1e-14,
    )
    np.testing.assert_allclose(np.hstack([q[0], v[0]]), reference.y.T, atol=2e-14)


def test_a_trajectory_does_not_depend_on_its_neighbours():
    t = np.linspace(0, 3, 50)
    many = integrate.flow(gravity, *at_pericenter([0.1, 0.95, 0.5]), t)[0]
    for number, e in enumerate([0.1, 0.95, 0.5]):
        alone = integrate.flow(gravity, *at_pericenter([e]), t)[0]
        np.testing.assert_allclose(many[number], alone[0], atol=1e-14)


def test_looser_tolerances_are_cheaper_and_still_met():
    calls = []

    def counted(q):
        calls.append(len(q))
        return -q

    t = np.linspace(0, 20, 400)
    counts = {}
    for rtol in (1e-4, 1e-8, 1e-12):
        calls.clear()
        q, _ = integrate.flow(counted, [[0.0]], [[1.0]], t, rtol=rtol, atol=rtol / 10)
        counts[rtol] = len(calls)
        assert abs(q[0, :, 0] - np.sin(t)).max() < 100 * rtol
    assert 2 * counts[1e-4] < counts[1e-12]


def test_a_fall_into_a_singularity_is_reported():
    with pytest.raises(InputError, match=r"trajectory 1 cannot be followed beyond t = 1\.\d"):
        integrate.flow(gravity, [[1.0, 0], [1.0, 0]], [[0.0, 1], [0.0, 0]], np.linspace(0, 2, 21))


def test_a_free_particle_and_a_particle_at_rest_are_exact():
    q, v = integrate.flow(np.zeros_like, [[0.0], [3.0]], [[2.0], [0.0]], [0.0, 0.5, 100.0])
    np.testing.assert_allclose(q[:, :, 0], [[0, 1, 200], [3, 3, 3]], rtol=1e-15)
    assert v[:, :, 0].tolist() == [[2, 2, 2], [0, 0, 0]]


def test_solve_marks_what_it_could_not_reach():
    # y' = y² from 1 is 1/(1-t): infinite at t = 1.
    out = dop853.solve(lambda y: y**2, np.array([[1.0], [0.1]]), np.linspace(0, 1.5, 16))
    assert np.isfinite(out[0, :10]).all()
    assert np.isnan(out[0, 10:]).all()
    np.testing.assert_allclose(out[1, :, 0], 1 / (10 - np.linspace(0, 1.5, 16)), rtol=1e-14)
    few = dop853.solve(lambda y: -y, np.ones((1, 1)), np.linspace(0, 50, 11), max_steps=3)
    assert np.isnan(few[0, -1, 0])
