"""Files of samples: CSV as text; NPZ, HDF5 and Parquet as bytes."""

from __future__ import annotations

import io
import math
import random
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import systems
from tests.fuzz.harness import Target
from tests.fuzz.mutations import ATTACKS, STRANGE, changed_bytes, changed_text

ROWS = [(0.1 * k, math.cos(0.1 * k), -math.sin(0.1 * k)) for k in range(12)]


def _table(header: str, separator: str = ",", comma: str = ".", labels: bool = False) -> str:
    lines = [header.replace(",", separator)]
    for number, row in enumerate(ROWS):
        cells = [f"{value:.6g}".replace(".", comma) for value in row]
        lines.append(separator.join([str(number // 6), *cells] if labels else cells))
    return "\n".join(lines) + "\n"


TABLES = (
    _table("t,x,p_x"),
    _table("t,x,v_x"),
    _table("trajectory,t,x,p_x", labels=True),
    _table("t,x,v_x", ";", ","),
    _table("t,x,v_x", "\t"),
    "# a comment\n" + _table('"t","x","v_x"'),
    _table("t [s],x [m],v_x [m/s]"),
    _table("time,x,vx"),
)
CELLS = (",", ";", "\t", "\n", "\r", "'", "#", "nan", "inf", "1e999", "-", "1,5", "12:30", "\ufeff",
         "\"", "t", "x", "p_x", "v_x", "x" * 5000, *ATTACKS, *STRANGE)  # fmt: skip


def make_table(rng: random.Random) -> bytes:
    """A table that was tampered with, in some encoding."""
    text = rng.choice(TABLES)
    if rng.random() < 0.9:
        text = changed_text(rng, text, CELLS)
    encoding = rng.choice(("utf-8", "utf-8", "utf-8", "utf-16", "latin-1", "utf-8-sig"))
    content = text.encode(encoding, errors="replace")
    return changed_bytes(rng, content) if rng.random() < 0.2 else content


def use_table(content: bytes) -> None:
    """Read it, as a user would."""
    Path("table.csv").write_bytes(content)
    systems.read("table.csv")


def _archive(**arrays: Any) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


TIMES = np.arange(12.0)
pa.array(TIMES)  # Arrow imports pandas the first time, which is no hang of an input
PATH = np.cos(TIMES)[:, None]
GOOD = {"t": TIMES, "q": PATH, "p": -PATH, "mass": np.ones(1), "coordinates": np.array(["x"])}


def _strange_array(rng: random.Random) -> Any:
    good = rng.choice(list(GOOD.values()))
    return rng.choice(
        (
            np.array(rng.choice((None, "x", 5, 1.5, True, 1j))),
            np.array([], dtype=float),
            good.T if good.ndim > 1 else good[None],
            np.zeros((0, 3)),
            np.zeros((2, 12, 1)),
            np.full(12, np.nan),
            np.array(["a", "b"]),
            np.array([b"a"]),
            np.array(["2020-01-01"], dtype="datetime64[D]"),
            np.zeros(3, dtype=[("a", float)]),
            np.array([1 + 2j]),
            np.full((12, 1), 1e300),
            np.array([{"a": 1}, None], dtype=object),
            good,
        )
    )


def _arrays(rng: random.Random) -> dict[str, Any]:
    """Arrays of a motion, some of them others than they should be."""
    arrays = dict(GOOD)
    for _ in range(rng.choice((0, 0, 1, 1, 2))):
        name = rng.choice([*GOOD, "v", "velocities", "x", ""])
        if rng.random() < 0.3:
            arrays.pop(name, None)
        else:
            arrays[name] = _strange_array(rng)
    return arrays


def make_archive(rng: random.Random) -> bytes:
    """An archive of other arrays than it should hold, or one whose bytes are damaged."""
    content = _archive(**_arrays(rng))
    if rng.random() < 0.1:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr(rng.choice(("q.npy", "../q.npy", "q")), rng.randbytes(50))
        content = stream.getvalue()
    return changed_bytes(rng, content) if rng.random() < 0.6 else content


def use_archive(content: bytes) -> None:
    """Read it, as a user would."""
    Path("archive.npz").write_bytes(content)
    systems.read("archive.npz")


def make_hdf5(rng: random.Random) -> bytes:
    """The same as HDF5, at the top of the file or in groups."""
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        groups = rng.choice(((file,), (file,), (file.create_group("a"), file.create_group("b"))))
        for group in groups:
            for name, array in _arrays(rng).items():
                with suppress(OSError, TypeError, ValueError):  # what HDF5 itself cannot hold
                    group[name or "x"] = array.astype("S") if array.dtype.kind == "U" else array
    content = stream.getvalue()
    return changed_bytes(rng, content) if rng.random() < 0.6 else content


def use_hdf5(content: bytes) -> None:
    """Read it, as a user would."""
    Path("file.h5").write_bytes(content)
    systems.read("file.h5")


def make_parquet(rng: random.Random) -> bytes:
    """A table of strange columns, or one whose bytes are damaged."""
    t, x, p = zip(*ROWS, strict=True)
    columns: dict[str, Any] = {"t": pa.array(t), "x": pa.array(x), "p_x": pa.array(p)}
    for _ in range(rng.choice((0, 0, 1, 1, 2))):
        name = rng.choice([*columns, "v_x", "trajectory", "", "nan"])
        columns[name] = _strange_column(rng)
    table = pa.table(columns)
    stream = io.BytesIO()
    pq.write_table(table, stream)
    content = stream.getvalue()
    return changed_bytes(rng, content) if rng.random() < 0.6 else content


def _strange_column(rng: random.Random) -> Any:
    n = len(ROWS)
    return rng.choice(
        (
            pa.nulls(n),
            pa.array(["a"] * n),
            pa.array(["1.5"] * n),
            pa.array([b"a"] * n),
            pa.array([True] * n),
            pa.array(range(n), pa.int8()),
            pa.array(range(n), pa.timestamp("us")),
            pa.array(range(n), pa.time64("ns")),
            pa.array(range(n), pa.duration("s")),
            pa.array([[1.0]] * n),
            pa.array([{"a": 1}] * n),
            pa.array(["a", "b"] * (n // 2)).dictionary_encode(),
            pa.array([1e300, None, float("nan"), float("inf")] * (n // 4)),
            pa.array([2**62] * n, pa.uint64()),
        )
    )


def use_parquet(content: bytes) -> None:
    """Read it, as a user would."""
    Path("table.parquet").write_bytes(content)
    systems.read("table.parquet")


CSV = Target("csv", make_table, use_table)
NPZ = Target("npz", make_archive, use_archive)
HDF5 = Target("hdf5", make_hdf5, use_hdf5)
PARQUET = Target("parquet", make_parquet, use_parquet)
