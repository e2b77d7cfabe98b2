"""What is asked of the columns of a table, and what they turn out to be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from systems.errors import InputError
from systems.files.names import Name


@dataclass(frozen=True)
class Named:
    """The columns that the user named; all in one order."""

    coordinates: tuple[str, ...] = ()
    momenta: tuple[str, ...] = ()
    velocities: tuple[str, ...] = ()
    accelerations: tuple[str, ...] = ()

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
