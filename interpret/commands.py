"""The commands of `interpret`: parse, call, print."""

from __future__ import annotations

import shlex
import sys
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.exceptions import TyperException

from interpret import luescher_commands, options

if TYPE_CHECKING:
    from interpret.request import Request
    from interpret.run import Run
    from interpret.told_run import ToldRun
    from systems import Known, Trajectories

NOTHING_KEPT = "there was nothing to keep yet; the same command starts over."

RunName = Annotated[
    str, typer.Argument(metavar="RUN", help="The folder of a run, or its name under runs/.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
app.add_typer(luescher_commands.app, name="luescher")


class Interrupted(TyperException):
    """Ctrl-C, with what was kept and how to go on."""

    exit_code = 130


def _print_version(asked: bool) -> None:
    if asked:
        from interpret.provenance import DISTRIBUTION, version

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
        typer.echo(context.get_help())


@app.command("systems")
def list_systems() -> None:
    """List the known systems with their potentials, and what data are drawn of them."""
    from rich.console import Console
    from rich.table import Table

    import systems
    from systems.expressions import text

    table = Table(
        "system", "potential", "datasets or windows", "what it is", box=None, pad_edge=False
    )
    for name in systems.names():
        system = systems.lookup(name)
        if isinstance(system, systems.Supervised):
            table.add_row(name, f"{system.output}({system.inputs[0]}, …)", "", system.summary)
            continue
        if isinstance(system, systems.FiniteVolume):
            table.add_row(name, "E_n(δ, L)", ", ".join(system.models), system.summary)
            continue
        potential = "" if system.potential is None else text(system.potential)
        drawn = ", ".join((*system.datasets, *system.windows))
        table.add_row(name, potential, drawn, system.summary)
    Console().print(table)


@app.command()
def fit(
    context: typer.Context,
    system: options.System = None,
    dataset: options.Dataset = None,
    window: options.Window = None,
    samples: options.Samples = None,
    set_: options.Set = None,
    data: options.Data = None,
    potential: options.Potential = None,
    lagrangian: options.Lagrangian = None,
    mass: options.Mass = None,
    coordinates: options.Coordinates = None,
    momenta: options.Momenta = None,
    velocities: options.Velocities = None,
    model: options.Model = None,
    trap: options.Trap = "auto",
    terms: options.Terms = 4,
    descent: options.Descent = None,
    orders: options.Orders = 3,
    scale: options.Scale = "default",
    features: options.Features = "auto",
    library: options.Library = None,
    threshold: options.Threshold = None,
    optimizer: options.Optimizer = "path",
    noise: options.Noise = 0.0,
    recipe: options.Recipe = "default",
    steps: options.Steps = None,
    seed: options.Seed = 0,
    device: options.Device = "cpu",
    out: options.Out = None,
    resume: options.Resume = None,
    json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Learn the law of a system or of measured trajectories, and print it."""
    from interpret import runs
    from interpret.request import Request
    from interpret.source import Source

    if resume is not None:
        folder, request = _asked_before(resume, context)
        motion = request.source.open()
    else:
        source = Source(
            system=system,
            dataset=dataset,
            data=data,
            potential=potential,
            lagrangian=lagrangian,
            mass=mass,
            coordinates=coordinates,
            momenta=momenta,
            velocities=velocities,
            window=window,
            set=set_,
        )
        request = Request(
            source,
            features=features,
            library=library,
            threshold=threshold,
            optimizer=optimizer,
            noise=noise,
            recipe=recipe,
            steps=steps,
            seed=seed,
            device=device,
            model=model,
            samples=samples,
            trap=trap,
            terms=terms,
            descent=descent,
            orders=orders,
            scale=scale,
        )
        motion = source.open()
        folder = runs.create(out, source.name)
        runs.save(folder, {runs.REQUEST: request.to_json()})
    _fit(motion, request, folder, as_json=json, quiet=quiet)


def _fit(
    motion: Known | Trajectories,
    request: Request,
    folder: Path,
    *,
    as_json: bool,
    quiet: bool,
) -> None:
    from interpret import runs
    from interpret.pipeline import fit as fit_law
    from interpret.progress import Progress

    checkpoint = folder / runs.CHECKPOINT
    try:
        # What a library prints along the way goes to stderr: stdout is for the law.
        with runs.reserved(folder), redirect_stdout(sys.stderr), Progress(quiet) as progress:
            run = fit_law(
                motion,
                **request.settings,
                name=request.source.name,
                out=folder,
                resume=folder if checkpoint.exists() else None,
                progress=progress,
            )
    except KeyboardInterrupt:
        resuming = f"interpret fit --resume {shlex.quote(str(folder))}"
        what = "the training so far is" if checkpoint.exists() else "the data drawn so far are"
        kept = f"{what} kept; go on with `{resuming}`."
        # A folder in which nothing was kept has been given back.
        raise Interrupted(kept if folder.exists() else NOTHING_KEPT) from None
    _show(run, as_json)
    if not as_json:
        print(f"kept in {folder}")


def _asked_before(resume: str, context: typer.Context) -> tuple[Path, Request]:
    """The folder and the request of an interrupted run; --steps and --device may be changed."""
    from interpret import runs
    from interpret.request import Request
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
    return folder, replace(request, **changed)


def _show(run: Run | ToldRun, as_json: bool) -> None:
    from interpret.runs import to_json

    print(to_json(run.json()) if as_json else run.text())


@app.command()
def landscape(
    system: options.System = None,
    window: options.Window = None,
    samples: options.Samples = None,
    set_: options.Set = None,
    parameters: options.Parameters = None,
    pixels: options.Pixels = 200,
    steps: options.Steps = None,
    noise: options.Noise = 0.0,
    seed: options.Seed = 0,
    out: options.Out = None,
    json: options.AsJson = False,
) -> None:
    """Draw the loss over two parameters of a Lagrangian, with the descents that walk it."""
    from interpret import runs
    from interpret.lagrangians import landscape_run
    from interpret.source import Source
    from systems import System

    source = Source(system=system, window=window, set=set_)
    opened = source.open()
    assert isinstance(opened, System), "--system opens a system"
    names = None if parameters is None else [name.strip() for name in parameters.split(",")]
    found = landscape_run.draw(
        opened,
        window=window,
        seed=seed,
        count=samples,
        noise=noise,
        parameters=names,
        pixels=pixels,
        steps=steps,
    )
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
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw them into this PNG file too.")
    ] = None,
) -> None:
    """List the diagrams of a network's Taylor tensor of some order, and draw them."""
    from interpret.diagrams import picture, text

    print(text(order, layers))
    if out is not None:
        out.write_bytes(picture(order, layers))
        print(f"drawn in {out}")


@app.command()
def show(run: RunName, json: AsJson = False) -> None:
    """Print the law of a finished run again, as the fit printed it."""
    from interpret.run import Run
    from interpret.runs import LAW, find, read
    from interpret.told_run import ToldRun

    folder = find(run)
    law = read(folder / LAW) if (folder / LAW).exists() else {}
    loader = ToldRun.load if law.get("kind") else Run.load
    _show(loader(folder), json)


@app.command()
def compare(
    run: RunName,
    truth: Annotated[
        str | None,
        typer.Option(metavar="EXPR", help="The true potential; the system's own by default."),
    ] = None,
    json: AsJson = False,
) -> None:
    """Compare the law of a finished run with the truth, term by term."""
    from interpret import runs
    from interpret.comparison import compare as compare_law
    from interpret.law import Law
    from interpret.request import Request
    from systems import InputError, System, Trajectories, get

    contents = runs.load(run)
    if contents["law"].get("kind"):
        raise InputError(f"{run} prints its comparison itself; `interpret show {run}` repeats it.")
    law = Law.from_json(contents["law"])
    # A run that Python saved was not asked for on the command line: its law names the system.
    asked = contents["request"]
    motion = get(law.system) if asked is None else Request.from_json(asked).source.open()
    assert isinstance(motion, System | Trajectories), "a map's run holds no such law"
    system = motion if isinstance(motion, System) else System.observed(motion)
    asked_for = (contents["settings"] or {}).get("asked", {})
    if asked_for.get("knows_external"):
        system = system.without_known()
    comparison = compare_law(law, system, truth=truth)
    print(runs.to_json(comparison.to_json()) if json else comparison)
