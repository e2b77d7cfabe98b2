"""What is asked of the columns of a table, and what they turn out to be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from systems.errors import InputError, nearest
from systems.files.names import Name, key
from systems.files.table import Table


@dataclass(frozen=True)
class Named:
    """The columns that the user named; all in one order, but for ``drives`` and ``sigmas``."""

    coordinates: tuple[str, ...] = ()
    momenta: tuple[str, ...] = ()
    velocities: tuple[str, ...] = ()
    accelerations: tuple[str, ...] = ()
    drives: tuple[str, ...] = ()
    sigmas: tuple[str, ...] = ()

    @classmethod
    def of(cls, **names: Sequence[str] | None) -> Named:
        """The names; InputError for some that cannot go together."""
        named = cls(**{kind: tuple(given or ()) for kind, given in names.items()})
        if named.momenta and named.velocities:
            raise InputError("give momenta or velocities, not both.")
        d = len(named.coordinates)
        for kind in ("momenta", "velocities", "accelerations"):
            given = getattr(named, kind)
            if given and not d:
                raise InputError(f"name the coordinates that belong to {', '.join(given)} as well.")
            if given and len(given) != d:
                raise InputError(
                    f"there are {d} coordinates ({', '.join(named.coordinates)}) but {len(given)} "
                    f"{kind} ({', '.join(given)}); give one for each coordinate."
                )
        return named

    @property
    def rates(self) -> tuple[str, ...]:
        """Those of momenta or velocities that were named."""
        return self.momenta or self.velocities


@dataclass(frozen=True)
class Roles:
    """The positions of the columns: the time, labels of trajectories, and d of each kind.

    `rates` are of the kind "velocity" or "momentum", none where there are positions alone. `why`
    holds what is not plain from a name, `unused` the columns that nothing is read from, and why.
    """

    names: tuple[Name, ...]
    time: int | None
    label: int | None
    coordinates: tuple[int, ...]
    rates: tuple[int, ...] = ()
    kind: str = "velocity"
    accelerations: tuple[int, ...] = ()
    unused: dict[int, str] = field(default_factory=dict)
    why: tuple[str, ...] = ()


def headings(table: Table) -> tuple[Name, ...]:
    """What the columns are called, nothing without a header."""
    return tuple(map(Name.of, table.header or ("",) * len(table.kinds)))


def beside(table: Table, named: Named) -> dict[int, str]:
    """The columns that were measured beside the motion, and their roles; InputError for unknown.

    They drive it, or hold the σ of other columns.
    """
    roles = {"drive": named.drives, "sigma": named.sigmas}
    return {place_of(table, name): role for role, names in roles.items() for name in names}


def place_of(table: Table, name: str) -> int:
    """The position of the column that the user calls so; InputError where there is none."""
    names = headings(table)
    tests = (
        lambda known: name in {known.written, known.bare, known.symbol},
        lambda known: key(name) == known.key,
    )
    for test in tests:
        found = [place for place, known in enumerate(names) if test(known)]
        if found:
            return found[0]
    has = [known.bare or f"column {place + 1}" for place, known in enumerate(names)]
    raise InputError(
        f"{table.name} has no column {name!r}; it has {', '.join(has)}.{nearest(name, has)}"
    )
