"""Trajectories from an NPZ file, numpy's own format.

The arrays are t, q, and p or v, either flat, one row for each point, or stacked, one block for
each trajectory:

    flat     t (n,)             q, p or v (n, d)       trajectory (n,), labels; optional
    stacked  t (n,) or (R, n)   q, p or v (R, n, d)
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from systems.errors import DAMAGE, InputError
from systems.samples.trajectories import Array, Trajectories, Trajectory, checked_mass, groups

TEXT = {"coordinates", "trajectory"}  # these arrays need not hold numbers


def read_npz(path: Path, coordinates: Sequence[str] | None, mass: ArrayLike | None) -> Trajectories:
    """The trajectories of an NPZ file; see `systems.files.readers.read`."""
    arrays, texts = _load(path)
    if not {"t", "q"} <= set(arrays) or ("p" in arrays) == ("v" in arrays):
        held = ", ".join([*arrays, *texts]) or "nothing"
        raise InputError(f"{path.name} must hold t, q, and either p or v; it holds {held}.")
    t, q = arrays["t"], arrays["q"]
    rates = arrays.get("p", arrays.get("v", q))
    if q.ndim == 1:
        q, rates = q[:, None], rates.reshape(-1, 1)
    if q.shape != rates.shape or q.ndim not in {2, 3}:
        raise InputError(
            f"{path.name}: q {q.shape} and p or v {rates.shape} must have the same shape, "
            f"(points, coordinates) or (trajectories, points, coordinates)."
        )
    names = tuple(coordinates or texts.get("coordinates") or _names(q.shape[-1]))
    if len(names) != q.shape[-1]:
        raise InputError(
            f"{path.name}: q {q.shape} has {q.shape[-1]} columns for the coordinates "
            f"{', '.join(names)}."
        )
    masses = checked_mass(np.ones(len(names)) if mass is None else mass, names)
    p = rates if "p" in arrays else masses * rates
    if q.ndim == 3:
        return Trajectories.from_arrays(names, masses, t, q, p)
    labels = np.array(texts.get("trajectory", ["0"] * len(q)))
    if t.shape != (len(q),) or labels.shape != (len(q),):
        raise InputError(
            f"{path.name}: t {t.shape} and trajectory {labels.shape} must have one entry for each "
            f"of the {len(q)} points of q."
        )
    items = (Trajectory(t[rows], q[rows], p[rows]) for rows in groups(labels))
    return Trajectories(names, masses, tuple(items))


def _load(path: Path) -> tuple[dict[str, Array], dict[str, list[str]]]:
    """The arrays of numbers, and those of text. Pickled objects are never loaded."""
    try:
        with np.load(path, allow_pickle=False) as file:
            loaded: dict[str, NDArray[np.generic]] = {name: file[name] for name in file.files}
        texts = {name: [str(x) for x in loaded.pop(name)] for name in TEXT & set(loaded)}
        arrays = {name: np.asarray(array, dtype=np.float64) for name, array in loaded.items()}
    except (*DAMAGE, OSError, zipfile.BadZipFile, zlib.error, struct.error) as error:
        raise InputError(f"{path.name} cannot be read as an NPZ file: {error}.") from error
    return arrays, texts


def _names(d: int) -> tuple[str, ...]:
    """q, or q1, q2, ..."""
    return ("q",) if d == 1 else tuple(f"q{number}" for number in range(1, d + 1))
