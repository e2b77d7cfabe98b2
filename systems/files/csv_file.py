"""Trajectories from a CSV file, with the line of every fault.

The file has a header, one row for each point, and the columns

    trajectory, t, <name>..., p_<name>... | v_<name>...

`trajectory` is a label and may be left out when there is only one. Momenta are `p_`, velocities
`v_`. Columns with other names are mapped by `coordinates`, `momenta` and `velocities`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from systems.errors import InputError, nearest
from systems.files.text_table import TextTable, is_number
from systems.samples.trajectories import (
    FEWEST_POINTS,
    Array,
    Trajectories,
    Trajectory,
    checked_mass,
    groups,
)

TIME = "t"
LABEL = "trajectory"


def read_csv(
    path: Path,
    coordinates: Sequence[str] | None,
    momenta: Sequence[str] | None,
    velocities: Sequence[str] | None,
    mass: ArrayLike | None,
) -> Trajectories:
    """The trajectories of a CSV file; see `systems.files.readers.read`."""
    table = _Table.load(path)
    columns = _columns(table, coordinates, momenta, velocities)
    return table.trajectories(columns, mass)


@dataclass(frozen=True)
class _Columns:
    """Which columns of a table hold the coordinates, and the momenta or velocities."""

    coordinates: tuple[str, ...]
    rates: tuple[str, ...]
    rates_are_momenta: bool


def _columns(
    table: _Table,
    coordinates: Sequence[str] | None,
    momenta: Sequence[str] | None,
    velocities: Sequence[str] | None,
) -> _Columns:
    """The columns to use: those that were named, or all pairs x, p_x or x, v_x."""
    if momenta and velocities:
        raise InputError("give momenta or velocities, not both.")
    named = tuple(momenta or velocities or ())
    if named and not coordinates:
        raise InputError(f"name the coordinates that belong to {', '.join(named)} as well.")
    names = tuple(coordinates) if coordinates else _all_coordinates(table)
    if named:
        columns = _Columns(names, named, rates_are_momenta=bool(momenta))
    else:
        columns = _paired(table, names)
    if len(columns.rates) != len(names):
        raise InputError(
            f"there are {len(names)} coordinates ({', '.join(names)}) but {len(named)} momenta or "
            f"velocities ({', '.join(named)}); give one for each coordinate."
        )
    return columns


def _all_coordinates(table: _Table) -> tuple[str, ...]:
    """Every column except time, label, and the p_x and v_x of another column x."""
    header = [name for name in table.header if name not in {TIME, LABEL}]
    rates = {f"{prefix}{name}" for name in header for prefix in ("p_", "v_")}
    names = tuple(name for name in header if name not in rates)
    if not names:
        raise InputError(f"{table.name} has no coordinates, only {', '.join(table.header)}.")
    return names


def _paired(table: _Table, names: tuple[str, ...]) -> _Columns:
    """The columns p_x or v_x, whichever the table has for all the coordinates x."""
    for name in names:
        table.column(name)
    momenta = tuple(f"p_{name}" for name in names)
    velocities = tuple(f"v_{name}" for name in names)
    has_momenta = set(momenta) <= set(table.header)
    has_velocities = set(velocities) <= set(table.header)
    if has_momenta and has_velocities:
        raise InputError(
            f"{table.name} has both {', '.join(momenta)} and {', '.join(velocities)}; "
            f"choose with momenta or velocities."
        )
    if not has_momenta and not has_velocities:
        present = set(table.header)
        alone = [name for name in names if not {f"p_{name}", f"v_{name}"} & present]
        raise InputError(
            f"{table.name} has no momenta p_... or velocities v_... for "
            f"{', '.join(alone or names)}; name the columns with coordinates, and momenta or "
            f"velocities."
        )
    return _Columns(names, momenta if has_momenta else velocities, has_momenta)


@dataclass(frozen=True)
class _Table(TextTable):
    """The fields of a CSV file of trajectories, one of them the time."""

    def check_header(self, line: int) -> None:
        """Refuse a header without a time, too."""
        super().check_header(line)
        if TIME not in self.header:
            hint = " Separate the columns by commas." if len(self.header) == 1 else ""
            raise InputError(
                f"{self.name}, line {line}: there is no column {TIME!r} for the time, only "
                f"{', '.join(map(repr, self.header))}.{hint}"
            )

    def column(self, name: str) -> int:
        """The position of a column."""
        if name not in self.header:
            known = [column for column in self.header if column not in {TIME, LABEL}]
            raise InputError(
                f"{self.name} has no column {name!r}; it has {', '.join(known)}."
                f"{nearest(name, known)}"
            )
        return self.header.index(name)

    def numbers(self, name: str) -> Array:
        """One column as finite numbers (rows,)."""
        position = self.column(name)
        fields = [row[position] for row in self.rows]
        try:
            values = np.array(fields, dtype=np.float64)
        except ValueError as error:
            row = next(row for row, field in enumerate(fields) if not is_number(field))
            raise InputError(
                f"{self.name}, line {self.lines[row]}: {name} is {fields[row]!r}, "
                f"which is not a number."
            ) from error
        if not np.isfinite(values).all():
            row = int(np.argmin(np.isfinite(values)))
            raise InputError(
                f"{self.name}, line {self.lines[row]}: {name} is {fields[row].strip()}; "
                f"remove the points that are not finite."
            )
        return values

    def trajectories(self, columns: _Columns, mass: ArrayLike | None) -> Trajectories:
        """The rows of each label, in the order of the file."""
        names = columns.coordinates
        masses = checked_mass(np.ones(len(names)) if mass is None else mass, names)
        t = self.numbers(TIME)
        q = np.column_stack([self.numbers(name) for name in names])
        rates = np.column_stack([self.numbers(name) for name in columns.rates])
        p = rates if columns.rates_are_momenta else masses * rates
        labels = ["0"] * len(t)
        if LABEL in self.header:
            position = self.column(LABEL)
            labels = [row[position].strip() for row in self.rows]
        items = []
        for rows in groups(np.array(labels)):
            self.check_times(t, rows)
            items.append(Trajectory(t[rows], q[rows], p[rows]))
        return Trajectories(names, masses, tuple(items))

    def check_times(self, t: Array, rows: NDArray[np.intp]) -> None:
        """Refuse a trajectory that is too short, or whose times do not increase."""
        if len(rows) < FEWEST_POINTS:
            raise InputError(
                f"{self.name}, line {self.lines[rows[0]]}: this trajectory has {len(rows)} "
                f"point{'s' * (len(rows) != 1)}; at least {FEWEST_POINTS} are needed."
            )
        increasing = np.diff(t[rows]) > 0
        if not increasing.all():
            before, after = rows[int(np.argmin(increasing)) :][:2]
            fault = "is repeated" if t[after] == t[before] else f"comes after {t[before]:.12g}"
            raise InputError(
                f"{self.name}, line {self.lines[after]}: the time {t[after]:.12g} {fault}; "
                f"the times of a trajectory must increase."
            )
