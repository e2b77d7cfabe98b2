"""`interpret compare`: the law of a run beside the truth."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from interpret.cli.request import Request
from interpret.cli.source import Source
from interpret.keep import folder as runs
from interpret.laws import kept
from interpret.laws.law import Law
from systems.expressions import symbol
from tests.builders import potential_law

q = symbol("q")


@pytest.fixture
def law() -> Law:
    """The law of the oscillator, exactly."""
    return potential_law(
        system="oscillator",
        terms=(q**2,),
        coefficients=np.array([0.5]),
        covariance=np.array([[1e-20]]),
        candidates=(q, q**2, q**3),
        domain={"q": (-1.0, 1.0)},
        gauge="one constant",
        verdict="identified",
        chi2_per_n=1.0,
        dataset="circles",
    )


def files(law: Law, request: Request | None = None) -> dict[str, object]:
    """What a finished run of the law keeps."""
    asked = {} if request is None else {runs.REQUEST: request.to_json()}
    came_to = {"seconds": 1.0, "iterations": 0, "neurons": 256, "notes": []}
    settings = {"experiment": "motion", "source": law.system, "options": {}, "came_to": came_to}
    return {**asked, runs.SETTINGS: settings, runs.LAW: kept.to_json([law])}


@pytest.fixture
def run(folder, law) -> str:
    """A finished run of the oscillator."""
    request = Request(Source(system="oscillator"))
    path = runs.create(None, "oscillator")
    runs.save(path, files(law, request))
    return "oscillator"


def test_the_law_is_set_beside_the_systems_truth(interpret, run):
    outcome = interpret("compare", run)

    assert outcome.code == 0
    assert outcome.err == ""
    assert "IDENTICAL" in outcome.out
    assert "q**2" in outcome.out


def test_json_is_one_object(interpret, run):
    outcome = interpret("compare", run, "--json")

    read = json.loads(outcome.out, parse_constant=pytest.fail)
    assert read["verdict"] == "IDENTICAL"
    assert read["support_recall"] == 1.0


def test_a_truth_of_ones_own_is_used(interpret, run):
    outcome = interpret("compare", run, "--truth", "q**2/3", "--json")

    assert json.loads(outcome.out)["verdict"] == "DIFFERENT"


def test_a_run_that_python_saved_is_compared_too(interpret, folder, law):
    runs.save(Path("mine"), files(law))

    outcome = interpret("compare", "mine", "--json")

    assert json.loads(outcome.out)["verdict"] == "IDENTICAL"


@pytest.mark.parametrize("truth", ["__import__('os').system('true')", "q**", "z**2"])
def test_a_truth_that_is_no_formula_of_the_data_is_refused(interpret, run, truth):
    outcome = interpret("compare", run, "--truth", truth)

    assert outcome.code == 2
    assert outcome.out == ""
    assert outcome.err.startswith("error: ")
    assert outcome.err.count("\n") == 1


def test_measured_data_without_a_truth_say_so(interpret, folder, law):
    Path("swing.csv").write_text("t,q,v_q\n0,0,0\n1,-5,-10\n2,-20,-20\n")
    request = Request(Source(data="swing.csv"))
    runs.save(Path("mine"), files(law, request))

    outcome = interpret("compare", "mine")
    with_truth = interpret("compare", "mine", "--truth", "q**2/2", "--json")

    assert outcome.code == 2
    assert "no known truth" in outcome.err
    assert json.loads(with_truth.out)["verdict"] == "IDENTICAL"


def test_a_damaged_law_is_refused(interpret, run, folder):
    (folder / "runs" / run / runs.LAW).write_text('{"system": "oscillator"}')

    outcome = interpret("compare", run)

    assert outcome.code == 2
    assert outcome.err.count("\n") == 1
