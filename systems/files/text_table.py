"""A CSV file as fields of text, with the line of each row for messages."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from systems.errors import InputError


@dataclass(frozen=True)
class TextTable:
    """The fields of a CSV file under a header, with the line that each row is on."""

    name: str
    header: tuple[str, ...]
    rows: tuple[list[str], ...]
    lines: tuple[int, ...]

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read all rows; blank lines and lines that begin with # are passed over.

        Raises `InputError` for a file that is missing, is no text, has no header, twice the same
        column or no rows, and for rows that are longer or shorter than the header.
        """
        if not path.is_file():
            raise InputError(f"there is no file {str(path)!r}.")
        rows: list[list[str]] = []
        lines: list[int] = []
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                reader = csv.reader(file)
                for row in reader:
                    if row and not row[0].startswith("#"):
                        rows.append(row)
                        lines.append(reader.line_num)
        except UnicodeDecodeError as error:
            raise InputError(f"{path.name} is not a text file.") from error
        except csv.Error as error:
            raise InputError(f"{path.name}, line {reader.line_num}: {error}.") from error
        except OSError as error:
            raise InputError(f"{path.name} cannot be read: {error.strerror}.") from error
        if not rows:
            raise InputError(f"{path.name} is empty.")
        header = tuple(name.strip() for name in rows[0])
        table = cls(path.name, header, tuple(rows[1:]), tuple(lines[1:]))
        table.check_header(lines[0])
        table.check_rows()
        return table

    def where(self, row: int) -> str:
        """The place of a row, for messages."""
        return f"{self.name}, line {self.lines[row]}"

    def check_header(self, line: int) -> None:
        """Refuse a header of numbers, and one with twice the same name."""
        where = f"{self.name}, line {line}"
        if all(is_number(name) for name in self.header):
            raise InputError(f"{where}: a header with the names of the columns must come first.")
        if len(set(self.header)) < len(self.header):
            twice = next(name for name in self.header if self.header.count(name) > 1)
            raise InputError(f"{where}: the column {twice!r} occurs twice.")

    def check_rows(self) -> None:
        """Refuse rows that are longer or shorter than the header, and a table without rows."""
        for number, row in enumerate(self.rows):
            if len(row) != len(self.header):
                raise InputError(
                    f"{self.where(number)}: {len(row)} field{'s' * (len(row) != 1)} where the "
                    f"header has {len(self.header)}."
                )
        if not self.rows:
            raise InputError(f"{self.name} has a header but no points.")


def is_number(field: str) -> bool:
    """Whether numpy reads the field as a number; nan and inf are numbers too.

    >>> is_number(" 1e3 "), is_number("nan"), is_number("q")
    (True, True, False)
    """
    try:
        np.array([field], dtype=np.float64)
    except ValueError:
        return False
    return True
