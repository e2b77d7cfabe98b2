"""Laws with unknown kinetic energy, from trajectories: numbers, error bars, verdicts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import sympy

import interpret
from interpret.experiments.motion import Motion
from interpret.judge.lagrangians import certify_lagrangian
from interpret.run import Run
from interpret.weak.moving_masses import MovingMasses
from interpret.weak.terms import Term, Terms
from systems.equations import accelerations
from systems.errors import InputError
from systems.samples.trajectories import Trajectories, Trajectory
from tests.interpret.swings import (
    CART,
    DRAG,
    FRICTION,
    PENDULA,
    cart,
    elastic,
    pendula,
    servo,
    spherical,
)


def coefficients(expr, law):
    """The true coefficients of the law's kept terms, by part and term."""
    true = dict(zip(("kinetic", "potential", "dissipative"), expr, strict=True))
    found = {}
    for each in law.measured():
        if each.part in true:
            expanded = sympy.expand(true[each.part])
            own = [t / each.term for t in sympy.Add.make_args(expanded)]
            found[each.part, each.term] = float(sum(c for c in own if not c.free_symbols))
    return found


def split(lagrangian, dissipation):
    """T, V and R."""
    rates = [s for s in lagrangian.free_symbols if s.name.endswith("d")]
    still = lagrangian.subs(dict.fromkeys(rates, 0))
    return lagrangian - still, -still, dissipation


@pytest.fixture(scope="module")
def noisy():
    return interpret.fit(pendula(0.01), Motion(learn="lagrangian"))


@pytest.mark.slow
def test_a_double_pendulum_is_identified_with_error_bars_that_hold(noisy):
    law = noisy.law
    assert law.verdict == "identified"
    true = coefficients(split(PENDULA, FRICTION), law)
    assert len(true) == 8
    assert 0 not in true.values()
    z = [
        (each.value - true[each.part, each.term]) / each.stderr
        for each in law.measured()
        if each.stderr > 0
    ]
    assert len(z) == 7
    assert np.sqrt(np.mean(np.square(z))) < 2


@pytest.mark.slow
def test_where_no_force_explains_the_motion_the_kinetic_energy_is_learned_unasked(noisy):
    run = interpret.fit(pendula(0.01))
    assert run.law.verdict == "identified"
    assert run.law.expr == noisy.law.expr
    assert any("T is learned too" in note for note in run.notes)


def test_the_gauge_is_said(noisy):
    held = [each for each in noisy.law.measured() if each.stderr == 0]
    assert [(str(each.term), each.value) for each in held] == [("ad**2/2", 1.0)]
    assert "ad**2/2 is held at 1" in noisy.law.gauge
    assert "ad**2/2 is held at 1" in str(noisy)


@pytest.mark.slow
def test_its_equations_have_the_moving_masses(noisy):
    law, data = noisy.law, pendula()
    item = data[0]
    q, _ = law.simulate(item.q[0], item.p[0], item.t[:100])
    assert np.abs(q - item.q[:100]).max() < 0.02
    found = np.array(
        [float(eq.rhs.subs({"a": 1, "b": 0, "ad": 1, "bd": 2})) for eq in law.equations()]
    )
    exact = accelerations(PENDULA, ["a", "b"], [-FRICTION.diff("ad"), -FRICTION.diff("bd")])
    true = [float(e.subs({"a": 1, "b": 0, "ad": 1, "bd": 2})) for e in exact]
    assert found == pytest.approx(true, rel=0.01)


def test_a_law_that_keeps_most_of_the_usual_candidates_is_none(noisy):
    """Enough of them follow any motion, within any noise."""
    law, answer = noisy.law, noisy.fit.learned.answer
    (kept,) = [c for c in certify_lagrangian(law, answer).checks if c.name == "support"]
    assert kept.verdict == "identified"
    parts = tuple(replace(part, terms=part.candidates) for part in law.parts)
    every = len(law.candidates)
    numbers = {"coefficients": np.ones(every), "covariance": np.eye(every) * 1e-6}
    whole = replace(law, parts=parts, recognised=(), **numbers)
    (kept,) = [c for c in certify_lagrangian(whole, answer).checks if c.name == "support"]
    assert kept.verdict == "not in the library"
    assert "fits any smooth motion" in kept.sentence
    # Who wrote the candidates may have written the law.
    own = replace(answer, question=replace(answer.question, own={"potential": ()}))
    assert all(check.name != "support" for check in certify_lagrangian(whole, own).checks)


def test_what_noise_hides_and_what_is_not_followed_is_not_identified(noisy):
    law, answer = noisy.law, noisy.fit.learned.answer
    assert {"followed", "weak rows"} <= {c.name for c in certify_lagrangian(law, answer).checks}
    assert certify_lagrangian(law, answer).verdict == "identified"
    short = replace(answer, pursued=replace(answer.pursued, stretch=16))
    found = certify_lagrangian(law, short)
    assert found.verdict == "ambiguous"
    assert any("16 samples in one go" in check.sentence for check in found.checks)


def test_it_is_kept_and_read_back(noisy, tmp_path):
    noisy.save(tmp_path / "run")
    assert Run.load(tmp_path / "run").law == noisy.law


@pytest.mark.slow
def test_without_noise_the_numbers_are_exact():
    run = interpret.fit(pendula(), Motion(learn="lagrangian"))
    true = coefficients(split(PENDULA, FRICTION), run.law)
    for each in run.law.measured():
        assert each.value == pytest.approx(true[each.part, each.term], rel=1e-7)
    assert run.law.verdict == "identified"


@pytest.mark.slow
def test_a_measured_drive():
    run = interpret.fit(cart(0.01), Motion(learn="lagrangian", drive="u"))
    assert run.law.verdict == "identified"
    assert run.law.signals == ("u",)
    true = coefficients(split(CART, DRAG), run.law)
    (drive,) = [each for each in run.law.measured() if each.part == "drive"]
    assert abs(drive.value - 1) < 4 * drive.stderr
    for each in run.law.measured():
        if each.stderr > 0 and each.part != "drive":
            assert abs(each.value - true[each.part, each.term]) < 4 * each.stderr


@pytest.mark.slow
def test_friction_that_is_left_out_of_the_candidates_is_missed():
    options = Motion(learn="lagrangian", angles="a,b", dissipation="bd**2/2")
    run = interpret.fit(pendula(0.003), options)
    assert run.law.verdict != "identified"


def test_the_field_is_that_of_the_lagrangian():
    terms = [Term("kinetic", t) for t in sympy.Add.make_args(split(PENDULA, FRICTION)[0])]
    terms += [Term("potential", t) for t in sympy.Add.make_args(split(PENDULA, FRICTION)[1])]
    field = MovingMasses(Terms(("a", "b"), tuple(terms)), 1.0)
    rng = np.random.default_rng(0)
    states, ones = rng.normal(size=(5, 4)), np.ones(len(terms))
    found = field(states, np.zeros(5), ones, np.zeros(0))

    exact = sympy.lambdify(["a", "b", "ad", "bd"], accelerations(PENDULA, ["a", "b"]))
    assert found.total == pytest.approx(np.array([exact(*s) for s in states]))
    # The slopes are those of differences, by states and by coefficients.
    for k in range(4):
        step = 1e-6 * np.eye(4)[k]
        ends = [field(states + s * step, np.zeros(5), ones, np.zeros(0)).total for s in (1, -1)]
        assert found.slopes[:, :, k] == pytest.approx((ends[0] - ends[1]) / 2e-6, abs=1e-7)
    for k in range(len(terms)):
        step = 1e-6 * np.eye(len(terms))[k]
        ends = [field(states, np.zeros(5), ones + s * step, np.zeros(0)).total for s in (1, -1)]
        assert found.columns[:, :, k] == pytest.approx((ends[0] - ends[1]) / 2e-6, abs=1e-7)


@pytest.mark.parametrize("noise", [pytest.param(0.0, marks=pytest.mark.slow), 0.005])
def test_a_servo_cart_is_prescribed(noise):
    run = interpret.fit(servo(noise), Motion(learn="lagrangian", prescribed="x"))
    law = run.law
    assert law.verdict == "identified"
    found = {(each.part, str(each.term)): each for each in law.measured()}
    true = {
        ("kinetic", "thd**2/2"): 1.0,
        ("potential", "cos(th)"): -5.0,
        ("dissipative", "thd**2/2"): 0.1,
        ("drive", "-xdd*sin(th)"): 2.0,
    }
    assert set(found) == set(true)
    for key, each in found.items():
        assert abs(each.value - true[key]) < max(4 * each.stderr, 1e-6)
    assert law.signals == ("xdd",)


@pytest.mark.slow
def test_a_servo_is_found_and_said():
    run = interpret.fit(servo(0.005), Motion(learn="lagrangian"))
    assert run.law.verdict == "identified"
    assert run.law.signals == ("xdd",)
    assert "no law explains x, and one does the rest: its motion is prescribed" in str(run)


def test_all_coordinates_are_not_prescribed():
    with pytest.raises(InputError, match="at least one is left"):
        interpret.fit(servo(), Motion(learn="lagrangian", prescribed="x, th"))


@pytest.mark.parametrize("noise", [pytest.param(0.0, marks=pytest.mark.slow), 0.005])
def test_momenta_that_are_no_velocities_ask_for_the_kinetic_energy(noise):
    run = interpret.fit(elastic(noise))
    law = run.law
    assert law.verdict == "identified"
    assert "the kinetic energy depends on position: it is learned too" in str(run)
    found = {str(each.term): each for each in law.measured()}
    true = {"rd**2/2": 1, "r**2*thd**2/2": 1, "r": -40, "r**2": 20, "r*cos(th)": -4}
    assert set(found) == set(true)
    for name, each in found.items():
        assert abs(each.value - true[name]) < max(4 * each.stderr, 1e-6)


@pytest.mark.parametrize(
    "asked", [{"learn": "lagrangian"}, pytest.param({}, marks=pytest.mark.slow)]
)
def test_the_mass_about_an_axis_is_a_wave_of_twice_the_angle(asked):
    """T = (th'² + sin² th phi'²)/2, and sin² th = (1 - cos 2 th)/2; unasked it is found as well."""
    law = interpret.fit(spherical(), **asked).law
    assert law.verdict == "identified", law.reasons
    found = {str(each.term): each.value for each in law.measured()}
    wanted = {"thd**2/2": 1, "phid**2/2": 0.5, "phid**2*cos(2*th)/2": -0.5, "cos(th)": -5}
    assert found == pytest.approx(wanted, rel=1e-8)


def test_too_few_samples_for_masses_are_no_reason_to_refuse_what_was_asked():
    """Nobody asked for the kinetic energy here; who does is told how few they are."""
    t = np.linspace(0, 2.0, 12)
    items = []
    for phase in (0.0, 1.0):
        # No potential explains it.
        angle = t + phase
        q = 3 + np.exp(0.3 * t)[:, None] * np.column_stack([np.cos(angle), np.sin(2 * angle)])
        p = np.gradient(q, t, axis=0, edge_order=2)
        items.append(Trajectory(t, q, p))
    data = Trajectories(("x", "y"), np.ones(2), tuple(items))
    assert interpret.fit(data).law.verdict != "identified"
    with pytest.raises(InputError, match="samples are too few to tell"):
        interpret.fit(data, Motion(learn="lagrangian"))
