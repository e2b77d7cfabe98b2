"""One task, and what came of it as a row of plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from interpret.sweeps.outcomes import kept
from tests.leaderboard import methods
from tests.leaderboard.cases import BY_NAME, CASES, World
from tests.leaderboard.judged import Judge

NOISES: Final = (0.01, 0.0, 0.05)
BUDGET: Final = 60.0
"""CPU seconds that each method has for a task."""


@dataclass(frozen=True, order=True)
class Task:
    """A method on a case with so much noise, in so many CPU seconds."""

    case: str
    noise: float
    method: str
    budget: float = BUDGET

    def __str__(self) -> str:
        return f"{self.method} on {self.case} with {self.noise:.0%}"

    @property
    def name(self) -> str:
        """What its file is called."""
        method = self.method.replace(" ", "_")
        return f"{self.case.removesuffix('.csv')}-{self.noise:g}-{method}-{self.budget:g}"


@dataclass(frozen=True)
class Row:
    """What came of a task; numbers that are not there are None.

    - `exact`: are all terms the true ones, and none beside them? `error`: of the worst coefficient.
    - `rollout`: how far the law leads astray on motions that it has not seen.
    - `seconds` of CPU; `law`: the accelerations; `said`: what is worth telling, or the failure.
    """

    case: str
    noise: float
    method: str
    exact: bool
    error: float | None
    rollout: float | None
    seconds: float
    law: str = ""
    said: str = ""

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Row:
        """What `plain` wrote."""
        return cls(**{item.name: content[item.name] for item in fields(cls)})

    def plain(self) -> dict[str, Any]:
        """Numbers to four digits: no more is shown, and nothing is told by them."""
        return {
            name: float(f"{value:.4g}") if isinstance(value, float) else value
            for name, value in asdict(self).items()
        }


def tasks(names: list[str], noises: list[float], who: list[str], budget: float) -> list[Task]:
    """In the order in which they are done: what is stopped has whole cases, at the first noise."""
    return [Task(c, n, m, budget) for n in noises for c in names for m in who]


@lru_cache(maxsize=2)
def _world(case: str, noise: float) -> World:
    return BY_NAME[case].world(noise)


def run(task: Task) -> dict[str, Any]:
    """What comes of a task; a law that took longer than the budget is none."""
    world = _world(task.case, task.noise)
    judge = Judge(world.words, world.truth, world.clean)
    found = methods.METHODS[task.method](world, judge, task.budget)
    name = (task.case, task.noise, task.method)
    if found.seconds > 1.1 * task.budget:
        return Row(*name, False, None, None, found.seconds, said="out of time").plain()
    score = judge.score(found.law)
    led = judge.rollout(found.law, world.held_out)
    return Row(
        *name, score.exact, score.error, led if led < float("inf") else None, found.seconds,
        methods.told(found.law), found.said,
    ).plain()  # fmt: skip


def read(folder: Path, task: Task) -> Row | None:
    """What is kept of a task; None where it was not run."""
    answer = kept(folder, task.name)
    if answer is None:
        return None
    if answer.result is None:
        name = (task.case, task.noise, task.method)
        return Row(*name, False, None, None, answer.seconds, said=answer.failure)
    return Row.of(answer.result)


NAMES: Final = tuple(map(str, CASES))
