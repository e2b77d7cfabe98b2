"""Every experiment and everything it can learn, run, shown, drawn, compared and loaded alike."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from interpret import cli, pipeline
from interpret.cli.progress import Progress
from interpret.cli.reporting import opened as source_of
from interpret.keep.folder import to_json
from interpret.pages.evidence import KEPT
from interpret.pages.page import report
from interpret.run import Run
from systems.errors import InputError
from tests.pages import Page
from training.learn import series

POINTS = ("trapped_charges", "--learn")

SCHEMA = json.loads(Path(cli.__file__).with_name("run.schema.json").read_text(encoding="utf-8"))

SQUARE = """\
import numpy as np
from systems import Supervised, ValueSamples
def exact(x):
    return x[:, 0] + x[:, 1] ** 2
def draw(seed, count):
    x = np.random.default_rng(seed).uniform(-1, 1, (count, 2))
    return ValueSamples(x, exact(x), np.ones(count))
SYSTEM = Supervised("mine", "", "", ("x0", "x1"), "y", exact, draw, count=300, truth="x0 + x1**2")
"""


@dataclass(frozen=True)
class Case:
    """What is fitted, its truth, which pictures there are; and what is printed ("": it varies)."""

    arguments: tuple[str, ...]
    truth: str
    pictures: tuple[str, ...] = ()
    verdict: str = "IDENTICAL"
    printed: str = ""


TRUE_TRAP = "2*q0**2 + 2*q1**2 + 1/r"
CASES = {
    "potential": Case(("oscillator",), "q**2/2", ("choice", "potential"), printed="q**2/2 + c"),
    "exact": Case((*POINTS, "exact", "--samples", "20"), TRUE_TRAP, printed=f"{TRUE_TRAP} + c"),
    "polynomial": Case(
        (*POINTS, "polynomial", "--samples", "200"),
        TRUE_TRAP,
        ("accelerations", "choice"),
        printed="1/r + 2*q0**2 + 2*q1**2 + c",
    ),
    "coupling": Case(
        (*POINTS, "coupling", "--samples", "400", "--window", "one_side"),
        "1/r",
        ("accelerations", "choice", "couplings"),
        printed="couplings about (",
    ),
    "neural": Case(
        (*POINTS, "neural", "--samples", "400", "--steps", "3"),
        "1/r",
        ("accelerations", "choice"),
        "",
    ),
    "general": Case(
        (*POINTS, "general", "--samples", "400", "--steps", "3"), TRUE_TRAP, ("accelerations",), ""
    ),
    "lagrangian": Case(
        (*POINTS, "lagrangian", "--samples", "100"),
        "kinetic=q0d**2/2+q1d**2/2,potential=2*q0**2+2*q1**2+1/sqrt((q0-q1)**2)",
        printed="q0d**2/2 + q1d**2/2",
    ),
    "born": Case(
        ("born", "--orders", "1", "--samples", "600", "--set", "steps=8"),
        "a1=-r**2",
        printed="∫ r² U(r) dr",
    ),
    "structured": Case(
        ("luescher", "--learn", "structured", "--samples", "120"),
        "",
        ("levels",),
        "EQUAL WITHIN ERROR",
        "6/(1 - q²) + 12/(2 - q²)",
    ),
    "values": Case(("mine.py",), "x0 + x1**2", ("choice",), printed="x0 + x1**2"),
}


@dataclass(frozen=True)
class Kept:
    """A run as it was in the process that fitted it, what was printed, and its folder."""

    name: str
    case: Case
    run: Run
    printed: str
    folder: Path


def called(*arguments: str) -> str:
    """What a command prints that ends well."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = cli.main(arguments)
    assert code == 0, err.getvalue()
    return out.getvalue()


def refused(*arguments: str) -> str:
    """The one line on stderr of a command that is refused, which prints nothing else."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = cli.main(arguments)
    assert (code, out.getvalue()) == (2, "")
    (line,) = err.getvalue().splitlines()
    return line


SLOW = ("structured", "general", "born", "neural", "polynomial")
"""Six models' levels are drawn, a Lagrangian or two orders of amplitudes are trained; the last two
differ from `coupling` in how they learn alone."""


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in CASES],
)
def kept(request, tmp_path_factory) -> Kept:
    """Each case, fitted once on the command line."""
    place = tmp_path_factory.mktemp(request.param)
    (place / "mine.py").write_text(SQUARE, encoding="utf-8")
    case = CASES[request.param]
    runs: list[Run] = []

    def remembering(*source: Any, **options: Any) -> Run:
        runs.append(fit(*source, **options))
        return runs[-1]

    fit = pipeline.fit
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setattr(pipeline, "fit", remembering)
        first, *rest = case.arguments
        source = str(place / first) if first.endswith(".py") else first
        printed = called("fit", source, *rest, "--out", str(place / "run"))
    return Kept(request.param, case, runs[0], printed, place / "run")


def test_it_prints_what_the_run_says_and_show_prints_it_again(kept):
    assert kept.printed == f"{kept.run.text()}\nkept in {kept.folder}\n"
    assert called("show", str(kept.folder)) == f"{kept.run.text()}\n"
    assert str(kept.run) == kept.run.text()
    assert kept.case.printed in kept.printed
    assert kept.case.verdict in kept.printed
    for law in kept.run.laws:
        assert law.verdict in ("identified", "ambiguous", "not in the library")


def test_show_json_is_the_fits_own(kept):
    shown = json.loads(called("show", str(kept.folder), "--json"))
    assert shown == json.loads(to_json(kept.run.json()))
    assert shown["run"] == str(kept.folder)
    jsonschema.Draft202012Validator(SCHEMA).validate(shown)
    assert [row["coefficient"] for row in shown["law"]["terms"]] == list(kept.run.law.coefficients)


def test_it_is_written_in_every_format(kept):
    latex = called("show", str(kept.folder), "--format", "latex")
    assert latex.splitlines() == [law.latex for law in kept.run.laws]
    html = called("show", str(kept.folder), "--format", "html")
    assert html == kept.run._repr_html_() + "\n"
    assert html.count("<table>") == len(kept.run.laws)
    assert "not as 'toml'" in refused("show", str(kept.folder), "--format", "toml")


def test_its_pictures_are_drawn(kept):
    out = called("show", str(kept.folder), "--picture")
    drawn = sorted(kept.folder.glob("*.png"))
    assert {path.stem for path in drawn} == set(kept.case.pictures)
    for path in drawn:
        assert path.read_bytes().startswith(b"\x89PNG\r\n")
        assert f"drawn in {path}" in out
    if not drawn:
        with pytest.raises(InputError, match="has no picture"):
            _ = kept.run.picture


def test_it_has_a_page_that_loads_nothing(kept):
    page = Page(report(Run.load(kept.folder), opened=source_of))
    assert (page.loads, page.unclosed) == ([], [])
    assert len(page.source.encode()) < 2_000_000
    assert set(page.links) <= set(page.ids)
    pictures = [KEPT[kind][0] for kind in kept.case.pictures]
    for text in (*pictures, kept.run.law.verdict, "Training", *kept.run.notes):
        assert text in page.text
    assert page.tags.count("math") >= sum(len(law.parts) for law in kept.run.laws)
    assert kept.run.law.latex in page.text or kept.run.law.verdict == "not in the library"


def test_it_is_loaded_without_saying_what_it_is(kept):
    loaded = Run.load(kept.folder)
    assert loaded.laws == kept.run.laws
    assert [each.to_json() for each in loaded.comparisons] == [
        each.to_json() for each in kept.run.comparisons
    ]
    assert (loaded.notes, loaded.cost) == (kept.run.notes, kept.run.cost)
    assert loaded._repr_html_() == kept.run._repr_html_()
    assert loaded.settings["options"] == kept.run.settings["options"]
    assert repr(loaded) == repr(kept.run)


def test_its_law_is_of_format_2(kept):
    contents = json.loads((kept.folder / "law.json").read_text(encoding="utf-8"))
    assert contents["format"] == 2
    parts = {part.name for law in kept.run.laws for part in law.parts}
    assert {row["part"] for law in contents["laws"] for row in law["terms"]} <= parts
    assert ("map" in parts) == (kept.name in ("born", "structured", "values"))


def test_it_is_compared_again(kept):
    assert kept.run.comparisons, "every one of these has a truth"
    out = called("compare", str(kept.folder))
    assert out == "\n".join(map(str, kept.run.comparisons)) + "\n"
    if kept.case.verdict:
        assert kept.run.comparison.verdict == kept.case.verdict
    if kept.case.truth:
        own = json.loads(called("compare", str(kept.folder), "--json"))
        given = json.loads(
            called("compare", str(kept.folder), "--truth", kept.case.truth, "--json")
        )
        assert given["verdict"] == own["verdict"]
        wrong = kept.case.truth.replace("**2", "**3").replace("1/r", "3/r")
        other = json.loads(called("compare", str(kept.folder), "--truth", wrong, "--json"))
        assert other["verdict"] == "DIFFERENT"


# Gone on with


@pytest.mark.parametrize(
    ("arguments", "stage"),
    [
        pytest.param(
            ("born", "--orders", "2", "--samples", "600", "--set", "steps=8", "--steps", "30"),
            (30, 23),
            marks=pytest.mark.slow,
        ),
        ((*POINTS, "neural", "--samples", "200", "--steps", "8"), (8, 4)),
        pytest.param(
            ("luescher", "--learn", "neural", "--samples", "20", "--steps", "60"),
            (60, 1),
            marks=pytest.mark.slow,
        ),
    ],
    ids=["born", "points", "levels"],
)
def test_a_run_that_was_interrupted_goes_on(folder, monkeypatch, capfd, arguments, stage):
    """Ctrl-C in the middle of the last training: nothing printed, and then the same law.

    Past the warm-up, whose gradients are not kept, a training goes on exactly as it would have.
    """
    monkeypatch.setattr(series, "WARM", 20)
    called("fit", *arguments, "--out", "whole")
    steps, first = stage

    def interrupting(self, step, total, loss):
        if loss is not None and total == steps and step >= first:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Progress, "update", interrupting)
        assert cli.main(["fit", *arguments, "--out", "broken"]) == 130
    out, err = capfd.readouterr()
    assert out == ""
    assert err == (
        "interrupted: the training so far is kept; go on with `interpret fit --resume broken`.\n"
    )
    assert "go on with" in refused("show", "broken")
    assert "broken keeps its settings; leave out --seed" in refused(
        "fit", "--resume", "broken", "--seed", "1"
    )
    called("fit", "--resume", "broken")
    whole, again = Run.load("whole"), Run.load("broken")
    assert [law.terms for law in again.laws] == [law.terms for law in whole.laws]
    for one, other in zip(again.laws, whole.laws, strict=True):
        assert one.coefficients == pytest.approx(other.coefficients, rel=1e-6)
    assert again.cost.iterations == whole.cost.iterations
    assert not Path("broken/checkpoint.pt").exists()
    assert "is finished" in refused("fit", "--resume", "broken")


# Kept by version 0.1

OLD_LAW = {
    "system": "coulomb",
    "dataset": "exact",
    "seed": 3,
    "terms": [
        {
            "term": "1/r",
            "coefficient": -0.07957747153,
            "stderr": 3e-10,
            "recognised": "-1/(4*pi)",
        }
    ],
    "covariance": [[9e-20]],
    "candidates": ["1/r", "r**(-2)", "r**(-3)"],
    "features": {"r": "sqrt((x1 - x2)**2 + (y1 - y2)**2 + (z1 - z2)**2)"},
    "domain": {"r": [0.3, 4.0]},
    "gauge": "one constant per trajectory",
    "verdict": "identified",
    "reasons": [],
    "chi2_per_n": None,
}
OLD_COMPARISON = {
    "verdict": "IDENTICAL",
    "reason": "",
    "terms": [
        {
            "term": "1/r",
            "recovered": -0.07957747153,
            "stderr": 3e-10,
            "recognised": "-1/(4*pi)",
            "truth": "-1/(4*pi)",
            "relative_error": 2e-10,
            "tried": True,
        }
    ],
    "truth": "-1/(4*pi*r)",
    "support_precision": 1.0,
    "support_recall": 1.0,
    "worst_relative_error": 2e-10,
    "remainder": 0.0,
}
CAME_TO = {"seconds": 1.31, "iterations": 0, "neurons": 256, "notes": ["the distance was found"]}


@pytest.fixture
def old(folder) -> Callable[..., None]:
    """Write a folder as version 0.1 left it."""

    def written(law: dict[str, Any], comparison: Any, asked: dict[str, Any]) -> None:
        (folder / "old").mkdir()
        contents = {
            "law": law,
            "comparison": comparison,
            "settings": {"asked": asked, "came_to": CAME_TO},
            "provenance": {"seed": 3},
            "history": {"loss": []},
        }
        for name, content in contents.items():
            if content is not None:
                (folder / "old" / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")

    return written


def test_a_run_of_version_0_1_is_read(old):
    old(OLD_LAW, OLD_COMPARISON, {"source": "coulomb", "features": "auto", "noise": 0.0})
    run = Run.load("old")
    assert str(run.law.potential) == "-1/(4*pi*r)"
    assert [part.name for part in run.law.parts] == ["potential"]
    assert (run.law.origin.dataset, run.law.origin.seed) == ("exact", 3)
    assert run.law.stderr == pytest.approx([3e-10])
    assert [str(term) for term in run.law.absent] == ["r**(-2)", "r**(-3)"]
    assert run.comparison.verdict == "IDENTICAL"
    shown = called("show", "old")
    assert shown.startswith("coulomb   V(r) = -0.0795774715(3)/r + c  =  -1/(4π r) + c")
    assert "IDENTICAL" in shown
    assert "1.3 s, 0 outer iterations, 256 neurons" in shown
    assert shown.endswith("the distance was found\n")
    assert "truth  -1/(4*pi*r) + c     IDENTICAL" in called("compare", "old")
    assert "DIFFERENT" in called("compare", "old", "--truth", "-1/r")
    assert json.loads(called("show", "old", "--json"))["law"]["expression"] == "-1/(4*pi*r)"


def test_a_run_of_version_0_1_without_a_truth_is_read(old):
    old({**OLD_LAW, "system": "swing"}, None, {"source": "swing"})
    assert Run.load("old").comparisons == ()
    assert "identified" in called("show", "old")
    assert "there is no system 'swing'" in refused("compare", "old")


def test_a_trap_that_version_0_1_took_as_known_is_left_out_of_the_truth(old):
    law = {
        **OLD_LAW,
        "system": "trapped_charges",
        "dataset": "one_side",
        "terms": [{"term": "1/r", "coefficient": 1.0, "stderr": 1e-9, "recognised": "1"}],
        "covariance": [[1e-18]],
        "candidates": ["1/r", "r**(-2)"],
        "features": {"r": "abs(q0 - q1)"},
        "gauge": "one constant",
    }
    old(law, None, {"source": "trapped_charges", "knows_external": True})
    assert "IDENTICAL" in called("compare", "old")


def test_sentences_that_version_0_1_kept_are_no_laws(old):
    old({"kind": "born", "lines": ["a1 = -∫ r² U(r) dr"], "errors": {}}, None, {"source": "born"})
    message = (
        "error: this run of born was kept by version 0.1, as sentences without their laws; "
        "fit it again."
    )
    assert refused("show", "old") == message
    assert refused("compare", "old") == message


def test_a_law_of_a_newer_version_is_refused(old):
    old({"format": 3, "laws": []}, None, {"source": "coulomb"})
    assert "of format 3, which a newer version has written" in refused("show", "old")


@pytest.mark.parametrize("missing", ["terms", "candidates", "covariance", "gauge"])
def test_a_damaged_run_of_version_0_1_is_told(old, missing):
    law = {name: what for name, what in OLD_LAW.items() if name != missing}
    old(law, OLD_COMPARISON, {"source": "coulomb"})
    with pytest.raises(InputError, match=f"the law lacks '{missing}'; fit the run again"):
        Run.load("old")
