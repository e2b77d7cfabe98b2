"""The commands of `interpret`: parse, call, print."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.exceptions import TyperException

from interpret.cli import arguments as options
from interpret.cli import luescher as luescher_commands
from interpret.cli.conserving import conserved
from interpret.cli.discovering import discover
from interpret.cli.guiding import next_commands, quickstart
from interpret.cli.inspecting import inspect
from interpret.cli.releasing import next_release
from interpret.cli.reporting import opened as source_of
from interpret.cli.reporting import report
from interpret.cli.showing import predict, print_run, show
from interpret.cli.sweeping import sweep
from interpret.experiments import option_fields
from interpret.experiments.motion.named import beside
from interpret.experiments.options import named
from interpret.landscapes.view import View

if TYPE_CHECKING:
    from interpret.cli.request import Request

NOTHING_KEPT = "there was nothing to keep yet; the same command starts over."

app = typer.Typer(pretty_exceptions_enable=False)
app.add_typer(luescher_commands.app, name="luescher")
for command in (quickstart, inspect, show, report, predict, conserved, discover, sweep):
    app.command()(command)
app.command("next")(next_release)


class Interrupted(TyperException):
    """Ctrl-C, with what was kept and how to go on."""

    exit_code = 130


def _print_version(asked: bool) -> None:
    if asked:
        from interpret.keep.provenance import DISTRIBUTION, version

        print(f"interpret {version(DISTRIBUTION)}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def start(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Turn motion into law: learn a potential from trajectories and print its closed form."""
    if context.invoked_subcommand is None:
        quickstart()


@app.command("systems")
def list_systems() -> None:
    """List what can be fitted: motions with their potentials, then maps."""
    from rich.console import Console
    from rich.table import Table

    import systems
    from systems.expressions import text

    motions = Table("motion", "potential", "data sets", "what it is", box=None, pad_edge=False)
    maps = Table("map", "from, to", "data sets", "what it is", box=None, pad_edge=False)
    for problem in map(systems.get, systems.names()):
        sets = ", ".join(problem.datasets)
        if problem.mechanics is None:
            maps.add_row(problem.name, str(problem.map), sets, problem.summary)
            continue
        potential = problem.mechanics.potential
        shown = "" if potential is None else text(potential)
        motions.add_row(problem.name, shown, sets, problem.summary)
    console = Console()
    console.print(motions)
    console.print()
    console.print(maps)


@app.command()
@options.with_options(option_fields().values())
def fit(
    context: typer.Context,
    source: options.Given = None,
    system: options.System = None,
    data: options.Data = None,
    potential: options.Potential = None,
    lagrangian: options.Lagrangian = None,
    mass: options.Mass = None,
    coordinates: options.Coordinates = None,
    momenta: options.Momenta = None,
    velocities: options.Velocities = None,
    accelerations: options.Accelerations = None,
    set_: options.Set = None,
    rayleigh: options.Rayleigh = None,
    start: options.Start = None,
    out: options.Out = None,
    resume: options.Resume = None,
    json: options.AsJson = False,
    quiet: options.Quiet = False,
    **given: Any,
) -> None:
    """Learn the law of a system or of measured samples, and print it."""
    from interpret.cli.progress import Progress
    from interpret.cli.request import Request
    from interpret.cli.source import Source
    from interpret.keep import folder as runs
    from interpret.pipeline import settled
    from training.processes import joined, number

    if resume is not None:
        folder, request = _asked_before(resume, context)
        opened = request.source.open()
    else:
        chosen = _given(given)
        asked = Source.of(
            source,
            system=system,
            data=data,
            potential=potential,
            lagrangian=lagrangian,
            mass=mass,
            coordinates=coordinates,
            momenta=momenta,
            velocities=velocities,
            accelerations=accelerations,
            set=set_,
            rayleigh=rayleigh,
            start=start,
            drive=chosen.get("drive"),
            sigma=", ".join(beside(chosen)["sigmas"]) or None,
        )
        request = Request(asked.resolved(), chosen)
        with Progress(quiet) as progress:
            opened = asked.open(partial(progress.tell, "reading"))
        # What means nothing here is refused before a folder is made.
        settled(opened, asked.name, chosen)
        folder = None
    with joined():
        if number():
            _help(opened, request, folder)
            return
        if folder is None:
            folder = runs.create(out, request.source.name)
            runs.save(folder, {runs.REQUEST: request.to_json()})
        _fit(opened, request, folder, as_json=json, quiet=quiet)


def _help(opened: Any, request: Request, folder: Path | None) -> None:
    """Fit alike in a process beside the first, which alone says and keeps what is found."""
    from interpret.keep import folder as runs
    from interpret.pipeline import fit as fit_law

    kept = folder is not None and (folder / runs.CHECKPOINT).exists()
    fit_law(opened, name=request.source.name, resume=folder if kept else None, **request.options)


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    """What was given on the command line, by the proper names of options."""
    return named({name: value for name, value in options.items() if value is not None})


def _fit(opened: Any, request: Request, folder: Path, *, as_json: bool, quiet: bool) -> None:
    """Fit what was opened: a problem, or what was understood of measured data."""
    from interpret.cli.progress import Progress
    from interpret.keep import folder as runs
    from interpret.pipeline import fit as fit_law

    checkpoint = folder / runs.CHECKPOINT
    try:
        # What a library prints along the way goes to stderr: stdout is for the law.
        with runs.reserved(folder), redirect_stdout(sys.stderr), Progress(quiet) as progress:
            run = fit_law(
                opened,
                name=request.source.name,
                out=folder,
                resume=folder if checkpoint.exists() else None,
                progress=progress,
                **request.options,
            )
    except KeyboardInterrupt:
        what = "the training so far is" if checkpoint.exists() else "the data drawn so far are"
        kept = f"{what} kept; go on with `interpret fit --resume {shlex.quote(str(folder))}`."
        # A folder in which nothing was kept has been given back.
        raise Interrupted(kept if folder.exists() else NOTHING_KEPT) from None
    print_run(run, as_json)
    if not as_json:
        print(f"kept in {folder}")
    if not as_json and not quiet and sys.stderr.isatty():
        for command in next_commands(run, folder):
            typer.secho(f"  {command}", dim=True, err=True)


def _asked_before(resume: str, context: typer.Context) -> tuple[Path, Request]:
    """The folder and the request of an interrupted run; --steps and --device may be changed."""
    from interpret.cli.request import Request
    from interpret.keep import folder as runs
    from systems.errors import InputError

    given = {
        name
        for name in context.params
        if (origin := context.get_parameter_source(name)) and origin.name == "COMMANDLINE"
    }
    refused = sorted(given - {"resume", "steps", "device", "json", "quiet"})
    folder = runs.find(resume)
    if refused:
        raise InputError(f"{folder} keeps its settings; leave out --{', --'.join(refused)}.")
    if (folder / runs.LAW).exists() and not (folder / runs.CHECKPOINT).exists():
        raise InputError(f"{folder} is finished; `interpret show {folder}` prints it.")
    request = Request.from_json(runs.read(folder / runs.REQUEST))
    changed = {name: context.params[name] for name in given & {"steps", "device"}}
    return folder, replace(request, options={**request.options, **changed})


@app.command()
@options.with_options(fields(View))
def landscape(
    given: options.Given = None,
    system: options.System = None,
    set_: options.Set = None,
    out: options.Out = None,
    json: options.AsJson = False,
    **asked: Any,
) -> None:
    """Draw the loss over two parameters of a Lagrangian, with the descents that walk it."""
    from interpret.cli.source import Source
    from interpret.keep import folder as runs
    from interpret.landscapes import landscape_run
    from interpret.pipeline import opened

    source = Source.of(given, system=system, set=set_)
    problem, _ = opened(source.open())
    found = landscape_run.draw(problem, View(**_given(asked)))
    folder = runs.create(out, f"{source.name}-landscape")
    with runs.reserved(folder):
        runs.save(folder, found.files())
    print(runs.to_json({**found.json(), "run": str(folder)}) if json else found)
    if not json:
        print(f"kept in {folder}")


@app.command()
def diagrams(
    order: options.DiagramOrder = 2,
    layers: options.Layers = 2,
    out: options.Png = None,
) -> None:
    """List the diagrams of a network's Taylor tensor of some order, and draw them."""
    from interpret.tools.diagrams import picture, text

    print(text(order, layers))
    if out is not None:
        out.write_bytes(picture(order, layers))
        print(f"drawn in {out}")


@app.command()
def compare(
    run: options.RunName,
    truth: Annotated[
        str | None,
        typer.Option(
            metavar="EXPR",
            help="The truth; of several laws a1=EXPR,a2=EXPR. The system's own by default.",
        ),
    ] = None,
    json: options.JsonAlone = False,
) -> None:
    """Compare the laws of a finished run with the truth, term by term."""
    from interpret.keep import folder as runs
    from interpret.pipeline import compare_run
    from interpret.run import Run

    loaded = Run.load(runs.find(run))
    found = compare_run(loaded, source_of(loaded), truth)
    if json:
        first, *others = [comparison.to_json() for comparison in found]
        print(runs.to_json({**first, "comparisons": [first, *others]} if others else first))
    else:
        print("\n".join(map(str, found)))
