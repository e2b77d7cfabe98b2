"""Which parts of a law of motion are learned: by default, of those asked for, of one's own."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import interpret
import systems
from interpret import cli
from interpret.experiments.motion import Motion, ways
from interpret.experiments.motion.ways import settled
from interpret.judge.beyond import beyond
from interpret.judge.certificate import Certificate, Check
from interpret.ledger.candidates import Candidates, frictions, gradients_of_fields
from interpret.ledger.search import Menu, search
from interpret.run import Run
from systems.errors import InputError
from systems.expressions import parse, symbol
from systems.files.readers import understand
from systems.forces import generalized_force
from systems.mechanics import Mechanics
from systems.samples.trajectories import Trajectories, Trajectory

t = np.linspace(0, 15, 201)
OTHERS = ("damped_pendulum", "magnetic_trap", "falling_with_drag")
PLANE = parse("x**2/2 + y**2")


def parts(run):
    return [part.name for part in run.law.parts]


def values(run):
    return dict(zip(map(str, run.law.terms), run.law.coefficients.tolist(), strict=True))


def plane(**others):
    """Two motions in a bowl, with other parts as text."""
    made = {name: parse(text) for name, text in others.items()}
    bowl = Mechanics(("x", "y"), (1.0, 1.0), PLANE, others=made)
    return bowl.flow([[1, 0.2], [-0.5, 0.8]], [[0, 0.5], [0.3, -0.4]], t)


def driven(noise, seed=0):
    """x'' = -2 x - 0.3 x' + 0.7 u(t), with a smooth u of random waves, as lines of a table."""
    rng = np.random.default_rng(seed)
    size, rate, phase = rng.normal(size=4), rng.uniform(0.3, 1.5, 4), rng.uniform(0, 6, 4)

    def u(s):
        return (size * np.sin(rate * np.atleast_1d(s)[:, None] + phase)).sum(axis=1)

    def slope(s, y):
        return [y[1], -2 * y[0] - 0.3 * y[1] + 0.7 * u(s)[0]]

    times = np.linspace(0, 20, 401)
    solved = solve_ivp(slope, (0, 20), [1.0, 0.0], "DOP853", times, rtol=1e-12, atol=1e-12)
    table = np.column_stack([times, solved.y.T + noise * rng.normal(size=(401, 2)), u(times)])
    return "\n".join(["t,x,v_x,u", *(",".join(map(repr, row)) for row in table.tolist()), ""])


# Which way is taken


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["driven_duffing", *(pytest.param(n, marks=pytest.mark.slow) for n in OTHERS)]
)
def test_friction_and_a_drive_are_found_when_nobody_asks(name):
    run = interpret.fit(name)
    assert run.law.verdict == "identified"
    assert run.comparison.verdict == "IDENTICAL"
    assert run.comparison.worst_relative_error < 1e-8
    assert any("all parts are sought" in note for note in run.notes)


@pytest.mark.slow
def test_a_potential_that_explains_the_motion_is_left_as_it_is():
    free, alone = (
        interpret.fit("oscillator"),
        interpret.fit("oscillator", Motion(parts="potential")),
    )
    assert free.law == alone.law
    assert free.certificate == alone.certificate
    assert free.notes == alone.notes


@pytest.mark.slow
def test_without_other_parts_friction_is_no_law():
    run = interpret.fit("damped_pendulum", Motion(parts="potential"))
    assert run.law.verdict == "not in the library"
    assert parts(run) == ["potential"]


@pytest.mark.slow
def test_noisy_friction_is_asked_for_once_the_potential_fails():
    swings = systems.get("damped_pendulum").draw()[:1].with_noise(0.01, 3)
    run = interpret.fit(swings)
    assert parts(run) == ["potential", "dissipative"]
    assert values(run)["thetad**2/2"] == pytest.approx(0.1, abs=0.002)


@pytest.mark.slow
@pytest.mark.parametrize("noise", [0.01, 0.05])
def test_a_noisy_well_has_no_other_parts(noise):
    wells = systems.get("double_well").draw("T2")[:2].with_noise(noise, 5)
    assert parts(interpret.fit(wells)) == ["potential"]


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        pytest.param("double_well", "", marks=pytest.mark.slow),
        ("magnetic_trap", "the velocity"),
        pytest.param("driven_duffing", "the time", marks=pytest.mark.slow),
    ],
)
def test_a_look_tells_what_the_force_depends_on(name, cause):
    from interpret.experiments.motion import trajectories

    system = systems.get(name)
    samples = system.draw()[:2].with_noise(0.01, 1)
    look = trajectories.look(system, samples, trajectories.settled(system, Motion()))
    assert beyond(look.probes) == cause


def test_whoever_asks_for_a_network_gets_one():
    assert settled(Motion(recipe="paper")).parts == "potential"
    assert settled(Motion(learn="potential")).parts == "potential"
    assert settled(Motion(dissipation="v**2")).learn == "forces"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"parts": "potential, drag"}, "a motion has no part 'drag'"),
        ({"parts": "auto, drive"}, "there are auto, or some of"),
        ({"parts": "potential", "dissipation": "v**2"}, "potential has no use for dissipation"),
        ({"parts": "potential, drive", "dissipation": "v"}, "add dissipative to --parts"),
        ({"parts": "drive", "steps": 3}, "forces has no use for steps"),
        ({"learn": "potential", "parts": "drive"}, "leave out one of learn and parts"),
        ({"dissipation": "w**2"}, "no variable 'w' in 'w[*][*]2'; it may use theta, thetad, v"),
        ({"dissipation": "theta**2"}, "is no friction: it holds no velocity"),
        ({"gyroscopic": "thetad**2"}, "is not of first degree in the velocities thetad"),
        ({"drive": "u"}, "no measured column u that could drive the motion"),
    ],
)
def test_parts_that_cannot_be(options, message):
    with pytest.raises(InputError, match=message):
        interpret.fit("damped_pendulum", Motion(**options))


# Candidates of one's own


def test_friction_of_ones_own():
    pushed = Mechanics(("x",), (1.0,), parse("x**2/2"), others={"dissipative": parse("xd**4/40")})
    data = pushed.flow([[2.0]], [[0.0]], t)
    run = interpret.fit(data, Motion(dissipation="v**4/4, v**2, x**2*xd**2"))
    assert values(run) == pytest.approx({"x**2": 0.5, "xd**4/4": 0.1}, abs=1e-7)


@pytest.mark.slow
def test_each_coordinate_has_a_friction_of_its_own():
    run = interpret.fit(plane(dissipative="0.1*xd**2/2 + 0.3*yd**2/2"))
    expected = {"x**2": 0.5, "y**2": 1.0, "xd**2/2": 0.1, "yd**2/2": 0.3}
    assert values(run) == pytest.approx(expected, abs=1e-8)


@pytest.mark.slow
def test_a_common_friction_is_not_taken_apart():
    run = interpret.fit(plane(dissipative="0.1*(xd**2 + yd**2)/2").with_noise(0.01, 2))
    assert str(run.law.terms[-1]) == "xd**2/2 + yd**2/2"
    assert len(run.law.terms) == 3


def test_what_is_common_is_never_taken_beside_what_is_not():
    both = Candidates(("x", "y"), (1.0, 1.0)).with_terms("dissipative", frictions(("x", "y")))
    each = both.with_friction_of_each()
    assert each.rivals((0,)) == {3, 4}
    assert each.rivals((4,)) == {0}
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(200, 4))
    rows[:, 3] = rows[:, 0] + rows[:, 1] + 0.1 * rows[:, 3]
    menu = Menu(((0,), (1,), (2,)), (0.0,) * 3, (frozenset({1}), frozenset({0}), frozenset()))
    assert all({0, 1} - set(found.chosen) for found in search(rows.T @ rows, 200, menu, 3))


OWN = "x*yd - y*xd, (x**2 + y**2)*(x*yd - y*xd), x**2*yd"


# In the fast tests `test_judge` has a magnetic field.
@pytest.mark.slow
@pytest.mark.parametrize("own", [OWN, None])
def test_a_magnetic_field_that_grows(own):
    """B = 0.8 (1 + x/2), by the vector potential (-0.4 y, 0.4 x + 0.2 x²)."""
    data = plane(gyroscopic="0.4*(x*yd - y*xd) + 0.2*x**2*yd")
    run = interpret.fit(data, Motion(gyroscopic=own))
    assert run.law.verdict == "identified"
    field = sum(term.factor * term.term for term in run.law.measured() if term.part == "gyroscopic")
    expected = parse("0.4*(x*yd - y*xd) + 0.2*x**2*yd")
    difference = (field - expected).expand().as_coefficients_dict().values()
    assert max(map(abs, difference), default=0) < 1e-8


def test_fields_that_grow_do_no_work_and_are_what_they_say():
    for term, strength in zip(gradients_of_fields(("x", "y")), "xy", strict=True):
        force = generalized_force("gyroscopic", term, ("x", "y"))
        assert force == (symbol(strength) * symbol("yd"), -symbol(strength) * symbol("xd"))


# A measured drive


def test_a_noisy_motion_has_its_drive_within_error_bars(tmp_path):
    file, out = tmp_path / "coil.csv", tmp_path / "run"
    file.write_text(driven(0.01, 4), encoding="utf-8")
    law = interpret.fit(file, Motion(drive="u"), out=out).law
    assert Run.load(out).law == law
    assert list(map(str, law.terms)) == ["x**2", "xd**2/2", "u*x"]
    off = np.abs(law.coefficients - [1.0, 0.3, 0.7]) / law.stderr
    assert off.max() < 4
    assert law.stderr.max() < 0.01


@pytest.mark.slow
def test_a_measured_column_drives_the_motion(tmp_path, capfd):
    file, out = tmp_path / "coil.csv", tmp_path / "run"
    file.write_text(driven(0.0), encoding="utf-8")
    asked = ["fit", str(file), "--drive", "u", "--quiet", "--out", str(out)]
    assert cli.main(asked) == 0
    said = capfd.readouterr().out
    assert "W(x, t) = 0.700000" in said
    assert "*u(t)*x" in said
    run = Run.load(out)
    assert run.law.verdict == "identified"
    assert sorted(values(run).values()) == pytest.approx([0.3, 0.7, 1.0], abs=1e-6)
    assert "drive u." in run.notes[0]
    predicted = ["predict", str(out), "--start", "x=1", "--drive", str(file)]
    assert cli.main(predicted) == 0
    last = capfd.readouterr().out.splitlines()[-1].split(",")
    np.testing.assert_allclose(
        list(map(float, last)), list(map(float, driven(0.0).split()[-1].split(",")))[:3], atol=1e-4
    )
    assert cli.main(predicted[:-2]) == 2
    assert "driven by u, which was measured; name a file" in capfd.readouterr().err
    assert cli.main([*asked[:2], "--drive", "w"]) == 2
    assert "no column 'w'; it has t, x, v_x, u" in capfd.readouterr().err
    assert cli.main(["fit", str(file), "--parts", "potential, dissipative", "--drive", "u"]) == 2
    assert "add drive to --parts" in capfd.readouterr().err


def test_what_was_measured_beside_stays_with_its_motion():
    rows = {"t": np.arange(20.0), "x": np.arange(20.0) ** 2, "u": np.cos(np.arange(20.0))}
    samples = understand(rows, drives=["u"]).samples
    assert samples.derived
    assert samples.extra == ("u",)
    noisy = samples.with_noise(0.1, 0)
    np.testing.assert_array_equal(noisy[0].extra[:, 0], rows["u"])
    other = understand({**rows, "u": 2 * rows["u"]}, drives=["u"]).samples
    assert other.digest() != samples.digest()
    assert noisy[0].at(slice(3)).extra.shape == (3, 1)


def test_a_drive_of_another_length_is_refused():
    item = Trajectory(t, t[:, None], t[:, None], t[:3, None])
    with pytest.raises(InputError, match=r"u \(3, 1\) must have the shape \(points, 1\)"):
        Trajectories(("x",), [1.0], (item,), extra=("u",))


def test_a_drive_called_like_the_motion_is_refused():
    item = Trajectory(t, np.sin(t)[:, None], np.cos(t)[:, None], t[:, None])
    data = Trajectories(("x",), [1.0], (item,), extra=("xd",))
    with pytest.raises(InputError, match="xd is called like something of the motion"):
        interpret.fit(data, Motion(drive="xd"))


RIVAL = Check("rival", 3.0, 6.0, "ambiguous", "others explain the motion as well")
SHORT = Check("noise", 0.02, 0.001, "approximate", "the law misses 2 % of the motion")
PASSED = Check("noise", 0.4, 4.0, "identified", "χ² is as the noise makes it")


@pytest.mark.parametrize(
    ("checks", "missing"),
    [
        ((PASSED,), None),
        ((RIVAL,), None),
        ((SHORT,), "approximate"),
        # A video of a ball: every potential misses as much, for air resists it.
        ((RIVAL, SHORT), "approximate"),
        ((RIVAL, replace(SHORT, verdict="contradictory columns")), None),
    ],
)
def test_a_potential_that_misses_the_motion_is_mended_though_it_has_rivals(checks, missing):
    assert ways._missing(SimpleNamespace(certificates=(Certificate(checks),))) == missing


def test_the_drag_of_a_filmed_ball_is_found():
    """Tracking errors that are correlated from picture to picture, positions alone."""
    t = np.arange(76) / 60
    y = 5 + (11 + 18 / 0.2) / 0.2 * (1 - np.exp(-0.2 * t)) - 18 / 0.2 * t
    errors = np.random.default_rng(1).standard_normal(76)
    for k in range(1, 76):
        errors[k] = 0.9 * errors[k - 1] + 0.44 * errors[k]
    run = interpret.fit({"t": t, "y": y + 0.004 * np.ptp(y) * errors})
    assert run.law.verdict in ("identified", "ambiguous")
    assert [part.name for part in run.law.parts if part.terms] == ["potential", "dissipative"]
    assert run.law.coefficients[0] == pytest.approx(18, abs=3 * run.law.stderr[0] + 0.1)
