"""The command line in this process, and the options of `interpret.fit`; nothing is trained."""

from __future__ import annotations

import contextlib
import io
import random
import shutil
from pathlib import Path
from typing import Any
from unittest import mock

import typer.main
from typer import rich_utils

from interpret import cli, pipeline
from interpret.cli import commands, shell
from interpret.experiments import option_fields
from interpret.keep.folder import to_json
from interpret.landscapes import landscape_run
from interpret.pipeline import settled
from systems.errors import InputError
from tests.fuzz.files import TABLES
from tests.fuzz.harness import Target
from tests.fuzz.mutations import ATTACKS, LIMITS, NUMBERS, STRANGE
from tests.fuzz.runs import RUNS

MINE = {name: to_json(contents) for name, contents in RUNS[0].items()}

COMMAND = typer.main.get_command(commands.app)
"""Made once: typer makes it anew for every call."""

FLAGS = tuple(
    f"--{name.replace('_', '-')}"
    for name in (
        *(*option_fields(), "model", "window", "system", "data", "potential", "lagrangian", "mass"),
        *("coordinates", "momenta", "velocities", "set", "out", "resume", "pixels", "parameters"),
        *("truth", "format", "order", "layers", "zeros", "table", "box", "count", "run", "help"),
        *("json", "quiet", "picture", "degrees", "version", "threshhold", ""),
    )
)
WORDS = (
    *("coulomb", "double_well", "oscillator", "trapped_charges", "born", "luescher", "swing.csv"),
    *("mine", "nowhere", "own.py", "T1", "far", "exact", "q**4/4 - q**2/2", "xd**2/2 - x**2/2"),
    *("auto", "none", "given", "r=sqrt(x**2+y**2)", "1/r, 1/r**2", "polynomial", "neural", "x,y"),
    *("k=4,m1=2", "1", "0", "-1", "3.5", "1e-300", "1e300", "99999999", "10**400", "1,1,1e-3"),
    *("text", "html", "latex", "k,alpha", "steps=8", "exp-log", "paper", "cuda", "adam", "x", "q"),
)
COMMANDS = (
    *(("fit",), ("fit",), ("fit",), ("landscape",), ("show",), ("compare",), ("diagrams",)),
    *(("systems",), ("luescher", "zeta"), ("luescher", "levels"), ("luescher", "phase"), ()),
)


def make(rng: random.Random) -> tuple[str, Any]:
    """Words on the command line, or keywords of a call."""
    if rng.random() < 0.35:
        names = [*option_fields(), "model", "window", "sed"]
        chosen = rng.sample(names, rng.choice((0, 1, 1, 2, 4)))
        return "call", (_value(rng) if rng.random() < 0.3 else rng.choice(WORDS[:7]),
                        {name: _value(rng) for name in chosen})  # fmt: skip
    words = list(rng.choice(COMMANDS))
    for _ in range(rng.choice((0, 1, 2, 2, 3, 5))):
        if rng.random() < 0.75:
            words.append(rng.choice(FLAGS))
        if rng.random() < 0.85:
            pool = WORDS if rng.random() < 0.85 else ATTACKS + STRANGE
            words.append(rng.choice(pool))
    return "line", words


def _value(rng: random.Random) -> Any:
    return rng.choice(
        (
            *(*WORDS, *ATTACKS, *STRANGE, *NUMBERS, *LIMITS, None, True, b"q", 1j, (), [], {}),
            *([1], ["q"], {"r": "x"}, {"r": 5}, {5: "r"}, object, lambda: 0, range(3)),
        )
    )


def use(given: tuple[str, Any]) -> None:
    """Everything before the training of a fit, and the whole of every other command."""
    kind, content = given
    if kind == "call":
        source, options = content
        settled(source, None, options)
        return
    _prepare()
    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.object(shell, "app", COMMAND),
        mock.patch.object(pipeline, "fit", _untrained),
        mock.patch.object(landscape_run, "draw", _untrained),
        mock.patch.object(rich_utils, "rich_format_help", _unprinted),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = cli.main(content)
    said = err.getvalue()
    if code == 0:
        return
    if code == 2 and said.startswith("error: ") and said.count("\n") == 1:
        raise InputError(said.strip()[:500])
    raise AssertionError(f"exit code {code}, and {said!r:.200}")


def _untrained(*given: Any, **options: Any) -> Any:
    raise InputError("nothing is trained here.")


def _unprinted(**_: Any) -> None:
    """The same help every time, and slow."""


def _prepare() -> None:
    """The files that words on the command line name, as they were, and no others."""
    for item in Path().iterdir():
        if item.is_dir():
            shutil.rmtree(item)
        else:
            item.unlink()
    Path("swing.csv").write_text(TABLES[1])
    Path("own.py").write_text("import systems\nSYSTEM = systems.from_potential('q**2')\n")
    Path("mine").mkdir()
    for name, text in MINE.items():
        (Path("mine") / name).write_text(text)


TARGET = Target("options", make, use)
