"""Lagrangians of any masses, in text or in sympy's mechanics, as problems that draw their data."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from sympy import cos, sin
from sympy.physics.mechanics import LagrangesMethod, Point, ReferenceFrame, dynamicsymbols

import interpret
import systems
from systems import InputError, from_lagrangian

x, th, phi, r = dynamicsymbols("x theta phi r")
M, m, g, k, c, F = sympy.symbols("M m g k c F", positive=True)
N = ReferenceFrame("N")
t = dynamicsymbols._t


def at(*velocity):
    """A point with a velocity along the axes of the frame."""
    point = Point("P")
    point.set_vel(N, sum((v * axis for v, axis in zip(velocity, N, strict=False)), 0 * N.x))
    return point


DRAWN = {
    "cart and pole": (M + m) * x.diff() ** 2 / 2 + m * x.diff() * th.diff() * cos(th) / 2
    + m * th.diff() ** 2 / 4 - m * g * cos(th) / 2,
    "spherical pendulum": m * th.diff() ** 2 / 2 + m * sin(th) ** 2 * phi.diff() ** 2 / 2
    + m * g * cos(th),
    "bead on a hoop": m * th.diff() ** 2 / 2 + m * 4 * sin(th) ** 2 / 2 + m * g * cos(th),
}  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=[pytest.mark.slow] * (n != "bead on a hoop")) for n in DRAWN],
)
def test_dynamicsymbols_become_a_motion_that_conserves_its_energy(name):
    given = DRAWN[name]
    problem = from_lagrangian(given, parameters={M: 1, "m": 0.5, g: 2})
    lagrangian = problem.motion().lagrangian
    drawn = problem.draw()
    energies = problem.motion().energy(drawn)
    assert len(drawn) == 10
    assert max(np.ptp(energy) for energy in energies) < 1e-9 * max(abs(e).max() for e in energies)
    # The parts are those of L, and no other.
    plain = given.subs({M: 1, m: sympy.Rational(1, 2), g: 2})
    for name in problem.motion().coordinates:
        function = sympy.Function(name)(t)
        plain = plain.subs(function.diff(), sympy.Symbol(f"{name}d")).subs(function, name)
    assert sympy.simplify(plain - lagrangian) == 0


def test_points_of_phase_space_obey_the_equations_of_motion_of_sympy():
    lagrangian = DRAWN["cart and pole"].subs({M: 1, m: 0.5, g: 2})
    method = LagrangesMethod(lagrangian, [x, th])
    equations = method.form_lagranges_equations()
    points = from_lagrangian(method).draw("points", count=5)
    for q, v, a in zip(points.q, points.qd, points.qdd, strict=True):
        numbers = {}
        for name, place, speed, rate in zip((x, th), q, v, a, strict=True):
            numbers |= {name.diff(t, 2): rate, name.diff(): speed, name: place}
        assert max(abs(sympy.N(equation.subs(numbers))) for equation in equations) < 1e-12


def test_forces_of_a_method_become_the_parts_that_they_are():
    lagrangian = m * x.diff() ** 2 / 2 - k * x**2 / 2
    forces = [(at(x.diff()), (-c * x.diff() + F * cos(2 * t) - x**3) * N.x)]
    method = LagrangesMethod(lagrangian, [x], forcelist=forces, frame=N)
    found = from_lagrangian(method, parameters={m: 2, k: 4, c: 0.5, F: 3}).truths()
    expected = {"kinetic": "xd**2", "potential": "2*x**2 + x**4/4", "dissipative": "xd**2/4"}
    expected["drive"] = "3*x*cos(2*t)"
    assert {name: found[name] for name in expected} == {
        name: sympy.sympify(formula) for name, formula in expected.items()
    }


def test_text_says_the_same_as_dynamicsymbols():
    text = from_lagrangian(
        "rd^2/2 + r^2*phid^2/2 + k/r + r*cos(3*t)", parameters={"k": 2}, rayleigh="rd^2/20"
    )
    written = r.diff() ** 2 / 2 + r**2 * phi.diff() ** 2 / 2 + 2 / r + r * cos(3 * t)
    assert dict(text.truths()) == {
        **from_lagrangian(written).truths(), "dissipative": sympy.Symbol("rd") ** 2 / 20
    }  # fmt: skip
    assert text.motion().coordinates == ("phi", "r")  # phi is cyclic: its velocity alone occurs


@pytest.mark.slow
def test_starts_are_where_the_motion_starts():
    problem = from_lagrangian(
        "rd^2/2 + r^2*phid^2/2 - r^2/2 - 1/r", starts=[{"r": 1, "phid": 1.1}, {"r": 2, "rd": 0.1}]
    )
    drawn = problem.draw()
    assert [item.q[0].tolist() for item in drawn] == [[0, 1], [0, 2]]
    assert [item.p[0].tolist() for item in drawn] == [[1.1, 0], [0, 0.1]]
    with pytest.raises(InputError, match="no y to start from"):
        from_lagrangian("xd^2 - x^2", starts=[{"y": 1}])


def test_foucault_is_a_separable_motion_with_a_gyroscopic_part():
    motion = from_lagrangian("xd^2/2 + yd^2/2 + (x*yd - y*xd)/10 - 2*x^2 - 2*y^2").motion()
    assert (motion.mass, motion.kinetic, list(motion.others)) == ((1, 1), None, ["gyroscopic"])


@pytest.mark.slow
def test_a_relativistic_particle_nears_the_speed_of_light():
    drawn = from_lagrangian("-c^2*sqrt(1 - xd^2/c^2) - 50*x^2", parameters={"c": 1}).draw()
    speeds = np.concatenate([item.p.ravel() for item in drawn])
    assert 0.9 < abs(speeds).max() < 1


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("xd*yd - x*y", "not positive"),
        ("(xd + yd)^2 - x^2 - y^2", "not positive"),
        ("t*xd^2/2 - x", "holds the time"),
        ("k*xd^2/2 - x", "has k besides coordinates"),
        ("xd^2/2 - rod*x^2", "has rod besides"),
        (x.diff(t, 2) * x, "no velocity"),
        (x.diff() ** 2 + dynamicsymbols("u") * x, "has u besides"),
        (LagrangesMethod(x.diff() ** 2 + r.diff() ** 2, [x, r], hol_coneqs=[x - r]), "constraint"),
        (LagrangesMethod(x.diff() ** 2 + r.diff() ** 2, [x, r], frame=N,
                         forcelist=[(at(x.diff(), r.diff()), r.diff() * N.x - x.diff() * N.y)]),
         "no dissipative function"),
    ],
)  # fmt: skip
def test_what_is_no_motion_is_refused_in_one_sentence(given, sentence):
    with pytest.raises(InputError, match=sentence):
        from_lagrangian(given)


def test_a_law_is_found_and_compared_up_to_the_factor_of_its_lagrangian():
    run = interpret.fit(
        from_lagrangian("-4*sqrt(1 - xd^2/4) - x^2/2"), dataset="points",
        library="sqrt(1 - xd**2/4), xd**2, xd**4, x, x**2, x**4",
    )  # fmt: skip
    assert run.law.kinetic == -sympy.sqrt(1 - sympy.Symbol("xd") ** 2 / 4)
    assert run.comparison.verdict == "IDENTICAL"


@pytest.mark.slow
def test_masses_that_vary_are_tried_without_being_asked_for():
    run = interpret.fit("double_pendulum", dataset="points")
    assert run.comparison.verdict == "IDENTICAL"
    assert {part.name for part in run.law.parts} == {"kinetic", "potential"}
    orbit = from_lagrangian("rd^2/2 + r^2*phid^2/2 + 1/r - 0.1/r^2", starts=[{"r": 1, "phid": 1}])
    run = interpret.fit(orbit, dataset="points")
    assert run.comparison.verdict == "IDENTICAL"


@pytest.mark.slow
def test_catalog_motions_of_varying_masses_do_what_their_friction_does():
    def losses(name, friction):
        problem = systems.get(name, {"friction": friction})
        q, p = np.random.default_rng(1).uniform(-1, 1, (2, 3, 2))
        energies = problem.motion().energy(problem.flow(q, p, [0.0, 0.5, 1.0]))
        return np.array([energy[-1] - energy[0] for energy in energies])

    for name in ("double_pendulum", "cart_pole"):
        assert abs(losses(name, 0.0)).max() < 1e-9
        assert losses(name, 0.1).max() < -1e-3
        assert systems.get(name, {"friction": 0.1}).truths()["dissipative"] != 0
