"""dq/dt against p/m: what is wrong is named, what is right raises no alarm."""

from __future__ import annotations

import numpy as np
import pytest

import systems
from interpret.judge.channels import channels
from systems.samples.trajectories import Trajectories, Trajectory

T = np.linspace(0, 25, 400)


def rosette(t=T, phase=0.0):
    """Two coordinates with frequencies of their own, and their velocities: (n, 2) each."""
    q = np.stack([np.sin(t + phase), 0.7 * np.cos(1.3 * t)], axis=1)
    v = np.stack([np.cos(t + phase), -0.91 * np.sin(1.3 * t)], axis=1)
    return q, v


def motion(q, v, t=T, mass=None):
    """Trajectories of x and y whose p/m is v, whatever dq/dt is."""
    masses = np.ones(q.shape[1]) if mass is None else np.asarray(mass)
    names = ("x", "y", "z")[: q.shape[1]]
    return Trajectories.from_velocities(names, masses, [(t, q, v)])


def verdicts(data, **options):
    return [item.verdict for item in channels(data, **options)]


@pytest.mark.parametrize(
    ("ratio", "words"),
    [
        (np.pi / 180, "degrees against radians: x is in degrees"),
        (180 / np.pi, "degrees against radians: x is in radians"),
        (100, "metres and centimetres"),
        (1 / 3600, "hours and seconds"),
        (4.74, "km/s against au a year"),
        (2 * np.pi, "turns against radians"),
        (3.6, "km/h against m/s"),
        (-1.0, "the other sign"),
        (0.43, "is the mass 0.43 times"),
    ],
)
@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_a_constant_ratio_is_named(ratio, words, noise):
    q, v = rosette()
    found = channels(motion(q, v * [ratio, 1]).with_noise(noise, seed=1))

    assert found.verdict == "contradictory columns"
    assert found.positions_only
    assert [item.verdict for item in found] == ["contradictory", "agrees"]
    assert found[0].ratio == pytest.approx(ratio, abs=5 * found[0].error + 1e-9)
    assert words in found[0].sentence


def test_a_forgotten_mass_is_offered_as_the_option_that_mends_it():
    q, v = rosette()
    wrong = motion(q, v * [0.5, 0.25], mass=[2.0, 2.0])
    found = channels(wrong)
    assert found.option == "--mass 1,0.5"

    right = Trajectories(wrong.coordinates, np.array([1.0, 0.5]), wrong.items)
    assert channels(right).verdict == ""
    # Velocities are what they are, whatever the masses.
    assert channels(wrong, velocities=True).option == ""
    assert "v_x is 0.5 times dx/dt" in channels(wrong, velocities=True)[0].sentence


@pytest.mark.parametrize("noise", [0.0, 0.05])
def test_exchanged_columns_are_told(noise):
    q, v = rosette()
    found = channels(motion(q, v[:, ::-1]).with_noise(noise, seed=2))
    assert [(item.verdict, item.other) for item in found] == [("permuted", "y"), ("permuted", "x")]
    assert found.option == "--momenta p_y,p_x"


def test_columns_turned_round_in_a_circle_are_put_back():
    q, v = rosette()
    q, v = (np.column_stack([a, b]) for a, b in ((q, np.sin(2.1 * T)), (v, 2.1 * np.cos(2.1 * T))))
    found = channels(motion(q, v[:, [1, 2, 0]]))
    # p_z is the velocity of x, p_x of y, p_y of z.
    assert found.option == "--momenta p_z,p_x,p_y"


def test_a_mass_that_depends_on_position():
    """p = (1 + x²) dx/dt, and p_y = y ... of the other coordinate: m(x) v_y."""
    q, v = rosette()
    found = channels(motion(q, v * np.stack([np.ones(400), 1 + q[:, 0] ** 2], axis=1)))
    assert [item.verdict for item in found] == ["agrees", "varying"]
    assert found[1].other == "x"
    assert "the kinetic energy depends on position" in found[1].sentence
    assert found.option == ""


def test_something_else_than_a_velocity():
    q, v = rosette()
    found = channels(motion(q, np.stack([v[:, 0], np.sin(3.7 * T)], axis=1)))
    assert [item.verdict for item in found] == ["agrees", "contradictory"]
    assert "no multiple of dy/dt" in found[1].sentence
    zero = channels(motion(q, v * [1, 0]))
    assert "p_y/m is zero throughout" in zero[1].sentence


@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_velocities_by_differences_are_no_data(noise):
    q, _ = rosette()
    q = q + noise * np.random.default_rng(3).standard_normal(q.shape)
    found = channels(motion(q, np.gradient(q, T, axis=0)))
    assert [item.verdict for item in found] == ["computed", "computed"]
    assert "central differences" in found[0].sentence
    assert found.positions_only
    assert found.verdict == ""


def test_a_small_calibration_error_sets_the_velocities_aside():
    q, v = rosette()
    found = channels(motion(q, 0.954 * v).with_noise(0.005, seed=4))
    assert [item.verdict for item in found] == ["not used", "not used"]
    assert found.positions_only
    assert found.verdict == ""
    assert "0.95" in found[0].sentence


def test_motionless_and_copied_coordinates():
    q, v = rosette()
    still = channels(motion(np.column_stack([q, 0 * T]), np.column_stack([v, 0 * T])))
    assert [item.verdict for item in still] == ["agrees", "agrees", "motionless"]
    copy = channels(motion(q[:, [0, 0]] * [1, -2] + [0, 3], v[:, [0, 0]] * [1, -2]))
    assert [item.verdict for item in copy] == ["agrees", "copied"]
    assert copy.unfixed == ("y",)


def test_momenta_computed_from_the_positions_are_not_judged():
    q, _ = rosette()
    data = Trajectories.from_positions(["x", "y"], [1, 1], [(T, q)])
    assert verdicts(data) == ["derived", "derived"]


def test_spikes_hide_nothing_and_are_no_fault():
    q, v = rosette()
    rng = np.random.default_rng(5)
    for column in (q, v):
        column[rng.integers(400, size=4), rng.integers(2, size=4)] += 3
    assert verdicts(motion(q, v)) == ["agrees", "agrees"]
    assert verdicts(motion(q, v * [0.5, 1])) == ["contradictory", "agrees"]


DATASETS = [
    ("oscillator", "circles"),
    pytest.param("double_well", "T1", marks=pytest.mark.slow),
    pytest.param("central_force", "reduced", marks=pytest.mark.slow),
    pytest.param("double_well", "T3", marks=pytest.mark.slow),
    pytest.param("coulomb", "verlet", marks=pytest.mark.slow),
    pytest.param("coulomb", "exact", marks=pytest.mark.slow),
]


def first(data, count, step=1):
    """The first so many of every few samples of each trajectory."""
    part = slice(None, count * step, step)
    items = (Trajectory(item.t[part], item.q[part], item.p[part]) for item in data)
    return Trajectories(data.coordinates, data.mass, tuple(items))


@pytest.mark.parametrize(("name", "dataset"), DATASETS)
def test_no_false_alarm_on_the_catalog(name, dataset):
    """Not at any noise, nor for the first trajectory alone, nor for its first 20 samples."""
    clean = first(systems.get(name).draw(dataset, 0)[:20], 2000)
    for noise in (0.0, 0.01, 0.05):
        data = clean.with_noise(noise, seed=1) if noise else clean
        for some in (data, data[:1], first(data[:1], 20, step=20)):
            found = channels(some)
            assert {item.verdict for item in found} <= {"agrees", "not told"}, (noise, some, found)
            assert found.verdict == ""
    assert channels(clean).sentences == ()


@pytest.mark.parametrize("count", [20, 60, 300])
def test_errors_of_the_ratio_hold(count):
    """Few points give wide errors, not wrong ones: |ratio - 1| is within two of them, mostly."""
    t = np.linspace(0, 12, count)
    q, v = rosette(t)
    z = []
    for seed in range(12):
        found = channels(motion(q, v, t).with_noise(0.05, seed))
        assert found.verdict == ""
        z += [(item.ratio - 1) / item.error for item in found]
    assert np.mean(np.abs(z) < 2) > 0.85
    assert np.mean(np.abs(z) < 1) > 0.5
    assert np.mean(np.abs(z) < 0.05) < 0.5, "the errors are not boundless either"
