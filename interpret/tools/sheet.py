"""A CSV file as columns of numbers, found by any of their names, with the line of every fault."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from systems.errors import InputError
from systems.files.text_table import TextTable
from systems.physics.finite_volume.models import Array

UNITS: Final = re.compile(
    r"(?P<name>.+?)(?:[\s_]*[\s_(\[](?P<unit>mev|gev|ev|fm|deg|degrees|°|rad|radians)[)\]]?)?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Column:
    """A column: what it is called in messages, every name it may have, and every unit."""

    name: str
    names: tuple[str, ...]
    units: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sheet(TextTable):
    """A CSV file whose columns are found by any of their names."""

    def find(self, column: Column) -> tuple[int, str | None] | None:
        """The position of a column and the unit that its header tells; None where it is not."""
        found = []
        for position, header in enumerate(self.header):
            parts = UNITS.fullmatch(header.casefold())
            if parts is not None and parts["name"].strip() in column.names:
                found.append((position, parts["unit"]))
        if len(found) > 1:
            both = " and ".join(repr(self.header[position]) for position, _ in found)
            raise InputError(f"{self.name} has the columns {both} for {column.name}; keep one.")
        return found[0] if found else None

    def without_empty(self, column: Column) -> Sheet:
        """The rows that do not leave a column empty."""
        found = self.find(column)
        if found is None:
            return self
        kept = [row for row, fields in enumerate(self.rows) if fields[found[0]].strip()]
        if not kept:
            raise InputError(f"{self.name} leaves every {column.name} empty.")
        rows = tuple(self.rows[row] for row in kept)
        return Sheet(self.name, self.header, rows, tuple(self.lines[row] for row in kept))

    def numbers(self, column: Column, wanted: str) -> tuple[Array, str | None]:
        """A column as finite numbers (rows,), and the unit that its header tells."""
        found = self.find(column)
        if found is None:
            has = ", ".join(self.header)
            hint = "" if len(self.header) > 1 else "; separate the columns by commas"
            raise InputError(f"{self.name} needs a header with the {wanted}, but has {has}{hint}.")
        position, unit = found
        if unit is not None and unit not in column.units:
            raise InputError(
                f"{self.name} has {column.name} in {self.header[position]!r}; energies are in MeV, "
                f"boxes in fm, phase shifts in degrees or radians."
            )
        values = np.empty(len(self.rows))
        for row, fields in enumerate(self.rows):
            values[row] = self._number(row, column.name, fields[position].strip())
        return values, unit

    def _number(self, row: int, name: str, field: str) -> float:
        try:
            value = float(field)
        except ValueError:
            value = np.nan
        if not np.isfinite(value):
            raise InputError(
                f"{self.where(row)}: {name} is {field!r}, which is not a finite number."
            )
        return value


def first(bad: NDArray[np.bool_]) -> int | None:
    """The first row of those that are bad, None where all are good.

    >>> first(np.array([False, True, True])), first(np.array([False]))
    (1, None)
    """
    return int(bad.argmax()) if bad.any() else None
