"""Tables too large for the memory, a batch of rows at a time: Parquet, HDF5, NPY and CSV."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from systems.errors import InputError
from systems.files.arrow_table import ArrowTable
from systems.files.damage import UNREADABLE, unreadable

LARGE: Final = 40_000_000
"""Numbers that are read as a whole, 320 MB of them: more are streamed."""

MANY: Final = 2_000_000
"""Rows that are read as a whole: what is learned of more takes minutes, and hardly more is told."""

BATCH: Final = 1 << 18
"""Rows at a time: a few megabytes a column."""

BYTES: Final = 12
"""Of text for a number, in files that are written with all their digits twice as many."""


@dataclass(frozen=True)
class Stream:
    """A file that holds so many `rows` (of text about as many), and its `parts`: tables of the same
    columns, one after the other."""

    path: Path
    rows: int
    parts: Callable[[], Iterator[ArrowTable]]

    @property
    def name(self) -> str:
        """What the file is called in messages."""
        return self.path.name

    def batches(self) -> Iterator[ArrowTable]:
        """The parts; `InputError` where the file turns out to be damaged."""
        import pyarrow as pa

        try:
            yield from self.parts()
        except (pa.ArrowException, *UNREADABLE) as error:
            raise unreadable(self.path, _kind(self.path), error) from error


def stream(path: Path) -> Stream | None:
    """The file as a stream, where it is too large to be read as a whole; None otherwise.

    Raises `InputError` for files that are damaged.
    """
    opening = STREAMS.get(path.suffix.lower())
    try:
        return None if opening is None else opening(path)
    except UNREADABLE as error:
        raise unreadable(path, _kind(path), error) from error


def _kind(path: Path) -> str:
    return (
        f"a {path.suffix[1:].capitalize()}"
        if len(path.suffix) > 5
        else (f"an {path.suffix[1:].upper()}")
    )


def _large(rows: int, columns: int) -> bool:
    return rows > MANY or rows * columns > LARGE


def _parquet(path: Path) -> Stream | None:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        rows, columns = file.metadata.num_rows, file.metadata.num_columns
    if not _large(rows, columns):
        return None

    def batches() -> Iterator[ArrowTable]:
        import pyarrow as pa

        # Buffered: a row group may be larger than the memory.
        with pq.ParquetFile(path, buffer_size=1 << 20, pre_buffer=False) as file:
            for batch in file.iter_batches(BATCH, use_threads=False):
                yield ArrowTable.of(path.name, pa.Table.from_batches([batch]))

    return Stream(path, rows, batches)


def _hdf5(path: Path) -> Stream | None:
    """Columns of one length at the top of the file, or t, q and p or v, flat; others are read."""
    try:
        import h5py
    except ImportError:
        return None  # the sentence is `read_hdf5`'s
    with h5py.File(path, "r") as file:
        flat = all(isinstance(node, h5py.Dataset) and node.ndim in {1, 2} for node in file.values())
        lengths = {node.shape[0] for node in file.values()} if flat else set()
        numbers = sum(node.size for node in file.values()) if flat else 0
    if len(lengths) != 1:
        return None
    (rows,) = lengths
    if not _large(rows, numbers // max(rows, 1)):
        return None

    def batches() -> Iterator[ArrowTable]:
        from systems.files.stacked import from_arrays

        with h5py.File(path, "r") as file:
            for start in range(0, rows, BATCH):
                part = {name: node[start : start + BATCH] for name, node in file.items()}
                yield from_arrays(path.name, part, None)

    return Stream(path, rows, batches)


def _npy(path: Path) -> Stream | None:
    array = read_npy(path)
    width = len(array.dtype.names or ()) or array.shape[-1]
    if not _large(len(array), width):
        return None

    def batches() -> Iterator[ArrowTable]:
        for start in range(0, len(array), BATCH):
            yield of_records(path.name, np.asarray(array[start : start + BATCH]))

    return Stream(path, len(array), batches)


def read_npy(path: Path) -> NDArray[Any]:
    """The array of an NPY file, mapped and not read: records, or numbers (rows, columns).

    Raises `InputError` for arrays of another shape; pickled objects are never loaded.
    """
    try:
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except UNREADABLE as error:
        raise unreadable(path, "an NPY", error) from error
    if array.ndim != (1 if array.dtype.names else 2):
        raise InputError(
            f"{path.name} holds an array {array.shape}; it must hold records with names, or "
            f"numbers (rows, columns)."
        )
    return array


def of_records(name: str, array: NDArray[Any]) -> ArrowTable:
    """The table in records, or in numbers (rows, columns) without a header."""
    from dataclasses import replace

    from systems.files.stacked import from_arrays

    if array.dtype.names:
        return from_arrays(name, {key: array[key] for key in array.dtype.names}, None)
    columns = {f"column {place + 1}": column for place, column in enumerate(array.T)}
    return replace(from_arrays(name, columns, None), header=None)


def _csv(path: Path) -> Stream | None:
    from systems.files.csv_file import batches, width

    size = path.stat().st_size
    if size <= BYTES * MANY:
        return None
    columns = width(path)
    rows = size // (BYTES * columns)
    return Stream(path, rows, lambda: batches(path)) if _large(rows, columns) else None


STREAMS: Final[dict[str, Callable[[Path], Stream | None]]] = {
    ".parquet": _parquet,
    ".pq": _parquet,
    ".h5": _hdf5,
    ".hdf5": _hdf5,
    ".hdf": _hdf5,
    ".npy": _npy,
    ".csv": _csv,
    ".tsv": _csv,
}
