"""What a law does next: its equations, the motion that follows, and both as code."""

from __future__ import annotations

import ctypes
import json
import runpy
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import sympy
import torch

from interpret.laws import kept
from interpret.laws.judgement import Origin
from interpret.laws.law import Law
from interpret.laws.parts import Bodies, Part, Variables
from interpret.laws.programs import LANGUAGES
from systems import Mechanics
from systems.errors import InputError
from systems.expressions import parse, symbol
from systems.motion import flow

RNG = np.random.default_rng(0)
T = np.linspace(0.3, 4.0, 9)


def law(parts, mass, features=None, domain=None, **bodies) -> Law:
    """A law with coefficients 2, 3, 5, ... over its terms' own, so that each is used."""
    numbers, pieces = [], []
    for name, terms in parts.items():
        pieces.append(Part(name, tuple(map(parse, terms)), tuple(map(parse, terms))))
        numbers += terms.values()
    return Law(
        origin=Origin("mine"),
        parts=tuple(pieces),
        coefficients=np.array(numbers),
        covariance=np.full((len(numbers),) * 2, 1e-4),
        recognised=(None,) * len(numbers),
        variables=Variables(
            domain or {}, {n: parse(e) for n, e in (features or {}).items()}, Bodies(mass, **bodies)
        ),
    )


PENDULUM = law(
    {
        "potential": {"cos(a)": -4.1, "sin(a)": 0.2},
        "dissipative": {"ad**2/2": 0.3, "abs(ad)**3/3": 0.05},
        "drive": {"a*cos(6*t/5)": 0.7, "a*sin(6*t/5)": -0.4},
    },
    {"a": 2.5},
)
"""Masses that are not 1, a constant inside of terms, friction of two kinds."""

ORBIT = law(
    {
        "potential": {"1/r": -3.0, "r**2": 0.1},
        "gyroscopic": {"(x*yd - y*xd)/2": 0.6},
        "dissipative": {"sqrt(xd**2 + yd**2)**3/3": 0.02, "sqrt(xd**2 + yd**2)": 0.01},
        "drive": {"x*t": 0.05},
    },
    {"x": 2.0, "y": 0.5},
    features={"r": "sqrt(x**2 + y**2)"},
    domain={"xd": (-2.0, 1.0), "yd": (-1.0, 1.5)},
)
"""A feature, a field, friction of the whole speed, and two masses."""


def orbit_by_hand(q, v, t):
    """F/m of ORBIT, written out."""
    (x, y), (u, w) = q.T, v.T
    r, speed = np.hypot(x, y), np.hypot(u, w)
    pull = -3.0 / r**3 - 0.2
    drag = -0.02 * speed - 0.01 / speed
    force = [pull * x + 0.6 * w + drag * u + 0.05 * t, pull * y - 0.6 * u + drag * w]
    return np.column_stack(force) / [2.0, 0.5]


def pendulum_by_hand(q, v, t):
    """F/m of PENDULUM, written out."""
    force = -4.1 * np.sin(q) - 0.2 * np.cos(q) - 0.3 * v - 0.05 * abs(v) * v
    return (force + 0.7 * np.cos(1.2 * t[:, None]) - 0.4 * np.sin(1.2 * t[:, None])) / 2.5


BY_HAND = [(PENDULUM, pendulum_by_hand), (ORBIT, orbit_by_hand)]


def points(dimension, count=20):
    return (*RNG.normal(size=(2, count, dimension)), RNG.uniform(0, 9, count))


@pytest.mark.parametrize(("known", "by_hand"), BY_HAND)
def test_functions_are_the_force_over_the_mass(known, by_hand):
    q, v, t = points(len(known.variables.bodies.mass))
    found = known.lambdify("numpy")(q, v, t)
    np.testing.assert_allclose(found, by_hand(q, v, t), rtol=1e-12)
    tensors = known.lambdify("torch")(*map(torch.from_numpy, (q, v, t)))
    np.testing.assert_allclose(tensors.numpy(), found, rtol=1e-12)
    # A single point, and one time for all.
    np.testing.assert_allclose(known.lambdify()(q[3], v[3], t[3]), found[3], rtol=1e-14)
    at_once = known.lambdify()(q, v, 1.0)
    np.testing.assert_allclose(at_once, by_hand(q, v, np.ones(20)), rtol=1e-12)


@pytest.mark.parametrize(("known", "by_hand"), BY_HAND)
def test_equations_are_the_same_accelerations(known, by_hand):
    q, v, t = points(len(known.variables.bodies.mass), 4)
    names = list(known.variables.bodies.mass)
    state = symbols(names)
    for i, equation in enumerate(known.equations()):
        assert equation.lhs == symbol(f"{names[i]}dd")
        compiled = sympy.lambdify(state, equation.rhs)
        found = [compiled(*row) for row in np.column_stack([q, v, t])]
        np.testing.assert_allclose(found, by_hand(q, v, t)[:, i], rtol=1e-12)


def symbols(names):
    return [*map(symbol, names), *(symbol(f"{name}d") for name in names), symbol("t")]


@pytest.mark.parametrize(("known", "by_hand"), BY_HAND)
def test_the_motion_has_these_accelerations(known, by_hand):
    """Beside an integrator of scipy, which knows the forces written out by hand."""
    from scipy.integrate import solve_ivp

    d = len(known.variables.bodies.mass)
    start = np.array([1.5, 0.3]) if d == 1 else np.array([2.0, 0.0, 0.1, 2.0])

    def rate(t, y):
        return [*y[d:], *by_hand(y[None, :d], y[None, d:], np.array([t]))[0]]

    beside = solve_ivp(rate, T[[0, -1]], start, "DOP853", T, rtol=1e-12, atol=1e-12).y.T
    q, v = known.simulate(start[:d], start[d:], T)
    # ORBIT's dry friction of 0.01 is weaker by (2e-3/v)²/2, which for v = 0.1 to 2 is 1e-6 in all.
    np.testing.assert_allclose(np.hstack([q, v]), beside, atol=1e-5 if d > 1 else 1e-10)


def test_several_starts_and_one():
    q, v = PENDULUM.simulate([[0.1], [0.5]], [[0.0], [1.0]], T)
    assert q.shape == v.shape == (2, len(T), 1)
    alone, _ = PENDULUM.simulate(0.5, 1.0, T)
    assert alone.shape == (len(T), 1)
    np.testing.assert_allclose(alone, q[1], rtol=1e-12)
    first, _ = PENDULUM.simulate(0.5, 1.0, [2.0])
    assert first.tolist() == [[0.5]]


def test_dry_friction_brings_to_rest_and_holds():
    """x'' = -g sign v + f: from v = 1 it stops at x = v²/2(g - f), and f < g does not move it."""
    block = law(
        {"potential": {"x": -0.1}, "dissipative": {"abs(xd)": 0.5}},
        {"x": 1.0},
        domain={"xd": (-1.0, 1.0)},
    )
    q, v = block.simulate(0.0, 1.0, [0.0, 1.0, 2.5, 20.0])
    assert q[1, 0] == pytest.approx(1 - 0.4 / 2, abs=1e-6)
    assert v[2:, 0] == pytest.approx(0, abs=1e-3)
    assert q[3, 0] == pytest.approx(1 / 0.8, abs=0.01)


def test_a_friction_of_several_velocities_has_a_value_at_rest():
    rest = np.zeros(2)
    found = ORBIT.lambdify()(np.array([1.0, 0.0]), rest, 0.0)
    np.testing.assert_allclose(found, [-3.2 / 2.0, 0.0])


def test_forces_by_part_add_up():
    q, v, t = points(2)
    by_part = ORBIT.forces_at(q, v, t)
    assert list(by_part) == ["potential", "gyroscopic", "dissipative", "drive"]
    total = sum(by_part.values()) / [2.0, 0.5]
    np.testing.assert_allclose(total, orbit_by_hand(q, v, t), rtol=1e-12)
    np.testing.assert_allclose((by_part["gyroscopic"] * v).sum(axis=1), 0, atol=1e-12)
    assert ORBIT.forces()["drive"] == (parse("0.05*t"), 0)


def test_variables_beyond_the_data():
    known = law(
        {"potential": {"1/r": -1.0}},
        {"x": 1.0, "y": 1.0},
        features={"r": "sqrt(x**2 + y**2)"},
        domain={"r": (1.0, 2.0), "xd": (-1.0, 1.0)},
    )
    at = np.array([[1.5, 1.5]])
    assert known.beyond(at, np.array([[0.5, 9.0]])) == ["r"]
    assert known.beyond(at / 1.5, np.array([[0.5, 9.0]])) == []
    assert known.beyond(at / 9, np.array([[-1.5, 0.0]])) == ["r", "xd"]


def test_parts_by_name():
    assert PENDULUM.dissipation == parse("0.15*ad**2 + 0.05*abs(ad)**3/3")
    assert PENDULUM.kinetic == parse("5*ad**2/4")
    assert PENDULUM.gyroscopic == 0
    assert ORBIT.gyroscopic == parse("0.3*(x*yd - y*xd)")


def test_a_kinetic_part_is_the_mass():
    """Of a rod on a spring, M = [[2, cos], [cos, 1]]: beside the Lagrangian's own flow."""
    parts = {
        "kinetic": {"xd**2": 1.0, "ad**2": 0.5, "xd*ad*cos(a)": 1.0},
        "potential": {"cos(a)": -9.81, "x**2": 0.7},
    }
    rod = law(parts, {"x": 7.0, "a": 7.0})
    q, v = rod.simulate([0.1, 0.5], [0.0, 0.3], T - T[0])
    lagrangian = rod.kinetic - rod.potential
    beside, _ = flow(lagrangian, ["x", "a"], [[0.1, 0.5]], [[0.0, 0.3]], T - T[0])
    np.testing.assert_allclose(q, beside[0], atol=1e-9)
    assert np.ptp(v) > 0.1


def test_what_was_given_beside_the_law_acts():
    pair = law({"potential": {"r": 1.5}}, {"a": 1.0, "b": 2.0}, {"r": "(a - b)**2/2"})
    trapped = law(
        {"potential": {"r": 1.5}},
        {"a": 1.0, "b": 2.0},
        {"r": "(a - b)**2/2"},
        known=parse("2*a**2"),
    )
    at = np.array([0.5, 0.2]), np.zeros(2), 0.0
    np.testing.assert_allclose(trapped.lambdify()(*at) - pair.lambdify()(*at), [-2.0, 0.0])


def test_a_term_is_summed_over_all_that_its_variable_stands_for():
    a, b, c = map(symbol, "abc")
    many = law({"potential": {"x**2": 0.5, "d": 2.0}}, dict.fromkeys("abc", 1.0),
               sums={"x": (a, b, c), "d": (a * b, b * c)})  # fmt: skip
    assert [equation.rhs for equation in many.equations()] == [
        parse("-1.0*a - 2.0*b"), parse("-2.0*a - 1.0*b - 2.0*c"), parse("-2.0*b - 1.0*c"),
    ]  # fmt: skip


def test_a_measured_drive():
    """x'' = u(t)/2: u by its values, or as a function of time."""
    pushed = law({"drive": {"u*x": 1.0}}, {"x": 2.0})
    t = np.linspace(0, 2, 41)
    assert pushed.signals == ("u",)
    for given in (6 * t, lambda time: 6 * time):
        q, v = pushed.simulate(1.0, 0.0, t, {"u": given})
        np.testing.assert_allclose(q[:, 0], 1 + t**3 / 2, atol=1e-9)
        np.testing.assert_allclose(v[:, 0], 1.5 * t**2, atol=1e-9)
    assert pushed.lambdify()([0.0], [0.0], 0.0, 3.0).tolist() == [1.5]
    assert "const double *u" in pushed.source("c")
    with pytest.raises(InputError, match="driven by u; say what that is at the times t"):
        pushed.simulate(1.0, 0.0, t)
    with pytest.raises(InputError, match="u is a finite number for each of the 41 times"):
        pushed.simulate(1.0, 0.0, t, {"u": [1.0]})
    with pytest.raises(InputError, match="driven by nothing that was measured"):
        PENDULUM.simulate(1.0, 0.0, t, {"u": t})


# As text


@pytest.mark.parametrize(("known", "by_hand"), BY_HAND)
def test_c_compiles_and_gives_the_same(known, by_hand, tmp_path: Path):
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("there is no C compiler here")
    (tmp_path / "law.c").write_text(known.source("c"), encoding="utf-8")
    strict = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-fPIC", "-shared"]
    library = tmp_path / "law.so"
    command = [compiler, *strict, "-o", str(library), str(tmp_path / "law.c"), "-lm"]
    subprocess.run(command, check=True)
    function = ctypes.CDLL(str(library)).acceleration
    q, v, t = points(len(known.variables.bodies.mass), 5)
    expected = by_hand(q, v, t)
    pointer = ctypes.POINTER(ctypes.c_double)
    for row in range(5):
        found = np.zeros(q.shape[1])
        arrays = [part.ctypes.data_as(pointer) for part in (q[row].copy(), v[row].copy(), found)]
        function(ctypes.c_double(t[row]), *arrays)
        np.testing.assert_allclose(found, expected[row], rtol=1e-12)


@pytest.mark.parametrize(("known", "by_hand"), BY_HAND)
@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_python_runs_and_gives_the_same(known, by_hand, library, tmp_path: Path):
    q, v, t = points(len(known.variables.bodies.mass))
    (tmp_path / "law.py").write_text(known.source(library), encoding="utf-8")
    names = runpy.run_path(str(tmp_path / "law.py"))
    like = torch.from_numpy if library == "torch" else np.asarray
    found = names["acceleration"](*map(like, (q, v, t)))
    np.testing.assert_allclose(np.asarray(found), by_hand(q, v, t), rtol=1e-12)
    single = names["acceleration"](like(q[0]), like(v[0]), float(t[0]))
    np.testing.assert_allclose(np.asarray(single), by_hand(q, v, t)[0], rtol=1e-12)


def test_latex_has_dots_and_no_seventeen_digits():
    (line,) = PENDULUM.source("latex").splitlines()
    assert line.startswith(r"\ddot{a} = ")
    assert r"\dot{a}" in line
    assert "1.64 " in line
    first, *lines, last = ORBIT.source("latex").splitlines()
    assert (first, last) == (r"\begin{aligned}", r"\end{aligned}")
    assert [line.split(" &= ")[0] for line in lines] == [r"\ddot{x}", r"\ddot{y}"]


def test_large_numbers_are_doubles_in_c():
    large = law({"potential": {"10**30*x**2": 0.5, "x**3/(3*10**12)": 1.0}}, {"x": 1.0})
    assert "1000000000000" not in large.source("c")


# Kept, and refused


@pytest.mark.parametrize("known", [PENDULUM, ORBIT])
def test_a_law_read_from_its_file_does_the_same(known):
    (again,) = kept.laws(json.loads(json.dumps(kept.to_json([known]))))
    assert again == known
    assert again.equations() == known.equations()
    assert [again.source(language) for language in LANGUAGES] == [
        known.source(language) for language in LANGUAGES
    ]


def test_what_is_given_and_summed_over_is_kept():
    a, b = map(symbol, "ab")
    bodies = Bodies({"a": 0.1 + 0.2, "b": 1.0}, {"x": (a, b)}, parse("2*a**2"))
    assert Bodies.from_json(json.loads(json.dumps(bodies.to_json()))) == bodies


def test_the_truth_is_no_part_of_what_is_kept():
    mechanics = Mechanics(("x",), (1.0,), parse("x**4 + k*x**2"), parameters={"k": 3.0},
                          known=parse("k*x**2"))  # fmt: skip
    assert Bodies.of(mechanics).known == 0
    assert Bodies.of(mechanics, known=True).known == parse("3*x**2")
    assert "x**4" not in str(Bodies.of(mechanics, known=True).to_json())


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: PENDULUM.simulate(1.0, 0.0, [0.0, 2.0, 1.0]), "the times do not ascend"),
        (lambda: PENDULUM.simulate(1.0, 0.0, [0.0, 0.0]), "the times do not ascend"),
        (lambda: PENDULUM.simulate(1.0, 0.0, []), "times are a list of finite numbers"),
        (lambda: PENDULUM.simulate(1.0, 0.0, "now"), "times are numbers, not 'now'"),
        (lambda: PENDULUM.simulate([1.0, 2.0], 0.0, T), "q0 is one finite number for each of a"),
        (lambda: PENDULUM.simulate(1.0, np.nan, T), "v0 is one finite number for each of a"),
        (lambda: PENDULUM.simulate([[1.0]] * 2, [[1.0]] * 3, T), "starts of the same motions"),
        (lambda: ORBIT.simulate([0.0, 0.0], [0.0, 0.0], T), "cannot be followed beyond t = 0.3"),
        (lambda: PENDULUM.lambdify("jax"), "functions are made of numpy or torch, not of 'jax'"),
        (lambda: PENDULUM.source("fortran"), "in c, latex, numpy, torch, not in 'fortran'"),
        (lambda: PENDULUM.source("numpi"), "Did you mean 'numpy'?"),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(ask, message):
    with pytest.raises(InputError) as error:
        ask()
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.slow
def test_a_motion_that_runs_off():
    """x'' = x³ from rest at 1 is at infinity after 1.85 time units."""
    falling = law({"potential": {"x**4": -0.25}}, {"x": 1.0})
    with pytest.raises(InputError, match=r"cannot be followed beyond t = 1\.5: .* or off to infin"):
        falling.simulate(1.0, 0.0, [0.0, 1.5, 3.0])


@pytest.mark.parametrize("name", ["equations", "source", "lambdify"])
def test_a_map_moves_nothing(name):
    mapped = law({"map": {"x**2": 1.0}}, {"x": 1.0})
    with pytest.raises(InputError, match="the law of a map: nothing moves by it"):
        getattr(mapped, name)()


def test_a_law_of_an_earlier_version_says_that_it_lacks_masses():
    contents = kept.to_json([PENDULUM])
    del contents["laws"][0]["bodies"]
    (old,) = kept.laws(contents)
    assert old.potential == PENDULUM.potential
    with pytest.raises(InputError, match="does not say which coordinates move with what masses"):
        old.equations()
