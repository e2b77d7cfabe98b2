"""Races: ours and its rivals by turns in one process, on one thread, in CPU seconds of it.

Only ratios within one run mean anything on a machine that others use too, so only ratios are
asserted. The tables are printed at the end and written, as Markdown and as JSON, to the folder
`--benchmark-report`, with what the processor itself can do beside them. What `--benchmark-minutes`
leave no time for is skipped, and said.
"""

from __future__ import annotations

import functools
import json
import os
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import pytest
import threadpoolctl
import torch
from rich.console import Console
from rich.table import Table

import systems
from interpret import Law, Library, discover, probe, regress
from interpret.refinement.refinement import refine
from systems import Problem, Trajectories
from training import Fit, Settings, train
from training.features import Features
from training.matching.force_matching import Matching
from training.optimise.watch import Monitor

PACKAGES = ("numpy", "scipy", "torch", "pysindy", "scikit-learn")
WIDTH = 150


@dataclass
class Stopwatch:
    """Some work, with the CPU seconds and the result of every time it was done.

    The work is told how often it was done before.
    """

    work: Callable[[int], Any]
    seconds: list[float] = field(default_factory=list)
    results: list[Any] = field(default_factory=list)

    def __call__(self) -> None:
        started = time.process_time()
        result = self.work(len(self.seconds))
        self.seconds.append(time.process_time() - started)
        self.results.append(result)

    @property
    def best(self) -> float:
        """The best of all times: what the work costs when nothing is in its way."""
        return min(self.seconds)

    @property
    def usual(self) -> float:
        """The median, for work that differs from time to time."""
        return median(self.seconds)


@dataclass
class Pace:
    """A watch that keeps the CPU time of every report of a training."""

    told: list[tuple[int, float]] = field(default_factory=list)

    def update(self, step: int, total: int, loss: float | None) -> None:
        self.told.append((step, time.process_time()))

    @property
    def seconds(self) -> float:
        """CPU seconds a step, from the end of the first step to the end of the last."""
        (first, started), *_, (last, ended) = self.told
        return (ended - started) / (last - first)


@dataclass
class Record:
    """A table that grows a row at a time; every row has the same columns."""

    title: str
    note: str
    rows: list[dict[str, str]] = field(default_factory=list)

    def markdown(self) -> str:
        lines = [list(self.rows[0]), ["---"] * len(self.rows[0])]
        lines += [list(row.values()) for row in self.rows]
        table = "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
        return f"## {self.title}\n\n{self.note}\n\n{table}\n"

    def table(self) -> Table:
        table = Table(*self.rows[0], title=self.title, caption=self.note, caption_justify="left")
        for row in self.rows:
            table.add_row(*row.values())
        return table


RECORDS = pytest.StashKey[dict[str, Record]]()
REPORT = pytest.StashKey[Path]()
BEGAN = pytest.StashKey[float]()
LEFT_OUT = pytest.StashKey[list[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--benchmark-report",
        metavar="FOLDER",
        type=Path,
        help="write the tables of the benchmarks to report.md and report.json there",
    )
    parser.addoption(
        "--benchmark-minutes",
        metavar="MINUTES",
        type=float,
        default=float("inf"),
        help="begin no benchmark after so long",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.stash[RECORDS] = {}
    config.stash[BEGAN] = time.monotonic()
    config.stash[LEFT_OUT] = []


def pytest_runtest_setup(item: pytest.Item) -> None:
    spent = time.monotonic() - item.config.stash[BEGAN]
    if spent > 60 * item.config.getoption("benchmark_minutes"):
        item.config.stash[LEFT_OUT].append(item.nodeid)
        pytest.skip("the time is up")


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """One thread for torch and BLAS, so that CPU time counts the work and not the spinning."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with threadpoolctl.threadpool_limits(1):
        yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session", autouse=True)
def report(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Where the tables go: the folder asked for, or one of pytest's own."""
    asked = pytestconfig.getoption("benchmark_report")
    pytestconfig.stash[REPORT] = asked or tmp_path_factory.mktemp("benchmarks")


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    records = config.stash[RECORDS].values()
    if not records:
        return
    left_out = config.stash[LEFT_OUT]
    missing = f"Left out, for the time was up: {', '.join(left_out)}.\n" if left_out else ""
    about = "\n".join(filter(None, [f"{_circumstances()}\n", missing]))
    written = "\n".join([about, *(record.markdown() for record in records)])
    folder = config.stash[REPORT]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.md").write_text(written, encoding="utf-8")
    content = {
        "circumstances": _circumstances(),
        "left_out": left_out,
        "tables": [vars(record) for record in records],
    }
    (folder / "report.json").write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    screen = Console(width=WIDTH, no_color=True)
    with screen.capture() as captured:
        for record in records:
            screen.print(record.table(), "")
    terminalreporter.section("benchmarks")
    terminalreporter.write(captured.get())
    terminalreporter.write_line(_circumstances())
    terminalreporter.write_line(f"written to {config.stash[REPORT]}")


def _circumstances() -> str:
    versions = ", ".join(f"{package} {version(package)}" for package in PACKAGES)
    return (
        f"{time.strftime('%Y-%m-%d')}: one thread of {os.cpu_count()} {platform.machine()} cores; "
        f"Python {platform.python_version()}, {versions}."
    )


@pytest.fixture
def record(pytestconfig: pytest.Config) -> Callable[..., None]:
    """record(title, note, row): add a row to the table of that title."""
    records = pytestconfig.stash[RECORDS]

    def add(title: str, note: str, row: dict[str, str]) -> None:
        records.setdefault(title, Record(title, " ".join(note.split()))).rows.append(row)

    return add


@pytest.fixture
def race(benchmark: Any) -> Callable[..., list[Stopwatch]]:
    """race(ours, *rivals, rounds=3): do the work by turns; the stopwatches in the same order.

    The first round warms everything up; the best or the median of the times leaves it out.
    """

    def run(*work: Callable[[int], Any], rounds: int = 3) -> list[Stopwatch]:
        ours, *rivals = watches = [Stopwatch(each) for each in work]

        def rivals_first() -> None:
            for rival in rivals:
                rival()

        benchmark.pedantic(ours, setup=rivals_first, rounds=rounds)
        return watches

    return run


@pytest.fixture(scope="session")
def descended() -> Callable[..., tuple[Fit, float]]:
    """descended(system, trajectories, features, steps): so many steps of the paper's descent.

    What they came to, and what one of them cost, in CPU seconds: by torch alone, or by the loop
    that is `compiled`.
    """

    def descend(
        system: Problem,
        trajectories: Trajectories,
        features: Features,
        steps: int,
        compiled: bool = False,
    ) -> tuple[Fit, float]:
        pace = Pace()
        settings = Settings(recipe="paper", iterations=steps)
        with pytest.MonkeyPatch.context() as patch:
            if not compiled:
                patch.setattr(Matching, "of", lambda network: None)
            fit = train(system, trajectories, settings, features=features, monitor=Monitor(pace))
        return fit, pace.seconds

    return descend


@pytest.fixture(scope="session")
def sampled() -> Callable[[str, str], tuple[Problem, Trajectories]]:
    """sampled(system, dataset): the system and its trajectories, drawn once a session."""

    @functools.cache
    def sample(name: str, dataset: str) -> tuple[Problem, Trajectories]:
        system = systems.get(name)
        return system, system.draw(dataset)

    return sample


@pytest.fixture(scope="session")
def interpreted() -> Callable[..., Law]:
    """interpreted(system, trajectories, dataset, search=False): our law.

    All that ``interpret.fit`` does between the data and the comparison: find the features (with
    ``search``; else the system's own are taken), train, probe, regress, refine.
    """

    def interpret(
        system: Problem, trajectories: Trajectories, dataset: str, search: bool = False
    ) -> Law:
        features = _features(system, trajectories, search)
        samples = probe(train(system, trajectories, features=features))
        law = refine(regress(samples, Library.of(system)), samples)
        return replace(law, origin=replace(law.origin, dataset=dataset))

    return interpret


def _features(system: Problem, trajectories: Trajectories, search: bool) -> Features:
    if search:
        return discover(trajectories).features
    return Features.of(trajectories.coordinates, system.motion().features)
