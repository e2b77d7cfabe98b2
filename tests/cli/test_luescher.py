"""`interpret fit --system luescher` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from interpret import cli
from interpret.reading.poles import large_boxes
from systems import Problem
from training.optimise import gradient

QUICK = ("--samples", "60", "--steps", "40")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def fit(capfd, *arguments: str) -> tuple[int, str, str]:
    code = cli.main(["fit", "--system", "luescher", *arguments])
    captured = capfd.readouterr()
    return code, captured.out, captured.err


@pytest.mark.slow
def test_the_structured_model_recovers_the_formula(capfd):
    code, out, _ = fit(capfd, "--model", "structured", "--samples", "1000", "--json")
    printed = json.loads(out)
    assert code == 0
    scores = printed["details"]["scores"]["structured model"]
    assert scores["B unseen"]["median"] < 0.01
    assert scores["constant δ"]["rms"] < 0.02
    assert scores["constant δ"]["largest"] < 0.5
    assert [term["recognised"] for term in printed["law"]["terms"]] == [
        *("1", "6", "12", "8", "6", "24", "24", "12", "30", "24")
    ]
    assert [c["verdict"] for c in printed["comparisons"]] == ["IDENTICAL"] * 3
    assert abs(printed["details"]["collapse"]["exponent"] - 1) < 1e-3
    units = [law["terms"][0]["recognised"] for law in printed["laws"][1:]]
    assert units == ["4*pi**2", "4*pi"]
    kept = torch.load(Path("runs/luescher/weights.pt"), weights_only=True)
    assert set(kept) == {"knots", "coefficients", "scatter"}


# Reading takes most of it: `test_luescher` of tests/interpret reads, `test_levels` trains.
@pytest.mark.slow
def test_a_network_is_trained_shown_and_kept(capfd, monkeypatch):
    monkeypatch.setattr(large_boxes, "SYSTEMS", 1)
    code, out, _ = fit(capfd, "--samples", "20", "--steps", "10")
    assert code == 0
    lines = out.splitlines()
    (at,) = [number for number, line in enumerate(lines) if line.startswith("rms MeV")]
    assert all(name in lines[at] for name in ("A held out", "C held out", "B unseen"))
    assert lines[at + 1].startswith("network")
    kept = torch.load(Path("runs/luescher/weights.pt"), weights_only=True)
    assert kept["network"]["kind"] == "grid"
    assert cli.main(["show", "luescher"]) == 0
    assert capfd.readouterr().out == out.partition("kept in")[0]
    assert {path.name[0] for path in Path("runs/luescher/data").iterdir()} == {"A", "B", "C"}


@pytest.mark.slow
def test_a_network_that_has_learned_nothing_gives_no_law(capfd):
    """Fifteen steps: the levels it predicts are off by tens of MeV."""
    _, out, _ = fit(capfd, "--samples", "120", "--steps", "15", "--scale", "slides", "--json")
    printed = json.loads(out)
    assert printed["details"]["scores"]["network"]["B unseen"]["rms"] > 5
    assert printed["verdict"] == "not in the library"
    assert printed["comparison"]["verdict"] == "UNDETERMINED"


@pytest.mark.slow
def test_an_interrupted_training_goes_on_with_the_same_data(capfd, monkeypatch):
    whole_code, whole, _ = fit(capfd, *QUICK, "--json", "--out", "whole")
    assert whole_code == 0
    differentiated = gradient._differentiated
    seen = []

    def interrupting(*asked):
        seen.append(asked)
        if len(seen) == 20:
            raise KeyboardInterrupt
        return differentiated(*asked)

    with monkeypatch.context() as patched:
        patched.setattr(gradient, "_differentiated", interrupting)
        code, _, err = fit(capfd, *QUICK, "--out", "parts")
    assert code == 130
    assert "the training so far is kept; go on with `interpret fit --resume parts`" in err

    drawn = []
    sample = Problem.draw

    def recording(problem, model, seed=0, count=None, report=None):
        drawn.append(count)
        return sample(problem, model, seed, count, report)

    monkeypatch.setattr(Problem, "draw", recording)
    assert cli.main(["fit", "--resume", "parts", "--json"]) == 0
    resumed = json.loads(capfd.readouterr().out)
    assert resumed["details"]["scores"] == json.loads(whole)["details"]["scores"]
    # The levels are read back, not drawn again; those in large boxes are not kept.
    assert set(drawn) == {large_boxes.SYSTEMS}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "nueral"], "Did you mean 'neural'"),
        (["--inputs", "gird"], "Did you mean 'grid'"),
        (["--features", "grid"], "levels has no use for features"),
        (["--set", "boxes=0"], "one box or more"),
        (["--set", "boxes=99"], "1 to 41"),
        (["--noise", "-1"], "noise"),
        (["--threshold", "0.1"], "levels has no use for threshold"),
        (["--recipe", "paper"], "levels has no use for recipe (an option of motion, born)"),
        (["--model", "structured", "--steps", "9"], "structured has no use for steps"),
        pytest.param(
            ["--device", "cuda"],
            "sees no CUDA device",
            marks=pytest.mark.skipif(torch.cuda.is_available(), reason="there is one"),
        ),
        (["--scale", "paper"], "there is no scale 'paper'; there are default, slides."),
        (["--samples", "3"], "too few"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(capfd, arguments, message):
    code, out, err = fit(capfd, *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert not Path("runs/luescher").exists() or arguments[0] == "--samples"


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_network_recovers_the_formula_on_the_unseen_model(capfd):
    code, out, _ = fit(capfd, "--json")
    printed = json.loads(out)
    assert code == 0
    scores = printed["details"]["scores"]["network"]
    for name in ("A held out", "C held out"):
        assert scores[name]["close"] >= 0.999
        assert scores[name]["rms"] <= 0.12
    assert scores["B unseen"]["close"] >= 0.988
    assert scores["B unseen"]["rms"] <= 0.30
    assert scores["constant δ"]["mean"] <= 1.3
    # The first and the last are right, and not certain: other networks tell them otherwise.
    poles = printed["details"]["poles"]
    assert poles["integers"] == [1, 6, 12, 8, 6, 24, 24, 0, 12, 30, 24]
    assert all(poles["resolved"][1:-1])
    assert printed["comparison"]["verdict"] in {"IDENTICAL", "EQUAL WITHIN ERROR"}
    structured = printed["details"]["scores"]["structured model"]["constant δ"]
    assert structured["rms"] <= 0.02
    assert structured["largest"] <= 0.5


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_papers_own_inputs_do_as_well_on_models(capfd):
    code, out, _ = fit(capfd, "--inputs", "raw", "--json")
    scores = json.loads(out)["details"]["scores"]["network"]
    assert code == 0
    assert scores["B unseen"]["close"] >= 0.98
    assert scores["constant δ"]["mean"] <= 3
