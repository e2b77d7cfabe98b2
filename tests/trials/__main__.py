"""`python -m tests.trials`: simulated data with known laws, and what the program makes of them.

Results are kept a file a trial, so that what is stopped goes on where it was; the figures are
written as a table, and the exit code is 1 where one is missed.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from interpret.sweeps.outcomes import finished, go_on
from interpret.sweeps.workers import Crew
from tests.trials import outcome, table
from tests.trials.groups import GROUPS, run
from tests.trials.outcome import Trial
from tests.trials.progress import Progress

ROOT = outcome.ROOT
KEPT = "trials"


def main() -> int:
    """Run the trials asked for that are not kept yet, and write the table."""
    asked = arguments()
    folder = Path(asked.out)
    code = outcome.digest()
    wanted = {outcome.name_of(trial, code): trial for trial in trials(asked)}
    left = [name for name in wanted if not finished(folder / KEPT, name)]
    if len(left) < len(wanted):
        print(f"{len(wanted) - len(left)} of {len(wanted)} trials are in {folder}", flush=True)
    crew = Crew(asked.jobs, asked.address, asked.limit)
    progress = Progress(wanted, len(left), 60 * asked.minutes)
    try:
        go_on(crew, run, wanted, folder / KEPT, progress)
    except KeyboardInterrupt:
        print("stopped; the same command goes on", file=sys.stderr)
    found = (outcome.read(folder / KEPT, trial, code) for trial in wanted.values())
    done = [item for item in found if item is not None]
    written = table.markdown(done, asked.seed)
    (folder / "table.md").write_text(written)
    (folder / "figures.json").write_text(json.dumps(table.plain(done), indent=1) + "\n")
    print(written)
    return 0 if all(figure.met for figure in table.figures(done)) else 1


def arguments() -> argparse.Namespace:
    """What is asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.trials", description=__doc__)
    parser.add_argument("--only", action="append", choices=list(GROUPS), help="all by default")
    parser.add_argument("--count", type=int, help="of trials of each group")
    parser.add_argument("--first", type=int, default=0, help="the number of the first trial")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1, help="processes, of one thread each")
    parser.add_argument("--address", help="of a dask scheduler, whose processes work instead")
    parser.add_argument("--limit", type=float, default=300, help="seconds that a trial may take")
    parser.add_argument(
        "--minutes",
        type=float,
        default=float("inf"),
        help="stop after so long, to go on another time",
    )
    parser.add_argument("--out", default=str(ROOT / "runs" / "trials"), help="of the results")
    return parser.parse_args()


def trials(asked: argparse.Namespace) -> list[Trial]:
    """All that are wanted, the groups side by side: what is stopped has tried some of each."""
    placed = []
    for name in asked.only or GROUPS:
        count = GROUPS[name].count if asked.count is None else asked.count
        for k in range(count):
            placed.append(((k + 0.5) / count, Trial(name, asked.first + k, asked.seed)))
    return [trial for _, trial in sorted(placed)]


if __name__ == "__main__":
    sys.exit(main())
