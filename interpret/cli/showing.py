"""`interpret show` and `interpret predict`: a finished run again, and what follows from it."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from interpret.cli import arguments as options

if TYPE_CHECKING:
    from sympy import Expr

    from interpret.laws.law import Law
    from interpret.run import Run

MOST_TIMES: Final = 1_000_000
"""Of one command: a file of that many rows is the most that anybody opens."""


def show(
    run: options.RunName,
    form: Annotated[
        str, typer.Option("--format", metavar="NAME", help="text, latex or html: the laws alone.")
    ] = "",
    source: Annotated[
        str,
        typer.Option(metavar="NAME", help="c, numpy, torch or latex: the equations of motion."),
    ] = "",
    picture: Annotated[
        bool, typer.Option("--picture", help="Draw the run's pictures into its folder too.")
    ] = False,
    certificate: Annotated[
        bool, typer.Option("--certificate", help="Print every check behind the verdict.")
    ] = False,
    json: options.JsonAlone = False,
) -> None:
    """Print the laws of a finished run again, as the fit printed them."""
    from interpret.keep.folder import find
    from interpret.run import Run

    loaded = Run.load(find(run))
    if source:
        print(loaded.law.source(source))
    elif form or (certificate and not json):
        print(loaded.written(form) if form else loaded.certified())
    else:
        print_run(loaded, json)
    for path in loaded.draw() if picture else ():
        print(f"drawn in {path}", file=sys.stderr if json else sys.stdout)


def print_run(run: Run, as_json: bool) -> None:
    """The run as text, or as one JSON object."""
    from interpret.keep.folder import to_json

    print(to_json(run.json()) if as_json else run.text())


def predict(
    run: options.RunName,
    start: Annotated[
        str,
        typer.Option(
            metavar="X=0.5,V_X=1,…", help="Positions, and velocities; those left out are 0."
        ),
    ],
    times: Annotated[
        str,
        typer.Option(metavar="FIRST:LAST:STEP", help="When: the first is that of the start."),
    ] = "",
    drive: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Where what drives the motion was measured: columns t, and u as in the law.",
        ),
    ] = None,
    dataset: Annotated[
        str,
        typer.Option(metavar="NAME", help="Whose coefficients, where data sets have their own."),
    ] = "",
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.csv", help="Write the motion here instead.")
    ] = None,
) -> None:
    """Print the motion that follows from the law of a finished run, as CSV; of a map its value."""
    import numpy as np

    from interpret.keep.folder import find
    from interpret.run import Run
    from systems.errors import InputError
    from systems.expressions import parse, parse_assignments

    loaded = Run.load(find(run))
    loaded = replace(loaded, laws=(loaded.law.of(dataset),)) if dataset else loaded
    given = parse_assignments(start)
    bodies = loaded.law.variables.bodies
    if bodies is None:
        point = numbers(given, tuple(loaded.law.domain))
        if times or drive:
            vain = "--times" if times else "--drive"
            raise InputError(f"{run} is of a map, in which nothing moves; leave out {vain}.")
        print(repr(float(np.ravel(loaded.predict([point]))[0])))
        return
    names = tuple(bodies.mass)
    rates = tuple(f"v_{name}" for name in names)
    clock, curves = driving(drive, loaded.law)
    t = clock if clock and not times else instants(times)
    state = numbers({**dict.fromkeys(rates, parse("0")), **given}, (*names, *rates))
    q, v = loaded.predict(state[: len(names)], state[len(names) :], t, curves)
    beyond = ", ".join(loaded.law.beyond(q, v))
    if beyond:
        print(f"note: {beyond} beyond the data, where the law is extrapolated.", file=sys.stderr)
    header = ",".join(["t", *names, *rates])
    rows = (",".join(map(repr, row)) for row in np.column_stack([t, q, v]).tolist())
    table = "\n".join([header, *rows])
    if out is None:
        print(table)
        return
    out.write_text(table + "\n", encoding="utf-8")
    print(f"written to {out}")


def driving(file: Path | None, law: Law) -> tuple[list[float], dict[str, Any]]:
    """The times of a file, and what it says of that which drives a law, as functions of time.

    Raises InputError where a law is driven and there is no file, and the other way round.
    """
    from systems.errors import InputError

    if file is None and law.signals:
        raise InputError(
            f"this law is driven by {', '.join(law.signals)}, which was measured; name a file with "
            f"columns t and {', '.join(law.signals)} by --drive."
        )
    if file is None:
        return [], {}
    if not law.signals:
        raise InputError("nothing that was measured drives this law; leave out --drive.")
    from scipy.interpolate import CubicSpline

    from systems.files.readers import series

    t, found = series(file, law.signals)
    return t.tolist(), {name: CubicSpline(t, values) for name, values in found.items()}


def numbers(given: Mapping[str, Expr], names: Sequence[str]) -> list[float]:
    """A number for each name; InputError for one that lacks, or that is asked for in vain.

    >>> from systems.expressions import parse_assignments
    >>> numbers(parse_assignments("y=1, x=pi/2"), ("x", "y"))
    [1.5707963267948966, 1.0]
    """
    from systems.errors import InputError, nearest

    for name, what in given.items():
        if name not in names:
            raise InputError(
                f"there is no {name} to start from; there are {', '.join(names)}."
                f"{nearest(name, names)}"
            )
        if not what.is_number:
            raise InputError(f"--start {name}={what} is no number.")
    lacking = [name for name in names if name not in given]
    if lacking:
        raise InputError(f"--start says nothing of {', '.join(lacking)}; add {lacking[0]}=0, say.")
    return [float(given[name]) for name in names]


def instants(text: str) -> list[float]:
    """The times FIRST:LAST:STEP, or those listed with commas.

    >>> instants("0:1:0.25"), instants("0, 1, 4")
    ([0.0, 0.25, 0.5, 0.75, 1.0], [0.0, 1.0, 4.0])
    """
    from math import isfinite

    from systems.errors import InputError

    form = "write --times as FIRST:LAST:STEP, such as 0:10:0.1, or as a list 0,1,2."
    try:
        listed = [float(part) for part in text.replace(":", ",").split(",")]
    except ValueError as error:
        raise InputError(f"{text!r:.60} are no times; {form}") from error
    if ":" not in text or not all(map(isfinite, listed)):
        return listed
    if len(listed) != 3 or listed[2] <= 0 or listed[1] < listed[0]:
        raise InputError(f"{text!r:.60} is no range of times; {form}")
    first, last, step = listed
    # A last time that is missed by rounding alone is one of them.
    count = int((last - first) / step * (1 + 1e-12) + 1e-9)
    if count >= MOST_TIMES:
        raise InputError(f"{text} are more than {MOST_TIMES:,} times; take a larger step.")
    return [first + step * i for i in range(count + 1)]
