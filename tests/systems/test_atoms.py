"""Trajectories of atoms: what is read off extended XYZ files and ASE's own."""

import builtins

import numpy as np
import pytest

from systems.errors import InputError
from systems.files.readers import read, understand

MASSES = np.array([39.948, 2.0])
STEP, FRAMES = 0.05, 41
T = STEP * np.arange(FRAMES)
Q = np.stack([np.cos(np.outer(T, [1.0, 2.0, 3.0]) + k) for k in range(2)], axis=1)
V = np.gradient(Q, T, axis=0, edge_order=2)


def frames(times=None, rates="momenta", **settings):
    """Two atoms, one of Ar and one of He with a mass of its own, that swing along every axis."""
    ase = pytest.importorskip("ase")
    made = []
    for k in range(FRAMES):
        atoms = ase.Atoms("ArHe", positions=Q[k], **settings)
        atoms.set_masses(MASSES)
        if rates == "momenta":
            atoms.set_velocities(V[k])
        elif rates:
            atoms.set_array(rates, V[k])
        if times is not None:
            atoms.info["time"] = times[k]
        made.append(atoms)
    return made


def written(path, made):
    """The path of a file that holds the frames."""
    pytest.importorskip("ase.io").write(path, made)
    return path


@pytest.mark.parametrize(
    ("name", "format"), [("run.extxyz", None), ("run.xyz", "extxyz"), ("run.traj", None)]
)
def test_frames_become_a_trajectory(tmp_path, name, format):
    path = tmp_path / name
    pytest.importorskip("ase.io").write(path, frames(T), format=format)
    found = understand(path)
    assert found.samples.coordinates == ("x1", "y1", "z1", "x2", "y2", "z2")
    assert found.samples.mass == pytest.approx(np.repeat(MASSES, 3))
    assert found.samples[0].t == pytest.approx(T, abs=1e-7)
    assert found.samples[0].q == pytest.approx(Q.reshape(FRAMES, 6), abs=1e-7)
    expected = (MASSES[:, None] * V).reshape(FRAMES, 6)
    assert found.samples[0].p == pytest.approx(expected, abs=1e-6)
    assert f"{name}: it gives the masses 39.948 (1 Ar) and 2 (1 He)." in found.notes


def test_masses_of_the_elements_are_known_and_overruled(tmp_path):
    path = tmp_path / "run.extxyz"
    columns = ["symbols", "positions", "momenta"]
    pytest.importorskip("ase.io").write(path, frames(T), columns=columns)
    assert read(path).mass == pytest.approx(np.repeat([39.95, 4.0026], 3), abs=0.01)
    assert read(path, mass=[1, 1, 1, 2, 2, 2]).mass.tolist() == [1, 1, 1, 2, 2, 2]
    some = read(path, coordinates=["x2"], momenta=["p_x2"])
    assert some.mass == pytest.approx([4.0026], abs=0.01)


def test_velocities_are_multiplied_by_the_masses(tmp_path):
    samples = read(written(tmp_path / "run.extxyz", frames(T, rates="velo")))
    assert samples[0].p == pytest.approx((MASSES[:, None] * V).reshape(FRAMES, 6), abs=1e-6)


def test_positions_and_times_are_enough(tmp_path):
    samples = read(written(tmp_path / "run.extxyz", frames(T, rates=None)))
    assert samples.derived
    assert samples[0].t == pytest.approx(T)


@pytest.mark.parametrize("unit", ["fs", "ps"])
def test_times_in_another_unit_than_the_momenta_are_turned_into_theirs(tmp_path, unit):
    units = pytest.importorskip("ase.units")
    one = units.fs if unit == "fs" else 1000 * units.fs
    found = understand(written(tmp_path / "run.traj", frames(T / one)))
    assert found.samples[0].t == pytest.approx(T)
    assert f"its times are in {unit}, by its velocities" in found.notes[0]


def test_without_times_the_momenta_tell_the_step(tmp_path):
    found = understand(written(tmp_path / "run.traj", frames()))
    assert found.samples[0].t == pytest.approx(T, rel=1e-6)  # the velocities are Verlet's
    assert "by its velocities the step is 0.05" in found.notes[0]
    exact = frames()
    for k, atoms in enumerate(exact):
        swing = np.stack([np.sin(np.multiply(T[k], [1.0, 2.0, 3.0]) + j) for j in range(2)])
        atoms.set_velocities(-swing * [1.0, 2.0, 3.0])
    assert read(written(tmp_path / "exact.traj", exact))[0].t == pytest.approx(T, rel=1e-5)


def test_atoms_are_followed_across_the_boundary_of_a_cell(tmp_path):
    made = frames(T, cell=[1.5, 1.5, 1.5], pbc=[True, True, False])
    for atoms in made:
        atoms.wrap()
    found = understand(written(tmp_path / "run.extxyz", made))
    moved = found.samples[0].q - Q.reshape(FRAMES, 6)
    assert moved == pytest.approx(np.tile(moved[:1], (FRAMES, 1)), abs=1e-6)
    assert "its cell repeats along x, y:" in found.notes[0]


def test_what_is_no_motion_is_refused(tmp_path):
    made = frames(T)
    with pytest.raises(InputError, match="holds 2 frames; at least 3"):
        read(written(tmp_path / "short.extxyz", made[:2]))
    with pytest.raises(InputError, match="the atoms of frame 41 are not those of the first"):
        read(written(tmp_path / "changed.extxyz", [*made, made[0][[1, 0]]]))
    with pytest.raises(InputError, match="neither times nor velocities; give each frame its time"):
        read(written(tmp_path / "timeless.extxyz", frames(rates=None)))
    for atoms in (timeless := frames()):
        atoms.set_velocities(np.zeros((2, 3)))
    with pytest.raises(InputError, match="holds no times, and its velocities are not how it"):
        read(written(tmp_path / "still.traj", timeless))


@pytest.mark.parametrize("name", ["run.extxyz", "run.traj"])
def test_damage_is_one_sentence(tmp_path, name):
    path = written(tmp_path / name, frames(T)[:5])
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    said = []
    for _ in range(100):
        damaged = bytearray(whole)
        for place in rng.integers(0, len(whole), 20):
            damaged[place] = rng.integers(0, 256)
        path.write_bytes(bytes(damaged[: rng.integers(1, len(whole) + 1)]))
        try:
            read(path)
        except InputError as error:
            said.append(str(error))
    assert said
    assert not [sentence for sentence in said if "\n" in sentence]


def test_without_ase_it_is_said_what_to_install(tmp_path, monkeypatch):
    path = tmp_path / "run.extxyz"
    path.write_text("1\n\nH 0 0 0\n")
    imported = builtins.__import__

    def missing(name, *rest):
        if name.split(".")[0] == "ase":
            raise ImportError(name)
        return imported(name, *rest)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(InputError, match=r"pip install 'interpret-physics\[bodies\]'"):
        read(path)
