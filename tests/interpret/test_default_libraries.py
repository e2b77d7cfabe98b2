"""What is tried when nobody says: it fits the variables, and what data cannot tell is left out."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

import systems
from interpret.discovery.coordinates import angles, moving, unwrapped
from interpret.experiments.motion import Motion
from interpret.pipeline import fit
from interpret.select.defaults import alike, suited, told_apart, usable
from interpret.select.library import Library
from interpret.select.matrix import Compressed
from systems.errors import InputError
from systems.expressions import parse, symbol
from systems.samples.trajectories import Trajectories, Trajectory

q, r, x, theta = (symbol(name) for name in ("q", "r", "x", "theta"))
LEVEL = np.linspace(1.0, 2.0, 60)[:, None]
ONE = np.zeros(60, dtype=np.int64)


# Families


def test_an_angle_has_waves_and_a_distance_decays():
    waves = suited({"theta": (-1, 1)}, angles=["theta"])
    assert {sympy.sin(theta), sympy.cos(3 * theta)} <= set(waves)
    assert theta**2 not in waves
    decays = suited({"r": (0.5, 2)}, distances=["r"])
    assert {1 / r, r**-3, sympy.log(r), sympy.exp(-r), r**2} <= set(decays)


def test_an_angle_beside_a_length_has_products():
    mixed = suited({"r": (0.5, 2), "theta": (-1, 1)}, angles=["theta"])
    assert {r, r**2, sympy.cos(theta), r * sympy.cos(theta)} <= set(mixed)


def test_two_angles_have_their_difference():
    both = suited({"a": (-1, 1), "b": (-1, 1)}, angles=["a", "b"])
    assert {sympy.cos(symbol("a") - symbol("b")), sympy.cos(symbol("b"))} <= set(both)


def test_several_distances_have_laws_of_pairs_without_products():
    pairs = suited({"r12": (1, 2), "r13": (1, 2)}, distances=["r12", "r13"])
    assert all(len(candidate.free_symbols) == 1 for candidate in pairs)
    assert {symbol("r12") ** -12, symbol("r13") ** -6} <= set(pairs)
    same = alike(pairs, ["r12", "r13"])
    assert len(same) == len(pairs) / 2
    assert symbol("r12") ** -6 + symbol("r13") ** -6 in same


# What the data leave of them


def test_what_is_constant_or_infinite_on_the_data_is_left_out():
    library = Library.parse("r, exp(-1000*r), exp(1000*r), 1/(r - 3/2), 1/r", ["r"])
    kept, dropped = usable(library, LEVEL, ["r"], ONE)
    assert list(kept) == [r, 1 / r]
    assert len(dropped) == 3


def test_what_the_data_cannot_tell_is_left_out_and_the_law_is_not():
    """On a short range ten powers are four; 1/r is the law, though it comes last."""
    level = 1 + LEVEL / 20
    library = Library.parse("r, r**2, r**3, r**4, r**5, log(r), 1/r**2, 1/r", ["r"])
    columns = library.gradients(level, ["r"])[:, 0, :]
    problem = Compressed.of(columns, columns[:, -1], tuple(map(str, library)))
    kept = told_apart(problem, 1e-4)
    assert 7 in kept
    assert len(kept) < len(library)
    assert told_apart(problem, 1e-15) == problem.full


def orbit(eccentricity):
    """Positions and momenta of a Kepler orbit from the pericentre, half a period."""
    system = systems.from_potential("-1/sqrt(x**2 + y**2)")
    start = [[1 - eccentricity, 0.0]]
    speed = np.sqrt((1 + eccentricity) / (1 - eccentricity))
    return system.motion().flow(start, [[0.0, speed]], np.linspace(0, 3, 400))


@pytest.mark.parametrize("eccentricity", [0.05, 0.0086, pytest.param(0.4, marks=pytest.mark.slow)])
def test_a_nearly_circular_orbit_is_no_error(eccentricity):
    """The columns of the default library are collinear there: that is nobody's fault."""
    law = fit(orbit(eccentricity)).law
    assert law.verdict == "identified"
    assert law.terms == (1 / r,)
    assert law.coefficients[0] == pytest.approx(-1, rel=1e-6)


def test_collinear_candidates_that_the_user_wrote_are_an_error():
    with pytest.raises(InputError, match="collinear"):
        fit(orbit(0.4), library="r, 2*r + 1, 1/r")


# Coordinates


def test_motionless_coordinates_are_set_aside():
    data = orbit(0.4)
    items = tuple(
        Trajectory(
            i.t, np.pad(i.q, ((0, 0), (0, 1)), constant_values=5), np.pad(i.p, ((0, 0), (0, 1)))
        )
        for i in data
    )
    whole = Trajectories(("x", "y", "z"), [1, 1, 1], items)
    some, note = moving(whole)
    assert some.coordinates == ("x", "y")
    assert note == "z never moves: it is set aside"
    run = fit(whole)
    assert run.law.terms == (1 / r,)
    assert note in run.notes
    assert moving(data) == (data, "")


def turning(names=("theta",)):
    """A pendulum that goes round: v from 2.3 to 3.1."""
    system = systems.from_potential("-cos(q)")
    data = system.motion().flow([[0.1], [-0.4]], [[3.0], [-2.5]], np.linspace(0, 12, 600))
    return Trajectories(names, data.mass, data.items)


def wrapped(data):
    items = (Trajectory(i.t, (i.q + np.pi) % (2 * np.pi) - np.pi, i.p) for i in data)
    return Trajectories(data.coordinates, data.mass, tuple(items))


def test_jumps_by_whole_turns_are_taken_out():
    data = turning(("q",))
    back, names = unwrapped(wrapped(data))
    assert names == ("q",)
    for own, other in zip(back, data, strict=True):
        np.testing.assert_allclose(np.diff(own.q, axis=0), np.diff(other.q, axis=0), atol=1e-12)
    assert unwrapped(data) == (data, ())


def test_long_steps_of_about_2_pi_are_no_jumps():
    """Millimetres, their velocities in metres per second: steps from 0 to 60, some near 2π."""
    t = np.arange(0, 12, 0.02)
    q, v = 1000 * np.cos(3 * t), -3 * np.sin(3 * t)
    data = Trajectories.from_arrays("q", [1], t, [q[:, None]], [v[:, None]])
    step = np.abs(np.diff(q))
    assert (np.abs(step - 2 * np.pi) < 0.3).any()
    assert unwrapped(data) == (data, ())


@pytest.mark.parametrize(
    ("data", "options"),
    [
        (lambda: wrapped(turning(("q",))), {}),
        (lambda: turning(("theta",)), {}),
        pytest.param(lambda: turning(("q",)), {"angles": "q"}, marks=pytest.mark.slow),
        pytest.param(lambda: turning(("q",)), {"angles": ["q"]}, marks=pytest.mark.slow),
    ],
)
def test_an_angle_is_told_by_jumps_by_name_or_by_the_user(data, options):
    motion = data()
    law = fit(motion, **options).law
    assert law.verdict == "identified"
    assert law.terms == (sympy.cos(symbol(motion.coordinates[0])),)
    assert law.coefficients[0] == pytest.approx(-1, abs=1e-6)


@pytest.mark.slow
def test_what_is_only_called_an_angle_keeps_its_powers():
    system = systems.from_potential("phi**4/4 - phi**2/2")
    law = fit(system.motion().flow([[1.3], [0.2]], [[0.1], [0.5]], np.linspace(0, 12, 400))).law
    assert law.expr == parse("phi**4/4 - phi**2/2")


def test_an_angle_that_is_no_coordinate_is_refused():
    with pytest.raises(InputError, match="'thta' is no coordinate of the data"):
        fit(turning(), angles="thta")
    assert angles(["theta", "x"], None, ["x"]) == ("theta", "x")


# Libraries as they are given


def test_a_list_in_python_is_a_list_of_candidates():
    listed = Library.parse(["x**2", 1 / x, "trigonometric"], ["x"])
    assert list(listed)[:3] == [x**2, 1 / x, sympy.sin(x)]
    assert listed == Library.parse("x**2, 1/x, trigonometric", ["x"])
    run = fit("oscillator", library=["q**2", "q**4"])
    assert run.law.expr == q**2 / 2
    assert run.settings["options"]["library"] == "q**2, q**4"
    assert Motion(library=["q"]).given == {"library": ["q"]}


@pytest.mark.parametrize("name", ["polynomial", "inverse", "logarithm", "exponential", "pair"])
def test_families_have_names(name):
    library = Library.parse(name, ["r"])
    assert library.variables == ("r",)
    assert len(library) >= 1
