"""The record of a system, the systems of a user, and how systems are found."""

from dataclasses import replace

import numpy as np
import pytest
import sympy

import systems
from systems import Dataset, InputError, System, from_lagrangian, from_potential, observed

q, r, x, y = sympy.symbols("q r x y")
T = np.linspace(0, 1, 11)


def spring(**change):
    record = {
        "name": "spring",
        "summary": "",
        "reference": "",
        "coordinates": ("q",),
        "mass": (2.0,),
        "potential": q**2,
    }
    return System(**(record | change))


def polar(**change):
    """A potential written in a feature."""
    record = {
        "coordinates": ("x", "y"),
        "mass": (1.0, 0.5),
        "features": {"r": sympy.sqrt(x**2 + y**2)},
        "potential": 1 / r,
        "candidates": (1 / r, x * r),
    }
    return spring(**(record | change))


def test_forces_differentiate_through_the_features():
    forces = polar().motion().forces()
    assert sympy.simplify(forces[0] - x / (x**2 + y**2) ** sympy.Rational(3, 2)) == 0
    point = np.array([[3.0, 4.0]])
    np.testing.assert_allclose(polar().motion().acceleration()(point), [[3 / 125, 8 / 125]])


def test_flow_and_verlet_use_mass_and_potential():
    omega = 1.0  # V = q², m = 2
    exact = spring().motion().flow([[1.0]], [[0.5]], T)
    np.testing.assert_allclose(
        exact[0].q[:, 0], np.cos(omega * T) + 0.25 * np.sin(omega * T), atol=1e-14
    )
    np.testing.assert_allclose(
        exact[0].p[:, 0], -2 * np.sin(omega * T) + 0.5 * np.cos(omega * T), atol=1e-14
    )
    steps = spring().motion().verlet([[1.0]], [[0.5]], 0.001, 1000)
    np.testing.assert_allclose(steps[0].q[::100], exact[0].q, atol=1e-6)
    assert np.ptp(spring().motion().energy(exact)[0]) < 1e-14


def test_energy_is_that_of_each_trajectory():
    exact = spring().motion().flow([[1.0], [2.0]], [[0.5], [0.0]], T)
    ragged = systems.Trajectories(("q",), [2.0], (exact[0], exact[1:][0]))
    energies = spring().motion().energy(ragged)
    assert [round(float(energy[0]), 12) for energy in energies] == [1.0625, 4.0]


def test_truth_holds_the_numbers_of_the_draw():
    k = sympy.Symbol("k")
    dataset = Dataset("", draw=lambda seed: None, parameters=lambda seed: {"k": seed / 4})
    system = spring(potential=k * q**2, datasets={"first": dataset})
    assert system.truths(seed=3)["potential"] == sympy.Float(0.75) * q**2
    assert system.truths("first", seed=2)["potential"] == sympy.Float(0.5) * q**2
    assert system.held_out() is None
    with pytest.raises(InputError, match="contains k"):
        system.motion().forces()
    replace(system.motion(), potential=system.truths(seed=1)["potential"]).forces()


def test_the_first_dataset_is_the_default_and_others_are_found_by_name():
    drawn = []
    datasets = {
        name: Dataset("", draw=lambda seed, name=name: drawn.append((name, seed)))
        for name in ("first", "second")
    }
    system = spring(datasets=datasets)
    system.draw()
    system.draw("second", seed=5)
    assert drawn == [("first", 0), ("second", 5)]
    with pytest.raises(InputError, match=r"no data set 'secnd'.*Did you mean 'second'"):
        system.draw("secnd")
    with pytest.raises(InputError, match="no data sets"):
        spring().draw()


def test_an_observed_system_has_no_truth():
    data = spring().motion().flow([[1.0]], [[0.5]], T)
    system = observed(data, name="bench")
    assert (system.name, system.motion().coordinates, system.motion().mass) == (
        "bench",
        ("q",),
        (2.0,),
    )
    assert system.truths() == {}
    assert system.candidates == ()
    with pytest.raises(InputError, match="unknown"):
        system.motion().forces()
    with pytest.raises(InputError, match="no data sets"):
        system.draw()


@pytest.mark.parametrize(
    "change",
    [
        {"mass": (1.0, 2.0)},
        {"mass": (-1.0,)},
        {"candidates": (1 / r,)},
        {"features": {"q": q**2}},
        {"features": {"s": r}},
    ],
)
def test_records_that_do_not_fit_together_are_refused(change):
    with pytest.raises(InputError):
        spring(**change)


@pytest.mark.parametrize(
    "potential",
    [
        *("x^2 + y^2 + x*y", "1e6*q^2"),
        *(
            pytest.param(text, marks=pytest.mark.slow)
            for text in ("q^2/2", "1/q", "-q^4", "log(q)")
        ),
    ],
)
def test_random_motions_under_a_potential_of_one_s_own_keep_their_energy(potential):
    system = from_potential(potential)
    data = system.draw(seed=1)
    assert len(data) == 10
    for number, energy in enumerate(system.motion().energy(data)):
        moved = data.kinetic(number).max()
        assert np.ptp(energy) < 1e-11 * (moved + abs(energy).max())
    assert np.ptp(data.stack()[1]) > 0.5


@pytest.mark.slow
def test_random_motions_follow_the_seed():
    system = from_potential("q^2/2")
    digest = system.draw(seed=1).digest()
    assert digest == system.draw(seed=1).digest()
    assert digest != system.draw(seed=2).digest()
    assert digest != system.held_out(seed=1).digest()


def test_masses_and_coordinates_of_a_potential():
    system = from_potential("x*y", mass=[1, 3], coordinates=["y", "x"])
    assert system.motion().coordinates == ("y", "x")
    assert system.motion().mass == (1, 3)
    assert from_potential(x * y).motion().coordinates == ("x", "y")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"potential": "3"}, "nothing moves"),
        ({"potential": "x", "mass": [1, 2]}, "2 masses for 1 coordinate"),
        ({"potential": "k*x", "coordinates": ["x"]}, "no variable 'k'"),
        ({"potential": q * x, "coordinates": ["x"]}, "contains q"),
        ({"potential": "().__class__"}, "cannot read"),
    ],
)
def test_potentials_that_cannot_be_used(arguments, sentence):
    with pytest.raises(InputError, match=sentence):
        from_potential(**arguments)


def test_a_potential_in_which_nothing_can_be_followed_says_so():
    with pytest.raises(InputError, match=r"\|q\| <= 1"):
        from_potential("sqrt(q - 5)").draw()


@pytest.mark.slow
def test_lagrangians():
    system = from_lagrangian("xd^2/4 + yd^2 - x^4 - x*y")
    assert (system.motion().coordinates, system.motion().mass) == (("x", "y"), (0.5, 2.0))
    assert system.motion().potential == x**4 + x * y
    assert len(system.draw()) == 10
    free = from_lagrangian("xd^2/2 + yd^2/2 - x^2", coordinates=["x", "y"])
    assert free.motion().forces() == (-2 * x, 0)
    for lagrangian in ("k*qd^2 - q^2", "q^2", "qd^2 - lambda", "xd*yd - x*y"):
        with pytest.raises(InputError):
            from_lagrangian(lagrangian)


def test_systems_are_found_by_name_and_by_path(tmp_path):
    assert {"coulomb", "oscillator", "trapped_charges"} < set(systems.names())
    for name in systems.names():
        assert systems.get(name).name == name
    with pytest.raises(InputError, match="'born' is a map from 64 inputs to a0, not a motion"):
        systems.get("born").motion()
    path = tmp_path / "mine.py"
    path.write_text(
        "from __future__ import annotations\n"
        "from dataclasses import dataclass\n"
        "from systems import from_potential\n"
        "@dataclass\n"
        "class Anything:\n"
        "    x: int\n"
        "SYSTEM = from_potential('q^4', name='mine')\n"
    )
    assert systems.get(path).name == "mine"
    assert systems.get(str(path)).motion().forces() == (-4 * q**3,)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("x = 1\n", "defines no SYSTEM"),
        ("SYSTEM = 1\n", "defines no SYSTEM"),
        ("SYSTEM = undefined\n", "NameError: name 'undefined'"),
        ("SYSTEM = (\n", "SyntaxError"),
        ("from systems import from_potential\nSYSTEM = from_potential('2x')\n", "cannot read '2x'"),
    ],
)
def test_files_of_one_s_own_that_fail(tmp_path, content, sentence):
    path = tmp_path / "mine.py"
    path.write_text(content)
    with pytest.raises(InputError, match=sentence):
        systems.get(path)


@pytest.mark.parametrize("name", ["columb", "os", "../coulomb", "", "__init__", "missing.py"])
def test_names_that_are_not_in_the_catalog(name):
    with pytest.raises(InputError, match="there is no"):
        systems.get(name)


# One noun for what is known


SAMPLES = {
    "double_well": ("T2", ("t", "q", "p_q")),
    "trapped_charges": ("far", ("q0", "q1", "q0d", "q1d", "q0dd", "q1dd")),
    "born": ("mask", (*(f"U{step}" for step in range(1, 65)), "a0")),
    "luescher": ("B", ("system", "L", *(f"E{n}" for n in range(10)))),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_of_every_kind_are_named_counted_and_made_noisy_alike(name):
    dataset, names = SAMPLES[name]
    samples = systems.get(name).draw(dataset, seed=1, count=None if name == "double_well" else 40)
    assert samples.names == names
    assert len(samples) == {"double_well": 2, "luescher": 400}.get(name, 40)
    assert samples.digest() == samples.with_noise(0.0, seed=1).digest()
    noisy = samples.with_noise(0.01, seed=1)
    assert type(noisy) is type(samples)
    assert noisy.digest() == samples.with_noise(0.01, seed=1).digest() != samples.digest()
    assert noisy.digest() != samples.with_noise(0.01, seed=2).digest()
    with pytest.raises(InputError, match=r"a fraction such as 0.01, not -1"):
        samples.with_noise(-1, seed=0)


@pytest.mark.parametrize(
    ("name", "dataset", "channels"),
    [
        ("coulomb", "exact", lambda s: np.hstack([*s.stack()[1:3]])),
        ("trapped_charges", "far", lambda s: s.qdd),
        ("born", "mask", lambda s: s.y[:, None]),
        ("luescher", "A", lambda s: s.levels),
    ],
)
def test_noise_is_a_fraction_of_the_deviation_of_each_channel(name, dataset, channels):
    count = {"luescher": 100, "coulomb": None}.get(name, 3000)
    samples = systems.get(name).draw(dataset, seed=0, count=count)
    clean, noisy = channels(samples), channels(samples.with_noise(0.02, seed=3))
    np.testing.assert_allclose(np.std(noisy - clean, axis=0) / clean.std(axis=0), 0.02, rtol=0.1)


def test_a_fixed_number_of_samples_is_not_changed():
    with pytest.raises(InputError, match="is fixed, so 5 of them cannot be drawn"):
        systems.get("double_well").draw("T2", count=5)
    assert len(systems.get("trapped_charges").draw("far", count=5)) == 5


def test_the_laws_of_maps_are_known():
    born = systems.get("born").truths()
    low, high, x, y, z = sympy.symbols("min max x y z")
    assert born["a1"] == -(r**2)
    assert born["a2"] == -(low**2) * high
    assert sympy.expand(born["a3"] + sympy.Rational(2, 3) * x**2 * y * z + x**2 * y**2 / 3) == 0
    levels = systems.get("luescher").truths()
    residue = sympy.limit((9 - q**2) * levels["poles"], q, 3)
    assert residue == 30  # ways to write 9 as a sum of three squares
    n, c, L = sympy.symbols("n c L")
    assert levels["spacing"] == 4 * sympy.pi**2 * n / L**2
    assert levels["residue"] == 4 * sympy.pi * c / L**3


def squares(seed, count):
    x = np.random.default_rng(seed).random((count, 2))
    return systems.ValueSamples(x, x[:, 0] + x[:, 1] ** 2, np.ones(count))


def test_a_map_of_ones_own_may_know_its_truth():
    a, b = sympy.symbols("a b")
    arguments = ("mine", "", "", ("a", "b"), "y", None, squares)
    problem = systems.Supervised(*arguments, count=7, truth="a + b**2", candidates=(a, b**2))
    assert problem.experiment == "values"
    assert problem.truths() == {"map": a + b**2}
    assert problem.draw().names == ("a", "b", "y")
    assert (len(problem.draw()), len(problem.draw(count=3))) == (7, 3)
    assert systems.Supervised(*arguments).truths() == {}
    with pytest.raises(InputError, match="'mine' is a map from a and b to y, not a motion"):
        problem.motion()
    with pytest.raises(InputError, match="no variable 'c'"):
        systems.Supervised(*arguments, truth="a + c")
    with pytest.raises(InputError, match="holds q, which is no input"):
        systems.Supervised(*arguments, candidates=(a, q))


def test_the_problem_behind_measured_samples():
    points = observed(systems.get("trapped_charges").draw(count=9), "charges")
    assert (points.name, points.experiment) == ("charges", "motion")
    assert points.motion().coordinates == ("q0", "q1")
    values = observed(squares(0, 5))
    assert (values.experiment, values.map.inputs, values.map.output) == (
        "values",
        ("x0", "x1"),
        "y",
    )
    assert points.truths() == values.truths() == {}
    with pytest.raises(InputError, match="no trajectories"):
        observed("data.csv")


# Absolute values


def test_an_absolute_value_has_a_slope():
    mechanics = from_potential("abs(q)").motion()
    assert mechanics.forces() == (-sympy.sign(q),)
    np.testing.assert_array_equal(mechanics.acceleration()(np.array([[2.0], [-3.0]])), [[-1], [1]])
    flow = mechanics.flow([[1.0]], [[0.0]], np.linspace(0, 1, 5))
    np.testing.assert_allclose(flow[0].q[:, 0], 1 - np.linspace(0, 1, 5) ** 2 / 2, atol=1e-12)
    a, b = sympy.symbols("a b")
    both = System("both", "", "", ("a", "b"), (1.0, 1.0), abs(x), sums={"x": (a, b)})
    assert both.motion().forces() == (-sympy.sign(a), -sympy.sign(b))
