"""Whole commands beside the bare imports that they cannot do without."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

TITLE = "Start"
NOTE = """
CPU time, user and system, of whole processes on one thread, from the first line of Python to the
last: the command over a Python that only imports what the command is built on, the best of 5 rounds
by turns. What is learned is learned in full, and the run is kept.
"""
ROUNDS = 5
FIT = "import torch, scipy.optimize, sympy"
"""What every fit needs."""


def spent(arguments: list[str], folder: Path) -> float:
    """CPU seconds of a fresh Python, user and system."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    around = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(folder)}
    # Libraries come compiled: ours must not be compiled anew at every start.
    around.pop("PYTHONDONTWRITEBYTECODE", None)
    subprocess.run([sys.executable, *arguments], env=around, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def beside(
    command: str,
    imports: str,
    root: Path,
    kept: Path,
    benchmark: Callable[..., None],
    rounds: int,
) -> tuple[float, float]:
    """The least CPU seconds of a command, its runs `kept`, and of bare imports, by turns."""
    ours: list[float] = []
    bare: list[float] = []

    def both() -> None:
        out = ["--out", str(kept / str(len(ours)))] if command.startswith("fit") else []
        bare.append(spent(["-c", imports], root))
        ours.append(spent(["-m", "interpret", *command.split(), *out], root))

    benchmark.pedantic(both, rounds=rounds)
    return min(ours), min(bare)


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("command", "imports", "most"),
    [
        ("--help", "import typer.rich_utils", 1.4),
        ("systems", "import sympy, numpy, typer.rich_utils", 1.7),
        ("fit oscillator --quiet", FIT, 1.5),
        ("fit coulomb --quiet", FIT, 1.8),
    ],
)
def test_a_command_costs_little_more_than_its_imports(
    command: str,
    imports: str,
    most: float,
    root: Path,
    tmp_path: Path,
    benchmark: Callable[..., None],
    record: Callable[..., None],
) -> None:
    ours, bare = beside(command, imports, root, tmp_path, benchmark, ROUNDS)

    ratio = ours / bare
    row = {
        "command": f"interpret {command}",
        "ours, s": f"{ours:.2f}",
        "bare": imports.removeprefix("import "),
        "bare, s": f"{bare:.2f}",
        "ours / bare": f"{ratio:.2f}",
    }
    record(TITLE, NOTE, row)
    assert ratio < most
