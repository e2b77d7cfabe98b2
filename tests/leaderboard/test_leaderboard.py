"""The leaderboard's rule tells right laws from wrong ones, and its page is what its JSON says."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import sympy

from systems.expressions import parse
from tests.leaderboard import methods, outcome, table
from tests.leaderboard.cases import BY_NAME, World
from tests.leaderboard.judged import Judge, Words, numbers, terms, written
from tests.leaderboard.outcome import Row, Task

ABOUT = {"budget": 60.0, "date": "2026-01-01", "versions": "some 1.0", "tasks": 6}


@cache
def world(name: str, noise: float = 0.01) -> World:
    return BY_NAME[name].world(noise)


def judge(name: str, noise: float = 0.01) -> Judge:
    found = world(name, noise)
    return Judge(found.words, found.truth, found.clean)


@pytest.mark.parametrize(
    ("law", "exact", "error"),
    [
        ("1.5*u - 4*x - 0.2*xd", True, 0.0),
        ("1.5*u - 4.04*x - 0.2*xd", True, 0.01),
        ("1.5*u - 4*x", False, 1.0),
        ("1.5*u - 4*x - 0.2*xd + 0.1*x**2", False, 0.0),
        ("1.5*u - 4*x - 0.2*xd + 0.0001*x**2", True, 0.0),
        ("0.5*(3*u - 8*x) - 0.2*xd", True, 0.0),
        ("1.5*u - 4*sin(x) - 0.2*xd", False, 1.0),
        ("1.5*u - 4*x - 0.2*abs(xd)", False, 1.0),
    ],
)
def test_a_law_is_judged_by_its_terms(law, exact, error):
    found = judge("coil.csv").score([parse(law)])
    assert found.exact is exact
    assert found.error == pytest.approx(error, abs=1e-12)


def test_numbers_inside_count_as_errors():
    theta = judge("swing.csv")
    found = theta.score([parse("-9.81*sin(1.002*theta) - 0.1*thetad")])
    assert found.exact
    assert found.error == pytest.approx(0.002)
    assert not theta.score([parse("-9.81*sin(1.02*theta) - 0.1*thetad")]).exact
    assert theta.score([parse("9.81*sin(theta + 3.14159265358979) - 0.1*thetad")]).exact


def test_features_and_drives_have_names():
    x, y, r = sympy.symbols("x y r")
    words = Words(("x", "y"), {"r": sympy.sqrt(x**2 + y**2)})
    assert written(words, [x * (x**2 + y**2) ** sympy.Rational(-3, 2)]) == (x / r**3,)
    found, _ = terms(-0.999 * x * r**-3.002, numbers([x / r**3]))
    assert found == {x / r**3: -0.999}


def test_a_law_that_leads_astray_is_far_off():
    coil = world("coil.csv")
    right, wrong = ([parse(law)] for law in ("1.5*u - 4*x - 0.2*xd", "1.5*u - 4*x"))
    assert judge("coil.csv").rollout(right, coil.held_out) < 1e-4
    assert judge("coil.csv").rollout(wrong, coil.held_out) > 0.1
    assert judge("coil.csv").rollout([parse("exp(x**2)")], coil.held_out) == np.inf


@pytest.mark.parametrize(
    "case", ["coil.csv", "throw.csv", "orbit.csv", "cluster.csv", "oscillator"]
)
def test_the_truth_of_a_case_is_right_and_within_its_library(case):
    found = world(case, 0.0)
    score = judge(case, 0.0).score(found.truth)
    assert (score.exact, score.error) == (True, 0.0)
    assert judge(case, 0.0).rollout(found.truth, found.held_out) < 1e-6
    within = {shape for term in found.library for shape in terms(term, numbers([]))[0]}
    for force in found.truth:
        assert terms(force, numbers([]))[0].keys() <= within
    assert found.samples.points == found.clean.points


def test_noise_is_added_to_what_is_shown_alone():
    noisy, clean = world("throw.csv", 0.01), world("throw.csv", 0.0)
    assert noisy.clean.digest() == clean.samples.digest() != noisy.samples.digest()
    assert noisy.held_out.digest() == clean.held_out.digest()


@pytest.mark.parametrize("method", [pytest.param("interpret", marks=pytest.mark.slow), "PySINDy"])
def test_a_method_finds_an_easy_law(method):
    easy = world("coil.csv")
    found = methods.METHODS[method](easy, judge("coil.csv"), 60.0)
    score = judge("coil.csv").score(found.law)
    assert score.exact
    assert 0 < score.error < 0.05
    assert found.seconds > 0


@pytest.mark.slow
@pytest.mark.parametrize("method", ["pyoperon", "gplearn"])
def test_a_symbolic_regressor_is_asked_as_it_should_be(method):
    pytest.importorskip(method)
    easy = world("coil.csv", 0.0)
    found = methods.METHODS[method](easy, judge("coil.csv", 0.0), 5.0)
    assert 1 < found.seconds < 8
    assert judge("coil.csv", 0.0).rollout(found.law, easy.held_out) < 0.5


def test_tasks_have_names_of_their_own_and_a_part_of_them_has_whole_cases():
    listed = outcome.tasks([*outcome.NAMES], [*outcome.NOISES], [*methods.METHODS], 60.0)
    names = [task.name for task in listed]
    assert len({*names}) == len(names) == len(BY_NAME) * 3 * 6
    assert {(task.case, task.noise) for task in listed[:6]} == {(outcome.NAMES[0], 0.01)}


def test_a_law_that_takes_too_long_is_none(monkeypatch):
    right = (parse("1.5*u - 4*x - 0.2*xd"),)
    given = {
        "late": lambda *_: methods.Found(right, 3.0),
        "timely": lambda *_: methods.Found(right, 1.0),
    }
    monkeypatch.setattr(methods, "METHODS", given)
    late, timely = (outcome.run(Task("coil.csv", 0.01, name, 2.0)) for name in given)
    assert (late["exact"], late["error"], late["said"]) == (False, None, "out of time")
    assert (timely["exact"], timely["error"]) == (True, 0.0)


# The page

ROWS = [
    Row("a", 0.0, "interpret", True, 1e-9, 1e-8, 2.0),
    Row("a", 0.01, "interpret", False, 1.0, None, 2.0, said="ambiguous"),
    Row("b", 0.01, "interpret", True, 1e-2, 0.1, 2.0),
    Row("a", 0.01, "other", True, 2e-2, 0.2, 30.0),
    Row("b", 0.01, "other", True, 1e-3, 0.01, 30.0),
    Row("a", 0.0, "other", False, None, None, 61.0, said="out of time"),
]


def test_what_is_kept_is_read_again():
    assert table.read(table.kept(ROWS, ABOUT)) == (ROWS, ABOUT)


def test_where_ours_is_beaten_it_is_told():
    assert list(table.unflattering(ROWS)) == [
        "a with 1% noise: other has the terms, ours has not (ambiguous)",
        "b with 1% noise: other is off by 1e-3, ours by 1e-2",
    ]
    assert "| a | – 1, ∞, 2 s | ✓ 2e-2, 0.2, 30 s |" in table.markdown(ROWS, ABOUT)
    assert "| interpret | 1% | 2 | 1 |" in table.markdown(ROWS, ABOUT)
    assert "have been run" not in table.markdown(ROWS, ABOUT)
    assert "Only 5 of 6 tasks have been run" in table.markdown(ROWS[1:], ABOUT)


def test_the_page_is_what_its_rows_say():
    rows, about = table.read(table.JSON.read_text(encoding="utf-8"))
    page = table.PAGE.read_text(encoding="utf-8")
    assert table.page(page, rows, about) == page
    assert table.page(page, rows[1:], about) != page
    assert table.JSON.stat().st_size < 200_000
    assert {row.method for row in rows} <= {*methods.METHODS}
    assert {row.case for row in rows} <= {*outcome.NAMES}
