"""Files larger than the memory: what is kept of them is theirs, from everywhere, and enough."""

from __future__ import annotations

import h5py
import numpy as np
import polars
import pytest

from systems import Trajectories
from systems.errors import InputError
from systems.files import condensed, csv_file, readers, streams
from systems.samples.phase_space import PhaseSamples


@pytest.fixture
def small(monkeypatch):
    """What is large and what is kept, a thousandth of it."""
    monkeypatch.setattr(streams, "LARGE", 40_000)
    monkeypatch.setattr(streams, "MANY", 10_000)
    monkeypatch.setattr(streams, "BATCH", 1 << 12)
    monkeypatch.setattr(csv_file, "STREAMED", 1 << 18)
    monkeypatch.setattr(condensed, "MOST", 4_000)
    monkeypatch.setattr(readers, "SMALL", 0)


def swings(runs=10, n=5_000):
    """Pendulums of all amplitudes, the last of which alone turns over: t, x, v and the run."""
    t = np.arange(n) * 0.01
    x, v = np.linspace(0.1, 1.0, runs)[:, None] * np.ones(n), np.zeros((runs, n))
    a, u = x[:, 0].copy(), np.zeros(runs)
    for k in range(1, n):  # leapfrog is exact enough to have the right places
        u = u - 0.005 * np.sin(a)
        a = a + 0.01 * u
        u = u - 0.005 * np.sin(a)
        x[:, k], v[:, k] = a, u
    columns = {"run": np.repeat(np.arange(runs), n), "t": np.tile(t, runs)}
    return columns | {"x": x.ravel(), "vx": v.ravel()}


def written(folder, columns, suffix):
    """The columns as a file."""
    path = folder / f"swings{suffix}"
    if suffix == ".h5":
        with h5py.File(path, "w") as file:
            for name, column in columns.items():
                file[name] = column
    elif suffix == ".npy":
        kinds = [(name, column.dtype) for name, column in columns.items()]
        records = np.zeros(len(columns["t"] if "t" in columns else columns["x"]), kinds)
        for name, column in columns.items():
            records[name] = column
        np.save(path, records)
    else:
        frame = polars.DataFrame(columns)
        frame.write_parquet(path) if suffix == ".parquet" else frame.write_csv(path)
    return path


@pytest.mark.parametrize("suffix", [".parquet", ".h5", ".npy", ".csv"])
def test_stretches_are_the_files_own_and_from_everywhere(tmp_path, small, suffix):
    columns = swings()
    told = []
    found = readers.understand(
        written(tmp_path, columns, suffix), report=lambda *rows: told.append(rows)
    )
    kept = found.samples
    assert isinstance(kept, Trajectories)
    assert 2_000 <= kept.points <= 4_000
    assert len(kept) > 10
    whole = {(t, x): k for k, (t, x) in enumerate(zip(columns["t"], columns["x"], strict=True))}
    for item in kept:
        first = whole[item.t[0], item.q[0, 0]]
        own = slice(first, first + len(item))
        assert len(set(columns["run"][own])) == 1
        np.testing.assert_array_equal(item.t, columns["t"][own])
        np.testing.assert_array_equal(item.q[:, 0], columns["x"][own])
        np.testing.assert_array_equal(item.p[:, 0], columns["vx"][own])
    for column, values in (("x", kept.stack()[1]), ("vx", kept.stack()[2])):
        # Of twenty stretches hardly one lies at the very end.
        assert np.ptp(values) > 0.8 * np.ptp(columns[column])
    assert any("too large to be read as a whole" in note for note in found.notes)
    assert told[-1][0] == told[-1][1]
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_a_place_that_is_hardly_ever_visited_is_kept(tmp_path, small):
    columns = swings()
    # One run of ten thousand times fewer samples goes elsewhere.
    t = np.arange(40) * 0.01
    far = {"run": np.full(40, 99), "t": t, "x": 5 + t, "vx": np.ones(40)}
    joined = {name: np.concatenate([columns[name], far[name]]) for name in columns}
    kept = readers.understand(written(tmp_path, joined, ".parquet")).samples
    assert max(item.q.max() for item in kept) > 5.3


def test_short_trajectories_are_kept_whole(tmp_path, small):
    columns = swings(runs=1000, n=40)
    kept = readers.understand(written(tmp_path, columns, ".parquet")).samples
    lengths = [len(item) for item in kept]
    assert max(lengths) == 40
    # One in a hundred is cut where a batch of rows ends, and what ends there is rare.
    assert lengths.count(40) > 0.8 * len(lengths)


def points(noise):
    rng = np.random.default_rng(0)
    x, v = rng.uniform(-1, 1, (2, 100_000))
    return {"x": x, "vx": v, "ax": -np.sin(2 * x) + noise * rng.standard_normal(len(x))}


def test_clean_points_are_taken_as_they_are(tmp_path, small):
    columns = points(0.0)
    kept = readers.understand(written(tmp_path, columns, ".parquet")).samples
    assert isinstance(kept, PhaseSamples)
    assert len(kept) <= 4_000
    np.testing.assert_array_equal(kept.qdd, -np.sin(2 * kept.q))


def test_points_that_scatter_are_averaged(tmp_path, small, monkeypatch):
    monkeypatch.setattr(condensed, "FINE", 10)
    columns = points(0.1)
    kept = readers.understand(written(tmp_path, columns, ".parquet")).samples
    missed = kept.qdd + np.sin(2 * kept.q)
    # 144 cells of 690 points each: 0.1 / sqrt(690) = 0.0038, and the bend of a cell.
    assert float(np.sqrt(np.mean(missed**2))) < 0.01


def test_a_small_npy_file_is_read_as_a_whole(tmp_path):
    columns = swings(runs=2, n=100)
    path = written(tmp_path, columns, ".npy")
    assert readers.read(path).points == 200
    table = np.column_stack([columns["t"], columns["x"], columns["vx"]])
    np.save(path, table)
    assert readers.read(path).points == 200
    np.save(path, np.zeros(5))
    with pytest.raises(InputError, match="must hold records with names"):
        readers.read(path)


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_damage_is_one_sentence(tmp_path, small, suffix):
    path = written(tmp_path, swings(), suffix)
    content = path.read_bytes()
    middle = len(content) // 2
    path.write_bytes(content[:middle] + b"\xff\x00" * 500 + content[middle + 1000 :])
    with pytest.raises(InputError, match=path.name):
        readers.read(path)
