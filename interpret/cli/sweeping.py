"""`interpret sweep`: many fits, on many processes, and one table."""

from __future__ import annotations

import os
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Annotated

import typer

from interpret.cli import arguments as options
from systems.errors import InputError

Plan = Annotated[
    Path,
    typer.Argument(
        metavar="FILE.toml",
        help="What to sweep: systems, seeds, noise, bootstraps and a table of options; a list is "
        "one trial for each of it.",
    ),
]
Workers = Annotated[
    int | None, typer.Option(min=1, help="Processes on this machine; one a core by default.")
]
Address = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS", help="Of a dask scheduler, whose processes work instead."),
]
Limit = Annotated[
    float | None, typer.Option(metavar="SECONDS", min=1, help="The most that a fit may take.")
]


def sweep(
    plan: Plan,
    workers: Workers = None,
    address: Address = None,
    limit: Limit = None,
    out: options.Out = None,
    json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Fit every combination of systems, seeds, noise and options; the same command goes on."""
    from interpret.cli.progress import Progress
    from interpret.keep import folder as runs
    from interpret.sweeps.plan import read
    from interpret.sweeps.sweep import sweep as spread
    from interpret.sweeps.workers import Crew

    if address is not None and workers is not None:
        raise InputError(
            f"the scheduler at {address:.80} has its own processes; leave out --workers."
        )
    folder = runs.place(out if out is not None else runs.ROOT / plan.stem)
    trials = read(plan)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    crew = Crew(workers or min(cores or 1, len(trials)), address, limit or float("inf"))
    with redirect_stdout(sys.stderr), Progress(quiet) as progress:
        table = spread(trials, folder, crew, lambda done, of: progress.tell("fitting", done, of))
    print(runs.to_json({**table.json(), "run": str(folder)}) if json else table)
    if not json:
        print(f"kept in {folder}")
