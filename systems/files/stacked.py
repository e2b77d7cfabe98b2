"""Named arrays, as NPZ and HDF5 files hold them and dictionaries do, as a table.

    flat      t (n,)             q, p or v (n, d)       trajectory (n,), labels; optional
    stacked   t (n,) or (R, n)   q, p or v (R, n, d), one block for each trajectory
    points    q, qd, qdd (n, d)
    columns   any names, each (n,)

Without p and v there are positions alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from systems.errors import InputError
from systems.files.arrow_table import ArrowTable

Named = Mapping[str, NDArray[Any]]

RATES = {"p": "p_", "v": "v_", "qd": "v_"}
TEXT = {"coordinates", "trajectory"}  # these arrays need not hold numbers


def from_arrays(name: str, arrays: Named, coordinates: Sequence[str] | None) -> ArrowTable:
    """The table in arrays; `coordinates` are the names of the columns of q.

    Raises `InputError` where the shapes do not fit.
    """
    import pyarrow as pa

    if "q" in arrays and ("t" in arrays or "qdd" in arrays):
        columns = _of_motion(name, arrays, coordinates)
    else:
        columns = {key: np.asarray(array) for key, array in arrays.items() if array.ndim}
    shapes = {array.shape for array in columns.values()}
    if len(shapes) != 1 or len(next(iter(shapes))) != 1:
        told = ", ".join(f"{key} {array.shape}" for key, array in arrays.items()) or "nothing"
        raise InputError(
            f"{name} must hold t, q, and either p or v, or columns of one length; it holds {told}."
        )
    try:
        return ArrowTable.of(name, pa.table({key: _native(a) for key, a in columns.items()}))
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise InputError(f"{name} holds arrays that are no numbers or words: {error}.") from error


def _native(array: NDArray[Any]) -> NDArray[Any]:
    """The array in this machine's byte order, as Arrow wants it."""
    return np.ascontiguousarray(array.astype(array.dtype.newbyteorder("="), copy=False))


def _of_motion(
    name: str, arrays: Named, coordinates: Sequence[str] | None
) -> dict[str, NDArray[Any]]:
    given = [key for key in RATES if key in arrays]
    if len(given) > 1:
        raise InputError(f"{name} must hold t, q, and either p or v; it holds {', '.join(arrays)}.")
    q = _numbers(name, "q", arrays["q"])
    blocks = {key: _numbers(name, key, arrays[key]) for key in (*given, "qdd") if key in arrays}
    if q.ndim == 1:
        q = q[:, None]
        blocks = {key: block.reshape(-1, 1) for key, block in blocks.items()}
    wrong = [key for key, block in blocks.items() if block.shape != q.shape]
    if wrong or q.ndim not in {2, 3}:
        shapes = ", ".join(f"{key} {arrays[key].shape}" for key in wrong) or "all others"
        raise InputError(
            f"{name}: q {arrays['q'].shape} and {shapes} must have the same shape, "
            f"(points, coordinates) or (trajectories, points, coordinates)."
        )
    d = q.shape[-1]
    own = [str(x) for x in np.ravel(arrays.get("coordinates", []))]
    # A coordinate must not be taken for the derivative of another, nor for a label.
    names = list(coordinates or own or (["q"] if d == 1 else [f"q{k}" for k in range(1, d + 1)]))
    if len(names) != d:
        raise InputError(
            f"{name}: q {arrays['q'].shape} has {d} columns for the coordinates {', '.join(names)}."
        )
    columns: dict[str, NDArray[Any]] = {}
    rows = int(np.prod(q.shape[:-1]))
    if q.ndim == 3:
        columns["trajectory"] = np.repeat(np.arange(q.shape[0]), q.shape[1])
    elif "trajectory" in arrays:
        columns["trajectory"] = arrays["trajectory"].astype(str)
    if "t" in arrays:
        t = arrays["t"]
        if t.shape not in {q.shape[:-1], q.shape[-2:-1]}:
            raise InputError(f"{name}: t {t.shape} does not fit q {q.shape}: one time a point.")
        columns["t"] = np.broadcast_to(t, q.shape[:-1]).reshape(rows)
    for key, block in {"q": q, **blocks}.items():
        prefix = {"q": "", "qdd": "a_", **RATES}[key]
        flat = block.reshape(rows, d)
        columns |= {f"{prefix}{n}": flat[:, place] for place, n in enumerate(names)}
    return columns


def _numbers(name: str, key: str, array: NDArray[Any]) -> NDArray[np.float64]:
    try:
        return np.asarray(array, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name}: {key} holds no numbers: {error}.") from error
