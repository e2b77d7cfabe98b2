"""`python -m tests.leaderboard`: ours and others on the same data, the same CPU seconds each.

Results are kept a file a task in runs/leaderboard, so that what is stopped goes on where it was;
from them come docs/leaderboard.json and the tables of docs/leaderboard.md.
"""

from __future__ import annotations

import argparse
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from interpret.sweeps.outcomes import finished, go_on
from interpret.sweeps.workers import Crew
from tests.leaderboard import outcome, table
from tests.leaderboard.methods import METHODS
from tests.trials.progress import Progress

PACKAGES = ("interpret-physics", "pysindy", "pyoperon", "gplearn")
PATIENCE = 60
"""Times its budget may pass on the clock until the process of a task is ended."""


def main() -> int:
    """Run the tasks asked for that are not kept yet, and write rows and tables."""
    asked = arguments()
    folder = Path(asked.out)
    listed = outcome.tasks(asked.case or [*outcome.NAMES], asked.noise or [*outcome.NOISES],
                           asked.method or [*METHODS], asked.budget)  # fmt: skip
    wanted = {task.name: task for task in listed}
    left = sum(not finished(folder, name) for name in wanted)
    print(f"{len(wanted) - left} of {len(wanted)} tasks are in {folder}", flush=True)
    if not asked.tables:
        crew = Crew(limit=PATIENCE * asked.budget)
        progress = Progress(wanted, left, 60 * asked.minutes)
        try:
            go_on(crew, outcome.run, wanted, folder, progress)
        except KeyboardInterrupt:
            print("stopped; the same command goes on", file=sys.stderr)
    order = sorted(listed, key=lambda task: [*METHODS].index(task.method))
    rows = [row for task in order if (row := outcome.read(folder, task)) is not None]
    if not rows:
        return 1
    about = {
        "budget": asked.budget,
        "date": time.strftime("%Y-%m-%d"),
        "versions": versions(),
        "tasks": len(outcome.NAMES) * len(outcome.NOISES) * len(METHODS),
    }
    table.JSON.write_text(table.kept(rows, about), encoding="utf-8")
    rows, about = table.read(table.JSON.read_text(encoding="utf-8"))
    page = table.page(table.PAGE.read_text(encoding="utf-8"), rows, about)
    table.PAGE.write_text(page, encoding="utf-8")
    print(f"{len(rows)} rows written to {table.JSON} and {table.PAGE}")
    return 0


def versions() -> str:
    """Of everybody, where it is installed."""
    found = []
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            found.append(f"{package} not installed")
    return ", ".join(found)


def arguments() -> argparse.Namespace:
    """What is asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.leaderboard", description=__doc__)
    parser.add_argument("--case", action="append", choices=outcome.NAMES, help="all by default")
    parser.add_argument("--noise", action="append", type=float, help="a fraction; 0, 1 and 5 %%")
    parser.add_argument("--method", action="append", choices=[*METHODS], help="all by default")
    parser.add_argument("--budget", type=float, default=outcome.BUDGET, help="CPU seconds a task")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop after so long")
    parser.add_argument("--tables", action="store_true", help="of what is kept; run nothing")
    root = Path(__file__).resolve().parents[2]
    parser.add_argument("--out", default=str(root / "runs" / "leaderboard"), help="of the results")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
