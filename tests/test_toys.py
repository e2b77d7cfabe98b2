"""Adding one thing touches few files: a toy of each kind, added at run time, touches none."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from torch import Tensor

import interpret
import systems
from interpret import cli, fit
from interpret.experiments import EXPERIMENTS, Experiment
from interpret.experiments.options import LAW, Options, option
from interpret.experiments.verbs import Findings, Fit, drawn
from interpret.judge.certificate import as_it_was_read
from interpret.laws import kept, report
from interpret.laws.forms import Sum
from interpret.laws.law import Law, Origin
from interpret.laws.parts import KINDS, MAP, Kind, Part, Variables
from interpret.run import Run
from systems import catalog
from systems.errors import InputError
from systems.expressions import parse, symbol
from systems.problem import Dataset, Map, Problem
from systems.samples.values import ValueSamples
from training.bases.basis import Basis
from training.bases.candidates import Candidates
from training.bases.chebyshev import Chebyshev
from training.solve.families import solve_families

q, x = symbol("q"), symbol("x")

# A system of the catalog: one file


HOOP = '''
"""A bead on a hoop."""
from systems.expressions import symbol
from systems.system import System

q = symbol("q")
SYSTEM = System("hoop", "a bead on a hoop", "nobody, 1900", ("q",), (2.0,), 3 * q**4)
'''


def test_a_system(tmp_path, monkeypatch):
    (tmp_path / "hoop.py").write_text(HOOP)
    monkeypatch.setattr(catalog, "__path__", [*catalog.__path__, str(tmp_path)])
    try:
        assert "hoop" in systems.names()
        found = systems.get("hoop")
    finally:
        sys.modules.pop("systems.catalog.hoop", None)
    assert found.truths()["potential"] == 3 * q**4
    # dp/dt = -12 q³ for a mass of 2.
    np.testing.assert_allclose(found.motion().acceleration()(np.array([[0.5]])), [[-0.75]])


SPRING = '''\
"""A stiff spring.

    H = p²/4 + 3 q² + q⁴/4
"""

import numpy as np
from systems import Dataset, System
from systems.expressions import symbol

q = symbol("q")


def swings(seed):
    starts = np.linspace(0.5, 2, 4)[:, None]
    return SYSTEM.flow(starts, 0 * starts, np.linspace(0, 5, 300))


SYSTEM = System(
    "toy_spring", "a stiff spring", "nobody", ("q",), (2.0,), 3 * q**2 + q**4 / 4,
    candidates=(q, q**2, q**3, q**4), datasets={"swings": Dataset("four swings", swings)},
)
'''
LAW_OF_THE_SPRING = parse("3*q**2 + q**4/4")


@pytest.fixture
def spring(tmp_path) -> Path:
    path = tmp_path / "toy_spring.py"
    path.write_text(SPRING, encoding="utf-8")
    return path


def test_a_system_in_a_file_of_ones_own(spring):
    run = fit(spring)
    assert run.law.expr == LAW_OF_THE_SPRING
    assert run.comparison.verdict == "IDENTICAL"


def test_a_system_in_the_catalog_is_listed_and_fitted(spring, monkeypatch, capfd):
    monkeypatch.setattr(catalog, "__path__", [*catalog.__path__, str(spring.parent)])
    importlib.invalidate_caches()
    try:
        assert "toy_spring" in systems.names()
        assert fit("toy_spring").law.expr == LAW_OF_THE_SPRING
        assert cli.main(["systems"]) == 0
        assert "a stiff spring" in capfd.readouterr().out
        with pytest.raises(InputError, match="Did you mean 'toy_spring'"):
            systems.get("toy_sprong")
    finally:
        sys.modules.pop("systems.catalog.toy_spring", None)


# A residual: one row type


@dataclass(frozen=True)
class SlopeRows:
    """dV/dq = s at the points x (n, 1), with slopes s (n,)."""

    x: Tensor
    slopes: Tensor
    name: str = "slope"

    @property
    def truth(self) -> Tensor:
        return self.slopes / self.slopes.norm()

    def design(self, basis: Basis) -> Tensor:
        return basis.gradients(self.x)[:, 0] / self.slopes.norm()

    def part(self, number: int, parts: int) -> SlopeRows:
        size = -(-len(self.x) // parts)
        cut = slice(number * size, (number + 1) * size)
        return replace(self, x=self.x[cut], slopes=self.slopes[cut])

    def to(self, like: Tensor) -> SlopeRows:
        return replace(self, x=self.x.to(like), slopes=self.slopes.to(like))


def test_a_residual():
    """V = 2 q - q³/2 from its slopes alone, by the solver that every residual shares."""
    points = torch.linspace(-1, 2, 30, dtype=torch.float64)[:, None]
    rows = SlopeRows(points, 2 - 1.5 * points[:, 0] ** 2)
    solved = solve_families([rows], Candidates(("q",), (q, q**2, q**3)))
    torch.testing.assert_close(
        solved.coefficients, torch.tensor([2.0, 0.0, -0.5], dtype=torch.float64)
    )
    smooth = Chebyshev.of(points, 6)
    values = smooth.values(points) @ solve_families([rows], smooth).coefficients
    missed = values - (2 * points - points**3 / 2)[:, 0]
    assert (missed - missed.mean()).abs().max() < 1e-12
    halves = [rows.part(number, 2) for number in range(2)]
    both = solve_families(halves, smooth, passes=2)
    assert len(both.residuals) == 2
    assert both.residual < 1e-12


# A part of a law of motion: one entry


def swirling(coefficient: float) -> Law:
    """A law with a potential and a part that no law has had so far."""
    return Law(
        origin=Origin("vortex"),
        parts=(Part("potential", (q**2,), (q, q**2)), Part("swirl", (q**3,), (q**3, q**4))),
        coefficients=np.array([0.5, coefficient]),
        covariance=np.diag([1e-20, 1e-20]),
        variables=Variables({"q": (-1.0, 1.0)}, {}),
        gauge="one constant",
    )


def test_a_part_is_unknown_before_it_is_entered():
    with pytest.raises(InputError, match="no part 'swirl'"):
        swirling(2.0)


def test_a_part(monkeypatch):
    monkeypatch.setitem(KINDS, "swirl", Kind("W", "a term φ(q) swirls"))
    law = swirling(2.0)
    assert "V(q) = 0.5000000000(1)*q**2 + c" in str(law)
    assert "W(q) = 2.0000000000(1)*q**3" in str(law)
    (again,) = kept.laws(kept.to_json([law]))
    assert again == law
    assert [part.name for part in again.parts] == ["potential", "swirl"]
    assert again.potential == q**2 / 2

    vortex = Problem("vortex", "", "")
    truth = {"potential": q**2 / 2, "swirl": 2 * q**3}
    found = interpret.compare(again, vortex, truth)
    assert found.verdict == "IDENTICAL"
    assert [term.part for term in found.terms] == ["potential", "swirl"]
    assert kept.comparison(found.to_json()) == found
    other = interpret.compare(again, vortex, {**truth, "swirl": q**4})
    assert (other.verdict, other.reason) == ("DIFFERENT", "the law misses q**4")


# An experiment: a record of options and a module of verbs; and a format to write its laws in


@dataclass(frozen=True, kw_only=True)
class Toy(Options):
    """The line y = c x, its slope multiplied by `depth`."""

    depth: float | None = option("How deep.", LAW, least=0.0)


@dataclass(frozen=True)
class Slope:
    """What was learned: c."""

    slope: float
    error: float
    iterations: int = 0
    neurons: int = 0
    history: tuple[float, ...] = (0.25,)

    def state(self) -> Mapping[str, float]:
        return {"slope": self.slope}


def toy_verbs(calls: list[str]) -> ModuleType:
    """A module of verbs, which note that they were called."""

    def settled(problem, samples, options):
        return replace(options, depth=options.depth or 1.0)

    def draw(problem, options, session):
        calls.append("draw")
        return drawn(problem, options, session)

    def learn(problem, samples, options, session):
        calls.append("learn")
        inputs = samples.x[:, 0]
        slope = float(inputs @ samples.y / (inputs @ inputs)) * options.depth
        return Fit(problem, samples, options, Slope(slope, 1.0))

    def read(fit):
        calls.append("read")
        return (
            Law(
                origin=Origin(fit.problem.name, fit.options.dataset, fit.options.seed),
                parts=(Part(MAP, (x,), (x, x**2)),),
                coefficients=np.array([fit.learned.slope]),
                covariance=np.array([[fit.learned.error**2]]),
                variables=Variables({"x": (0.0, 1.0)}, {}),
                form=Sum("y"),
            ),
        )

    def refine(law, fit):
        calls.append("refine")
        return law.refined(law.coefficients, np.array([[1e-20]]), 1.0)

    def judge(law, fit):
        calls.append("judge")
        return as_it_was_read(law)

    def reconsidered(first, options, session):
        calls.append("reconsider")
        return first

    def compared(problem, options):
        calls.append("compare")
        return problem

    def findings(fit, laws, comparisons):
        calls.append("findings")
        return Findings((f"{len(comparisons)} compared",), {"depth": fit.options.depth})

    module = ModuleType("toy_verbs")
    for verb in (settled, draw, learn, read, refine, judge, reconsidered, compared, findings):
        setattr(module, verb.__name__, verb)
    return module


def draw_line(seed, count=None, report=None):
    inputs = np.random.default_rng(seed).random((count or 20, 1))
    return ValueSamples(inputs, 3 * inputs[:, 0], np.ones(len(inputs)), ("x", "y"))


LINE = Problem(
    name="line",
    summary="y = 3 x",
    reference="",
    datasets={"all": Dataset("on the line", draw_line)},
    experiment="toy",
    map=Map(("x",), "y", truths={"map": 3 * x}),
)


@pytest.fixture
def calls(monkeypatch):
    """The calls of the verbs of the experiment "toy", which there is while the test runs."""
    noted: list[str] = []
    monkeypatch.setitem(sys.modules, "toy_verbs", toy_verbs(noted))
    monkeypatch.setitem(EXPERIMENTS, "toy", Experiment("toy", Toy, "toy_verbs"))
    return noted


def test_an_experiment(calls, tmp_path):
    run = interpret.fit(LINE, Toy(samples=7), out=tmp_path / "run")
    assert calls == [
        "draw",
        "learn",
        "read",
        "refine",
        "judge",
        "reconsider",
        "compare",
        "findings",
    ]
    assert len(run.samples) == 7
    assert run.law.expr == 3 * x
    assert run.law.stderr.tolist() == pytest.approx([1e-10])
    assert run.comparison.verdict == "IDENTICAL"
    assert "y(x) = 3.0000000000(1)*x" in run.text()
    assert run.text().endswith("1 compared")
    assert run.settings["options"]["depth"] == 1.0
    loaded = Run.load(tmp_path / "run")
    assert loaded.text() == run.text()
    assert (loaded.laws, loaded.comparisons) == (run.laws, run.comparisons)
    assert loaded.settings == run.settings
    history = json.loads((tmp_path / "run" / "history.json").read_text())
    assert history == {"loss": [0.25]}


def test_the_options_of_an_experiment(calls):
    assert interpret.fit(LINE, depth=2).law.expr == 6 * x
    assert interpret.fit(LINE, Toy(depth=2)).comparison.verdict == "DIFFERENT"
    with pytest.raises(InputError, match=r"^toy has no use for orders \(an option of born\);"):
        interpret.fit(LINE, orders=2)
    with pytest.raises(InputError, match=r"^motion has no use for depth \(an option of toy\);"):
        interpret.fit("coulomb", depth=2)
    with pytest.raises(InputError, match=r"learn \(an option of motion, levels\)"):
        interpret.fit(LINE, model="exact")
    with pytest.raises(InputError, match="the depth is -1; it must"):
        interpret.fit(LINE, depth=-1)


def test_an_output_format(calls, monkeypatch, tmp_path, capfd):
    run = interpret.fit(LINE)
    with pytest.raises(InputError, match="not as 'toy'"):
        run.written("toy")

    def shout(statements, cost=None):
        return "!".join(f"{item.system}: {'; '.join(item.closed)}" for item in statements)

    monkeypatch.setitem(report.WRITERS, "toy", shout)
    assert run.written("toy") == "line: 3*x"
    run.save(tmp_path / "run")
    assert cli.main(["show", str(tmp_path / "run"), "--format", "toy"]) == 0
    assert capfd.readouterr().out == "line: 3*x\n"


# The same on the command line, which is made of what is entered when it is loaded

PROPORTIONAL = '''\
"""y = a x: the slope alone is learned."""

from dataclasses import dataclass

import numpy as np

from interpret.experiments import EXPERIMENTS, Experiment
from interpret.experiments.options import LAW, Options, option


@dataclass(frozen=True, kw_only=True)
class Proportional(Options):
    """robust: take the median of the slopes."""

    robust: str | None = option("Take the median of all slopes.", LAW, choices=("yes", "no"))


EXPERIMENTS["proportional"] = Experiment("proportional", Proportional, __name__)


@dataclass(frozen=True)
class Slope:
    value: float
    error: float
    iterations: int = 0
    neurons: int = 0
    history: tuple = ()

    def state(self):
        return {"value": self.value}


def settled(problem, samples, options):
    return options


def draw(problem, options, session):
    from interpret.experiments.verbs import drawn

    return drawn(problem, options, session)


def learn(problem, samples, options, session):
    from interpret.experiments.verbs import Fit

    slopes = samples.y / samples.x[:, 0]
    value = np.median(slopes) if options.robust == "yes" else np.mean(slopes)
    error = np.std(slopes) / np.sqrt(len(slopes)) + 1e-15
    return Fit(problem, samples, options, Slope(float(value), float(error)))


def read(fit):
    from interpret.laws.forms import Sum
    from interpret.laws.law import Law, Origin
    from interpret.laws.parts import Part, Variables
    from systems.expressions import symbol

    x = symbol(fit.samples.names[0])
    return (
        Law(
            origin=Origin(fit.problem.name, fit.options.dataset, fit.options.seed),
            parts=(Part("map", (x,), (x, x**2)),),
            coefficients=[fit.learned.value],
            covariance=[[fit.learned.error**2]],
            variables=Variables({str(x): (1.0, 2.0)}, {}),
            form=Sum("y"),
        ),
    )


def refine(law, fit):
    return law.refined(law.coefficients, law.covariance, 1.0)


def judge(law, fit):
    from interpret.judge.certificate import as_it_was_read

    return as_it_was_read(law)


def reconsidered(first, options, session):
    return first


def compared(problem, options):
    return problem


def findings(fit, laws, comparisons):
    from interpret.experiments.verbs import Findings

    return Findings((f"a slope of {len(fit.samples)} samples",), {"slope": fit.learned.value})
'''

LINE_FILE = """\
import numpy as np
from systems import Dataset, Map, Problem, ValueSamples
from systems.expressions import symbol


def draw(seed, count=None, report=None):
    x = np.random.default_rng(seed).uniform(1, 2, (count or 100, 1))
    return ValueSamples(x, 3 * x[:, 0], np.ones(len(x)), ("x", "y"))


SYSTEM = Problem(
    "line", "y = 3 x", "nobody", {"default": Dataset("a hundred", draw)},
    experiment="proportional", map=Map(("x",), "y", {"map": 3 * symbol("x")}),
)
"""


@pytest.mark.slow
def test_its_options_are_on_the_command_line(root, tmp_path):
    """In a process of its own."""
    (tmp_path / "toy_proportional.py").write_text(PROPORTIONAL, encoding="utf-8")
    (tmp_path / "line.py").write_text(LINE_FILE, encoding="utf-8")
    calls = [
        ["fit", "--help"],
        ["fit", "line.py", "--robust", "yes"],
        ["show", "line"],
        ["fit", "line.py", "--terms", "3"],
        ["fit", "oscillator", "--robust", "yes"],
    ]
    script = (
        "import sys, toy_proportional\nfrom interpret import cli\n"
        f"for call in {calls!r}:\n"
        "    print(cli.main(call), flush=True)\n"
        "    print('-----', flush=True)\n"
    )
    outcome = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{root}:{tmp_path}", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=True,
    )
    help, fitted, shown, terms, robust, _ = outcome.stdout.split("-----\n")
    assert "--robust" in help
    assert "Take the median of all slopes." in help
    assert "y(x) = 3.00000000000000" in fitted
    assert "=  3*x" in shown
    assert (terms, robust) == ("2\n", "2\n")
    first, second = outcome.stderr.splitlines()
    assert "proportional has no use for terms (an option of motion); leave it out." in first
    assert "motion has no use for robust (an option of proportional); leave it out." in second
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == ["line"]
