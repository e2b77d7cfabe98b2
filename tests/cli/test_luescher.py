"""`interpret fit --system luescher` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from interpret import cli
from interpret.luescher.large_boxes import SYSTEMS
from systems import FiniteVolume
from training import gradient

QUICK = ("--samples", "120", "--steps", "150")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def fit(capfd, *arguments: str) -> tuple[int, str, str]:
    code = cli.main(["fit", "--system", "luescher", *arguments])
    captured = capfd.readouterr()
    return code, captured.out, captured.err


def test_the_structured_model_recovers_the_formula(capfd):
    code, out, _ = fit(capfd, "--model", "structured", "--samples", "1000", "--json")
    printed = json.loads(out)
    assert code == 0
    scores = printed["scores"]["structured model"]
    assert scores["B unseen"]["median"] < 0.01
    assert scores["constant δ"]["rms"] < 0.02
    assert scores["constant δ"]["largest"] < 0.5
    integers = {int(n): c for n, c in printed["law"]["integers"].items()}
    truth = {0: 1, 1: 6, 2: 12, 3: 8, 4: 6, 5: 24, 6: 24, 8: 12, 9: 30, 10: 24}
    assert integers == truth
    assert printed["comparison"]["verdict"] == "IDENTICAL"
    assert abs(printed["collapse"]["exponent"] - 1) < 1e-3
    assert {unit["recognised"] for unit in printed["comparison"]["units"]} == {"4*pi**2", "4*pi"}
    kept = torch.load(Path("runs/luescher/weights.pt"), weights_only=True)
    assert set(kept) == {"knots", "coefficients", "scatter"}


def test_a_network_is_trained_shown_and_kept(capfd):
    code, out, _ = fit(capfd, *QUICK)
    assert code == 0
    header, row = out.splitlines()[1:3]
    assert [name in header for name in ("A held out", "C held out", "B unseen")] == [True] * 3
    assert row.startswith("network")
    assert out.count("shown grid") == 1
    kept = torch.load(Path("runs/luescher/weights.pt"), weights_only=True)
    assert kept["network"]["kind"] == "grid"
    assert cli.main(["show", "luescher"]) == 0
    assert capfd.readouterr().out.splitlines()[1:3] == [header, row]
    assert {path.name[0] for path in Path("runs/luescher/data").iterdir()} == {"A", "B", "C"}


def test_a_network_that_has_learned_nothing_gives_no_law(capfd):
    """Fifteen steps: the levels it predicts are off by tens of MeV."""
    _, out, _ = fit(capfd, "--samples", "120", "--steps", "15", "--scale", "slides", "--json")
    printed = json.loads(out)
    assert printed["scores"]["network"]["B unseen"]["rms"] > 5
    comparison = printed["comparison"]
    assert comparison is None or comparison["verdict"] != "IDENTICAL"


def test_an_interrupted_training_goes_on_with_the_same_data(capfd, monkeypatch):
    whole_code, whole, _ = fit(capfd, *QUICK, "--json", "--out", "whole")
    assert whole_code == 0
    descend = gradient.Adam.after

    def interrupting(rule, state, slope):
        if state.step == 60:
            raise KeyboardInterrupt
        return descend(rule, state, slope)

    with monkeypatch.context() as patched:
        patched.setattr(gradient.Adam, "after", interrupting)
        code, _, err = fit(capfd, *QUICK, "--out", "parts")
    assert code == 130
    assert "the training so far is kept; go on with `interpret fit --resume parts`" in err

    drawn = []
    sample = FiniteVolume.sample

    def recording(problem, model, seed=0, count=None, report=None):
        drawn.append(count)
        return sample(problem, model, seed, count, report)

    monkeypatch.setattr(FiniteVolume, "sample", recording)
    assert cli.main(["fit", "--resume", "parts", "--json"]) == 0
    resumed = json.loads(capfd.readouterr().out)
    assert resumed["scores"] == json.loads(whole)["scores"]
    # The levels are read back, not drawn again; those in large boxes are not kept.
    assert set(drawn) == {SYSTEMS}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "nueral"], "Did you mean 'neural'"),
        (["--features", "gird"], "Did you mean 'grid'"),
        (["--set", "boxes=0"], "one box or more"),
        (["--set", "boxes=99"], "1 to 41"),
        (["--noise", "-1"], "noise"),
        (["--threshold", "0.1"], "leave out the threshold"),
        (["--recipe", "paper"], "leave out the recipe"),
        pytest.param(
            ["--device", "cuda"],
            "sees no CUDA device",
            marks=pytest.mark.skipif(torch.cuda.is_available(), reason="there is one"),
        ),
        (["--scale", "paper"], "'default'"),
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
    scores = printed["scores"]["network"]
    for name in ("A held out", "C held out"):
        assert scores[name]["close"] >= 0.999
        assert scores[name]["rms"] <= 0.12
    assert scores["B unseen"]["close"] >= 0.988
    assert scores["B unseen"]["rms"] <= 0.30
    assert scores["constant δ"]["mean"] <= 1.3
    assert printed["comparison"]["correct"] == 11
    structured = printed["scores"]["structured model"]["constant δ"]
    assert structured["rms"] <= 0.02
    assert structured["largest"] <= 0.5


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_papers_own_inputs_do_as_well_on_models(capfd):
    code, out, _ = fit(capfd, "--features", "raw", "--json")
    scores = json.loads(out)["scores"]["network"]
    assert code == 0
    assert scores["B unseen"]["close"] >= 0.98
    assert scores["constant δ"]["mean"] <= 3
