"""Data frames of any library, and dictionaries of arrays, as tables."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from systems.errors import InputError
from systems.files.arrow_table import ArrowTable

NAME = "the data"


def is_frame(source: object) -> bool:
    """Whether this is a data frame or a dictionary of columns.

    >>> is_frame({"t": [0.0, 1.0], "x": [1.0, 2.0]}), is_frame("swing.csv"), is_frame(3)
    (True, False, False)
    """
    if isinstance(source, Mapping):
        return True
    # A frame belongs to a library that is loaded: nothing is imported for what is none.
    loaded = {"pandas", "polars", "pyarrow", "modin", "cudf", "duckdb", "ibis", "dask"}
    if type(source).__module__.split(".")[0] not in loaded & set(sys.modules):
        return False
    import narwhals.stable.v2 as nw

    return bool(
        nw.dependencies.is_into_dataframe(source) or isinstance(_wrapped(source), nw.LazyFrame)
    )


def from_frame(source: Any) -> ArrowTable:
    """The table in a data frame; `InputError` where its columns are no columns.

    >>> from_frame({"t": [0.0, 1.0], "x": [1.0, 2.0]}).header
    ('t', 'x')
    """
    import pyarrow as pa

    try:
        if isinstance(source, Mapping):
            columns = arrays(source)
            shapes = {column.shape for column in columns.values()}
            if len(shapes) != 1 or len(next(iter(shapes))) != 1:
                told = ", ".join(f"{name} {column.shape}" for name, column in columns.items())
                raise InputError(
                    f"the columns must be equally long and flat, not {told or 'none'}."
                )
            return ArrowTable.of(NAME, pa.table(columns))
        import narwhals.stable.v2 as nw

        frame = _wrapped(_with_index(source))
        frame = frame.collect() if isinstance(frame, nw.LazyFrame) else frame
        return ArrowTable.of(NAME, frame.to_arrow())
    except (pa.ArrowException, ArithmeticError, TypeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"the data frame cannot be read: {error}.") from error


def arrays(source: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    """The arrays of a dictionary; `InputError` for what is none."""
    try:
        return {str(name): np.asarray(array) for name, array in source.items()}
    except ValueError as error:
        raise InputError(f"the data hold what is no array: {error}.") from error


def _wrapped(source: Any) -> Any:
    import narwhals.stable.v2 as nw

    return nw.from_native(source, pass_through=True)


def _with_index(source: Any) -> Any:
    """A frame of pandas whose index has a name has it as a column, the time for example."""
    index = getattr(source, "index", None)
    named = any(name is not None for name in getattr(index, "names", ()))
    return source.reset_index() if named else source
