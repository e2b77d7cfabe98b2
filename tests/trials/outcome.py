"""What came of a trial, kept as a file of JSON."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from interpret.sweeps.outcomes import kept

ROOT = Path(__file__).resolve().parents[2]
CODE = ("systems", "training", "interpret", "tests/trials")


@dataclass(frozen=True, order=True)
class Trial:
    """One of a group, known by its number and the seed: the same on every machine."""

    group: str
    index: int
    seed: int

    def __str__(self) -> str:
        return f"--only {self.group} --seed {self.seed} --first {self.index} --count 1"


@dataclass(frozen=True)
class Outcome:
    """What came of a trial.

    - `case`: what was tried, in words; `noise`: of its data, or what else is wrong with them.
    - `verdict` of the program, or "refused", and its `law`.
    - `checks`: what the failed ones say, by name.
    - `right`: whether the law is; None where that cannot be told.
    - `numbers`: what else was measured. `failure`: of the program, "" for none.
    """

    trial: Trial
    case: str
    noise: str
    verdict: str = ""
    law: str = ""
    checks: dict[str, str] = field(default_factory=dict)
    right: bool | None = None
    numbers: dict[str, Any] = field(default_factory=dict)
    failure: str = ""

    @property
    def identified(self) -> bool:
        return self.verdict == "identified"

    def content(self) -> dict[str, Any]:
        """Plain values, as they are kept."""
        numbers = {name: _plain(value) for name, value in self.numbers.items()}
        return {**asdict(self), "numbers": numbers}


def _plain(value: Any) -> Any:
    """Numbers that are not finite as text, which JSON has none for."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, float) and not np.isfinite(value):
        return str(value)
    return value


def _number(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _number(inner) for name, inner in value.items()}
    return float(value) if value in ("inf", "-inf", "nan") else value


def name_of(trial: Trial, code: str) -> str:
    """What the file of a trial is called: other code is tried anew."""
    return f"{trial.group}-{trial.seed}-{trial.index}-{code}"


def read(folder: Path, trial: Trial, code: str) -> Outcome | None:
    """The outcome of a trial by this code; None where it is not kept."""
    answer = kept(folder, name_of(trial, code))
    if answer is None:
        return None
    if answer.result is None:
        return Outcome(trial, "", "", failure=answer.failure)
    content = {**answer.result, "trial": trial}
    return Outcome(**{**content, "numbers": _number(content["numbers"])})


def digest(folders: Iterable[str] = CODE) -> str:
    """Of the code that the outcomes come from: other code is tried anew."""
    found = hashlib.sha256()
    for folder in folders:
        for file in sorted((ROOT / folder).rglob("*.py")):
            found.update(file.read_bytes())
    return found.hexdigest()[:12]
