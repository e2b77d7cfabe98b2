"""The record of a system, the systems of a user, and how systems are found."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import sympy

import systems
from systems import Dataset, InputError, System, from_lagrangian, from_potential

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
    forces = polar().forces()
    assert sympy.simplify(forces[0] - x / (x**2 + y**2) ** sympy.Rational(3, 2)) == 0
    point = np.array([[3.0, 4.0]])
    np.testing.assert_allclose(polar().acceleration()(point), [[3 / 125, 8 / 125]])


def test_flow_and_verlet_use_mass_and_potential():
    omega = 1.0  # V = q², m = 2
    exact = spring().flow([[1.0]], [[0.5]], T)
    np.testing.assert_allclose(
        exact[0].q[:, 0], np.cos(omega * T) + 0.25 * np.sin(omega * T), atol=1e-14
    )
    np.testing.assert_allclose(
        exact[0].p[:, 0], -2 * np.sin(omega * T) + 0.5 * np.cos(omega * T), atol=1e-14
    )
    steps = spring().verlet([[1.0]], [[0.5]], 0.001, 1000)
    np.testing.assert_allclose(steps[0].q[::100], exact[0].q, atol=1e-6)
    assert np.ptp(spring().energy(exact)[0]) < 1e-14


def test_energy_is_that_of_each_trajectory():
    exact = spring().flow([[1.0], [2.0]], [[0.5], [0.0]], T)
    ragged = systems.Trajectories(("q",), [2.0], (exact[0], exact[1:][0]))
    energies = spring().energy(ragged)
    assert [round(float(energy[0]), 12) for energy in energies] == [1.0625, 4.0]


def test_truth_holds_the_numbers_of_the_draw():
    k = sympy.Symbol("k")
    dataset = Dataset("", draw=lambda seed: None, parameters=lambda seed: {"k": seed / 4})
    system = spring(potential=k * q**2, datasets={"first": dataset})
    assert system.truth(seed=3) == sympy.Float(0.75) * q**2
    assert system.truth("first", seed=2) == sympy.Float(0.5) * q**2
    assert system.held_out() is None
    with pytest.raises(InputError, match="contains k"):
        system.forces()
    replace(system, potential=system.truth(seed=1)).forces()


def test_the_first_dataset_is_the_default_and_others_are_found_by_name():
    drawn = []
    datasets = {
        name: Dataset("", draw=lambda seed, name=name: drawn.append((name, seed)))
        for name in ("first", "second")
    }
    system = spring(datasets=datasets)
    system.sample()
    system.sample("second", seed=5)
    assert drawn == [("first", 0), ("second", 5)]
    with pytest.raises(InputError, match=r"no data set 'secnd'.*Did you mean 'second'"):
        system.sample("secnd")
    with pytest.raises(InputError, match="no data sets"):
        spring().sample()


def test_an_observed_system_has_no_truth():
    data = spring().flow([[1.0]], [[0.5]], T)
    system = System.observed(data, name="bench")
    assert (system.name, system.coordinates, system.mass) == ("bench", ("q",), (2.0,))
    assert system.truth() is None
    assert system.candidates == ()
    with pytest.raises(InputError, match="unknown"):
        system.forces()
    with pytest.raises(InputError, match="no data sets"):
        system.sample()


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
    "potential", ["q^2/2", "x^2 + y^2 + x*y", "1/q", "-q^4", "log(q)", "1e6*q^2"]
)
def test_random_motions_under_a_potential_of_one_s_own_keep_their_energy(potential):
    system = from_potential(potential)
    data = system.sample(seed=1)
    assert len(data) == 10
    for number, energy in enumerate(system.energy(data)):
        moved = data.kinetic(number).max()
        assert np.ptp(energy) < 1e-11 * (moved + abs(energy).max())
    assert np.ptp(data.stack()[1]) > 0.5


def test_random_motions_follow_the_seed():
    system = from_potential("q^2/2")
    digest = system.sample(seed=1).digest()
    assert digest == system.sample(seed=1).digest()
    assert digest != system.sample(seed=2).digest()
    assert digest != system.held_out(seed=1).digest()


def test_masses_and_coordinates_of_a_potential():
    system = from_potential("x*y", mass=[1, 3], coordinates=["y", "x"])
    assert system.coordinates == ("y", "x")
    assert system.mass == (1, 3)
    assert from_potential(x * y).coordinates == ("x", "y")


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
        from_potential("sqrt(q - 5)").sample()


def test_lagrangians():
    system = from_lagrangian("xd^2/4 + yd^2 - x^4 - x*y")
    assert (system.coordinates, system.mass) == (("x", "y"), (0.5, 2.0))
    assert system.potential == x**4 + x * y
    assert len(system.sample()) == 10
    free = from_lagrangian("xd^2/2 + yd^2/2 - x^2", coordinates=["x", "y"])
    assert free.forces() == (-2 * x, 0)
    for lagrangian in ("k*qd^2 - q^2", "q^2", "qd^2 - lambda", "xd*yd - x*y"):
        with pytest.raises(InputError):
            from_lagrangian(lagrangian)


def test_systems_are_found_by_name_and_by_path(tmp_path):
    assert {"coulomb", "oscillator", "trapped_charges"} < set(systems.names())
    for name in systems.names():
        assert systems.lookup(name).name == name
    with pytest.raises(InputError, match="'born' is a map from 64 inputs to a0, not a motion"):
        systems.get("born")
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
    assert systems.get(str(path)).forces() == (-4 * q**3,)


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


def test_systems_never_imports_torch():
    code = (
        "import sys, systems\n"
        "for name in systems.names(): systems.lookup(name)\n"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
