"""A table of text as fields, with the line of each row: exact, and slow for many rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from systems.errors import InputError
from systems.files.arrow_table import clock_of
from systems.files.dialect import Dialect, comment, number, sniff
from systems.files.plain_text import PlainText

Array = NDArray[np.float64]


@dataclass(frozen=True)
class TextTable:
    """The fields of a table under a header, with the line that each row is on."""

    name: str
    header: tuple[str, ...]
    rows: tuple[list[str], ...]
    lines: tuple[int, ...]

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read all rows; blank lines and comments are passed over.

        Raises `InputError` for a file that is missing, is no text, has no header, twice the same
        column or no rows, and for rows that are longer or shorter than the header.
        """
        text = PlainText.load(path)
        dialect = sniff(text.head)
        if dialect.header is None:
            if not text.head.strip():
                raise InputError(f"{path.name} is empty.")
            raise InputError(
                f"{path.name}, line {dialect.line}: a header with the names of the columns must "
                f"come first."
            )
        check_header(path.name, dialect)
        rows, lines = fields(text, dialect)
        if dialect.point == ",":
            rows = [[_with_point(cell) for cell in row] for row in rows]
        return cls(path.name, dialect.header, tuple(rows), tuple(lines))

    def where(self, row: int) -> str:
        """The place of a row, for messages."""
        return f"{self.name}, line {self.lines[row]}"


@dataclass(frozen=True, eq=False)
class TextColumns:
    """A table of text by its columns, see `systems.files.table.Table`."""

    text: PlainText
    dialect: Dialect
    rows: list[list[str]]
    lines: list[int]

    @classmethod
    def of(cls, text: PlainText, dialect: Dialect) -> TextColumns:
        """All rows; `InputError` for those that are longer or shorter than the header."""
        return cls(text, dialect, *fields(text, dialect))

    @property
    def name(self) -> str:
        """The name of the file."""
        return self.text.name

    @property
    def header(self) -> tuple[str, ...] | None:
        """The names of the columns, as written."""
        return self.dialect.header

    @property
    def kinds(self) -> tuple[str, ...]:
        """What each column holds."""
        return self.dialect.kinds

    @property
    def notes(self) -> tuple[str, ...]:
        """How the table was written."""
        return (*self.text.notes, *self.dialect.notes)

    @property
    def masses(self) -> Mapping[str, float]:
        """A table of text knows of none."""
        return {}

    def __len__(self) -> int:
        return len(self.rows)

    def where(self, row: int) -> str:
        """The place of a row, for messages."""
        return f"{self.name}, line {self.lines[row]}"

    def numbers(self, columns: list[int], most: int | None = None) -> Array:
        """Columns as numbers (rows, columns), NaN where they are missing."""
        rows = self.rows[:most]
        found = np.empty((len(rows), len(columns)))
        for row, cells in enumerate(rows):
            for place, column in enumerate(columns):
                try:
                    found[row, place] = number(cells[column], self.dialect.point)
                except ValueError as error:
                    name = self.header[column] if self.header else f"column {column + 1}"
                    raise InputError(
                        f"{self.where(row)}: {name} is {cells[column]!r}, which is not a number."
                    ) from error
        return found

    def words(self, column: int) -> NDArray[np.intp]:
        """The words of a column (rows,) as whole numbers, counted as they first occur."""
        seen: dict[str, int] = {}
        found = [seen.setdefault(row[column].strip(), len(seen)) for row in self.rows]
        return np.array(found, dtype=np.intp)

    def word(self, column: int, row: int) -> str:
        """One word of a column, as written."""
        return self.rows[row][column].strip()

    def clock(self, column: int) -> Array:
        """Dates and times of the day in seconds (rows,) since the first of them."""
        return clock_of(self.name, [row[column] for row in self.rows])


def fields(text: PlainText, dialect: Dialect) -> tuple[list[list[str]], list[int]]:
    """The rows of the body and their lines, counted from 1.

    Raises `InputError` for rows that are longer or shorter than the header, and for none at all.
    """
    rows: list[list[str]] = []
    lines: list[int] = []
    width = len(dialect.kinds)
    for line, row in _rows(text, dialect):
        if dialect.header and tuple(cell.strip() for cell in row) == dialect.header:
            continue  # of files that were joined
        if len(row) == width + 1 and not row[-1].strip():
            row = row[:-1]  # a separator at the end of the line
        if len(row) != width:
            first = "the header has" if dialect.header else "the others have"
            raise InputError(
                f"{text.name}, line {line}: {len(row)} field{'s' * (len(row) != 1)} where "
                f"{first} {width}."
            )
        rows.append(row)
        lines.append(line)
    if not rows:
        raise InputError(f"{text.name} has a header but no points.")
    return rows, lines


def check_header(name: str, dialect: Dialect) -> None:
    """Refuse a header with twice the same name."""
    names = [column for column in dialect.header or () if column]
    twice = next((column for column in names if names.count(column) > 1), None)
    if twice is not None:
        raise InputError(f"{name}, line {dialect.line}: the column {twice!r} occurs twice.")


def _rows(text: PlainText, dialect: Dialect) -> Iterator[tuple[int, list[str]]]:
    stream = io.StringIO(text.text, newline="")
    for _ in range(dialect.first):
        stream.readline()
    if dialect.separator == " ":
        for line, content in enumerate(stream, start=dialect.first + 1):
            if content.strip() and comment(content) is None:
                yield line, content.split()
        return
    reader = csv.reader(stream, delimiter=dialect.separator, skipinitialspace=True)
    try:
        for row in reader:
            # A row of empty cells is one of missing numbers, a blank line is none.
            if (len(row) > 1 or any(cell.strip() for cell in row)) and comment(row[0]) is None:
                yield dialect.first + reader.line_num, row
    except csv.Error as error:
        line = dialect.first + reader.line_num
        raise InputError(f"{text.name}, line {line}: {error}.") from error


def _with_point(cell: str) -> str:
    try:
        return repr(number(cell, ","))
    except ValueError:
        return cell
