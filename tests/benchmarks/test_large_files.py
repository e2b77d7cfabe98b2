"""A file larger than what is read as a whole, to a law."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

TITLE = "Files larger than the memory"
NOTE = """
`interpret fit` of a Parquet file of a double well's motion, 1 % noise, trajectories of 10 000
points: CPU seconds of the whole process, and the most memory that it held.
"""
ROWS = 10_000_000
LENGTH = 10_000
TOGETHER = 100
MOST_MEMORY = 1.0
"""GB; ten times as many rows took 0.55."""

SPENT = """
import json, resource, subprocess, sys
done = subprocess.run(sys.argv[1:], check=True, stdout=subprocess.PIPE, text=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([done.stdout, used.ru_utime + used.ru_stime, used.ru_maxrss / 1e6]))
"""
"""Run from a small process: one that is started counts the memory of who has started it as its own,
and the benchmarks before this one have grown large."""


def written(path: Path, rows: int) -> Path:
    """Trajectories by Runge and Kutta's rule, a hundred of them a row group."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(0)
    h = 0.01
    kinds = [("run", pa.int64()), *((name, pa.float64()) for name in ("t", "x", "v_x"))]
    with pq.ParquetWriter(path, pa.schema(kinds), compression="none") as writer:
        for first in range(0, rows // LENGTH, TOGETHER):
            y = rng.uniform([[-1.6], [-1.0]], [[1.6], [1.0]], (2, TOGETHER))
            motion = np.empty((2, TOGETHER, LENGTH))
            for k in range(LENGTH):
                motion[:, :, k] = y
                a = rate(y)
                b = rate(y + h / 2 * a)
                c = rate(y + h / 2 * b)
                y = y + h / 6 * (a + 2 * b + 2 * c + rate(y + h * c))
            sigma = 0.01 * motion.std(axis=(1, 2), keepdims=True)
            x, v = motion + sigma * rng.standard_normal(motion.shape)
            run = np.repeat(np.arange(first, first + TOGETHER), LENGTH)
            t = np.tile(h * np.arange(LENGTH), TOGETHER)
            writer.write_table(pa.table({"run": run, "t": t, "x": x.ravel(), "v_x": v.ravel()}))
    return path


def rate(y: np.ndarray) -> np.ndarray:
    x, v = y
    return np.array([v, x - x**3])


@pytest.mark.timeout(900)
def test_a_large_file_to_a_law(
    root: Path, tmp_path: Path, benchmark: Callable[..., None], record: Callable[..., None]
) -> None:
    file = written(tmp_path / "large.parquet", ROWS)
    around = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(root)}
    command = [sys.executable, "-m", "interpret", "fit", str(file), "--quiet", "--json"]
    done = benchmark.pedantic(
        lambda: subprocess.run(
            [sys.executable, "-c", SPENT, *command, "--out", str(tmp_path / "run")],
            env=around,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        ),
        rounds=1,
    )
    printed, spent, memory = json.loads(done.stdout)
    found = json.loads(printed)
    row = {
        "rows": f"{ROWS:,}",
        "file, GB": f"{file.stat().st_size / 1e9:.2f}",
        "CPU, s": f"{spent:.1f}",
        "memory, GB": f"{memory:.2f}",
        "the law": found["law"]["expression"],
    }
    record(TITLE, NOTE, row)
    assert found["verdict"] == "identified"
    assert {term["term"] for term in found["law"]["terms"]} == {"x**2", "x**4"}
    assert memory < MOST_MEMORY
