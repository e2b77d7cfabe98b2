"""The program as a user runs it: real data, real training, real files."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import sympy

import systems
from interpret import cli
from interpret.run import Run
from systems.expressions import symbol


def call(capfd, *arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of one command."""
    code = cli.main(arguments)
    captured = capfd.readouterr()
    return code, captured.out, captured.err


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_csv(path: Path, trajectories: systems.Trajectories) -> None:
    """The documented columns: trajectory, t, coordinates, momenta."""
    names = [*trajectories.coordinates, *(f"p_{name}" for name in trajectories.coordinates)]
    lines = [",".join(["trajectory", "t", *names])]
    for number, item in enumerate(trajectories):
        for t, q, p in zip(item.t, item.q, item.p, strict=True):
            lines.append(",".join([str(number), *(f"{value:.15g}" for value in (t, *q, *p))]))
    path.write_text("\n".join(lines) + "\n")


def test_coulomb_from_raw_coordinates_prints_the_law(capfd):
    code, out, err = call(capfd, "fit", "--system", "coulomb")
    assert code == 0
    assert err == ""
    first = out.splitlines()[0]
    assert "V(r) = -0.0795774715" in first
    assert "-1/(4π r)" in first
    assert first.endswith("IDENTICAL")
    assert "r = sqrt((x1 - x2)**2 + (y1 - y2)**2 + (z1 - z2)**2) found from the forces" in out


def test_json_is_one_object_whose_expressions_sympy_reads_back(capfd, folder):
    code, out, _ = call(capfd, "fit", "--system", "double_well", "--dataset", "T2", "--json")
    assert code == 0
    printed = json.loads(out)
    assert set(printed) == {
        "system",
        "law",
        "comparison",
        "features",
        "verdict",
        "chi2_per_n",
        "certificate",
        "iterations",
        "seconds",
        "run",
    }
    assert set(printed["law"]) == {"expression", "latex", "terms", "gauge"}
    q = symbol("q")
    law = sympy.sympify(printed["law"]["expression"])
    assert sympy.expand(law - (q**2 * (q - 2) ** 2 - (q - 1) ** 2)) == 1
    assert printed["comparison"]["verdict"] == "IDENTICAL"
    assert printed["comparison"]["support_precision"] == 1
    assert printed["comparison"]["support_recall"] == 1
    assert 0 <= printed["comparison"]["worst_relative_error"] < 1e-7
    assert printed["iterations"] == 0
    for term in printed["law"]["terms"]:
        assert 0 < term["stderr"] < 1e-9
    loaded = Run.load(folder / printed["run"])
    assert loaded.law.expr == law
    code, again, _ = call(capfd, "show", printed["run"], "--json")
    assert code == 0
    assert json.loads(again)["law"] == printed["law"]
    curve = loaded.potential(np.array([[0.0], [0.5]]))
    # The saved weights still are the potential: V(0.5) - V(0) = 0.3125 + 1.
    assert curve[1] - curve[0] == pytest.approx(0.3125 - (-1), abs=1e-6)


def test_measured_trajectories_give_a_law_and_a_held_out_prediction(capfd, folder):
    write_csv(folder / "wells.csv", systems.get("double_well").draw("T2"))
    code, out, _ = call(capfd, "fit", "--data", "wells.csv")
    assert code == 0
    assert out.startswith("wells ")
    assert "2*q + 3*q**2 - 4*q**3 + q**4 + c" in out
    assert "identified" in out
    assert "certificate: " in out
    code, out, _ = call(
        capfd, "compare", "wells", "--truth", "q**2*(q - 2)**2 - (q - 1)**2", "--json"
    )
    assert code == 0
    assert json.loads(out)["verdict"] == "IDENTICAL"


def test_velocities_and_masses_are_taken_into_account(capfd, folder):
    """x'' = -4 x with mass 3: V = 6 x**2, from positions and velocities under other names."""
    t = np.linspace(0, 8, 1500)
    table = np.column_stack([t, np.sin(2 * t), 2 * np.cos(2 * t)])
    np.savetxt(folder / "s.csv", table, delimiter=",", header="t,pos,speed", comments="")
    options = ["--data", "s.csv", "--coordinates", "pos", "--velocities", "speed", "--mass", "3"]
    code, out, _ = call(capfd, "fit", *options, "--json")
    assert code == 0
    (term,) = json.loads(out)["law"]["terms"]
    assert term["term"] == "pos**2"
    assert term["coefficient"] == pytest.approx(6, rel=1e-9)


@pytest.mark.slow
def test_a_missing_term_is_never_a_law(capfd):
    options = ["--dataset", "T1", "--library", "q, q**2, q**3, q**5, q**6", "--parts", "potential"]
    code, out, _ = call(capfd, "fit", "--system", "double_well", *options)
    assert code == 0
    assert "no law found" in out
    assert "not in the library" in out
    assert "IDENTICAL" not in out


# In the fast tests `test_refinement` and `test_ledger` have friction.
@pytest.mark.slow
def test_friction_is_said_and_not_mistaken_for_a_potential(capfd, folder):
    """x'' = -x - 0.1 x', noisy: the forces still give V = x**2/2, the energy does not."""
    rng = np.random.default_rng(0)
    t = np.linspace(0, 30, 600)
    rate = np.sqrt(1 - 0.05**2)
    q = np.exp(-0.05 * t) * np.cos(rate * t)
    v = np.gradient(q, t, edge_order=2)
    noisy = [part + 0.003 * rng.standard_normal(len(t)) for part in (q, v)]
    np.savetxt(folder / "f.csv", np.column_stack([t, *noisy]), delimiter=",", header="t,x,v_x",
               comments="")  # fmt: skip
    asked = ("fit", "--data", "f.csv", "--library", "x**2,x**4", "--json")
    code, out, _ = call(capfd, *asked, "--parts", "potential")
    assert code == 0
    printed = json.loads(out)
    assert printed["verdict"] == "not in the library"
    assert printed["law"]["terms"][0]["coefficient"] == pytest.approx(0.5, rel=0.05)
    code, out, _ = call(capfd, *asked)
    assert code == 0
    parts = {term["part"]: term["coefficient"] for term in json.loads(out)["law"]["terms"]}
    assert parts["dissipative"] == pytest.approx(0.1, rel=0.05)


MISTAKES = {
    "unknown system": (["--system", "columb"], "Did you mean 'coulomb'?"),
    "unknown dataset": (["--system", "double_well", "--dataset", "T4"], "T1, T2, T3"),
    "singular candidate": (["--system", "oscillator", "--library", "1/q"], "1/q is singular"),
    "collinear": (["--system", "oscillator", "--library", "q**2, 2*q**2"], "q**2, 2*q**2"),
    "no candidates": (["--system", "oscillator", "--library", ""], "library is empty"),
    "threshold": (["--system", "oscillator", "--threshold", "5"], "removed all 3 candidates"),
    "no cuda": (["--system", "oscillator", "--device", "cuda"], "--device cpu"),
    "malicious": (["--potential", "__import__('os').system('x')"], "cannot read"),
    "malicious library": (["--system", "oscillator", "--library", "(1).__class__"], "cannot read"),
    "infinite feature": (["--system", "oscillator", "--features", "r=1/q"], "not a number"),
    "unknown feature variable": (["--system", "oscillator", "--features", "r=z"], "uses z"),
    "recipe": (["--system", "oscillator", "--recipe", "papper"], "paper"),
    "two points": (["--data", "two.csv"], "at least 3"),
    "too few": (["--data", "few.csv"], "at least 20"),
    "no force": (["--data", "free.csv"], "potential is a constant"),
    "unsorted": (["--data", "unsorted.csv"], "line 4"),
    "ragged": (["--data", "ragged.csv"], "line 3"),
    "not a number": (["--data", "nan.csv"], "1 row of 3 miss a number"),
    "missing file": (["--data", "none.csv"], "no file"),
    "masses": (["--data", "free.csv", "--mass", "1,2"], "2 masses for 1 coordinate"),
}
FILES = {
    "two.csv": "t,x,p_x\n0,1,0\n1,2,0\n",
    "few.csv": "t,x,p_x\n0,1,0\n1,2,1\n2,3,0\n3,4,1\n",
    "unsorted.csv": "t,x,p_x\n0,1,0\n1,2,0\n0.5,3,0\n2,3,1\n",
    "ragged.csv": "t,x,p_x\n0,1,0\n1,2\n2,3,1\n",
    "nan.csv": "t,x,p_x\n0,1,0\n1,nan,1\n2,3,1\n",
    "free.csv": "t,x,p_x\n" + "".join(f"{k},{2 * k},2\n" for k in range(30)),
}


@pytest.mark.parametrize(("arguments", "said"), MISTAKES.values(), ids=MISTAKES.keys())
@pytest.mark.filterwarnings("error")
def test_a_mistake_gets_one_sentence(capfd, folder, arguments, said):
    if "cuda" in arguments and __import__("torch").cuda.is_available():
        pytest.skip("this machine has the device that the test wants to be missing")
    for name, text in FILES.items():
        (folder / name).write_text(text)
    code, out, err = call(capfd, "fit", *arguments)
    assert code == 2
    assert out == ""
    assert len(err.splitlines()) == 1
    assert err.startswith("error: ")
    assert said in err
    # Nothing half-made is left behind.
    assert not list(folder.glob("runs/*"))


@pytest.mark.slow
def test_ctrl_c_keeps_the_training_and_resume_goes_on(folder):
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "interpret", "fit"]
    started = subprocess.Popen(
        [*command, "--system", "central_force", "--recipe", "mlp", "--out", "run"],
        cwd=folder,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    checkpoint = folder / "run" / "checkpoint.pt"
    deadline = time.monotonic() + 120
    while not checkpoint.exists() and started.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    started.send_signal(signal.SIGINT)
    _, err = started.communicate(timeout=120)
    assert started.returncode == 130
    assert "interpret fit --resume run" in err
    assert "Traceback" not in err
    assert checkpoint.exists()
    resumed = subprocess.run(
        [*command, "--resume", "run", "--steps", "60", "--json"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert resumed.returncode == 0, resumed.stderr
    printed = json.loads(resumed.stdout)
    assert printed["comparison"]["verdict"] == "IDENTICAL"
    assert 1 <= printed["iterations"] <= 60
    assert not checkpoint.exists()
    assert (folder / "run" / "law.json").exists()
