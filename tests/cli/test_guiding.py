"""What to do next: in an empty folder, among one's own files, and after a fit."""

from __future__ import annotations

import copy
import json
import sys
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from interpret import cli, fit
from interpret.cli.guiding import guide, next_commands
from tests.test_readme import parsed


def suggested(text: str) -> list[str]:
    """The commands of a text, as they are typed."""
    starts = (line.strip() for line in text.splitlines())
    return [line.split("   ")[0].rstrip() for line in starts if line.startswith("interpret ")]


def test_the_bare_program_says_where_to_begin(interpret):
    bare, quick = interpret(), interpret("quickstart")
    assert (bare.code, bare.err) == (0, "")
    assert bare.out == quick.out
    assert "interpret fit coulomb" in suggested(bare.out)


def test_what_is_suggested_can_be_typed(folder):
    for text in guide(folder).replace("FILE.csv", "x.csv").splitlines():
        command = text.strip().partition("  ")[0]
        if command.startswith("interpret ") and "--help" not in command:
            parsed(command)


def test_files_and_runs_that_are_there_are_named(folder):
    Path("my swing.csv").write_text("t,x\n", encoding="utf-8")
    for name in ("old", "young"):
        place = Path("runs", name)
        place.mkdir(parents=True)
        (place / "law.json").write_text("{}", encoding="utf-8")
    said = guide(folder)
    assert "interpret inspect 'my swing.csv'" in said
    assert "interpret report young --open" in said
    assert "coulomb" in said


@pytest.fixture(scope="module")
def run():
    return fit("oscillator")


def test_after_a_fit_the_next_commands_are_said(run, folder):
    first, *others = next_commands(run, Path("runs/oscillator"))
    assert first == "interpret report oscillator --open"
    (predict,) = others
    assert predict.startswith('interpret predict oscillator --start "q=')
    for command in (first, predict):
        parsed(command)
    doubted = replace(run, laws=(run.law.doubted("ambiguous", "for one"),))
    assert "interpret show elsewhere/it --certificate" in [
        *next_commands(doubted, Path("elsewhere/it"))
    ]


@pytest.mark.parametrize(
    ("terminal", "more", "said"),
    [(True, (), True), (False, (), False), (True, ("--quiet",), False), (True, ("--json",), False)],
)
def test_they_are_said_on_a_terminal_alone(interpret, monkeypatch, terminal, more, said):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)
    told = interpret("fit", "oscillator", *more)
    assert told.code == 0
    assert ("interpret report oscillator --open" in told.err) == said
    assert "interpret report" not in told.out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_can_complete_it(monkeypatch, capfd, shell):
    monkeypatch.setenv("_INTERPRET_COMPLETE", f"source_{shell}")
    with pytest.raises(SystemExit) as end:
        cli.main([])
    assert not end.value.code
    assert "_INTERPRET_COMPLETE" in capfd.readouterr().out


# The schema; `test_every_run` holds real runs against it.

SCHEMA = json.loads(Path(cli.__file__).with_name("run.schema.json").read_text(encoding="utf-8"))


def test_the_schema_is_one_and_refuses_what_is_damaged(run):
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    check = jsonschema.Draft202012Validator(SCHEMA)
    whole = json.loads(json.dumps(run.json()))
    check.validate(whole)
    for change in (
        lambda one: one.pop("verdict"),
        lambda one: one.update(verdict="surely"),
        lambda one: one["law"]["terms"][0].update(coefficient="1/2"),
        lambda one: one["certificate"][0].pop("sentence"),
        lambda one: one.update(more=1),
    ):
        damaged = copy.deepcopy(whole)
        change(damaged)
        assert not check.is_valid(damaged)
