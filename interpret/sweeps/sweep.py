"""sweep(): from a plan to its table, each trial kept as soon as it is done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from interpret.keep.folder import save
from interpret.keep.provenance import DISTRIBUTION, version
from interpret.sweeps.outcomes import Kept, finished, go_on, kept
from interpret.sweeps.plan import Trial
from interpret.sweeps.table import Table
from interpret.sweeps.trial import run
from interpret.sweeps.workers import Answer, Crew

TRIALS: Final = "trials"
"""The folder of what came of each, a file a trial."""


def sweep(
    trials: Sequence[Trial],
    folder: Path,
    crew: Crew,
    told: Callable[[int, int], None] = lambda done, total: None,
) -> Table:
    """Do every trial that the folder does not hold yet, and keep the table of all of them.

    A trial is known by what it hangs on: its source, with the content of a file, its options, and
    the version of this program. Ctrl-C and killed processes lose none that are done. `told` hears
    how many of how many are.
    """
    own = version(DISTRIBUTION)
    tasks = {trial.name(own): trial for trial in trials}
    place = folder / TRIALS
    done = sum(finished(place, name) for name in tasks)

    def count(_: str, __: Answer[Kept]) -> None:
        nonlocal done
        done += 1
        told(done, len(tasks))

    told(done, len(tasks))
    try:
        go_on(crew, run, tasks, place, count)
    finally:
        pairs = [(trial, kept(place, name)) for name, trial in tasks.items()]
        table = Table.of([(trial, answer) for trial, answer in pairs if answer is not None])
        save(folder, dict(table.files()))
    return table
