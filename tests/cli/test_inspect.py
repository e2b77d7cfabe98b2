"""`interpret inspect`: text and JSON of one table, held by golden files, and the command to fit."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

GOLDEN = Path(__file__).parent.parent / "golden"


def golden(name, shown):
    """Compare with a golden file, or write it when UPDATE_GOLDEN is set."""
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(shown, encoding="utf-8")
    assert shown == path.read_text(encoding="utf-8")


def written(path, header, columns):
    """A CSV file of these columns, to ten digits."""
    rows = [",".join(f"{number:.10g}" for number in row) for row in np.column_stack(columns)]
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")


@pytest.fixture
def swing(folder):
    """x to two decimals, its momentum with the mass 2 forgotten, and z that never moves."""
    t = np.linspace(0, 12, 121)
    columns = [t, np.round(3 * np.sin(t), 2), 0 * t, np.round(6 * np.cos(t), 2), 0 * t]
    written(folder / "swing.csv", "t,x,z,p_x,p_z", columns)
    return "swing.csv"


def test_what_is_printed(interpret, swing):
    outcome = interpret("inspect", swing)
    assert outcome.code == 0, outcome.err
    golden("inspect.txt", outcome.out)


def test_json_has_the_same(interpret, swing):
    outcome = interpret("inspect", swing, "--json")
    assert outcome.code == 0, outcome.err
    found = json.loads(outcome.out)
    assert found["points"] == 121
    assert found["verdicts"] == {"x": "contradictory", "z": "motionless"}
    assert found["command"] == "interpret fit swing.csv --mass 2,1"
    assert found["coordinates"][0]["rounded to"] == 0.01
    text = interpret("inspect", swing).out
    for finding in found["findings"]:
        assert f"- {finding}\n" in text
    for note in found["notes"]:
        assert note in text


def test_the_command_mends_what_was_found(interpret, swing):
    """What is suggested has nothing left to mend, and keeps what was said."""
    said = interpret("inspect", swing).out.splitlines()[-1]
    assert said == "interpret fit swing.csv --mass 2,1"
    again = interpret("inspect", *said.split()[2:])
    assert again.code == 0, again.err
    assert again.out.splitlines()[-1] == said
    assert "contradict" not in again.out
    assert "is 2 times" not in again.out


def test_exchanged_columns_are_named_as_the_file_has_them(interpret, folder):
    t = np.linspace(0, 12, 200)
    x, y, u, w = np.sin(t), np.cos(1.3 * t), np.cos(t), -1.3 * np.sin(1.3 * t)
    written(folder / "swapped.csv", "t,x,y,vx,vy", [t, x, y, w, u])
    outcome = interpret("inspect", "swapped.csv")
    assert outcome.code == 0, outcome.err
    command = outcome.out.splitlines()[-1]
    assert command == "interpret fit swapped.csv --coordinates x,y --velocities vy,vx"
    mended = interpret("inspect", *command.split()[2:], "--json")
    assert json.loads(mended.out)["verdicts"] == {"x": "agrees", "y": "agrees"}


def test_positions_alone(interpret, folder):
    t = np.linspace(0, 12, 200)
    written(folder / "alone.csv", "t,x", [t, np.sin(t)])
    outcome = interpret("inspect", "alone.csv")
    assert outcome.code == 0, outcome.err
    assert "no data of their own" in outcome.out


@pytest.mark.parametrize(("rate", "conserved"), [(1.0, True), (1.7, False)])
def test_what_noise_does_not_hide_is_said(interpret, folder, rate, conserved):
    """Angular momentum of noisy motion, conserved or not, is no reason to stop."""
    t = np.linspace(0, 12, 240)
    columns = [np.cos(t), 0.5 * np.sin(rate * t), -np.sin(t), 0.5 * rate * np.cos(rate * t)]
    rng = np.random.default_rng(0)
    columns = [column + 0.01 * rng.standard_normal(len(t)) for column in columns]
    written(folder / "noisy.csv", "t,x,y,vx,vy", [t, *columns])
    outcome = interpret("inspect", "noisy.csv")
    assert outcome.code == 0, outcome.err
    assert ("angular momentum is conserved" in outcome.out) is conserved


@pytest.mark.parametrize("arguments", [["missing.csv"], ["swing.csv", "--mass", "heavy"]])
def test_what_cannot_be_read_is_said_in_one_line(interpret, swing, arguments):
    outcome = interpret("inspect", *arguments)
    assert outcome.code == 2
    assert outcome.out == ""
    assert outcome.err.count("\n") == 1
