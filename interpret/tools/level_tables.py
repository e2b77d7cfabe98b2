"""The two tables of Lüscher's formula as CSV files: phase shifts δ(E), and levels of boxes.

    E,delta          one row for each energy, in MeV; δ in degrees or rad
    box,n,E          one row for each level: the size of its box in fm, its number, its energy

A header names the columns, in any order and case, and other columns may stand beside them. A header
may tell its unit, as in `E (MeV)` or `delta_rad`. Lines that begin with # are passed over.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interpret.tools.sheet import Column, Sheet, first
from interpret.tools.units import ROUNDING
from systems.errors import InputError
from systems.physics.finite_volume.models import Array

Cell = float | int | None
"""A field; None is written as an empty one."""

FEWEST: Final = 4
"""A cubic spline goes through four points or more."""

LARGEST_STEP: Final = np.pi / 2
"""In rad, from one row to the next: a larger one is a jump by π, or a resonance that is missed."""

RADIANS: Final = ("rad", "radians")
DEGREES: Final = ("deg", "degrees", "°")

ENERGY: Final = Column("E", ("e", "energy", "energies", "e_n"), ("mev",))
DELTA: Final = Column(
    "delta", ("delta", "δ", "phase", "phase shift", "phase_shift"), (*DEGREES, *RADIANS)
)
BOX: Final = Column("box", ("box", "l", "box size", "box_size"), ("fm",))
NUMBER: Final = Column("n", ("n", "level", "number"))


@dataclass(frozen=True, eq=False)
class PhaseTable:
    """A phase shift `phases` (K,) in rad at `energies` (K,) in MeV, which increase."""

    energies: Array
    phases: Array

    @staticmethod
    def load(path: Path, threshold: float, degrees: bool | None = None) -> PhaseTable:
        """The columns E and delta of a CSV file; δ is in degrees unless said here or in the header.

        Raises `InputError` for a file that is missing or malformed, fewer than four rows, energies
        that do not increase or are below the threshold in MeV, and a δ that jumps.
        """
        sheet = Sheet.load(path)
        energies, _ = sheet.numbers(ENERGY, "columns E and delta")
        phases, unit = sheet.numbers(DELTA, "columns E and delta")
        if len(energies) < FEWEST:
            raise InputError(
                f"{sheet.name} has {len(energies)} energies, too few for a spline; give {FEWEST}."
            )
        if _in_degrees(sheet.name, unit, degrees):
            phases = np.radians(phases)
        table = PhaseTable(energies, phases)
        table._check(sheet, threshold)
        return table

    def _check(self, sheet: Sheet, threshold: float) -> None:
        # A threshold that was written out may be rounded down.
        if (row := first(self.energies < threshold * (1 - ROUNDING))) is not None:
            raise InputError(
                f"{sheet.where(row)}: {self.energies[row]:g} MeV is below the threshold of the two "
                f"particles, {threshold:g} MeV, where nothing scatters; remove such rows, or say "
                f"another --mass."
            )
        if (row := first(np.diff(self.energies) <= 0)) is not None:
            raise InputError(
                f"{sheet.where(row + 1)}: the energy {self.energies[row + 1]:.12g} MeV comes after "
                f"{self.energies[row]:.12g}; sort the rows, each energy once."
            )
        steps = np.diff(self.phases)
        if (row := first(np.abs(steps) > LARGEST_STEP)) is not None:
            raise InputError(
                f"{sheet.where(row + 1)}: δ jumps by {np.degrees(steps[row]):.4g}° from one energy "
                f"to the next; make it continuous by multiples of 180°, or table it more finely."
            )


@dataclass(frozen=True, eq=False)
class LevelTable:
    """Levels `energies` (m,) in MeV, of `boxes` (m,) in fm, with their `numbers` n (m,)."""

    boxes: Array
    numbers: NDArray[np.int64]
    energies: Array

    @staticmethod
    def load(path: Path, box: float | None = None) -> LevelTable:
        """The columns box, n and E of a CSV file.

        Where it has no column for the box, `box` says it for all. Without numbers the levels of
        each box are n = 0, 1, ... in the order of the file, and must increase. With numbers, rows
        that leave E empty are passed over.

        Raises `InputError` for a file that is missing or malformed, boxes that are said twice or
        nowhere, energies and boxes that are not positive, and numbers that are not 0, 1, 2, ...
        """
        wanted = "columns box, E and, if you like, n"
        sheet = Sheet.load(path)
        if sheet.find(NUMBER) is not None:
            sheet = sheet.without_empty(ENERGY)
        energies, _ = sheet.numbers(ENERGY, wanted)
        boxes = _boxes(sheet, box, wanted)
        numbered = sheet.find(NUMBER) is not None
        numbers = _numbers(sheet, wanted) if numbered else _in_order(sheet, boxes, energies)
        if (row := first(energies <= 0)) is not None:
            raise InputError(f"{sheet.where(row)}: the energy {energies[row]:g} is not positive.")
        return LevelTable(boxes, numbers, energies)


def read_levels(energies: Sequence[float], box: float) -> LevelTable:
    """The levels n = 0, 1, ... of one box, lowest first.

    Raises `InputError` for energies that do not increase, and for a box that is none.

    >>> read_levels([272.3, 331.6], 10.0).numbers.tolist()
    [0, 1]
    """
    values = np.asarray(energies, dtype=float)
    if not (np.isfinite(values) & (values > 0)).all():
        raise InputError("the energy of a level is a positive number of MeV.")
    if not (np.diff(values) > 0).all():
        raise InputError(
            "the energies of a box must increase from n = 0 on; sort them, or number them in a "
            "--table with a column n."
        )
    sizes = np.full(len(values), checked_box(box))
    return LevelTable(sizes, np.arange(len(values)), values)


def checked_box(box: float) -> float:
    """The size of a box in fm, if it is positive and finite; else raises `InputError`.

    >>> checked_box(10.0)
    10.0
    """
    if not 0 < box < np.inf:
        raise InputError(f"the size of a box is a positive number of fm, not {box:g}.")
    return box


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    r"""A table as CSV with 12 digits; what is not there, or not finite, is left empty.

    >>> csv_text(["n", "E"], [(0, None), (1, 331.598353)])
    'n,E\n0,\n1,331.598353\n'
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow([_field(cell) for cell in row])
    return text.getvalue()


def _field(cell: Cell) -> str:
    return "" if cell is None or not np.isfinite(cell) else f"{cell:.12g}"


def _in_degrees(name: str, unit: str | None, degrees: bool | None) -> bool:
    """Whether δ is in degrees: as the header says, else as was asked, else yes."""
    if unit is None:
        return degrees is not False
    told = unit in DEGREES
    if degrees is not None and degrees != told:
        asked = "--degrees" if degrees else "--radians"
        raise InputError(f"the header of {name} says that δ is in {unit}; leave out {asked}.")
    return told


def _boxes(sheet: Sheet, box: float | None, wanted: str) -> Array:
    """The box of every row, from its column or from `box`."""
    if sheet.find(BOX) is None:
        if box is None:
            raise InputError(
                f"{sheet.name} has no column box (or L); add it, or say the size with --box."
            )
        return np.full(len(sheet.rows), checked_box(box))
    if box is not None:
        raise InputError(f"{sheet.name} has a column for the boxes; leave out --box.")
    sizes, _ = sheet.numbers(BOX, wanted)
    if (row := first(sizes <= 0)) is not None:
        raise InputError(
            f"{sheet.where(row)}: the size of a box is a positive number of fm, not {sizes[row]:g}."
        )
    return sizes


def _numbers(sheet: Sheet, wanted: str) -> NDArray[np.int64]:
    values, _ = sheet.numbers(NUMBER, wanted)
    if (row := first((values < 0) | (values % 1 != 0))) is not None:
        raise InputError(
            f"{sheet.where(row)}: levels are numbered 0, 1, 2, …, not {values[row]:g}."
        )
    return values.astype(np.int64)


def _in_order(sheet: Sheet, boxes: Array, energies: Array) -> NDArray[np.int64]:
    """n = 0, 1, ... along the rows of each box, whose energies must increase."""
    numbers = np.zeros(len(boxes), dtype=np.int64)
    for box in np.unique(boxes):
        rows = np.flatnonzero(boxes == box)
        numbers[rows] = np.arange(len(rows))
        if (fall := first(np.diff(energies[rows]) <= 0)) is not None:
            raise InputError(
                f"{sheet.where(rows[fall + 1])}: the levels of the box of {box:g} fm must "
                f"increase from n = 0 on; sort them, or number them in a column n."
            )
    return numbers
