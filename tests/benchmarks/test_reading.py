"""A large table of text beside a reader that only reads."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

TITLE = "Reading"
NOTE = """
CPU time, user and system, of reading a table of 14 columns as CSV, on one thread, the imports
excluded: ours takes the columns for what they are and checks them, polars reads them. Of ten
million rows ours keeps what a law can be learned from. Each in a process of its own, by turns; the
best of 5 rounds, or of 3. Beside it the most memory that our process held.
"""
MOST = 1.5
MOST_MEMORY = 2.0
"""In times of polars, and in GB."""

OURS = "from systems.files import readers\nimport systems, pyarrow.csv\nread = readers.understand"
THEIRS = "import polars\nread = polars.read_csv"
TIMED = """
import resource, sys
{imports}
read(sys.argv[1])
before = resource.getrusage(resource.RUSAGE_SELF)
read(sys.argv[2])
after = resource.getrusage(resource.RUSAGE_SELF)
try:
    # Of this process alone: Linux counts in ru_maxrss what the one that started it held.
    with open("/proc/self/status") as status:
        most = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
except (OSError, StopIteration):
    most = after.ru_maxrss
print(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, most / 1e6)
"""
"""A small file is read first: what is imported on the way is no reading."""


def table(path: Path, rows: int) -> Path:
    """Six coordinates, their momenta, and the time, of ten trajectories."""
    import pyarrow as pa
    import pyarrow.csv

    t = np.arange(rows) * 1e-3
    columns = {"trajectory": np.arange(rows) * 10 // rows, "t": t}
    columns |= {f"x{k}": np.cos(k * t) for k in range(1, 7)}
    columns |= {f"p_x{k}": -k * np.sin(k * t) for k in range(1, 7)}
    pyarrow.csv.write_csv(pa.table(columns), path)
    return path


def spent(imports: str, files: tuple[Path, Path], folder: Path) -> tuple[float, float]:
    """CPU seconds of the second file, and the most memory in GB."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "POLARS_MAX_THREADS"), "1")
    around = os.environ | threads | {"PYTHONPATH": str(folder)}
    command = [sys.executable, "-c", TIMED.format(imports=imports), *map(str, files)]
    done = subprocess.run(command, env=around, check=True, capture_output=True, text=True)
    seconds, memory = map(float, done.stdout.split())
    return seconds, memory


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("rows", "rounds"), [(1_000_000, 5), (10_000_000, 3)])
def test_rows_cost_little_more_than_reading_them(
    rows: int,
    rounds: int,
    root: Path,
    tmp_path: Path,
    benchmark: Callable[..., None],
    record: Callable[..., None],
) -> None:
    pytest.importorskip("polars")
    files = table(tmp_path / "small.csv", 1000), table(tmp_path / "large.csv", rows)
    ours: list[tuple[float, float]] = []
    theirs: list[tuple[float, float]] = []

    def both() -> None:
        ours.append(spent(OURS, files, root))
        theirs.append(spent(THEIRS, files, root))

    benchmark.pedantic(both, rounds=rounds)
    files[1].unlink()

    ratio = min(ours)[0] / min(theirs)[0]
    memory = max(held for _, held in ours)
    row = {
        "rows x columns": f"{rows} x 14",
        "ours, s": f"{min(ours)[0]:.2f}",
        "polars, s": f"{min(theirs)[0]:.2f}",
        "ours / polars": f"{ratio:.2f}",
        "memory, GB": f"{memory:.2f}",
    }
    record(TITLE, NOTE, row)
    assert ratio < MOST
    assert memory < MOST_MEMORY
