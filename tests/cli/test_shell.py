"""The outer shell: help, one line for every error, exit codes, Ctrl-C, closed pipes."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
import typer

from interpret.cli.commands import app
from systems.errors import InputError


def commands():
    """Each command of the program with its name, the program itself included, and sub-commands."""
    program = typer.main.get_command(app)
    return [("interpret", program), *below(program)]


def below(group, prefix=""):
    """The commands of a group, and those of the groups among them, as "group command"."""
    for name, command in group.commands.items():
        yield f"{prefix}{name}", command
        if hasattr(command, "commands"):
            yield from below(command, f"{prefix}{name} ")


@pytest.mark.parametrize(("name", "command"), commands(), ids=lambda value: str(value))
def test_every_command_and_option_has_help(name, command):
    assert command.help.strip(), name
    for parameter in command.params:
        assert parameter.help, f"{name} {parameter.name}"


def test_the_readme_names_every_command_and_option(root):
    readme = (root / "README.md").read_text(encoding="utf-8")

    for name, command in commands()[1:]:
        assert f"interpret {name}" in readme
        for parameter in command.params:
            for option in parameter.opts:
                if option.startswith("--"):
                    assert f"`{option}" in readme, f"the README does not explain {option}"


def test_its_help_names_the_commands(interpret):
    outcome = interpret("--help")

    assert outcome.code == 0
    for name in ("systems", "fit", "show", "compare"):
        assert name in outcome.out


def test_version(interpret):
    outcome = interpret("--version")

    assert outcome.code == 0
    assert outcome.out.startswith("interpret ")


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("fti",), "Did you mean 'fit'?"),
        (("fit", "--sytem", "coulomb"), "--system"),
        (("fit", "--system"), "--system"),
        (("fit", "--seed", "one"), "--seed"),
        (("fit", "--noise", "-1"), "--noise"),
        (("fit", "--threshold", "-0.1"), "--threshold"),
        (("fit", "--steps", "0"), "--steps"),
        (("fit",), "say what to fit"),
        (("fit", "--system", "a", "--data", "b"), "give only one of --system and --data"),
        (("fit", "--system", "a", "--mass", "1"), "--mass goes with --data or --potential"),
        (("show", "nothing"), "there is no run 'nothing'"),
        (("compare", "nothing"), "there is no run 'nothing'"),
        (("show",), "RUN"),
    ],
)
def test_bad_input_gets_one_line_and_exit_code_2(interpret, pipeline, arguments, part):
    outcome = interpret(*arguments)

    assert outcome.code == 2
    assert outcome.out == ""
    assert outcome.err.startswith("error: ")
    assert part in outcome.err
    assert outcome.err.count("\n") == 1
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("--recipe", "papper"), "Did you mean 'paper'?"),
        (("--optimizer", "lasso"), "stlsq"),
        (("--device", "tpu"), "cuda"),
        (("--model", "exact"), "learned from points of phase space"),
    ],
)
def test_a_value_that_an_option_cannot_have_is_refused(interpret, arguments, part):
    outcome = interpret("fit", "oscillator", *arguments)

    assert outcome.code == 2
    assert outcome.out == ""
    assert part in outcome.err
    assert outcome.err.count("\n") == 1
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (InputError("two\nlines"), "error: two lines\n"),
        (
            OSError(errno.ENOSPC, "No space left on device", "law.json"),
            "error: the disk is full, so law.json could not be written; free some space, or "
            "choose a folder on another disk with --out.\n",
        ),
        (
            PermissionError(errno.EACCES, "Permission denied", "law.json"),
            "error: cannot use law.json (Permission denied); choose another folder with --out.\n",
        ),
    ],
)
def test_errors_of_the_fit_get_one_line(interpret, pipeline, error, sentence):
    def fail(out: Path) -> None:
        raise error

    pipeline.before = fail
    outcome = interpret("fit", "--system", "coulomb")

    assert outcome.code == 2
    assert outcome.out == ""
    assert outcome.err == sentence


def test_our_own_mistakes_are_not_hidden(interpret, pipeline):
    def fail(out: Path) -> None:
        raise ValueError("a bug, not an input")

    pipeline.before = fail
    with pytest.raises(ValueError, match="a bug"):
        interpret("fit", "--system", "coulomb")


def test_an_out_that_cannot_be_a_folder_is_refused_before_the_training(interpret, pipeline):
    Path("taken").write_text("a file")

    outcome = interpret("fit", "--system", "coulomb", "--out", "taken/run")

    assert outcome.code == 2
    assert outcome.err == (
        "error: cannot use taken/run (Not a directory); choose another folder with --out.\n"
    )
    assert pipeline.arguments == {}


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_refused_before_the_training(interpret, pipeline):
    locked = Path("locked")
    locked.mkdir(mode=0o500)

    outcome = interpret("fit", "--system", "coulomb", "--out", "locked/run")

    assert outcome.code == 2
    assert "Permission denied" in outcome.err
    assert pipeline.arguments == {}


def test_it_refuses_to_start_beside_interpretml(folder, root):
    metadata = folder / "interpret_core-0.7.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: interpret-core\nVersion: 0.7.0\n"
    )

    outcome = subprocess.run(
        [sys.executable, "-m", "interpret", "systems"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(root), str(folder)])},
        capture_output=True,
        text=True,
        check=False,
    )

    assert outcome.returncode == 2
    assert outcome.stdout == ""
    assert outcome.stderr.startswith("error: InterpretML (the distribution interpret-core)")
    assert "environment of its own" in outcome.stderr
    assert outcome.stderr.count("\n") == 1


def start(folder: Path, root: Path, body: str) -> subprocess.Popen[str]:
    """`interpret fit --system coulomb` in a process, with `body` as the training."""
    script = f"""
        import sys, time, types
        from pathlib import Path
        from interpret import cli
        from interpret.cli import source

        def fit(motion, *, out, **arguments):
{textwrap.indent(textwrap.dedent(body), " " * 12)}

        module = types.ModuleType("interpret.pipeline")
        module.fit = fit
        module.settled = lambda *asked: None
        sys.modules["interpret.pipeline"] = module
        source.Source.open = lambda self, report=None: self
        sys.exit(cli.main(["fit", "--system", "coulomb"]))
    """
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(path: Path) -> None:
    """Wait until the file is there, for ten seconds at most."""
    deadline = time.monotonic() + 10
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} never came"
        time.sleep(0.01)


@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT")
class TestCtrlC:
    """A real signal to a real process: one line, exit code 130, nothing lost."""

    def test_the_checkpoint_is_kept(self, folder, root):
        process = start(
            folder, root, '(out / "checkpoint.pt").write_bytes(b"weights"); time.sleep(60)'
        )
        wait_for(folder / "runs/coulomb/checkpoint.pt")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=10)

        assert process.returncode == 130
        assert out == ""
        assert err == (
            "interrupted: the training so far is kept; "
            "go on with `interpret fit --resume runs/coulomb`.\n"
        )
        kept = {path.name for path in (folder / "runs/coulomb").iterdir()}
        assert kept == {"checkpoint.pt", "request.json"}

    def test_before_the_first_checkpoint_nothing_is_left_behind(self, folder, root):
        process = start(folder, root, 'Path("started").touch(); time.sleep(60)')
        wait_for(folder / "started")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=10)

        assert process.returncode == 130
        assert out == ""
        assert err == (
            "interrupted: there was nothing to keep yet; the same command starts over.\n"
        )
        assert list((folder / "runs").iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="closes a pipe")
def test_a_reader_that_leaves_is_no_error(folder, root):
    process = start(
        folder,
        root,
        """
        while not Path("left").exists():
            time.sleep(0.01)
        return types.SimpleNamespace(text=lambda: "law " * 100_000)
        """,
    )
    process.stdout.close()
    (folder / "left").touch()
    process.stdout = None
    _, err = process.communicate(timeout=10)

    assert process.returncode == 1
    assert err == ""
