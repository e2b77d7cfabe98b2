"""What came of a trial, kept as one line of JSON."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

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

    def line(self, code: str, seconds: float) -> str:
        """The line that is kept, with the digest of the code that it came from."""
        numbers = {name: _plain(value) for name, value in self.numbers.items()}
        content = {**asdict(self), "numbers": numbers, "seconds": round(seconds, 2), "code": code}
        return json.dumps(content) + "\n"


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


def read(path: Path, code: str) -> dict[Trial, Outcome]:
    """The outcomes kept in a file that the same code came to; a line cut short is left out."""
    found = {}
    for line in path.read_text().split("\n") if path.exists() else ():
        try:
            content = json.loads(line)
        except json.JSONDecodeError:
            continue
        if content.pop("code") == code:
            content.pop("seconds")
            trial = Trial(**content.pop("trial"))
            numbers = _number(content.pop("numbers"))
            found[trial] = Outcome(trial, numbers=numbers, **content)
    return found


def append(path: Path, line: str) -> None:
    """Add a line; first an end to one that was cut short."""
    with path.open("ab+") as file:
        if file.tell():
            file.seek(-1, 2)
            if file.read(1) != b"\n":
                file.write(b"\n")
        file.write(line.encode())


def digest(folders: Iterable[str] = CODE) -> str:
    """Of the code that the outcomes come from: other code is tried anew."""
    found = hashlib.sha256()
    for folder in folders:
        for file in sorted((ROOT / folder).rglob("*.py")):
            found.update(file.read_bytes())
    return found.hexdigest()[:12]
