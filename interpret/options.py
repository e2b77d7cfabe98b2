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

Set = Annotated[
    str | None,
    _source("--set", metavar="NAME=VALUE,…", help="Other parameters of the system, as k=4,m1=2."),
]
Window = Annotated[
    str | None,
    _source(metavar="NAME", help="A window of the system's phase space; its first by default."),
]
Samples = Annotated[
    int | None, _source(min=1, help="How many samples to draw; the window's own number by default.")
]

Model = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        rich_help_panel="The model (of samples of phase space)",
        help="exact, polynomial, coupling, neural or general; of luescher neural or structured.",
    ),
]
Trap = Annotated[
    Literal["auto", "known", "unknown"],
    typer.Option(
        rich_help_panel="The model (of samples of phase space)",
        help="The external potential; auto: known to coupling and neural.",
    ),
]
Terms = Annotated[
    int,
    typer.Option(
        min=1,
        rich_help_panel="The model (of samples of phase space)",
        help="A law has at most so many terms.",
    ),
]
Descent = Annotated[
    str | None,
    typer.Option(
        metavar="METHOD",
        rich_help_panel="The model (of samples of phase space)",
        help="exact: gd, momentum, adam or adagrad beside the solve.",
    ),
]

Orders = Annotated[
    int,
    typer.Option(
        min=1,
        max=3,
        rich_help_panel="The model (of samples of phase space)",
        help="born: how many orders of the series to read off.",
    ),
]

Scale = Annotated[
    Literal["default", "slides"],
    typer.Option(
        rich_help_panel="The model (of samples of phase space)",
        help="luescher: slides trains as long as the paper did, for a GPU.",
    ),
]

Features = Annotated[
    str,
    _law(
        metavar="F=EXPR,…",
        help="What the potential depends on, such as 'r=sqrt(x**2+y**2)'; auto: find it. Of a "
        "model: raw, log-r or exp-log; of luescher: raw or grid.",
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
    Literal["default", "mlp", "paper", "report"],
    _training(
        help="mlp: a small network trained in full, as a cross-check; paper: the papers' own; "
        "report: the ReLU network's, of --model neural."
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

Parameters = Annotated[
    str | None,
    typer.Option(metavar="P,P", help="The two parameters; the system's first two by default."),
]
Pixels = Annotated[int, typer.Option(min=2, help="The picture's pixels along each side.")]

DiagramOrder = Annotated[
    int, typer.Option("--order", min=1, max=5, help="The order of the tensor.")
]
Layers = Annotated[int, typer.Option(min=1, max=4, help="The hidden layers of the network.")]

Out = Annotated[
    Path | None, _run(metavar="FOLDER", help="Where to keep the run; runs/<name> by default.")
]
Resume = Annotated[str | None, _run(metavar="RUN", help="Go on with a run that was interrupted.")]
AsJson = Annotated[bool, _run("--json", help="Print one JSON object and nothing else.")]
Quiet = Annotated[bool, _run("--quiet", help="Show no progress.")]
