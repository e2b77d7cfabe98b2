"""A run of every kind prints, is kept, and is read back; so are the runs of version 0.1."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from interpret import cli
from interpret.keep import folder as runs
from interpret.run import Run
from systems.errors import InputError

OWN = """
import numpy as np
from systems import Supervised, ValueSamples

def draw(seed, count):
    x = np.random.default_rng(seed).uniform(-1, 1, (count, 2))
    return ValueSamples(x, x[:, 0] + x[:, 1] ** 2, np.ones(count))

SYSTEM = Supervised("parabola", "", "", ("a", "b"), "y", None, draw, count=100, truth="a + b**2")
"""


@dataclass(frozen=True)
class Kind:
    """A tiny fit: its arguments, what it prints, a truth of its own, and what that makes of it."""

    arguments: str
    printed: str
    truth: str
    verdict: str = "IDENTICAL"
    laws: int = 1
    picture: str = ""


KINDS = {
    "potential": Kind("oscillator", "q**2/2 + c", "q**2/2", picture="potential.png"),
    "exact": Kind(
        "trapped_charges --learn exact --samples 20",
        "2*q0**2 + 2*q1**2 + 1/r + c",
        "2*q0**2 + 2*q1**2 + 1/r",
    ),
    "polynomial": Kind(
        "trapped_charges --learn polynomial --samples 200",
        "1/r + 2*q0**2 + 2*q1**2 + c",
        "2*q0**2 + 2*q1**2 + 1/r",
        picture="accelerations.png",
    ),
    "lagrangian": Kind(
        "trapped_charges --learn lagrangian --samples 100",
        "q0d**2/2 + q1d**2/2",
        "kinetic=q0d**2/2+q1d**2/2,potential=2*q0**2+2*q1**2+1/sqrt((q0-q1)**2)",
    ),
    "born": Kind("born --orders 1 --samples 600 --set steps=8", "∫ r² U(r) dr", "a1=-r**2"),
    "values": Kind("own.py", "a + b**2", "a + b**2"),
    "levels": Kind(
        "luescher --learn structured --samples 120",
        "6/(1 - q²) + 12/(2 - q²)",
        "",
        verdict="EQUAL WITHIN ERROR",
        laws=3,
        picture="levels.png",
    ),
}

SLOW = {"levels"}
"""Spectra of a hundred boxes take half a minute to draw."""


@pytest.fixture
def call(capfd) -> Callable[..., str]:
    """What a command prints, once it has come to a good end."""

    def run(*arguments: str) -> str:
        code = cli.main(arguments)
        captured = capfd.readouterr()
        assert (code, captured.err) == (0, "")
        return captured.out

    return run


@pytest.mark.parametrize(
    "name", [pytest.param(k, marks=[pytest.mark.slow] if k in SLOW else []) for k in KINDS]
)
def test_a_run(name, call, folder):
    kind = KINDS[name]
    (folder / "own.py").write_text(OWN)
    printed = call("fit", *kind.arguments.split(), "--out", "run")
    assert kind.printed in printed
    assert kind.verdict in printed
    assert printed.endswith("kept in run\n")

    # Shown again: as text, as JSON, as LaTeX and HTML, and drawn.
    assert call("show", "run") == printed.removesuffix("kept in run\n")
    shown = json.loads(call("show", "run", "--json"))
    loaded = Run.load(folder / "run")
    assert shown == json.loads(runs.to_json(loaded.json())) | {"run": "run"}
    assert shown["comparison"]["verdict"] == kind.verdict
    assert call("show", "run", "--format", "latex") == loaded.written("latex") + "\n"
    assert call("show", "run", "--format", "html").startswith("<div>")
    drawn = call("show", "run", "--picture").splitlines()[-1]
    assert ("drawn in" in drawn) == bool(kind.picture)
    pictures = sorted(item.name for item in (folder / "run").glob("*.png"))
    assert pictures == ([kind.picture] if kind.picture else [])
    for picture in pictures:
        assert (folder / "run" / picture).read_bytes().startswith(b"\x89PNG")

    # Compared again, with the truth known and with one's own.
    compared = call("compare", "run")
    assert kind.verdict in compared.splitlines()[0]
    assert compared == "\n".join(map(str, loaded.comparisons)) + "\n"
    if kind.truth:
        own = call("compare", "run", "--truth", kind.truth, "--json")
        assert json.loads(own)["verdict"] == kind.verdict

    # Kept: the laws and comparisons that the files hold, whatever they are of.
    kept = json.loads((folder / "run" / "law.json").read_text())
    assert kept["format"] == 2
    assert kept["laws"] == [law.to_json() for law in loaded.laws]
    assert len(loaded.laws) == len(loaded.comparisons) == kind.laws
    beside = json.loads((folder / "run" / "comparison.json").read_text())["comparisons"]
    assert beside == [comparison.to_json() for comparison in loaded.comparisons]
    assert loaded.json()["law"] == shown["law"]


# Runs of version 0.1

OLD_LAW = {
    "system": "coulomb",
    "dataset": "near",
    "seed": 3,
    "terms": [
        {
            "term": "1/r",
            "coefficient": -0.0795774715,
            "stderr": 3e-10,
            "recognised": "-1/(4*pi)",
        }
    ],
    "covariance": [[9e-20]],
    "candidates": ["1/r", "r**(-2)", "r**(-3)"],
    "features": {"r": "sqrt((x1 - x2)**2 + (y1 - y2)**2 + (z1 - z2)**2)"},
    "domain": {"r": [0.3, 4.0]},
    "gauge": "one constant",
    "verdict": "identified",
    "reasons": [],
    "chi2_per_n": None,
}
OLD_COMPARISON = {
    "verdict": "IDENTICAL",
    "support_precision": 1.0,
    "support_recall": 1.0,
    "worst_relative_error": 7e-11,
    "reason": "",
    "terms": [
        {
            "term": "1/r",
            "recovered": -0.0795774715,
            "stderr": 3e-10,
            "recognised": "-1/(4*pi)",
            "truth": "-1/(4*pi)",
            "relative_error": 7e-11,
            "tried": True,
        }
    ],
    "truth": "-1/(4*pi*r)",
    "remainder": 0.0,
}
OLD_SETTINGS = {
    "asked": {"source": "coulomb"},
    "came_to": {"seconds": 1.3, "iterations": 0, "neurons": 256, "notes": ["r was found."]},
}


def old_run(path: Path, law, comparison=OLD_COMPARISON, settings=OLD_SETTINGS) -> Path:
    """A folder with the files that version 0.1 kept."""
    path.mkdir()
    files = {"law": law, "comparison": comparison, "settings": settings}
    for name, contents in files.items():
        if contents is not None:
            (path / f"{name}.json").write_text(json.dumps(contents))
    return path


def test_a_run_of_version_0_1_is_read(call, folder):
    loaded = Run.load(old_run(folder / "old", OLD_LAW))
    law = loaded.law
    assert str(law.expr) == "-1/(4*pi*r)"
    assert (law.origin.system, law.origin.dataset, law.origin.seed) == ("coulomb", "near", 3)
    assert [part.name for part in law.parts] == ["potential"]
    assert law.coefficients.tolist() == [-0.0795774715]
    assert law.stderr.tolist() == pytest.approx([3e-10])
    assert [str(term) for term in law.absent] == ["r**(-2)", "r**(-3)"]
    assert loaded.comparison.verdict == "IDENTICAL"
    assert {name: str(truth) for name, truth in loaded.comparison.truths.items()} == {
        "potential": "-1/(4*pi*r)"
    }
    printed = call("show", "old")
    first, *_, last = printed.splitlines()
    assert first.startswith("coulomb   V(r) = -0.0795774715(3)/r + c  =  -1/(4π r) + c")
    assert first.endswith("truth  -1/(4*pi*r) + c     IDENTICAL")
    assert "absent in both: 1/r**2, 1/r**3       1.3 s, 0 outer iterations, 256 neurons" in printed
    assert last == "r was found."


def test_a_run_of_version_0_1_is_compared(call, folder):
    old_run(folder / "old", OLD_LAW)
    found = call("compare", "old", "--truth", "-1/(4*pi*r)")
    assert found.splitlines()[0] == "truth  -1/(4*pi*r) + c     IDENTICAL"
    assert "DIFFERENT" in call("compare", "old", "--truth", "-1/(3*pi*r)")


def test_a_run_of_version_0_1_without_a_truth(folder):
    loaded = Run.load(old_run(folder / "old", OLD_LAW, comparison=None))
    assert loaded.comparisons == ()
    assert "identified" in loaded.text()


def test_a_map_of_version_0_1_kept_no_law(folder, capfd):
    sentences = {"kind": "born", "lines": ["a1 = -∫ r² U(r) dr"]}
    old_run(folder / "old", sentences, None, {"asked": {"source": "born"}})
    with pytest.raises(InputError, match="sentences without their laws"):
        Run.load(folder / "old")
    assert cli.main(["show", "old"]) == 2
    captured = capfd.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1
    assert "fit it again" in captured.err


@pytest.mark.parametrize("missing", ["terms", "candidates", "covariance", "gauge"])
def test_a_damaged_run_of_version_0_1_is_told(folder, missing):
    law = {name: what for name, what in OLD_LAW.items() if name != missing}
    with pytest.raises(InputError, match=f"the law lacks '{missing}'; fit the run again"):
        Run.load(old_run(folder / "old", law))
