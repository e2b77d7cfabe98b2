"""`interpret inspect`: what was understood of a file, and the command to fit it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from interpret.cli import arguments as options

if TYPE_CHECKING:
    from systems.files.understood import Role

File = Annotated[str, typer.Argument(metavar="FILE", help="A file of data.")]


def inspect(
    file: File,
    mass: options.Mass = None,
    coordinates: options.Coordinates = None,
    momenta: options.Momenta = None,
    velocities: options.Velocities = None,
    accelerations: options.Accelerations = None,
    json: options.JsonAlone = False,
) -> None:
    """Print what was understood of a file of data, and the command to fit it."""
    from interpret.cli.source import Source
    from interpret.judge.inspection import inspected
    from interpret.keep.folder import to_json
    from systems.files.readers import understand

    given = {
        "coordinates": coordinates,
        "momenta": momenta,
        "velocities": velocities,
        "accelerations": accelerations,
        "mass": mass,
    }
    said = {name: text for name, text in given.items() if text is not None}
    found = understand(file, **Source(data=file, **said).columns())
    roles = {role.role for role in found.roles}
    seen = inspected(found.samples, velocities="velocity" in roles)
    command = suggested(file, said, seen.option, found.roles)
    if json:
        columns = [vars(role) for role in found.roles]
        notes = list(found.notes)
        kept = {"notes": notes, "columns": columns, **seen.to_json(), "command": command}
        print(to_json(kept))
        return
    print("\n".join([*found.notes, "", *seen.lines(), "", command]))


def suggested(file: str, said: dict[str, str], option: str, roles: Sequence[Role]) -> str:
    """The command that fits the file, with what was said and what mends its columns.

    >>> suggested("swing.csv", {"mass": "1"}, "--mass 0.5", [])
    'interpret fit swing.csv --mass 0.5'
    """
    name, _, value = option.removeprefix("--").partition(" ")
    if name in ("momenta", "velocities"):
        # The names are those of the coordinates: the columns may be called otherwise.
        columns = {
            role.name: role.column for role in roles if role.role in ("momentum", "velocity")
        }
        value = ",".join(columns.get(one[2:], one) for one in value.split(","))
        order = ",".join(role.column for role in roles if role.role == "coordinate")
        said = {**said, "coordinates": said.get("coordinates", order)}
    settings = {**said, name: value} if name else said
    flags = " ".join(f"--{name} {shlex.quote(text)}" for name, text in settings.items())
    return f"interpret fit {shlex.quote(file)} {flags}".rstrip()
