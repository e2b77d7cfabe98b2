"""What to do next: `interpret quickstart`, and a few commands after a fit."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from interpret.run import Run

DATA: Final = (".csv", ".tsv", ".npz", ".h5", ".parquet")
WIDTH: Final = 46
SETTLED: Final = "identified"


def quickstart() -> None:
    """Say what to do next, in this folder."""
    print(guide(Path()))


def guide(folder: Path) -> str:
    """Where to begin, and what to do with what lies in the folder already."""
    data = sorted(p.name for p in folder.iterdir() if p.suffix in DATA)
    finished = sorted(
        (path.parent for path in folder.glob("runs/*/law.json")), key=lambda p: p.stat().st_mtime
    )
    file = shlex.quote(data[0]) if data else "FILE.csv"
    run = shlex.quote(finished[-1].name) if finished else "RUN"
    steps = {
        "Turn motion into law": (
            ("interpret fit coulomb", "a known system; `interpret systems` lists all"),
            (
                f"interpret inspect {file}",
                "your own data: what is in it, and the command to fit it",
            ),
            ('interpret fit --potential "q**4/4 - q**2/2"', "a potential of your own"),
            ('interpret fit --lagrangian "xd**2/2 - x**4/4"', "a Lagrangian of your own"),
        ),
        "Then": (
            (f"interpret report {run} --open", "the law, its checks and its pictures on one page"),
            (f"interpret show {run} --certificate", "what stands behind the verdict"),
            (f"interpret conserved {run}", "what the motion conserves"),
            ("interpret fit --help", "every option"),
        ),
    }
    lines = []
    for title, rows in steps.items():
        lines += [f"{title}:", *(f"  {command:{WIDTH}}  {what}" for command, what in rows), ""]
    return "\n".join([*lines, "interpret --help lists all commands."])


def next_commands(run: Run, folder: Path) -> Iterator[str]:
    """The commands that help with a run that is finished, the most useful first."""
    from interpret.keep.folder import ROOT

    name = shlex.quote(folder.name if folder.parent == ROOT else str(folder))
    yield f"interpret report {name} --open"
    if not run.laws:
        return
    law = run.laws[0]
    if law.verdict != SETTLED:
        yield f"interpret show {name} --certificate"
    if run.certificate.release is not None:
        yield f"interpret next {name} --beyond 0.5"
    bodies = law.variables.bodies
    if bodies is not None and law.terms and law.verdict == SETTLED and not law.signals:
        start = ", ".join(f"{one}={_middle(law.domain.get(one)):.3g}" for one in bodies.mass)
        yield f'interpret predict {name} --start "{start}" --times 0:10:0.1'


def _middle(ends: tuple[float, float] | None) -> float:
    """Half way from the middle of a range to its end: something moves there, and it is known."""
    low, high = ends or (0.0, 2.0)
    return low + 0.75 * (high - low)
