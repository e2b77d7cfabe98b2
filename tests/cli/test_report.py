"""`interpret report`: one page that loads nothing; looked at by a browser where there is one."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

import systems
from interpret import fit
from interpret.pages.formulas import copies, summands
from interpret.pages.page import report
from interpret.run import Run
from systems.samples.trajectories import Trajectories
from tests.pages import Page, rendered

MOST_BYTES = 2_000_000


@pytest.fixture(scope="module")
def swing() -> Trajectories:
    """A damped pendulum, exactly."""
    return systems.get("damped_pendulum").draw()


@pytest.fixture(scope="module")
def runs(tmp_path_factory, swing) -> dict[str, Path]:
    """An exact law, one with friction, and no law at all, in their folders."""
    place = tmp_path_factory.mktemp("runs")
    fit("oscillator", out=place / "oscillator")
    fit(swing, name="swing", out=place / "swing")
    fit("oscillator", library="log(q**2+1)", out=place / "wrong")
    return {path.name: path for path in place.iterdir()}


def test_the_page_of_a_run_needs_nothing_else(interpret, runs):
    told = interpret("report", str(runs["oscillator"]))
    written = runs["oscillator"] / "report.html"
    assert (told.code, told.err, told.out) == (0, "", f"written to {written}\n")
    text = written.read_text(encoding="utf-8")
    page = Page(text)
    assert (page.loads, page.unclosed) == ([], [])
    assert len(text.encode()) < MOST_BYTES
    assert len(set(page.ids)) == len(page.ids)
    assert set(page.links) <= set(page.ids)
    assert "IDENTICAL" in page.text
    assert "identified" in page.text
    # The law typeset: V(q) = q²/2 + c, a fraction with a power above.
    assert re.search(r"<mfrac><mrow><msup><mi>q</mi>.*?</mfrac>", text)
    for title in ("The potential", "How the terms were chosen", "What comes next", "Training"):
        assert title in page.text
    assert page.tags.count("svg") == 3  # no descent, so its history is a sentence
    for each in Run.load(runs["oscillator"]).certificate.checks:
        assert each.sentence in page.text
    assert "data_sha256" in page.text
    assert "a[0] = -" in page.text  # in C


def test_several_runs_stand_side_by_side(interpret, runs, folder):
    told = interpret("report", str(runs["oscillator"]), str(runs["swing"]), "--out", "both.html")
    assert told.code == 0
    page = Page(Path("both.html").read_text(encoding="utf-8"))
    assert (page.loads, page.unclosed) == ([], [])
    assert "2 runs side by side" in page.text
    assert page.tags.count("article") == 2
    assert {"run-1", "run-2"} <= set(page.ids)
    assert "Friction over speed" in page.text
    assert "Forces, part by part" in page.text


def test_data_that_are_gone_leave_a_page_without_them(interpret, runs):
    """The samples of a run of Python's are nowhere: its page says so."""
    assert interpret("report", str(runs["swing"])).code == 0
    page = Page((runs["swing"] / "report.html").read_text(encoding="utf-8"))
    assert "its data cannot be had again" in page.text
    assert "What comes next" not in page.text
    assert "R(θ" in page.text


def test_what_is_no_law_is_not_shown_as_one(runs):
    page = Page(report(Run.load(runs["wrong"])))
    assert "No law was found" in page.text
    assert "There is no law to copy." in page.text
    assert "from sympy import" not in page.text


def test_a_report_of_nothing_is_refused(interpret, folder):
    told = interpret("report", "nowhere")
    assert (told.code, told.out) == (2, "")
    assert "there is no run" in told.err


def test_users_text_is_no_markup():
    named = fit(systems.get("oscillator").draw(), name="<script>alert(1)</script>")
    text = report(named)
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text


def test_copies_compute_what_the_law_does(runs):
    law = Run.load(runs["swing"]).law
    q, v = np.array([[0.4], [-1.1]]), np.array([[0.3], [2.0]])
    for language in ("numpy", "torch"):
        space: dict[str, object] = {}
        exec(copies(law)[language], space)  # noqa: S102 - our own code, to be pasted
        assert "acceleration" in space
    namespace: dict[str, object] = {}
    exec(copies(law)["numpy"], namespace)  # noqa: S102
    np.testing.assert_allclose(
        namespace["acceleration"](q, v), law.lambdify("numpy")(q, v), rtol=1e-12
    )
    found: dict[str, object] = {}
    exec(copies(law)["sympy"], found)  # noqa: S102
    assert found["V"] == law.potential
    assert found["R"] == law.dissipation


@pytest.mark.parametrize(
    ("latex", "parts"),
    [
        (r"V = -\frac{a + b}{c - d}", [r"V = -\frac{a + b}{c - d}"]),
        (r"V = a - b + c", ["V = a", "- b", "+ c"]),
        (r"a_{1} = - \int \left(x - y\right)\, dr", [r"a_{1} = - \int \left(x - y\right)\, dr"]),
        (r"V = q \\ R = v + w", ["V = q", "R = v", "+ w"]),
    ],
)
def test_sums_are_cut_between_their_terms_alone(latex, parts):
    assert summands(latex) == parts


@pytest.mark.slow
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_browser_shows_it(runs, tmp_path, dark):
    page = tmp_path / "page.html"
    report([Run.load(runs["oscillator"]), Run.load(runs["wrong"])], page)
    flags = ["--window-size=1400,2400", *(["--force-dark-mode"] if dark else [])]
    dom, said = rendered(page, tmp_path / "page.png", *flags)
    assert said == ""
    assert "2 runs side by side" in Page(dom).text
    picture = imread(tmp_path / "page.png")[..., :3]
    assert picture.shape[:2] == (2400, 1400)
    corner = picture[-5, 5].mean()
    assert corner < 0.2 if dark else corner > 0.8
    # Something is drawn all over it: no part of a fifth of its height is empty.
    for part in np.array_split(picture, 5):
        assert np.abs(part - picture[-5, 5]).max(axis=2).mean() > 0.004
