"""`interpret show`: a run printed again."""

from __future__ import annotations

import json
from pathlib import Path


def test_show_prints_what_the_fit_printed(interpret, pipeline):
    printed = interpret("fit", "--system", "coulomb").out

    outcome = interpret("show", "coulomb")

    assert outcome.code == 0
    assert printed == outcome.out + "kept in runs/coulomb\n"


def test_show_json_is_what_the_fit_printed(interpret, pipeline):
    printed = interpret("fit", "--system", "coulomb", "--json").out

    outcome = interpret("show", "runs/coulomb", "--json")

    assert json.loads(outcome.out) == json.loads(printed)


def test_show_of_an_unfinished_run_says_how_to_go_on(interpret, pipeline):
    Path("mine").mkdir()
    Path("mine/checkpoint.pt").write_bytes(b"weights")

    outcome = interpret("show", "mine")

    assert outcome.code == 2
    assert outcome.err == (
        "error: the run mine has no law yet; go on with `interpret fit --resume mine`.\n"
    )
