"""`interpret luescher`: Lüscher's formula on one's own numbers; parse, call, print."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from interpret.cli.arguments import JsonAlone

if TYPE_CHECKING:
    from interpret.tools.answers import BoxLevels, LevelPhases

NUMBERS: Final = {"ignore_unknown_options": True}
"""Of commands that take numbers: -0.5 is a number, and no option that is unknown."""

PION_MASS: Final = 138.5
"""`systems.physics.finite_volume.models` has it too, but --help must not wait for numpy."""

Mass = Annotated[float, typer.Option(metavar="MEV", help="The mass of either particle, in MeV.")]
Degrees = Annotated[
    bool | None,
    typer.Option(
        "--degrees/--radians",
        help="What δ is in; degrees, unless the header of the table tells.",
        show_default=False,
    ),
]
Out = Annotated[Path | None, typer.Option(metavar="FILE.csv", help="Write the table here too.")]

app = typer.Typer(add_completion=False)


@app.callback(invoke_without_command=True)
def tools(context: typer.Context) -> None:
    """Lüscher's formula on your own numbers: zeta function, levels, phase shifts."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command(context_settings=NUMBERS)
def zeta(
    q2: Annotated[
        list[str] | None, typer.Argument(metavar="Q2 ...", help="q² = (kL/2π)², of any sign.")
    ] = None,
    zeros: Annotated[
        int, typer.Option(min=0, max=8000, help="List so many of the first zeros too.")
    ] = 0,
    json: JsonAlone = False,
) -> None:
    """Lüscher's zeta function Z00(1; q²), and the phase φ(q) of the box."""
    from interpret.keep.folder import to_json
    from interpret.tools.questions import zeta_table

    found = zeta_table(_numbers(q2, ("--zeros", "--json")), zeros)
    print(to_json(found.to_json()) if json else found)


@app.command()
def levels(
    table: Annotated[
        Path, typer.Option(metavar="FILE.csv", help="A phase shift: columns E, in MeV, and delta.")
    ],
    box: Annotated[str, typer.Option(metavar="L,L,…", help="The sizes of the boxes, in fm.")],
    count: Annotated[
        int, typer.Option(min=1, max=8000, help="So many levels of each box, from n = 0.")
    ] = 10,
    run: Annotated[
        str | None,
        typer.Option(metavar="RUN", help="By the models of a finished luescher run as well."),
    ] = None,
    mass: Mass = PION_MASS,
    degrees: Degrees = None,
    json: JsonAlone = False,
    out: Out = None,
) -> None:
    """The levels of boxes from a phase shift, by Lüscher's formula and by what a run learned."""
    from interpret.tools.level_tables import PhaseTable
    from interpret.tools.questions import box_levels
    from interpret.tools.units import Units

    units = Units(mass)
    boxes = _numbers(box.split(","))
    phases = PhaseTable.load(table, units.threshold, degrees)
    loaded = None
    if run is not None:
        from interpret.tools.loading import LoadedRun

        loaded = LoadedRun.load(run)
    _print(box_levels(phases, boxes, count, units=units, run=loaded), json, out, read=table)


@app.command("phase", context_settings=NUMBERS)
def phase_shifts(
    energies: Annotated[
        list[str] | None,
        typer.Argument(metavar="E ...", help="The levels n = 0, 1, … of one --box, in MeV."),
    ] = None,
    box: Annotated[
        float | None, typer.Option(metavar="L", help="The size of the box, in fm.")
    ] = None,
    table: Annotated[
        Path | None,
        typer.Option(metavar="FILE.csv", help="Levels: columns box, n, and E, in MeV."),
    ] = None,
    mass: Mass = PION_MASS,
    degrees: Annotated[
        bool, typer.Option("--degrees/--radians", help="What δ is printed in.")
    ] = True,
    json: JsonAlone = False,
    out: Out = None,
) -> None:
    """Phase shifts, k cot δ and q² from the levels of boxes, by Lüscher's formula."""
    from interpret.tools.level_tables import LevelTable, read_levels
    from interpret.tools.questions import level_phases
    from interpret.tools.units import Units
    from systems.errors import InputError

    options = ("--box", "--table", "--mass", "--degrees", "--radians", "--json", "--out")
    values = _numbers(energies, options)
    if bool(values) == (table is not None):
        raise InputError("give the energies of one --box, or a --table of levels; one of them.")
    if table is not None:
        known = LevelTable.load(table, box)
    elif box is not None:
        known = read_levels(values, box)
    else:
        raise InputError("say the size of the box in fm with --box.")
    _print(level_phases(known, units=Units(mass), degrees=degrees), json, out, read=table)


def _numbers(texts: Sequence[str] | None, options: Sequence[str] = ()) -> list[float]:
    """The texts as finite numbers; where negative ones are allowed, misspelt options end up here.

    Raises `InputError` for any other text.
    """
    from math import isfinite

    from systems.errors import InputError, nearest

    numbers = []
    for text in texts or ():
        if text.startswith("--"):
            raise InputError(f"there is no option {text!r}.{nearest(text, options)}")
        try:
            numbers.append(float(text))
        except ValueError:
            raise InputError(f"{text.strip()!r} is not a number.") from None
        if not isfinite(numbers[-1]):
            raise InputError(f"{text.strip()!r} is not a finite number.")
    return numbers


def _print(
    found: BoxLevels | LevelPhases, as_json: bool, out: Path | None, read: Path | None
) -> None:
    """Print what was found, and write it as CSV, but not over the table that it was made of."""
    from interpret.keep.folder import to_json
    from systems.errors import InputError

    if out is not None:
        if read is not None and out.exists() and out.samefile(read):
            raise InputError(f"--out {out} is the table itself; choose another file.")
        out.write_text(found.to_csv(), encoding="utf-8")
    print(to_json(found.to_json()) if as_json else found)
    if out is not None and not as_json:
        print(f"written to {out}")
