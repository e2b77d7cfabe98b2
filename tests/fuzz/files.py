"""Files of samples: CSV as text, NPZ as bytes."""

from __future__ import annotations

import io
import math
import random
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

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


def make_archive(rng: random.Random) -> bytes:
    """An archive of other arrays than it should hold, or one whose bytes are damaged."""
    arrays = dict(GOOD)
    for _ in range(rng.choice((0, 0, 1, 1, 2))):
        name = rng.choice([*GOOD, "v", "velocities", "x", ""])
        if rng.random() < 0.3:
            arrays.pop(name, None)
        else:
            arrays[name] = _strange_array(rng)
    content = _archive(**arrays)
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


CSV = Target("csv", make_table, use_table)
NPZ = Target("npz", make_archive, use_archive)
