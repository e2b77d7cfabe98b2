"""The options of the commands, each with its help, in the groups that --help shows.

Those of an experiment are declared in its record of options alone, as are those of a landscape:
`with_options` makes parameters of the command line of them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import Field
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from interpret.experiments.options import ALIASES, SOURCE, Meaning

_source = partial(typer.Option, rich_help_panel=SOURCE)
_run = partial(typer.Option, rich_help_panel="The run")

Given = Annotated[
    str | None,
    typer.Argument(
        metavar="SOURCE",
        help="A known system (see `interpret systems`), a .py file with a SYSTEM, or a data file.",
    ),
]
System = Annotated[
    str | None, _source(metavar="NAME", help="The same: a known system, or a .py file.")
]
Data = Annotated[
    str | None,
    _source(metavar="FILE", help="Trajectories, CSV or NPZ: trajectory, t, x…, and p_x… or v_x…."),
]
Potential = Annotated[
    str | None, _source(metavar="EXPR", help="A potential, such as 'q**4/4 - q**2/2'.")
]
Lagrangian = Annotated[
    str | None,
    _source(metavar="EXPR", help="A Lagrangian; the velocity of x is xd: 'xd**2/2 - x**2/2'."),
]
Mass = Annotated[
    str | None, _source(metavar="M,M,…", help="A mass for each coordinate; 1 by default.")
]
Coordinates = Annotated[
    str | None,
    _source(metavar="X,Y,…", help="The coordinates: columns of --data, or symbols of EXPR."),
]
Momenta = Annotated[
    str | None, _source(metavar="P,P,…", help="The columns of their momenta, in the same order.")
]
Velocities = Annotated[
    str | None, _source(metavar="V,V,…", help="The columns of their velocities, in the same order.")
]
Accelerations = Annotated[
    str | None,
    _source(metavar="A,A,…", help="Those of their accelerations: points without times."),
]
Set = Annotated[
    str | None,
    _source(
        "--set",
        metavar="NAME=VALUE,…",
        help="Other parameters of the system, or the constants of the Lagrangian, as k=4,m1=2.",
    ),
]
Rayleigh = Annotated[
    str | None,
    _source(metavar="EXPR", help="Rayleigh's function of the Lagrangian's friction: 'xd**2/20'."),
]
Start = Annotated[
    str | None,
    _source(
        metavar="X=1,XD=0,…",
        help="Where the Lagrangian's motion starts, several between semicolons; random by default.",
    ),
]

RunName = Annotated[
    str, typer.Argument(metavar="RUN", help="The folder of a run, or its name under runs/.")
]
Out = Annotated[
    Path | None, _run(metavar="FOLDER", help="Where to keep the run; runs/<name> by default.")
]
Resume = Annotated[str | None, _run(metavar="RUN", help="Go on with a run that was interrupted.")]
AsJson = Annotated[bool, _run("--json", help="Print one JSON object and nothing else.")]
JsonAlone = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Quiet = Annotated[bool, _run("--quiet", help="Show no progress.")]

DiagramOrder = Annotated[
    int, typer.Option("--order", min=1, max=5, help="The order of the tensor.")
]
Png = Annotated[Path | None, typer.Option(metavar="FILE", help="Draw them into this PNG file too.")]
Layers = Annotated[int, typer.Option(min=1, max=4, help="The hidden layers of the network.")]

NUMBERS: Final = {"int": int, "float": float}
"""The kinds of options that are numbers; all others are text."""


def with_options(
    declared: Iterable[Field[Any]],
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A command with a parameter for every option that is declared, in place of its ``**given``.

    An option's other name is a parameter too, so that nobody's second choice is silently dropped.
    What is not given on the command line is None there, whatever its default is.
    """
    options = {item.name: item for item in declared}
    others = {alias: options[name] for alias, name in ALIASES.items() if name in options}

    def extended(command: Callable[..., None]) -> Callable[..., None]:
        signature = inspect.signature(command, eval_str=True)
        own = [item for item in signature.parameters.values() if item.kind != item.VAR_KEYWORD]
        made = [_parameter(name, item) for name, item in (options | others).items()]
        # typer reads what a command takes from these two.
        vars(command)["__signature__"] = signature.replace(parameters=[*own, *made])
        command.__annotations__ = {item.name: item.annotation for item in (*own, *made)}
        return command

    return extended


def _parameter(name: str, item: Field[Any]) -> inspect.Parameter:
    """The parameter of the command line that an option is, by its own or by its other name."""
    meaning: Meaning = item.metadata["meaning"]
    kind = NUMBERS.get(str(item.type).removesuffix(" | None"), str)
    help = meaning.help if name == item.name else f"Another name of --{item.name}."
    settings: dict[str, Any] = {"help": help, "rich_help_panel": meaning.panel}
    if meaning.metavar:
        settings["metavar"] = meaning.metavar
    if meaning.least is not None and kind is not str:
        settings["min"] = kind(meaning.least)
    flag = f"--{name.replace('_', '-')}"
    annotation = Annotated[kind | None, typer.Option(flag, **settings)]  # type: ignore[valid-type]
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation
    )
