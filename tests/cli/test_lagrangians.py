"""`interpret fit --model` and `interpret landscape` as a user runs them."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from interpret import cli
from interpret.reading.couplings.couplings import Couplings
from interpret.run import Run
from systems import InputError


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def fit(capfd):
    """Exit code, stdout and stderr of a fit of the trapped charges."""

    def call(*arguments: str, system: str = "trapped_charges") -> tuple[int, str, str]:
        code = cli.main(["fit", "--system", system, *arguments])
        captured = capfd.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.mark.parametrize(
    "window",
    [
        "narrow",
        *(
            pytest.param(window, marks=pytest.mark.slow)
            for window in ("origin", "far", "far_opposite", "fixed_point")
        ),
    ],
)
def test_exact_numbers_in_every_window(fit, window):
    code, out, _ = fit("--model", "exact", "--window", window, "--set", "k=1,alpha=1", "--json")
    assert code == 0
    printed = json.loads(out)
    assert printed["comparison"]["verdict"] == "IDENTICAL"
    for term in printed["law"]["terms"]:
        assert abs(term["coefficient"] - 1) < 1e-12


def test_a_parameter_that_the_window_does_not_show_is_told_in_words(fit):
    code, out, _ = fit(
        "--model", "exact", "--window", "far_opposite", "--set", "k=1,alpha=1",
        "--noise", "0.0174", "--descent", "momentum", "--steps", "50",
    )  # fmt: skip
    assert code == 0
    assert "alpha is not identifiable from this window: sd/|alpha| = 0." in out
    assert "momentum from twice these values ends at" in out
    path = json.loads(Path("runs/trapped_charges/descent.json").read_text())
    assert np.array(path["parameters"]).shape == (51, 2)
    assert path["loss"][-1] < path["loss"][0]


def test_without_a_model_the_potential_is_found_with_the_trap_unknown(fit):
    code, out, err = fit()
    assert (code, err) == (0, "")
    assert "truth  2*q0**2 + 2*q1**2 + 1/r + c" in out
    assert "IDENTICAL" in out.split("term ")[0]
    assert "1000 accelerations from the window origin (2 wide around the origin)" in out
    assert sorted(path.name for path in Path("runs/trapped_charges").iterdir()) == [
        "accelerations.picture.npz",
        "certificate.json",
        "choice.picture.npz",
        "comparison.json",
        "history.json",
        "law.json",
        "provenance.json",
        "request.json",
        "settings.json",
        "weights.pt",
    ]


def test_a_coupling_keeps_its_tensor_and_what_was_learned(fit, capfd):
    code, out, _ = fit("--model", "coupling", "--window", "one_side", "--inputs", "raw")
    assert code == 0
    kept = Path("runs/trapped_charges")
    tensor = Couplings.from_json(json.loads((kept / "couplings.json").read_text()))
    assert tensor.tensor.shape == (9, 9)
    q = np.array([[0.5, -0.4]])
    loaded = Run.load(kept)
    np.testing.assert_allclose(loaded.potential.gradient(q), tensor.gradient(q), rtol=1e-9)
    assert cli.main(["compare", "trapped_charges"]) == 0
    assert "truth  1/r + c     IDENTICAL" in capfd.readouterr().out
    assert cli.main(["show", "trapped_charges"]) == 0
    assert capfd.readouterr().out.splitlines()[0] == out.splitlines()[0]


@pytest.mark.slow
def test_the_reports_recipe_is_refused_by_the_gate(fit):
    code, out, _ = fit("--model", "neural", "--recipe", "report", "--steps", "60")
    assert code == 0
    assert "not in the library: the trained function misses the forces by" in out
    assert "no law can be read off it" in out


def test_ten_particles_in_space_are_printed_as_one_law_for_all_pairs(fit):
    code, out, _ = fit(
        "--set", "law=log,particles=4,dimension=3", "--samples", "200", system="trapped_particles"
    )
    assert code == 0
    assert "IDENTICAL" in out
    assert "a term in r is summed over all 6 of them" in out
    assert len(out) < 2000


# In the fast tests `test_every_run` has one.
@pytest.mark.slow
def test_a_general_lagrangian_says_what_the_data_leave_open(fit):
    code, out, _ = fit("--model", "general", "--set", "gap=0.2", "--steps", "2", "--samples", "200")
    assert code == 0
    assert "nullity 2: the data admit 2 independent Lagrangians" in out
    assert "masses " in out


@pytest.mark.slow
def test_a_landscape_is_a_picture_and_its_numbers(capfd):
    code = cli.main(
        ["landscape", "--system", "trapped_charges", "--window", "far_opposite",
         "--set", "k=1,alpha=1", "--pixels", "40", "--steps", "20"]
    )  # fmt: skip
    out = capfd.readouterr().out
    assert code == 0
    assert "40 × 40 pixels by closed form" in out
    assert "what looks rough is round-off" in out
    kept = Path("runs/trapped_charges-landscape")
    assert (kept / "landscape.png").read_bytes().startswith(b"\x89PNG")
    arrays = np.load(io.BytesIO((kept / "landscape.npz").read_bytes()))
    assert arrays["loss"].shape == arrays["float32"].shape == (40, 40)
    assert arrays["path_adam"].shape == (21, 2)
    summary = json.loads((kept / "landscape.json").read_text())
    assert summary["roughness_dex"]["float32"] > 0.05 > 1e-8 > summary["roughness_dex"]["float64"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "neurl"], "no learn 'neurl'; there are .* Did you mean 'neural'?"),
        (["--window", "farr"], "no data set 'farr'"),
        (["--set", "kk=2"], "no parameter 'kk'"),
        (["--set", "k"], "--set 'k' is not a list such as k=4,m1=2"),
        (["--set", "k=1,k=2"], "gives k twice"),
        (["--model", "exact", "--library", "r"], "exact has no use for library"),
        (["--model", "exact", "--descent", "sgd"], "no descent 'sgd'"),
        (["--model", "exact", "--steps", "5"], "without steps"),
        (["--model", "neural", "--descent", "gd"], r"descent \(an option of exact\)"),
        (
            ["--model", "neural", "--features", "r=q0"],
            r"features \(an option of potential, forces\)",
        ),
        (["--model", "neural", "--inputs", "q0"], "no inputs 'q0'; there are raw, log-r, exp-log"),
        (["--model", "coupling", "--trap", "unknown"], "takes the external potential as known"),
        (["--threshold", "0.1"], r"threshold \(an option of potential\); leave it out"),
        (["--model", "neural", "--recipe", "mlp"], "neural has the recipes default and report"),
        (["--recipe", "report"], r"recipe \(an option of potential, neural\)"),
        (["--device", "cuda"], r"device \(an option of potential\)"),
        (["--samples", "3"], "too few for the 28 functions of the reference fit"),
        (["--library", "nope"], "no named library"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(fit, arguments, message):
    code, out, err = fit(*arguments)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert re.search(message, err), err
    assert not list(Path("runs").glob("*"))


def test_too_few_samples_for_a_general_lagrangian(fit):
    code, _, err = fit("--model", "general", "--samples", "2")
    assert code == 2
    assert "2 samples give 4 accelerations, too few for the 32 functions" in err


@pytest.mark.parametrize("system", ["born", "luescher"])
def test_maps_have_no_landscape(capfd, system):
    assert cli.main(["landscape", "--system", system]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    (sentence,) = err.splitlines()
    assert sentence.startswith(f"error: '{system}' is a map from ")
    assert ", not a motion: it has no potential, trajectories or windows." in sentence


def test_models_need_windows(fit):
    code, _, err = fit("--model", "neural", system="coulomb")
    assert code == 2
    assert "learned from points of phase space, and these data are trajectories" in err


def test_a_loaded_exact_run_has_no_potential(fit):
    fit("--model", "exact")
    with pytest.raises(InputError, match="no potential"):
        _ = Run.load(Path("runs/trapped_charges")).potential


@pytest.mark.slow
def test_ctrl_c_keeps_the_training_and_resume_goes_on(capfd):
    """By a real signal; `test_every_run` interrupts in its own process."""
    command = [
        sys.executable, "-m", "interpret", "fit", "--system", "trapped_charges",
        "--model", "neural", "--inputs", "raw", "--quiet",
    ]  # fmt: skip
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ)
    checkpoint = Path("runs/trapped_charges/checkpoint.pt")
    deadline = time.monotonic() + 120
    while not checkpoint.exists():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "the training so far is kept" in err
    code = cli.main(["fit", "--resume", "trapped_charges", "--steps", "2", "--json"])
    printed = json.loads(capfd.readouterr().out)
    assert code == 0
    assert printed["iterations"] >= 2
    assert not checkpoint.exists()
