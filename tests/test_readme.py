"""The README says nothing that is not so: its commands, its snippets, its picture."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import re
import shlex
import shutil
import textwrap
from pathlib import Path

import jsonschema
import pytest
import typer

from interpret import cli
from interpret.cli.commands import app
from interpret.sweeps import plan

README = (Path(__file__).resolve().parent.parent / "README.md").read_text(encoding="utf-8")
COMMAND = re.compile(r"^    (?:\.venv/bin/)?(interpret .*)$", re.MULTILINE)
TORCHRUN = re.compile(r"^    (torchrun .*) -m (interpret fit .*)$", re.MULTILINE)
INLINE = re.compile(r"`(interpret [a-z]+ [^`]*)`")
PLACEHOLDERS = ("RUN", "FILE", "SOURCE", "NAME", "…", "fit run.extxyz")

BLOCKS = [
    textwrap.dedent(found)
    for found in re.findall(r"(?:^    .*\n|^\n(?=    ))+", README, flags=re.MULTILINE)
]

EXPENSIVE = {
    "interpret fit luescher": "trains a network for minutes",
    "interpret fit luescher --inputs raw": "trains a network for minutes",
    "interpret fit luescher --scale slides --device cuda": "hours, on a GPU",
    "interpret luescher levels --table examples/delta.csv --box 10 --run luescher": "needs it",
    "interpret fit born --recipe paper --samples 20000": "trains for half an hour",
    "interpret fit trapped_charges --learn neural --recipe report": "trains for minutes",
    "interpret sweep sweep.toml": "fits hundreds of times; its file is read below",
}
"""What no test runs: it is checked that the command is one, and other tests try smaller ones."""


def without_comment(line: str) -> str:
    """The command of a line; a comment stands after two blanks."""
    return re.split(r"\s{2,}#|\s# ", line)[0].strip()


def commands() -> list[str]:
    """Every command of the README, as it is typed, in its order."""
    found = [without_comment(line) for line in COMMAND.findall(README)]
    inline = [one for one in INLINE.findall(README) if not any(p in one for p in PLACEHOLDERS)]
    return list(dict.fromkeys([*found, *inline]))


def outcome(*arguments: str) -> tuple[int, str, str]:
    """The exit code of a command, and what it prints."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = cli.main(arguments)
    return code, out.getvalue(), err.getvalue()


def parsed(command: str) -> dict[str, object]:
    """What the command line makes of a command, without running it; raises for what it refuses."""
    _, *rest = shlex.split(command)
    current = typer.main.get_command(app)
    while hasattr(current, "commands"):
        name, *rest = rest
        current = current.commands[name]
    return dict(current.make_context(name, rest).params)


def test_there_are_as_many_commands_as_one_sees():
    assert len(commands()) > 50
    assert set(EXPENSIVE) <= set(commands())


@pytest.mark.parametrize("command", commands())
def test_every_command_is_one(command, root):
    params = parsed(command)
    assert params is not None
    for word in shlex.split(command):
        if word.startswith("examples/"):
            assert (root / word).is_file(), word
        elif re.search(r"\.(csv|py|npz)$", word):
            assert word in str(params.get("out")), f"{word} is nowhere"


def test_the_file_of_a_sweep_is_one(clone):
    """README's own table: two sources, a hundred seeds, two noises, and two things to learn."""
    (table,) = (block for block in BLOCKS if block.lstrip().startswith("systems = ["))
    Path("sweep.toml").write_text(table, encoding="utf-8")
    trials = plan.read(Path("sweep.toml"))
    assert {Path(trial.source).name for trial in trials} == {"oscillator", "swing.csv"}
    assert len(trials) == 2 * 2 * 2 * 100


def test_the_json_that_is_shown_is_what_its_schema_says():
    (shown,) = (block for block in BLOCKS if block.lstrip().startswith('{\n  "system"'))
    schema = Path(cli.__file__).with_name("run.schema.json").read_text(encoding="utf-8")
    jsonschema.validate(json.loads(shown), json.loads(schema))


def test_what_several_processes_do_is_a_command():
    """`tests/training/test_processes.py` runs one like it."""
    ((started, command),) = TORCHRUN.findall(README)
    assert re.fullmatch(r"torchrun --nproc-per-node \d+", started)
    assert parsed(command)


def test_a_command_that_is_none_would_be_found():
    with pytest.raises(typer.exceptions.TyperException):
        parsed("interpret fit coulomb --nosie 0.1")


@pytest.mark.slow
def test_the_examples_are_what_the_script_makes(root, tmp_path):
    """But for their last digits, which are the processor's."""
    import numpy as np

    made = example_script(root)
    made.make(tmp_path)
    for name in made.FILES:
        kept, again = (
            np.genfromtxt(place / name, delimiter=",", names=True)
            for place in (root / "examples", tmp_path)
        )
        assert kept.dtype.names == again.dtype.names
        for column in kept.dtype.names:
            np.testing.assert_allclose(again[column], kept[column], rtol=1e-6, atol=1e-6)
    assert (
        sum(path.stat().st_size for path in (root / "examples").iterdir() if path.is_file()) < 6e5
    )


def test_the_picture_is_small_and_there(root):
    (name,) = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README)
    content = (root / name).read_bytes()
    assert content.startswith(b"\x89PNG")
    assert len(content) <= 200_000


def test_the_map_of_ones_own_is_the_example(root):
    code = (root / "examples" / "map.py").read_text(encoding="utf-8")
    assert textwrap.indent(code, "    ", lambda line: bool(line.strip())) in README


def example_script(root: Path):
    """`examples/make.py` as a module."""
    spec = importlib.util.spec_from_file_location("make_examples", root / "examples" / "make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# Run


@pytest.fixture
def clone(folder: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as somebody has it who has just cloned the project; no browser opens."""
    shutil.copytree(root / "examples", folder / "examples")
    monkeypatch.setattr(typer, "launch", lambda url: 0)
    return folder


def before(command: str) -> list[str]:
    """The commands that make the runs which a command is about."""
    words = shlex.split(command)[1:]
    needed = {"show", "compare", "report", "predict"} & {words[0]}
    names = [w for w in words[1:] if re.fullmatch("[a-z_]+", w)] if needed else []
    made = {"swing": "interpret fit examples/swing.csv"}
    return [made.get(name, f"interpret fit {name} --quiet") for name in names]


@pytest.mark.slow
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("command", [one for one in commands() if one not in EXPENSIVE])
def test_every_command_does_what_it_says(command, clone):
    for one in before(command):
        assert outcome(*shlex.split(one)[1:])[0] == 0, one
    code, out, err = outcome(*shlex.split(command)[1:])
    refused = f"$ {command}" in README
    assert code == (2 if refused else 0), err
    assert err if refused else out


DIGITS = re.compile(r"\d[\d.]*(?:e[-+]?\d+)?(?:\(\d+\))?(?:e[-+]?\d+)?")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "first"),
    [
        ("interpret fit examples/swing.csv", "swing   V("),
        ("interpret fit coulomb", "coulomb   V("),
        ("interpret fit examples/cluster.csv --learn bodies", "cluster   V "),
        ("interpret fit examples/map.py", "pendulum   T("),
    ],
)
def test_what_is_printed_is_what_stands_there(command, first, clone):
    """The same words and the same figures, whatever their digits."""
    (shown,) = (block for block in BLOCKS if block.lstrip().startswith(first))
    _, out, _ = outcome(*shlex.split(command)[1:])
    for line in shown.strip().splitlines():
        assert DIGITS.sub("#", line) in DIGITS.sub("#", out), line


@pytest.mark.slow
def test_the_python_of_the_readme_runs(clone):
    whole, regressor = (b for b in BLOCKS if b.lstrip().startswith("import interpret"))
    space: dict[str, object] = {}
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(whole, space)  # noqa: S102 - our own README
    assert "IDENTICAL" in out.getvalue() or "EQUAL WITHIN ERROR" in out.getvalue()
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(regressor, space)  # noqa: S102
    assert space["model"].equations() == ["x0dd = -4*x0"]


@pytest.mark.slow
def test_the_picture_is_made_again(clone, root):
    (clone / "examples" / "picture.png").unlink()
    example_script(root).picture(clone / "examples")
    assert (clone / "examples" / "picture.png").read_bytes().startswith(b"\x89PNG")
