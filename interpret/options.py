"""The options of `interpret fit`, each with its help, in the groups that --help shows."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer

_source = partial(typer.Option, rich_help_panel="What to fit")
_law = partial(typer.Option, rich_help_panel="The law")
_training = partial(typer.Option, rich_help_panel="The training")
_run = partial(typer.Option, rich_help_panel="The run")

System = Annotated[
    str | None,
    _source(metavar="NAME", help="A known system (see `interpret systems`), or a .py file."),
]
Dataset = Annotated[
    str | None,
    _source(metavar="NAME", help="A dataset of the system; its first by default."),
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

Features = Annotated[
    str,
    _law(
        metavar="F=EXPR,…",
        help="What the potential depends on, such as 'r=sqrt(x**2+y**2)'; auto: find it.",
    ),
]
Library = Annotated[
    str | None,
    _law(
        metavar="EXPR,…",
        help="The candidate terms, such as '1/r, 1/r**2', or the name of a library.",
    ),
]
Threshold = Annotated[
    float | None,
    _law(min=0.0, help="Drop smaller coefficients; by default all thresholds are tried."),
]
Optimizer = Annotated[
    Literal["path", "stlsq", "sr3", "ssr"],
    _law(help="How terms are chosen: by the whole path of thresholds, or as PySINDy does it."),
]

Noise = Annotated[
    float,
    _training(min=0.0, help="Add white noise, a fraction of each channel's standard deviation."),
]
Recipe = Annotated[
    Literal["default", "mlp", "paper"],
    _training(
        help="mlp: a small network trained in full, as a cross-check; paper: the papers' own."
    ),
]
Steps = Annotated[
    int | None, _training(min=1, help="Training steps at most; the recipe's own number by default.")
]
Seed = Annotated[int, _training(min=0, help="Fixes the draw of data, noise and network.")]
Device = Annotated[
    Literal["cpu", "cuda", "auto"],
    _training(help="Where to train; auto takes a GPU where there is one."),
]

Out = Annotated[
    Path | None, _run(metavar="FOLDER", help="Where to keep the run; runs/<name> by default.")
]
Resume = Annotated[str | None, _run(metavar="RUN", help="Go on with a run that was interrupted.")]
AsJson = Annotated[bool, _run("--json", help="Print one JSON object and nothing else.")]
Quiet = Annotated[bool, _run("--quiet", help="Show no progress.")]
