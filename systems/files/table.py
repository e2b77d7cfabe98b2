"""A table: columns of numbers, times and words, wherever they come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Table(Protocol):
    """Columns by their position, with the place of every row for messages.

    `header` holds their names as written, None where there are none. `kinds` says of each whether
    it holds a "number", a "clock", "text", or is "empty". `notes` say how the table was written,
    `masses` what it knows of those of its columns.
    """

    @property
    def name(self) -> str:
        """What the table is called in messages."""

    @property
    def header(self) -> tuple[str, ...] | None:
        """The names of the columns, as written."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """What each column holds."""

    @property
    def notes(self) -> tuple[str, ...]:
        """How the table was written."""

    @property
    def masses(self) -> Mapping[str, float]:
        """The masses of coordinates, by their columns; of all of them or none."""

    def __len__(self) -> int:
        """The number of rows."""

    def numbers(self, columns: list[int], most: int | None = None) -> Array:
        """Columns as numbers (rows, columns), NaN where they are missing; of the first rows `most`.

        Raises `InputError`, with its place, for a cell that is no number.
        """

    def words(self, column: int) -> NDArray[np.intp]:
        """The words of a column (rows,) as whole numbers, counted as they first occur."""

    def word(self, column: int, row: int) -> str:
        """One word of a column, as written."""

    def clock(self, column: int) -> Array:
        """Dates and times of the day in seconds (rows,) since the first of them."""

    def where(self, row: int) -> str:
        """The place of a row."""
