"""`interpret discover`: every Lagrangian of a motion among candidates, none of its parts given."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from typing import Annotated, Any, Final

import typer

from interpret.cli import arguments as options
from interpret.experiments import option_fields

ASKED: Final = ("dataset", "samples", "noise", "seed", "library", "angles")
"""The options of a fit that mean something here."""

Source = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE",
        help="A file of points (q, q̇, q̈), or a known system with points of phase space.",
    ),
]


@options.with_options(option_fields()[name] for name in ASKED)
def discover(
    source: Source,
    set_: options.Set = None,
    coordinates: options.Coordinates = None,
    velocities: options.Velocities = None,
    accelerations: options.Accelerations = None,
    json: options.JsonAlone = False,
    **given: Any,
) -> None:
    """Print the Lagrangians that points of phase space admit: one, its gauge, and all others."""
    from interpret.cli.progress import Progress
    from interpret.cli.source import Source as Asked
    from interpret.experiments.motion.lagrangians import Discovered
    from interpret.experiments.options import named
    from interpret.keep.folder import to_json
    from interpret.pipeline import fit

    asked = Asked.of(
        source,
        set=set_,
        coordinates=coordinates,
        velocities=velocities,
        accelerations=accelerations,
    )
    chosen = named({name: value for name, value in given.items() if value is not None})
    with redirect_stdout(sys.stderr), Progress(quiet=True) as progress:
        run = fit(
            asked.open(), name=asked.name, progress=progress, **{**chosen, "learn": "lagrangian"}
        )
    learned = None if run.fit is None else run.fit.learned
    if isinstance(learned, Discovered):
        print(to_json(learned.law.to_json()) if json else learned.law)
    else:
        print(to_json(run.json()) if json else run.text())
