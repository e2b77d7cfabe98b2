"""What a newcomer does with an installed `interpret`: looks, fits, brings a file, has a report.

`python tests/newcomer.py [PROGRAM]`, of an environment that holds it; nothing but Python is needed.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

FILE = "cart.csv"
STEPS = (
    ("--help",),
    ("systems",),
    ("fit", "--system", "oscillator"),
    ("inspect", FILE),
    ("fit", FILE),
    ("report", "cart"),
)
"""What is typed after the program's name, one command after the other, in one folder."""

PRINTED = {
    ("fit", "--system", "oscillator"): "IDENTICAL",
    ("fit", FILE): "identified",
    ("report", "cart"): "report.html",
}
"""What must be among what is printed."""


def write(folder: Path) -> Path:
    """A cart on a spring with friction, x'' = -4 x - 0.2 x', as somebody in Europe exports it."""
    rate, wave = 0.1, math.sqrt(4 - 0.01)
    rows = ["t;x;v_x"]
    for k in range(300):
        t = 0.05 * k
        size, angle = math.exp(-rate * t), wave * t
        x = size * math.cos(angle)
        v = -size * (rate * math.cos(angle) + wave * math.sin(angle))
        rows.append(f"{t:.2f};{x:.10f};{v:.10f}".replace(".", ","))
    path = folder / FILE
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def walk(
    program: Iterable[str],
    folder: Path,
    steps: Iterable[tuple[str, ...]] = STEPS,
    around: Mapping[str, str] | None = None,
) -> None:
    """Take the steps in a folder; raises RuntimeError, with what was printed, where one fails."""
    for step in steps:
        command = [*program, *step]
        done = subprocess.run(command, cwd=folder, env=around, capture_output=True, text=True)
        said = f"$ {' '.join(command)}\n{done.stdout}{done.stderr}"
        if done.returncode or not done.stdout or PRINTED.get(step, "") not in done.stdout:
            raise RuntimeError(said)
        print(said.splitlines()[0], flush=True)


def main() -> None:
    """All steps in a folder of their own, by the package that is installed and no other."""
    program = sys.argv[1:] or [str(Path(sys.executable).with_name("interpret"))]
    around = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with tempfile.TemporaryDirectory() as place:
        write(Path(place))
        walk(program, Path(place), around=around)


if __name__ == "__main__":
    main()
