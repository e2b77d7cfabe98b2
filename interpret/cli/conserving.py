"""`interpret conserved`: what a law conserves, in closed form, and whether the raw data keep it."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from interpret.cli import arguments as options
from interpret.experiments import option_fields
from interpret.experiments.options import named

if TYPE_CHECKING:
    from interpret.run import Run
    from systems.problem import Samples

Source = Annotated[
    str,
    typer.Argument(
        metavar="RUN|SOURCE",
        help="A finished run; a known system or a file of data is fitted first.",
    ),
]
Degree = Annotated[
    int, typer.Option(min=1, max=4, help="The highest degree in the velocities; 3 by default.")
]


@options.with_options(option_fields().values())
def conserved(
    source: Source,
    set_: options.Set = None,
    mass: options.Mass = None,
    coordinates: options.Coordinates = None,
    momenta: options.Momenta = None,
    velocities: options.Velocities = None,
    degree: Degree = 3,
    json: options.JsonAlone = False,
    quiet: options.Quiet = False,
    **given: Any,
) -> None:
    """Print what the law of a run conserves, with its symmetries, tested on the raw data."""
    from interpret.discovery.noether import conserved as conserved_by
    from interpret.keep.folder import to_json

    said = {
        "set": set_,
        "mass": mass,
        "coordinates": coordinates,
        "momenta": momenta,
        "velocities": velocities,
    }
    settings = {name: value for name, value in given.items() if value is not None}
    path = _finished(source)
    run, samples = (
        _fitted(source, said, settings, quiet)
        if path is None
        else _as_it_is(path, any(x is not None for x in (*said.values(), *settings.values())))
    )
    found = conserved_by(run.law, samples, degree)
    if json:
        print(to_json({"law": run.law.summary(), **found.to_json()}))
        return
    print("\n".join([*run.text().split("\n")[:1], str(found)]))


def _finished(source: str) -> Path | None:
    """The folder of a run that came to a law, if there is one of that name."""
    from interpret.keep import folder as runs
    from systems.errors import InputError

    with suppress(InputError):
        path = runs.find(source)
        return path if (path / runs.LAW).exists() else None
    return None


def _as_it_is(path: Path, asked: bool) -> tuple[Run, Samples]:
    """A run with its samples; InputError where it is asked for otherwise."""
    from systems.errors import InputError

    if asked:
        raise InputError(f"{path} is a run and keeps its settings; leave all but --degree out.")
    return kept(path)


def kept(path: Path) -> tuple[Run, Samples]:
    """A run with the samples it was fitted to, drawn or read again."""
    from interpret.cli.request import Request
    from interpret.keep import folder as runs
    from interpret.pipeline import samples_of
    from interpret.run import Run
    from systems.errors import InputError

    run = Run.load(path)
    request = runs.load(path)["request"]
    opened = None if request is None else Request.from_json(request).source.open()
    samples = samples_of(run, opened)
    if samples.digest() != run.provenance.get("data_sha256", samples.digest()):
        raise InputError(f"the data of {path} are not those that it was fitted to; fit it again.")
    return run, samples


def _fitted(
    source: str, said: dict[str, str | None], settings: dict[str, Any], quiet: bool
) -> tuple[Run, Samples]:
    """A fit that is not kept, and its samples."""
    from interpret.cli.progress import Progress
    from interpret.cli.source import Source as Asked
    from interpret.pipeline import fit, settled

    asked = Asked.of(source, **said, drive=settings.get("drive"))
    opened, chosen = asked.open(), named(settings)
    settled(opened, asked.name, chosen)
    with redirect_stdout(sys.stderr), Progress(quiet) as progress:
        run = fit(opened, name=asked.name, progress=progress, **chosen)
    return run, run.samples
