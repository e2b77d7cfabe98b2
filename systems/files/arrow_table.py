"""A table in Arrow's memory: what a fast reader of CSV, Parquet and every data frame become."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from systems.errors import InputError
from systems.files.clock import is_clock, seconds
from systems.files.dialect import ROWS, is_missing, is_number, number

if TYPE_CHECKING:
    import pyarrow as pa

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ArrowTable:
    """The columns of an Arrow table, see `systems.files.table.Table`.

    `place` says where a row stands.
    """

    name: str
    table: pa.Table
    header: tuple[str, ...] | None
    kinds: tuple[str, ...]
    place: Callable[[int], str]
    notes: tuple[str, ...] = ()
    masses: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, name: str, table: pa.Table) -> ArrowTable:
        """A table of any types, its rows counted from 0."""
        kinds = tuple(_kind(column) for column in table.columns)
        header = tuple(str(column) for column in table.column_names)
        return cls(name, table, header, kinds, lambda row: f"{name}, row {row}")

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def where(self, row: int) -> str:
        """The place of a row."""
        return self.place(row)

    def numbers(self, columns: list[int], most: int | None = None) -> Array:
        """Columns as numbers (rows, columns), NaN where they are missing."""
        if most is not None:
            return replace(self, table=self.table.slice(0, most)).numbers(columns)
        import pyarrow as pa

        found = np.empty((len(self), len(columns)))
        plain = []
        for place, column in enumerate(columns):
            values = self._doubles(column)
            if isinstance(values, pa.ChunkedArray):
                plain.append((place, values))
            else:
                found[:, place] = values
        _fill(found, plain)
        return found

    def words(self, column: int) -> NDArray[np.intp]:
        """The words of a column (rows,) as whole numbers, counted as they first occur."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if self.kinds[column] == "other":
            called = self.header[column] if self.header else f"column {column + 1}"
            raise InputError(f"{self.name}: {called} holds lists or bytes, and no words.")
        found = self.table.column(column).combine_chunks()
        if pa.types.is_string(found.type) or pa.types.is_large_string(found.type):
            found = pc.utf8_trim_whitespace(found)
        encoded = found if pa.types.is_dictionary(found.type) else pc.dictionary_encode(found)
        indices = pc.fill_null(encoded.indices, -1)
        return np.asarray(indices.to_numpy(zero_copy_only=False), dtype=np.intp)

    def word(self, column: int, row: int) -> str:
        """One word of a column, as written."""
        found = self.table.column(column)[row].as_py()
        return "" if found is None else str(found).strip()

    def clock(self, column: int) -> Array:
        """Dates and times of the day in seconds (rows,) since the first of them."""
        import pyarrow as pa

        found = self.table.column(column)
        if not pa.types.is_temporal(found.type):
            return clock_of(self.name, [str(cell or "") for cell in found.to_pylist()])
        unit = found.type.unit if hasattr(found.type, "unit") else "s"
        if pa.types.is_date(found.type):
            unit = "s"
            found = found.cast(pa.timestamp("s"))
        wide = pa.int32() if pa.types.is_time32(found.type) else pa.int64()
        whole = found.cast(wide).cast(pa.int64())
        first = next((value for value in whole.to_pylist()[:1]), 0) or 0
        count = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
        missing = np.asarray(whole.is_null())
        since = (np.asarray(whole.fill_null(first)) - first) / count
        return np.where(missing, np.nan, since)

    def _doubles(self, column: int) -> pa.ChunkedArray | list[float] | float:
        """A column of numbers in Arrow's memory, or the numbers in its words."""
        import pyarrow as pa

        values = self.table.column(column)
        if self.kinds[column] == "empty":
            return float("nan")
        if pa.types.is_float64(values.type):
            return values
        if _is_numeric(values.type):
            return values.cast(pa.float64(), safe=False)
        return [self._number(row, cell, column) for row, cell in enumerate(values.to_pylist())]

    def _number(self, row: int, cell: object, column: int) -> float:
        try:
            return number("" if cell is None else str(cell))
        except ValueError as error:
            name = self.header[column] if self.header else f"column {column + 1}"
            raise InputError(
                f"{self.where(row)}: {name} is {cell!r}, which is not a number."
            ) from error


def _fill(into: Array, columns: Sequence[tuple[int, pa.ChunkedArray]]) -> None:
    """Write columns of doubles to their places (rows, columns).

    A stretch of rows after the other, all columns of it: they stay in the processor's cache.
    """
    import pyarrow as pa

    if not columns:
        return
    table = pa.table({str(place): values for place, values in columns})
    start = 0
    for batch in table.to_batches():
        stop = start + len(batch)
        for (place, _), chunk in zip(columns, batch.columns, strict=True):
            filled = chunk.fill_null(np.nan) if chunk.null_count else chunk
            data = filled.buffers()[1]
            # Arrow's own to_numpy would import pandas.
            into[start:stop, place] = np.frombuffer(
                data, np.float64, len(filled), 8 * filled.offset
            )
        start = stop


def clock_of(name: str, cells: Sequence[str]) -> Array:
    """Dates and times of the day in seconds, NaN where they are missing."""
    there = np.array([not is_missing(cell) for cell in cells])
    found = seconds([cell for cell in cells if not is_missing(cell)])
    if found is None:
        raise InputError(
            f"{name} has times such as {cells[0]!r} that are not all dates or all times of the "
            f"day; write them like 2026-11-27T12:30:01.5, or as seconds."
        )
    whole = np.full(len(cells), np.nan)
    whole[there] = found
    return whole


def _is_numeric(type_: Any) -> bool:
    import pyarrow as pa

    tests = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_decimal)
    return any(test(type_) for test in tests)


def _kind(column: pa.ChunkedArray) -> str:
    import pyarrow as pa

    if column.null_count == len(column):
        return "empty"
    if _is_numeric(column.type):
        return "number"
    if pa.types.is_temporal(column.type):
        return "clock"
    if pa.types.is_nested(column.type) or pa.types.is_binary(column.type):
        return "other"
    cells = [str(cell) for cell in column.slice(0, ROWS).to_pylist() if cell is not None]
    there = [cell for cell in cells if not is_missing(cell)]
    if not there:
        return "text"
    if 2 * sum(map(is_number, there)) > len(there):
        return "number"
    return "clock" if 2 * sum(map(is_clock, there)) > len(there) else "text"
