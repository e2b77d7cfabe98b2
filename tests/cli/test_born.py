"""`interpret fit --system born` as a user runs it."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest

from interpret import cli


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def fit(capfd, *arguments: str) -> tuple[int, str, str]:
    code = cli.main(["fit", "--system", "born", *arguments])
    captured = capfd.readouterr()
    return code, captured.out, captured.err


# In the fast tests `test_every_run` has one order.
@pytest.mark.slow
def test_the_first_law_is_an_integral_and_is_shown_again(capfd):
    code, out, _ = fit(capfd, "--orders", "1", "--samples", "600", "--set", "steps=8")
    assert code == 0
    assert "a1 = -" in out
    assert "∫ r² U(r) dr" in out
    assert "kernel ridge" in out
    kept = Path("runs/born")
    arrays = np.load(io.BytesIO((kept / "tensors.npz").read_bytes()))
    assert arrays["J"].shape == (8,)
    assert cli.main(["show", "born"]) == 0
    assert capfd.readouterr().out == out.partition("kept in")[0]
    assert cli.main(["show", "born", "--json"]) == 0
    (term,) = json.loads(capfd.readouterr().out)["law"]["terms"]
    assert (term["term"], term["part"]) == ("r**2", "map")
    assert cli.main(["compare", "born"]) == 0
    assert "truth  -∫ r² U(r) dr" in capfd.readouterr().out
    assert cli.main(["compare", "born", "--truth", "-r**3", "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["verdict"] == "DIFFERENT"


@pytest.mark.slow
def test_two_orders_of_few_steps(capfd):
    code, out, _ = fit(capfd, "--orders", "2", "--samples", "600", "--set", "steps=8", "--json")
    printed = json.loads(out)
    assert code == 0
    assert printed["law"] == printed["laws"][0]
    assert [law["terms"][0]["term"] for law in printed["laws"]] == ["r**2", "max*min**2"]
    assert printed["details"]["errors"]["J"] < 1e-4
    assert printed["details"]["errors"]["H"] < 0.02
    first, second = printed["comparisons"]
    # After eight steps J is off by 1e-6 in a way that is smooth in r: whether a second term of
    # that size takes it up hangs on the last bits of the training, how large r² is does not.
    assert first["support_recall"] == 1
    assert first["worst_relative_error"] < 1e-4
    assert second["support_precision"] == second["support_recall"] == 1
    assert printed["details"]["proxy_median_error"] < 1e-3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--samples", "50"], "too few to train on"),
        (["--recipe", "mlp"], "there is no recipe 'mlp'; there are default, paper."),
        (["--set", "steps=0"], "one step or more"),
        (["--threshold", "0.1"], "born has no use for threshold (an option of motion, values)"),
        (["--model", "neural", "--descent", "gd"], "leave them out"),
        (["--device", "cpu"], "born has no use for device"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(capfd, arguments, message):
    code, out, err = fit(capfd, *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert len(err.splitlines()) == 1


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", [*map(str, range(10))])
def test_three_orders_are_read_off_the_samples(capfd, seed):
    code, out, _ = fit(capfd, "--seed", seed, "--json")
    printed = json.loads(out)
    assert code == 0
    first, second, third = printed["comparisons"]
    assert first["verdict"] == second["verdict"] == "IDENTICAL"
    assert third["verdict"] in ("IDENTICAL", "EQUAL WITHIN ERROR")
    assert second["worst_relative_error"] < 1e-6
    assert third["worst_relative_error"] < 2e-3
    assert printed["details"]["errors"]["T"] < 0.1
    assert printed["details"]["proxy_median_error"] < 1e-4


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", [*map(str, range(10))])
def test_one_order_is_the_true_one_at_every_seed(capfd, seed):
    code, out, _ = fit(capfd, "--orders", "1", "--seed", seed, "--json")
    printed = json.loads(out)
    assert code == 0
    # One of ten is off by 2.5 error bars, as chance has it: no closed form is claimed then.
    assert printed["comparison"]["verdict"] in ("IDENTICAL", "EQUAL WITHIN ERROR")
    assert printed["comparison"]["worst_relative_error"] < 1e-7


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", [*map(str, range(6))])
def test_error_bars_hold_under_noise(capfd, seed):
    arguments = ("--orders", "2", "--samples", "1000", "--noise", "1e-4", "--seed", seed)
    code, out, _ = fit(capfd, *arguments, "--json")
    assert code == 0
    for comparison in json.loads(out)["comparisons"]:
        assert comparison["verdict"] in ("IDENTICAL", "EQUAL WITHIN ERROR")
