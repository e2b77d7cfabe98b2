"""What `make trials` tries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tests.trials import catalog, wrong
from tests.trials.outcome import Outcome, Trial
from tests.trials.worlds import KINDS


@dataclass(frozen=True)
class Group:
    """Trials of one kind: what is asked, how many by default, and how one is run."""

    summary: str
    count: int
    run: Callable[[Trial], Outcome]


GROUPS: Final[Mapping[str, Group]] = {
    "wrong": Group("wrong laws are never called identified", 27 * len(KINDS), wrong.run),
    "kept": Group("right laws stay identified", 10 * len(catalog.KEPT), catalog.kept),
    "coverage": Group("error bars hold the truth", 200 * len(catalog.COVERED), catalog.covered),
    "forced": Group("forces of all parts are found", 100 * len(catalog.FORCED), catalog.forced),
    "absent": Group("no part is claimed that is not there", 300, catalog.absent),
    "exact": Group("noise-free laws are identical", 20 * len(catalog.EXACT), catalog.exact),
}


def run(trial: Trial) -> dict[str, Any]:
    """One trial of any group, and what came of it as plain values."""
    return GROUPS[trial.group].run(trial).content()
