"""The arrays of an HDF5 file: data sets at its top, tables of records, or a group a trajectory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from systems.errors import InputError
from systems.files.damage import UNREADABLE, unreadable
from systems.files.npz_file import PACKED


def read_hdf5(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays by name; those of several groups one after the other, with their `trajectory`.

    Raises `InputError` for a file that is damaged, that claims to hold more than it can, or whose
    groups do not hold the same arrays, and where h5py is not installed.
    """
    try:
        import h5py
    except ImportError as error:
        raise InputError(
            f"{path.name} is an HDF5 file, which h5py reads: pip install 'interpret-physics[io]'."
        ) from error
    try:
        with h5py.File(path, "r") as file:
            return _gathered(path, _groups(file, path.stat().st_size))
    except UNREADABLE as error:
        raise unreadable(path, "an HDF5", error) from error


def _groups(file: Any, size: int) -> dict[str, dict[str, NDArray[Any]]]:
    """The arrays of every group that holds some, in the order of the file."""
    import h5py

    found: dict[str, dict[str, NDArray[Any]]] = {}
    left = PACKED * size

    def visit(name: str, node: Any) -> None:
        nonlocal left
        if not isinstance(node, h5py.Dataset) or node.shape is None:
            return
        left -= node.size * node.dtype.itemsize
        if left < 0:
            raise ValueError("it claims to hold more than a file of its size can")
        group, _, own = name.rpartition("/")
        if node.dtype.names is not None:
            records = node[()]
            found.setdefault(group, {}).update({key: records[key] for key in records.dtype.names})
        elif h5py.check_string_dtype(node.dtype) is not None:
            found.setdefault(group, {})[own] = np.asarray(node.asstr()[()], dtype=np.str_)
        elif node.dtype.kind in "biuf":
            found.setdefault(group, {})[own] = node[()]

    file.visititems(visit)
    return found


def _gathered(path: Path, groups: dict[str, dict[str, NDArray[Any]]]) -> dict[str, NDArray[Any]]:
    """One set of arrays from those of all groups."""
    own = {name: arrays for name, arrays in groups.items() if name}
    if not own:
        return groups.get("", {})
    kept = [{k: a for k, a in arrays.items() if np.ndim(a)} for arrays in own.values()]
    if len({frozenset(arrays) for arrays in kept}) > 1:
        names = ", ".join(own)
        raise InputError(f"{path.name}: the groups {names} do not hold the same arrays.")
    if len(own) == 1:
        return next(iter(own.values()))
    joined = {name: np.concatenate([arrays[name] for arrays in kept]) for name in kept[0]}
    counts = [len(next(iter(arrays.values()))) for arrays in kept]
    joined["trajectory"] = np.repeat(list(own), counts)
    return joined
