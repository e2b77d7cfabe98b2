"""What is known beforehand: terms, bounds, equalities and σ; and what data sets do not share."""

from __future__ import annotations

import json

import numpy as np
import pytest
import sympy

import interpret
from interpret import Motion, cli
from interpret.experiments.motion.ways import settled
from interpret.laws import kept
from interpret.ledger.each import Shared
from interpret.ledger.motion import Courses
from interpret.run import Run
from systems.errors import InputError
from systems.expressions import parse, symbol
from systems.mechanics import Mechanics
from systems.samples.trajectories import Trajectories, Trajectory
from training.prepare.noise import estimate

x, y = symbol("x"), symbol("y")
t = np.linspace(0, 3, 151)


def ball(noise=0.01, seed=1):
    """A thrown ball, V = 9.81 y and R = 0.1 |v|³/3."""
    drag = {"dissipative": parse("0.1*sqrt(xd**2+yd**2)**3/3")}
    thrown = Mechanics(("x", "y"), (1.0, 1.0), parse("9.81*y"), others=drag)
    return thrown.flow([[0.0, 0.0]], [[8.0, 9.0]], t).with_noise(noise, seed)


def bowl(potential="x**2/2 + y**2/2 + x*y/10", noise=0.01):
    starts = [[1, 0.2], [-0.5, 0.8]], [[0, 0.5], [0.3, -0.4]]
    return (
        Mechanics(("x", "y"), (1.0, 1.0), parse(potential))
        .flow(*starts, np.linspace(0, 12, 161))
        .with_noise(noise, 2)
    )


BOWL = {"parts": "potential", "library": "x**2, y**2, x*y, x**4, y**4"}


def values(law):
    return dict(zip(map(str, law.terms), law.coefficients.tolist(), strict=True))


# Known terms


def test_a_known_term_is_in_the_law_and_has_no_error_bar(tmp_path):
    run = interpret.fit(ball(), Motion(known="9.81*y"), out=tmp_path / "run")
    law = run.law
    assert law.verdict == "identified"
    assert values(law) == pytest.approx({"y": 9.81, "(xd**2 + yd**2)**(3/2)/3": 0.1}, abs=1e-3)
    assert law.stderr[0] == 0
    assert "9.81*y is known: its coefficient was not learned" in str(run)
    assert ("y", "9.81", "known") in law.statement().table

    loaded = Run.load(tmp_path / "run")
    assert loaded.law == law
    assert str(loaded.law) == str(law)
    # What is known is part of the motion that follows.
    q, _ = loaded.predict([0, 0], [8, 9], t[:50])
    np.testing.assert_allclose(q, ball(0.0)[0].q[:50], atol=0.01)


@pytest.mark.slow
def test_all_of_a_law_may_be_known():
    both = {"potential": "9.81*y", "dissipative": "0.1*v**3/3"}
    law = interpret.fit(ball(), Motion(known=both)).law
    assert law.verdict == "identified"
    assert np.all(law.stderr == 0)
    drag = sympy.expand(law.dissipation - parse("0.1*sqrt(xd**2+yd**2)**3/3"))
    assert max(map(abs, drag.as_coefficients_dict().values()), default=0) < 1e-12


@pytest.mark.slow
def test_nothing_is_added_to_what_is_known():
    spring = Mechanics(("x",), (1.0,), parse("x**2/2"))
    data = spring.flow([[1.0]], [[0.0]], np.linspace(0, 20, 201)).with_noise(0.01, 1)
    law = interpret.fit(data, Motion(known="0.5*x**2", parts="potential")).law
    assert law.terms == (x**2,)
    assert law.verdict == "identified"


@pytest.mark.slow
def test_what_is_known_wrongly_is_no_law():
    run = interpret.fit(bowl(), Motion(known="0.6*x**2", **BOWL))
    assert run.law.verdict != "identified"


@pytest.mark.parametrize(
    ("known", "verdict"),
    [("0.5*q**2", "IDENTICAL"), pytest.param("q**2", "DIFFERENT", marks=pytest.mark.slow)],
)
def test_what_is_known_is_compared_with_the_truth(known, verdict):
    run = interpret.fit("oscillator", Motion(known=known, noise=0.01, parts="potential"))
    assert run.comparison.verdict == verdict
    if verdict == "DIFFERENT":
        assert run.comparison.reason == "the coefficient of q**2 was given, and is another"


# Bounds, equalities


@pytest.mark.slow
def test_a_coefficient_beyond_its_bound_is_held_there():
    law = interpret.fit(bowl(), Motion(bounds="y**2: 0..0.4, x*y: 0..", **BOWL)).law
    assert values(law)["y**2"] == 0.4
    assert "0.4*y**2 is at its bound" in str(law)
    assert kept.law(json.loads(json.dumps(law.to_json()))) == law


@pytest.mark.slow
def test_what_would_be_beyond_zero_is_left_out():
    law = interpret.fit(bowl(), Motion(bounds={"x*y": (None, 0)}, **BOWL)).law
    assert "x*y" not in values(law)
    assert "x*y is not in the law: its coefficient would be beyond its bound 0" in str(law)


@pytest.mark.slow
def test_bounds_that_hold_change_nothing():
    free, bound = (
        interpret.fit(bowl(), Motion(**options, **BOWL, learn="forces")).law
        for options in ({}, {"bounds": "x**2: 0..1"})
    )
    assert free.coefficients.tolist() == bound.coefficients.tolist()


def test_terms_share_one_coefficient():
    law = interpret.fit(bowl(), Motion(same="x**2, y**2", **BOWL)).law
    assert law.terms == (x**2 + y**2, x * y)
    assert values(law) == pytest.approx({"x**2 + y**2": 0.5, "x*y": 0.1}, abs=1e-3)


# σ


@pytest.mark.slow
def test_values_count_by_their_sigma():
    """Every tenth value is wild, and the column of σ says so: it is as if it were not there."""
    rng = np.random.default_rng(3)
    clean = Mechanics(("x",), (1.0,), parse("x**2/2")).flow(
        [[1.0]], [[0.0]], np.linspace(0, 20, 401)
    )
    wild = np.arange(401) % 10 == 5
    sigma = np.where(wild, 0.05, 1e-3)
    noisy = clean[0].q[:, 0] + sigma * rng.normal(size=401)
    rates = clean[0].p[:, 0] + 1e-3 * rng.normal(size=401)
    item = Trajectory(clean[0].t, noisy[:, None], rates[:, None], sigma[:, None])
    data = Trajectories(("x",), [1.0], (item,), extra=("s",))
    plain = {"library": "x**2, x**4", "parts": "potential"}
    weighed, alike = (
        interpret.fit(data, Motion(sigma=sigma, **plain))
        for sigma in ("x=s, xd=0.001", "x=0.02, xd=0.001")
    )
    assert weighed.law.verdict == "identified"
    assert weighed.law.chi2_per_n == pytest.approx(1.0, abs=0.2)
    assert abs(weighed.law.coefficients[0] - 0.5) < 4 * weighed.law.stderr[0]
    assert weighed.law.stderr[0] < alike.law.stderr[0]


def test_weights_are_the_usual_sigma_over_each():
    item = Trajectory(t, np.sin(t)[:, None], np.cos(t)[:, None])
    data = Trajectories(("q",), [1.0], (item,))
    from interpret.experiments.motion.measured import weighed

    courses = weighed(data, data, Motion(sigma={"q": 0.01}))
    assert isinstance(courses, Courses)
    assert courses.sigma.tolist() == [0.01, 0.0]
    assert np.all(courses.items[0].weight == 1)


# Several data sets, one law


def planets(tmp_path, gravities, noise=1e-3):
    """Orbits of several planets, each with its own GM, in one file."""
    rng = np.random.default_rng(0)
    rows = ["planet,t,x,y,v_x,v_y"]
    for number, (name, gm) in enumerate(gravities.items()):
        pulled = Mechanics(("x", "y"), (1.0, 1.0), parse(f"-{gm}/sqrt(x**2+y**2)"))
        a, speed = 1 + 0.2 * number, 1.05 * np.sqrt(gm / (1 + 0.2 * number))
        (orbit,) = pulled.flow([[a, 0.0]], [[0.0, speed]], np.linspace(0, 8 + 2 * number, 121))
        table = np.column_stack([orbit.q, orbit.p])
        table += noise * rng.normal(size=table.shape)
        rows += [f"{name},{','.join(map(repr, row))}" for row in np.c_[orbit.t, table].tolist()]
    file = tmp_path / "planets.csv"
    file.write_text("\n".join([*rows, ""]), encoding="utf-8")
    return file


ORBITS = {"features": "r=sqrt(x**2+y**2)", "library": "1/r, 1/r**2, r**2", "parts": "potential"}


def test_the_coefficient_of_one_data_set_differs_and_it_is_named(tmp_path, capfd):
    file = planets(tmp_path, {"venus": 1.0, "earth": 1.0, "jupiter": 1.05})
    run = interpret.fit(file, Motion(each="1/r", **ORBITS), out=tmp_path / "run")
    law = run.law
    assert law.verdict == "identified"
    assert list(map(str, law.terms)) == ["1/r"]
    assert abs(law.coefficients[0] + 1) < 4 * law.stderr[0]
    assert "1/r differs for jupiter (-1.05" in str(run)
    (check,) = (each for each in run.certificate.checks if each.name == "data sets of 1/r")
    assert "it differs for jupiter" in check.sentence
    assert check.statistic > 10
    assert any(row[0] == "1/r of jupiter" for row in law.statement().table)

    own = Run.load(tmp_path / "run").law.of("jupiter")
    assert abs(own.coefficients[0] + 1.05) < 4 * own.stderr[0]
    assert law.of("earth").coefficients[0] == law.coefficients[0]
    with pytest.raises(InputError, match="no data set 'mars': there are venus, earth, jupiter"):
        law.of("mars")

    asked = ["predict", str(tmp_path / "run"), "--start", "x=1, y=0, v_y=1", "--times", "0:1:0.5"]
    assert cli.main([*asked, "--dataset", "jupiter"]) == 0
    last = list(map(float, capfd.readouterr().out.split()[-1].split(",")))
    q, _ = own.simulate([1, 0], [0, 1], [0, 0.5, 1])
    np.testing.assert_allclose(last[1:3], q[-1])
    assert cli.main([*asked, "--dataset", "mars"]) == 2
    assert "no data set 'mars'" in capfd.readouterr().err


@pytest.mark.slow
def test_one_law_that_all_share_is_told_where_they_do_not(tmp_path):
    file = planets(tmp_path, {"venus": 1.0, "jupiter": 1.05})
    law = interpret.fit(file, Motion(learn="forces", **ORBITS)).law
    assert law.verdict != "identified"
    assert any("of jupiter; --each '1/r' lets it" in reason for reason in law.reasons)


@pytest.mark.slow
def test_data_sets_that_agree_share_their_coefficients(tmp_path):
    file = planets(tmp_path, {"venus": 1.0, "earth": 1.0, "mars": 1.0})
    run = interpret.fit(file, Motion(each="all", **ORBITS))
    assert "1/r: one coefficient for all 3 data sets" in str(run)
    assert run.law.verdict == "identified"


def test_those_that_differ_are_told_one_by_one():
    rng = np.random.default_rng(0)
    wrong = 0
    for _ in range(300):
        wrong += bool(Shared.of(1 + 0.1 * rng.normal(size=5), 0.01 * np.eye(5), 1000).apart)
    assert wrong <= 3
    found = Shared.of(np.array([1, 2, 1, 3.0]), 1e-4 * np.eye(4), 1000)
    assert found.apart == (1, 3)
    assert Shared.of(np.array([1, 2.0]), 1e-4 * np.eye(2), 1000).apart == (0, 1)


def test_each_data_set_is_looked_at_by_its_own_period():
    """Mercury is a hundred times as fast as Saturn, and swings of one size are all alike."""
    times = np.linspace(0, 40, 2001)

    def shortest(*rates):
        items = tuple(
            Trajectory(times, np.sin(w * times)[:, None], w * np.cos(w * times)[:, None])
            for w in rates
        )
        data = Trajectories(("q",), [1.0], items)
        return Courses.of(data, estimate(data)).shortest

    assert shortest(0.5, 0.5, 0.5, 0.5, 5.0) == pytest.approx(2 * np.pi / 5, rel=0.05)
    middle = 2 * np.pi * np.sqrt(2 / (1 + 1.5**2))
    assert shortest(1.0, 1.5) == pytest.approx(middle, rel=0.05)


# What is asked for


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"known": "9.81*yd"}, "--known .* is no term of the potential"),
        ({"known": "drag=9.81*y"}, "--known has no part 'drag'"),
        ({"known": "g*y"}, "--known: there is no variable 'g'"),
        ({"known": ","}, "has an empty term"),
        ({"bounds": "x**2"}, r"says no range of a term; write TERM: LOW\.\.HIGH"),
        ({"bounds": "x**2: 3..1"}, "says no range"),
        ({"bounds": "z**2: 0.."}, "--bounds: there is no variable 'z'"),
        ({"bounds": "x**3: 0..", "library": "x**2"}, r"there is no candidate x\*\*3"),
        ({"same": "x**2"}, "are no two terms"),
        ({"same": "x**2, x**2", "library": "x**2, y**2"}, "are not all different"),
        ({"sigma": "z=0.1"}, "no channel z that --sigma could be of; there are x, y, xd, yd"),
        ({"sigma": "x=s"}, "no column s of sigmas"),
        ({"each": "x**2", "library": "x**2"}, "there is one alone"),
    ],
)
def test_what_cannot_be_known(options, message):
    with pytest.raises(InputError, match=message):
        interpret.fit(ball(), Motion(**options))


@pytest.mark.parametrize("sigma", [0, -1, "0.1, 0.2", "x=0.1, x=0.2", "x=", {"x": -1}])
def test_no_sigma(sigma):
    with pytest.raises(InputError, match="sigma"):
        Motion(sigma=sigma)


def test_what_is_known_asks_for_all_forces():
    for name, value in {"known": "y", "bounds": "y: 0..", "same": "x, y", "each": "all"}.items():
        assert settled(Motion(**{name: value})).learn == "forces"
        assert settled(Motion(parts="potential", **{name: value})).learn == "forces"
    with pytest.raises(InputError, match="potential has no use for known"):
        interpret.fit(ball(), Motion(learn="potential", known="y"))


def test_the_command_line_asks_the_same(tmp_path, capfd):
    file = tmp_path / "ball.csv"
    item = ball()[0]
    lines = np.c_[item.t, item.q, item.p].tolist()
    text = ["t,x,y,v_x,v_y", *(",".join(map(repr, row)) for row in lines), ""]
    file.write_text("\n".join(text), encoding="utf-8")
    asked = ["fit", str(file), "--known", "9.81*y", "--sigma", "0.05", "--bounds", "v: 0.."]
    assert cli.main([*asked, "--quiet", "--out", str(tmp_path / "run")]) == 0
    said = capfd.readouterr().out
    assert "9.81*y is known" in said
    assert cli.main(["show", str(tmp_path / "run")]) == 0
    assert capfd.readouterr().out.strip() in said
    assert cli.main(["fit", str(file), "--known", "drag=y"]) == 2
    assert "--known has no part 'drag'" in capfd.readouterr().err
    assert cli.main(["fit", str(file), "--sigma", "x=s"]) == 2
    assert "no column 's'" in capfd.readouterr().err
