"""The command line in the test's own process, with a pipeline that only remembers its call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import interpret.pipeline as pipelines
import interpret.run as finished
from interpret import cli
from interpret.cli.source import Source
from interpret.keep import folder as runs

LAW = {"format": 2, "laws": []}


@dataclass
class Outcome:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


@pytest.fixture
def interpret(folder: Path, capfd: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Run `interpret` with the given arguments in an empty folder."""

    def call(*arguments: str) -> Outcome:
        code = cli.main(arguments)
        captured = capfd.readouterr()
        return Outcome(code, captured.out, captured.err)

    return call


@dataclass
class FakeRun:
    """Prints and saves like a run; the law is no law."""

    path: Path

    def text(self) -> str:
        return "V(r) = -1/(4π r) + c"

    def written(self, form: str) -> str:
        return f"the laws as {form}"

    def draw(self) -> tuple[Path, ...]:
        return (self.path / "potential.png",)

    def json(self) -> dict[str, Any]:
        return {"system": "coulomb", "chi2_per_n": float("nan"), "run": str(self.path)}

    @classmethod
    def load(cls, path: Path) -> FakeRun:
        return cls(runs.load(path)["path"])


@dataclass
class FakePipeline:
    """Remembers the call; `before` runs instead of a training, and may raise."""

    before: Callable[[Path], None] = lambda out: None
    source: Any = None
    arguments: dict[str, Any] = field(default_factory=dict)

    def fit(self, source: Any, *, out: Path, **arguments: Any) -> FakeRun:
        self.source = source
        self.arguments = arguments | {"out": out}
        self.before(out)
        runs.save(out, {runs.LAW: LAW, runs.SETTINGS: {}})
        return FakeRun(out)


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch) -> FakePipeline:
    """Put the fake in the pipeline's place, and let a source open to itself."""
    fake = FakePipeline()
    monkeypatch.setattr(pipelines, "fit", fake.fit)
    monkeypatch.setattr(pipelines, "settled", lambda *asked: None)
    monkeypatch.setattr(finished, "Run", FakeRun)
    monkeypatch.setattr(Source, "open", lambda source, report=None: source)
    return fake
