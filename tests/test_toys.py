"""Adding one thing touches few files: a toy of each kind, added at run time, touches none."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import ModuleType

import numpy as np
import pytest
import torch
from torch import Tensor

import interpret
import systems
from interpret.experiments import EXPERIMENTS, Experiment
from interpret.experiments.options import LAW, Options, option
from interpret.experiments.verbs import Findings, Fit, drawn
from interpret.laws import kept, report
from interpret.laws.forms import Sum
from interpret.laws.law import Law, Origin
from interpret.laws.parts import KINDS, MAP, Kind, Part, Variables
from interpret.run import Run
from systems import catalog
from systems.errors import InputError
from systems.expressions import symbol
from systems.problem import Dataset, Map, Problem
from systems.samples.values import ValueSamples
from training.bases.basis import Basis
from training.bases.candidates import Candidates
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

    def compared(problem, options):
        calls.append("compare")
        return problem

    def findings(fit, laws, comparisons):
        calls.append("findings")
        return Findings((f"{len(comparisons)} compared",), {"depth": fit.options.depth})

    module = ModuleType("toy_verbs")
    for verb in (settled, draw, learn, read, refine, compared, findings):
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
    assert calls == ["draw", "learn", "read", "refine", "compare", "findings"]
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


def test_an_output_format(calls, monkeypatch):
    run = interpret.fit(LINE)
    with pytest.raises(InputError, match="not as 'toy'"):
        run.written("toy")

    def shout(statements, cost=None):
        return "!".join(f"{item.system}: {'; '.join(item.closed)}" for item in statements)

    monkeypatch.setitem(report.WRITERS, "toy", shout)
    assert run.written("toy") == "line: 3*x"
