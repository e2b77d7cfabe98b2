"""A Parquet file as a table."""

from __future__ import annotations

from pathlib import Path

from systems.errors import InputError
from systems.files.arrow_table import ArrowTable
from systems.files.damage import UNREADABLE, unreadable

MOST_PACKED = 10_000
"""Numbers that one byte of a file may stand for: constants are packed well, data are not."""


def read_parquet(path: Path) -> ArrowTable:
    """The table in a Parquet file; `InputError` for one that is damaged."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            claimed = file.metadata.num_rows * file.metadata.num_columns
            if claimed > MOST_PACKED * path.stat().st_size:
                raise InputError(f"{path.name} is damaged: it claims to hold {claimed} numbers.")
            return ArrowTable.of(path.name, file.read())
    except (pa.ArrowException, *UNREADABLE) as error:
        raise unreadable(path, "a Parquet", error) from error
