"""How a table is written: what separates columns, which comma is a decimal one, where it begins.

The separator is the one under which most cells are numbers. Which lines are titles and which is
the header is told by the columns below: the body begins with the first row that holds numbers where
the later rows do.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from systems.files.clock import is_clock

COMMENTS = ("#", "%", "//")
SEPARATORS = {"\t": "tabs", ";": "semicolons", ",": "commas", " ": "blanks"}
MISSING = frozenset(
    {"", "nan", "na", "n/a", "#n/a", "null", "none", "-", "--", "?", "#num!", "#div/0!", "-nan"}
    | {"nan(ind)", "-nan(ind)", "1.#qnan", "-1.#ind", "undefined"}
)
"""How spreadsheets, languages and people write that a number is not there."""

_NUMBER = {
    ".": re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eEdD][+-]?\d+)?"),
    # "0," is a number and the comma behind it.
    ",": re.compile(r"[+-]?\d+(,\d+)?([eEdD][+-]?\d+)?"),
}
_INFINITE = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)
_UNIT = re.compile(
    r"[\[(].*[\])]|-|1|(?i:[munkµ]?(s|m|g|px|rad|deg|n|j|hz)|cm|min|h|d|yr|au|km|pixels?|frames?"
    r"|seconds?|sec|degrees?|radians?|°)"
    r"([/*·. ^²³0-9-]|(?<=[/*·. 0-9²-])([munkµ]?(s|m|g|px|rad|deg)|cm|min|h|yr|d|kg))*"
)
ROWS = 120
"""Rows from which the separator and the kinds of the columns are told."""


def is_missing(cell: str) -> bool:
    """Whether a cell says that its number is not there.

    >>> is_missing(" NaN "), is_missing(""), is_missing("0")
    (True, True, False)
    """
    return cell.strip().casefold() in MISSING


def is_number(cell: str, point: str = ".") -> bool:
    """Whether a cell is a number with this decimal point; nan is none, inf is one.

    >>> is_number(" 1e3 "), is_number("-1,5", ","), is_number("1,5"), is_number("q")
    (True, True, False, False)
    """
    cell = cell.strip()
    return bool(_NUMBER[point].fullmatch(cell) or _INFINITE.fullmatch(cell))


def number(cell: str, point: str = ".") -> float:
    """The number in a cell, NaN where it is missing; ValueError for what is neither.

    >>> number("-1,5", ","), number("2.5D-1"), number("NA")
    (-1.5, 0.25, nan)
    """
    if is_missing(cell):
        return float("nan")
    if not is_number(cell, point):
        raise ValueError(f"{cell!r} is not a number")
    return float(cell.replace(point, ".").replace("d", "e").replace("D", "e"))


@dataclass(frozen=True)
class Dialect:
    """How a table is written.

    `separator` is one of `SEPARATORS`, blanks being any run of them; `point` the decimal point.
    `header` holds the names as written, None where there are none; `units` a row of units below
    them. `first` counts the lines above the body, `line` is that of the header. `kinds` says of
    each column whether it holds a "number", a "clock", "text" or is "empty".

    >>> dialect = sniff("t;x\\n0,5;1\\n1;2,25\\n")
    >>> dialect.separator, dialect.point, dialect.header, dialect.kinds
    (';', ',', ('t', 'x'), ('number', 'number'))
    """

    separator: str
    point: str
    header: tuple[str, ...] | None
    units: tuple[str, ...]
    first: int
    line: int
    kinds: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def split(self, line: str) -> list[str]:
        """The cells of one line."""
        if self.separator == " ":
            return line.split()
        return next(csv.reader([line], delimiter=self.separator, skipinitialspace=True), [])


def sniff(head: str) -> Dialect:
    """The dialect of a table that begins so."""
    lines = head.replace("\r\n", "\n").split("\n")
    candidates = [
        found for separator in SEPARATORS if (found := _Rows.split(lines, separator)) is not None
    ]
    best = max(candidates, key=lambda rows: rows.numbers, default=None)
    if best is None or not best.numbers:
        return _without_numbers(lines)
    return best.dialect()


def comment(line: str) -> str | None:
    """What stands behind the mark of a comment, None where there is no such mark."""
    bare = line.lstrip(' \t"')
    mark = next((mark for mark in COMMENTS if bare.startswith(mark)), None)
    return None if mark is None else bare.lstrip("#%/ \t").rstrip('" ')


@dataclass(frozen=True)
class _Rows:
    """The lines of the head as cells, by one separator and decimal point."""

    separator: str
    point: str
    width: int
    cells: tuple[tuple[int, bool, list[str]], ...]
    numbers: int

    @classmethod
    def split(cls, lines: Sequence[str], separator: str) -> _Rows | None:
        """The rows; None where the separator makes no two columns."""
        cells: list[tuple[int, bool, list[str]]] = []
        for place, line in enumerate(lines):
            told = comment(line)
            if len(cells) > ROWS:
                break
            if line.strip():
                cells.append((place, told is not None, _cells(told or line, separator)))
        body = [row for _, is_comment, row in cells if not is_comment]
        counted = {
            point: Counter(
                len(row) for row in body for cell in row if is_number(cell, point) or is_clock(cell)
            )
            for point in (".", ",")
        }
        point = max(counted, key=lambda point: counted[point].total())
        counts = counted[point]
        if not counts:
            return None
        width = counts.most_common(1)[0][0]
        if width < 2:
            return None
        return cls(separator, point, width, tuple(cells), counts[width])

    def dialect(self) -> Dialect:
        """The dialect: where the body begins, and what stands above it."""
        rows = [row for row in self.cells if not row[1] and len(row[2]) == self.width]
        kinds = self.kinds([row for _, _, row in rows[-ROWS:]])
        begin = next(place for place, _, row in rows if self.fits(row, kinds))
        # Now without the header, which is words.
        kinds = self.kinds([row for place, _, row in rows if place >= begin])
        above = [row for row in self.cells if row[0] < begin]
        titled = [row for row in above if not row[1] and self.wide(row[2])]
        if not titled:
            titled = [row for row in above[-1:] if self.wide(row[2]) and self.speaks(row[2])]
        units: tuple[str, ...] = ()
        if len(titled) > 1 and all(not cell or _UNIT.fullmatch(cell) for cell in titled[-1][2]):
            units = tuple(titled[-1][2])
            titled = titled[:-1]
        header = None
        if titled:
            place, _, names = titled[-1]
            group = [row[2] for row in above if row[0] < place]
            header = tuple(_filled(names, self.width, group[-1] if group else ()))
            if len(names) < self.width and not self.counts([row for _, _, row in rows]):
                header = tuple(names)  # the rows are too long, which is a fault
                kinds = kinds[: len(names)]
        return Dialect(
            self.separator,
            self.point,
            header,
            units,
            begin,
            1 + (titled[-1][0] if titled else begin),
            kinds,
            self.notes(bool(units), header is None),
        )

    def kinds(self, rows: Sequence[list[str]]) -> tuple[str, ...]:
        """What the columns hold, by the majority of the cells that are not missing."""
        found = []
        for column in zip(*rows, strict=True):
            there = [cell for cell in column if not is_missing(cell)]
            numbers = sum(is_number(cell, self.point) for cell in there)
            clocks = sum(is_clock(cell) for cell in there)
            if not there:
                found.append("empty")
            elif 2 * numbers >= len(there) > 0 and numbers >= clocks:
                found.append("number")
            else:
                found.append("clock" if 2 * clocks > len(there) else "text")
        return tuple(found)

    def fits(self, row: list[str], kinds: Sequence[str]) -> bool:
        """Whether a row holds numbers where the columns do, most of them at least."""
        judged = [
            is_number(cell, self.point) or is_clock(cell)
            for cell, kind in zip(row, kinds, strict=True)
            if kind in {"number", "clock"} and not is_missing(cell)
        ]
        # A row of missing numbers belongs to the body, one of empty cells to neither.
        return 2 * sum(judged) > len(judged) or (not judged and any(row))

    def wide(self, row: Sequence[str]) -> bool:
        """Whether a row above can hold the names: as wide as the body, or by an index less."""
        return len(row) in {self.width, self.width - 1} and len(row) > 1 and any(row)

    def counts(self, rows: Sequence[list[str]]) -> bool:
        """Whether the first column may do without a name: words, or 0, 1, 2, ..."""
        first = [row[0] for row in rows]
        numbers = [cell for cell in first if is_number(cell, self.point)]
        if 2 * len(numbers) < len(first):
            return True
        return numbers in ([str(k + start) for k in range(len(numbers))] for start in (0, 1))

    def speaks(self, row: Sequence[str]) -> bool:
        """Whether the cells of a comment are names and no sentence."""
        return self.separator != " " or all(len(cell) < 12 for cell in row)

    def notes(self, units: bool, nameless: bool) -> tuple[str, ...]:
        said = []
        if self.separator != ",":
            said.append(f"its columns are separated by {SEPARATORS[self.separator]}")
        if self.point == ",":
            said.append("its decimals are commas")
        if units:
            said.append("below the header is a row of units")
        if nameless:
            said.append("it has no header")
        return tuple(said)


def _cells(line: str, separator: str) -> list[str]:
    if separator == " ":
        return line.split()
    try:
        row = next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])
    except csv.Error:
        return []
    return [cell.strip() for cell in row]


def _filled(names: Sequence[str], width: int, group: Sequence[str]) -> list[str]:
    """The names for every column; where the names of several tracks stand above them, with these.

    >>> _filled(["t", "x", "y", "x", "y"], 5, ["", "A", "", "B", ""])
    ['t', 'x_A', 'y_A', 'x_B', 'y_B']
    """
    if len(names) < width:
        return ["", *names]
    if len(set(names)) == len(names) or not 1 < len(group) <= width:
        return list(names)
    current = ""
    filled = []
    for place, name in enumerate(names):
        current = (group[place] if place < len(group) else "") or current
        twice = list(names).count(name) > 1
        filled.append(f"{name}_{current}" if twice and current else name)
    return filled


def _without_numbers(lines: Sequence[str]) -> Dialect:
    """A table of which no row holds numbers: its first line is the header."""
    told = [(k, line) for k, line in enumerate(lines) if line.strip() and comment(line) is None]
    if not told:
        return Dialect(",", ".", None, (), 0, 1, ())
    place, line = told[0]
    separator = max((",", ";", "\t"), key=line.count)
    header = tuple(_cells(line, separator))
    return Dialect(separator, ".", header, (), place + 1, place + 1, ("text",) * len(header))
