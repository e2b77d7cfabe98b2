"""Drag and drives of unknown form: exponents inside candidates, and networks that are read."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import interpret
from interpret import Motion
from interpret.ledger.candidates import Candidates
from interpret.ledger.learned import OF_SPEED, Curve, drag, learned
from interpret.ledger.motion import Courses
from interpret.ledger.shapes import POWER, likest, read
from interpret.run import Run
from systems.errors import InputError
from systems.expressions import parse, parse_list
from systems.mechanics import Mechanics
from systems.samples.trajectories import Trajectories, Trajectory
from training.prepare.noise import estimate

t = np.linspace(0, 20, 401)
PLAIN = {"library": "x, x**2, x**4", "parts": "potential, dissipative"}
DRIVEN = {"library": "x, x**2", "parts": "potential, dissipative, drive", "dissipation": "v**2/2"}


def dragged(noise=0.01, seed=1):
    """A spring with the drag 0.2 |v|^1.5: R = 0.08 |v|^2.5."""
    rubbed = Mechanics(
        ("x",), (1.0,), parse("x**2/2"), others={"dissipative": parse("0.08*abs(xd)**2.5")}
    )
    return rubbed.flow([[2.0]], [[0.0]], t).with_noise(noise, seed)


def pushed(noise=0.01, seed=0):
    """x'' = -2 x - 0.3 x' + 0.8 tanh(1.7 u(t)), with a smooth u of random waves."""
    rng = np.random.default_rng(seed)
    size, rate, phase = rng.normal(size=4), rng.uniform(0.3, 1.5, 4), rng.uniform(0, 6, 4)
    times = np.linspace(0, 30, 401)

    def u(s):
        return (size * np.sin(rate * np.atleast_1d(s)[:, None] + phase)).sum(axis=1)

    def slope(s, y):
        return [y[1], -2 * y[0] - 0.3 * y[1] + 0.8 * np.tanh(1.7 * u(s)[0])]

    y = solve_ivp(slope, (0, 30), [1.0, 0.0], "DOP853", times, rtol=1e-10, atol=1e-10).y.T
    y = y + noise * y.std(axis=0) * rng.normal(size=y.shape)
    item = Trajectory(times, y[:, :1], y[:, 1:], u(times)[:, None])
    return Trajectories(("x",), [1.0], (item,), extra=("u",))


@pytest.mark.slow
def test_an_unknown_exponent_of_the_speed_is_found():
    law = interpret.fit(dragged(), Motion(dissipation="v**p", **PLAIN)).law
    assert law.verdict == "identified"
    assert [str(law.variables.inside.pattern(term)) for term in law.terms] == ["x**2", "Abs(xd)**p"]
    p = law.variables.inside.constants["p"]
    assert abs(p.value - 2.5) < 4 * p.stderr
    assert p.stderr < 0.01


@pytest.mark.slow
def test_an_unknown_exponent_of_exact_motion_is_exact():
    """A force that may vanish at rest is not softened there, which would be another law."""
    law = interpret.fit(dragged(0.0), Motion(dissipation="v**p", **PLAIN)).law
    assert law.verdict == "identified"
    p = law.variables.inside.constants["p"]
    assert p.value == pytest.approx(2.5, abs=1e-6)
    assert str(p.recognised) == "5/2"


@pytest.mark.slow
def test_an_exponent_is_held_at_its_bound():
    law = interpret.fit(dragged(), Motion(dissipation="v**p", bounds="p: 1..2", **PLAIN)).law
    assert "Abs(xd)**2" in [str(term).replace("xd**2", "Abs(xd)**2") for term in law.terms]
    assert "p is at its bound 2" in str(law)


@pytest.mark.parametrize(
    ("noise", "off"), [pytest.param(0.0, 1e-3, marks=pytest.mark.slow), (0.01, 0.06)]
)
def test_a_network_learns_the_drag(noise, off):
    data = dragged(noise)
    others = Candidates(("x",), (1.0,)).with_terms("potential", parse_list("x, x**2, x**4"))
    courses = Courses.of(data, estimate(data))
    curve = learned(courses, others, drag(others), seed=0)
    true = 0.2 * curve.x**1.5
    fast = curve.x > 0.3  # noise hides the drag of a body that hardly moves
    assert np.abs(curve.values - true)[fast].max() < off * true.max()
    assert read(curve, POWER).constant == pytest.approx(1.5, abs=max(0.02, 3 * off))


@pytest.mark.slow
def test_the_network_drag_is_read_with_its_exponent(tmp_path):
    run = interpret.fit(dragged(), Motion(dissipation="neural", **PLAIN), out=tmp_path / "run")
    law = run.law
    (rubbed,) = (part for part in law.parts if part.name == "dissipative")
    assert [str(law.variables.inside.pattern(term)) for term in rubbed.terms] == ["Abs(xd)**p"]
    p = law.variables.inside.constants["p"]
    assert abs(p.value - 2.5) < 4 * p.stderr
    assert any("a network learned the drag" in note and "|v|^1.5" in note for note in run.notes)
    assert "learned" in run.findings.numbers
    assert {"learned", "learned at"} <= set(run.pictures["drag"].numbers)
    assert Run.load(tmp_path / "run").law == law


@pytest.mark.slow
def test_friction_that_is_usual_is_read_as_such():
    rubbed = Mechanics(("x",), (1.0,), parse("x**2/2"), others={"dissipative": parse("xd**2/10")})
    data = rubbed.flow([[2.0]], [[0.0]], t).with_noise(0.01, 3)
    law = interpret.fit(data, Motion(dissipation="neural", **PLAIN)).law
    assert list(map(str, law.terms)) == ["x**2", "xd**2/2"]


@pytest.mark.slow
def test_the_network_drive_is_read():
    run = interpret.fit(pushed(), Motion(drive="u", drive_law="neural", **DRIVEN))
    law = run.law
    assert law.verdict == "identified"
    pattern = law.variables.inside.pattern
    assert [str(pattern(term)) for term in law.terms] == ["x**2", "xd**2/2", "x*tanh(k*u)"]
    k = law.variables.inside.constants["k"]
    assert abs(abs(k.value) - 1.7) < 4 * k.stderr
    assert any("a network learned the drive of x" in note for note in run.notes)


def test_functions_of_the_drive_of_ones_own():
    law = interpret.fit(pushed(), Motion(drive="u", drive_law="u, tanh(1.7*u)", **DRIVEN)).law
    assert "x*tanh(1.7*u)" in map(str, law.terms)
    assert "tanh(1.7*u(t))" in str(law)


@pytest.mark.parametrize(
    ("law", "shape", "constant"),
    [
        (lambda x: np.tanh(2 * x), "tanh(k*u)", 2.0),
        (lambda x: np.sin(2 * x), "sin(k*u)", 2.0),
        (lambda x: np.sign(x) * np.abs(x) ** 1.5 + 3, "u*abs(u)**p", 0.5),
        (lambda x: np.abs(x) ** 1.5 - 1, "abs(u)**p", 1.5),
    ],
)
def test_shapes_of_curves(law, shape, constant):
    x = np.linspace(-1.5, 1.4, 60)
    found = likest(Curve("u", x, law(x), np.full(60, 1e-3), ()))
    assert found.shape == shape
    assert found.constant == pytest.approx(constant, rel=0.02)
    assert read(Curve(OF_SPEED, x, law(x) + 5, np.full(60, 1e-3), ()), shape).missed > 0.02


def test_a_law_of_a_drive_needs_one():
    with pytest.raises(InputError, match="name them by --drive"):
        interpret.fit(dragged(), Motion(drive_law="neural"))
    with pytest.raises(InputError, match="--drive-law: there is no variable 'w'"):
        interpret.fit(pushed(), Motion(drive="u", drive_law="w**2"))
