"""`interpret predict` and `interpret show --source`: what follows from a run that was kept."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

import interpret as package
import systems
from systems import ValueSamples


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Runs of a motion and of a map."""
    folder = tmp_path_factory.mktemp("kept")
    package.fit("oscillator", out=folder / "spring")
    x = np.random.default_rng(0).uniform(0.5, 2, (80, 2))
    values = ValueSamples(x, 3 * x[:, 0] * x[:, 1], np.ones(80), ("a", "b", "y"))
    package.fit(values, library="a*b, a, b", steps=1, out=folder / "area")
    return folder


@pytest.fixture
def runs(kept, folder):
    for name in ("spring", "area"):
        shutil.copytree(kept / name, folder / "runs" / name)


def table(text):
    header, *rows = text.splitlines()
    return header, np.array([[float(x) for x in row.split(",")] for row in rows])


def test_the_motion_as_a_table(interpret, runs):
    outcome = interpret("predict", "spring", "--start", "q=1, v_q=0.5", "--times", "0:6:0.5")
    assert outcome.code == 0, outcome.err
    header, found = table(outcome.out)
    t = np.arange(13) / 2
    q, v = np.cos(t) + np.sin(t) / 2, np.cos(t) / 2 - np.sin(t)
    assert header == "t,q,v_q"
    np.testing.assert_allclose(found, np.column_stack([t, q, v]), atol=1e-7)


def test_what_is_beyond_the_data_is_said(interpret, runs):
    """The circles have radii up to ten; on the command line the table stays alone on stdout."""
    inside = interpret("predict", "spring", "--start", "q=9", "--times", "0:6:1")
    outside = interpret("predict", "spring", "--start", "q=12", "--times", "0:6:1")
    assert inside.err == ""
    assert outside.err == "note: q beyond the data, where the law is extrapolated.\n"
    assert len(outside.out.splitlines()) == 8


def test_a_file_that_can_be_read_again(interpret, runs, folder):
    asked = ("predict", "spring", "--start", "q=pi/2", "--times", "1, 2, 4")
    outcome = interpret(*asked, "--out", "next.csv")
    assert (outcome.code, outcome.out) == (0, "written to next.csv\n")
    (motion,) = systems.read("next.csv")
    assert motion.t.tolist() == [1, 2, 4]
    # The first time is that of the start, and a velocity that is not given is zero.
    np.testing.assert_allclose(motion.q[:, 0], np.pi / 2 * np.cos([0, 1, 3]), atol=1e-7)
    assert interpret(*asked).out == (folder / "next.csv").read_text()


def test_in_python_it_is_the_same(runs):
    run = package.Run.load("runs/spring")
    q, v = run.predict([1.0], [0.0], [0.0, 1.0])
    assert q[1, 0] == pytest.approx(np.cos(1), abs=1e-7)
    assert v[1, 0] == pytest.approx(-np.sin(1), abs=1e-7)


def test_the_value_of_a_map(interpret, runs):
    outcome = interpret("predict", "area", "--start", "b=2, a=1.5")
    assert outcome.code == 0, outcome.err
    assert float(outcome.out) == pytest.approx(9, rel=1e-9)
    values = package.Run.load("runs/area").predict([[1.0, 1.0], [1.0, 2.0]])
    assert values == pytest.approx([3, 6], rel=1e-9)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("spring", "--start", "v_q=1", "--times", "0:1:0.1"), "says nothing of q; add q=0, say."),
        (("spring", "--start", "q=1, vq=1", "--times", "0:1:0.1"), "Did you mean 'v_q'?"),
        (("spring", "--start", "q=x", "--times", "0:1:0.1"), "--start q=x is no number."),
        (("spring", "--start", "q=1"), "write --times as FIRST:LAST:STEP"),
        (("spring", "--start", "q=1", "--times", "0:1"), "'0:1' is no range of times"),
        (("spring", "--start", "q=1", "--times", "0:1:-0.1"), "is no range of times"),
        (("spring", "--start", "q=1", "--times", "0:1:1e-9"), "more than 1,000,000 times"),
        (("spring", "--start", "q=1", "--times", "0,2,1"), "the times do not ascend"),
        (("area", "--start", "a=1, b=1", "--times", "0:1:0.1"), "nothing moves; leave out"),
        (("area", "--start", "a=1"), "says nothing of b"),
        (("nowhere", "--start", "q=1", "--times", "0,1"), "nowhere"),
    ],
)
def test_what_cannot_be_predicted_gets_one_line(interpret, runs, arguments, sentence):
    outcome = interpret("predict", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert sentence in outcome.err
    assert outcome.err.count("\n") == 1


def test_no_law_predicts_nothing(runs):
    from dataclasses import replace

    run = package.Run.load("runs/spring")
    doubted = replace(run, laws=(run.law.doubted("not in the library"),))
    with pytest.raises(systems.InputError, match="no law of oscillator was found in the library"):
        doubted.predict([1.0], [0.0], [0.0, 1.0])
    with pytest.raises(systems.InputError, match="from q0 and v0 at times t; give all three"):
        run.predict([1.0])
    with pytest.raises(systems.InputError, match="oscillator has no account of its forces' work"):
        _ = run.work


@pytest.mark.parametrize("name", ["c", "latex", "numpy", "torch"])
def test_show_prints_the_equations(interpret, runs, name):
    outcome = interpret("show", "spring", "--source", name)
    assert outcome.code == 0, outcome.err
    assert outcome.out == package.Run.load("runs/spring").law.source(name) + "\n"


def test_show_of_a_map_has_no_equations_of_motion(interpret, runs):
    outcome = interpret("show", "area", "--source", "c")
    assert (outcome.code, outcome.out) == (2, "")
    assert "the law of a map" in outcome.err
