"""`interpret conserved`, `interpret discover` and `--lagrangian` as a user runs them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import systems
from interpret import cli


@pytest.fixture
def run(tmp_path, monkeypatch, capfd):
    """Exit code, stdout and stderr of a command in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> tuple[int, str, str]:
        code = cli.main(list(arguments))
        captured = capfd.readouterr()
        return code, captured.out, captured.err

    return call


def test_a_run_says_what_it_conserves_and_keeps_its_settings(run):
    assert run("fit", "kepler", "--quiet")[0] == 0
    code, out, err = run("conserved", "kepler")
    assert (code, err) == (0, "")
    assert "3 independent conserved quantities in a phase space of 4 dimensions" in out
    assert out.count("Runge–Lenz vector") == 2
    assert "NOT HELD" not in out
    code, _, err = run("conserved", "kepler", "--noise", "0.1")
    assert (code, "keeps its settings" in err) == (2, True)
    Path("runs/kepler/provenance.json").write_text('{"data_sha256": "another"}')
    code, _, err = run("conserved", "kepler")
    assert (code, "not those that it was fitted to" in err) == (2, True)


@pytest.mark.slow
def test_a_file_is_fitted_first(run):
    (item,) = systems.get("kepler").draw()[:1]
    table = np.column_stack([item.t, item.q, item.p])
    np.savetxt("orbit.csv", table, delimiter=",", header="t,x,y,v_x,v_y", comments="")
    code, out, _ = run("conserved", "orbit.csv", "--json", "--quiet")
    found = json.loads(out)
    assert (code, found["independent"], found["dimensions"]) == (0, 3, 4)
    assert {each["held"] for each in found["quantities"]} == {True}
    assert not Path("runs").exists()
    assert run("conserved", "nothing_such")[0] == 2


def test_points_are_searched_for_every_lagrangian(run):
    q, v = np.random.default_rng(0).uniform(-1, 1, (2, 200, 2))
    table = np.column_stack([q, v, -q])
    np.savetxt("points.csv", table, delimiter=",", header="x,y,xd,yd,xdd,ydd", comments="")
    code, out, _ = run("discover", "points.csv")
    assert (code, "nullity 3" in out, "as good, added to it: -x*y + xd*yd" in out) == (
        0,
        True,
        True,
    )
    code, out, _ = run("discover", "points.csv", "--library", "xd**2, yd**2, x**2, y**2", "--json")
    assert (code, json.loads(out)["nullity"]) == (0, 2)
    assert run("discover", "born")[0] == 2


PENDULUM = "l**2*thetad**2/2 + l*g*cos(theta)"


@pytest.mark.slow
def test_a_lagrangian_has_constants_friction_and_starts(run):
    code, out, _ = run(
        "fit", "--lagrangian", PENDULUM, "--set", "l=1,g=4", "--rayleigh", "thetad**2/20",
        "--start", "theta=1; theta=2, thetad=0.5", "--quiet", "--json",
    )  # fmt: skip
    assert code == 0
    found = json.loads(out)
    assert found["comparison"]["verdict"] == "IDENTICAL"
    assert {term["part"] for term in found["law"]["terms"]} == {"potential", "dissipative"}


def test_what_a_lagrangian_cannot_have_is_told(run):
    for wrong in (["--start", "x=1"], ["--set", "l=a"], ["--rayleigh", "v**2"]):
        code, _, err = run("fit", "--lagrangian", PENDULUM, "--set", "l=1,g=4", *wrong)
        assert (code, err.count("\n")) == (2, 1)
    assert run("fit", "kepler", "--rayleigh", "xd**2")[0] == 2
