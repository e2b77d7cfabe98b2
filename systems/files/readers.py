"""Files of samples and data frames, checked on the way in: one function for all formats."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from systems.errors import InputError

if TYPE_CHECKING:
    from systems.files.table import Table
    from systems.files.understood import Understood
    from systems.samples.phase_space import PhaseSamples
    from systems.samples.trajectories import Trajectories

Array = NDArray[np.float64]

TEXT = frozenset({".csv", ".txt", ".tsv", ".dat", ".gz", ".trk", ".asc"})
ARRAYS = frozenset({".npz", ".h5", ".hdf5", ".hdf"})
PARQUET = frozenset({".parquet", ".pq"})
ATOMS = frozenset({".extxyz", ".xyz", ".traj"})
RECORDS = frozenset({".npy"})
SUFFIXES = TEXT | ARRAYS | RECORDS | PARQUET | ATOMS

SMALL = 1 << 20
"""Bytes that hold no more numbers than the memory, however they are packed."""


class NamedColumns(TypedDict, total=False):
    """The columns of a table that may be named; all in one order, but for the last two."""

    coordinates: Sequence[str] | None
    momenta: Sequence[str] | None
    velocities: Sequence[str] | None
    accelerations: Sequence[str] | None
    drives: Sequence[str] | None
    sigmas: Sequence[str] | None


def is_data(path: str | Path) -> bool:
    """Whether this is a file of data: by its name, or because there is such a file.

    >>> is_data("swing.csv"), is_data("coulomb"), is_data("mine.py")
    (True, False, False)
    """
    suffix = Path(path).suffix.lower()
    # os.path asks nothing of a name that no file can have, where Path raises OSError.
    return suffix in SUFFIXES or (suffix != ".py" and os.path.isfile(path))  # noqa: PTH113


def read(
    source: str | Path | Any,
    *,
    mass: ArrayLike | None = None,
    **columns: Unpack[NamedColumns],
) -> Trajectories | PhaseSamples:
    """The samples of a file or a data frame, see `understand`, which says what it took for what.

    >>> read({"t": [0, 1, 2], "x": [0, -5, -20], "v_x": [0, -10, -20]}, mass=[2])[0].p.ravel()
    array([  0., -20., -40.])
    """
    return understand(source, mass=mass, **columns).samples


def understand(
    source: str | Path | Any,
    *,
    mass: ArrayLike | None = None,
    report: Callable[[int, int], None] | None = None,
    **columns: Unpack[NamedColumns],
) -> Understood:
    """The samples of a file of text, NPZ, HDF5, Parquet or atoms, of a data frame or dictionary.

    Which column is the time, a coordinate, its velocity or momentum is told by names, or because
    one is the derivative of another; `coordinates`, and `momenta`, `velocities` (p = m v) or
    `accelerations` name them instead, in the same order. `mass` holds one mass for each coordinate,
    by default those of a file of atoms, or 1; `drives` name what else was measured, and acts on the
    motion, `sigmas` what holds the σ of other columns. Where there are neither momenta nor
    velocities, they are computed from the positions. Points (q, q̇, q̈) without times become
    `PhaseSamples`. Arrays of NPZ and HDF5 files are laid out as `systems.files.stacked` says. Of
    files too large for the memory what `systems.files.condensed` chooses is read; `report` hears
    how many rows of how many.

    Raises `InputError` for a file that is missing, empty or damaged, unknown columns, numbers that
    are infinite, times that do not increase, and fewer than three points.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "fall.csv")
    ...     _ = path.write_text("time;x [m];vx\\n0;0;0\\n0,5;-1,25;-5\\n1;-5;-10\\n")
    ...     found = understand(path)
    >>> found.samples
    1 trajectory of x, 3 points
    >>> for note in found.notes:
    ...     print(note)
    fall.csv: its columns are separated by semicolons, its decimals are commas.
    Columns: time time; coordinate x [m]; velocity vx.
    """
    from systems.files.columns import Named
    from systems.files.understood import understood

    table, named = _table(source, Named.of(**columns), report)
    return understood(table, named, mass)


def series(source: str | Path | Any, names: Sequence[str]) -> tuple[Array, dict[str, Array]]:
    """The times (n,) and some other columns (n,) of a file or a data frame, by name.

    Raises `InputError` for unknown columns, and where there is no time that increases.

    >>> series({"t": [0, 1, 2], "u": [5, 6, 7]}, ["u"])[1]["u"]
    array([5., 6., 7.])
    """
    from systems.files.bookkeeping import time_of
    from systems.files.columns import Named, headings, place_of

    table, _ = _table(source, Named())
    time = time_of(table, headings(table), range(len(table.kinds)), set())
    if time is None:
        raise InputError(f"{table.name} has no column of times, such as t.")
    values = table.numbers([time, *(place_of(table, name) for name in names)])
    t = values[:, 0]
    if len(t) < 2 or not np.isfinite(values).all() or not (np.diff(t) > 0).all():
        raise InputError(
            f"{table.name} must hold numbers in {', '.join(names)} at times that increase."
        )
    return t, dict(zip(names, values[:, 1:].T, strict=True))


def _table(
    source: Any, named: Any, report: Callable[[int, int], None] | None = None
) -> tuple[Table, Any]:
    """The table, and the columns that are left to be named."""
    from systems.files import frames

    if isinstance(source, str | Path):
        return _of_file(Path(source), named, report)
    if isinstance(source, Mapping) and any(_depth(column) > 1 for column in source.values()):
        from systems.files.stacked import from_arrays

        arrays = frames.arrays(source)
        return _of_arrays(frames.NAME, arrays, named, from_arrays)
    if frames.is_frame(source):
        return frames.from_frame(source), named
    raise InputError(f"{source!r:.60} is no file, data frame or dictionary of columns.")


def _of_file(
    path: Path, named: Any, report: Callable[[int, int], None] | None
) -> tuple[Table, Any]:
    if not os.path.isfile(path):  # noqa: PTH113  # of a name that no file can have, too
        raise InputError(f"there is no file {str(path)!r:.200}.")
    suffix = path.suffix.lower()
    if path.stat().st_size > SMALL:
        from systems.files.condensed import condensed
        from systems.files.streams import stream

        large = stream(path)
        if large is not None:
            return condensed(large, named, report), named
    if suffix == ".npy":
        from systems.files.streams import of_records, read_npy

        return of_records(path.name, read_npy(path)), named
    if suffix in PARQUET:
        from systems.files.parquet_file import read_parquet

        return read_parquet(path), named
    if suffix in ATOMS:
        from systems.files.atoms_file import read_atoms

        return read_atoms(path), named
    if suffix in ARRAYS:
        from systems.files.hdf5_file import read_hdf5
        from systems.files.npz_file import read_npz
        from systems.files.stacked import from_arrays

        arrays = read_npz(path) if suffix == ".npz" else read_hdf5(path)
        return _of_arrays(path.name, arrays, named, from_arrays)
    if suffix in TEXT:
        from systems.files.csv_file import read_csv

        return read_csv(path), named
    raise InputError(
        f"{path.name!r} is no file of text (.csv, .txt, .tsv, .dat), .npz, .npy, .h5, .parquet or "
        f".extxyz."
    )


def _of_arrays(
    name: str, arrays: Mapping[str, Any], named: Any, from_arrays: Callable[..., Table]
) -> tuple[Table, Any]:
    """The table of arrays: q has no columns to be chosen from, only names to be given."""
    if "q" not in arrays:
        return from_arrays(name, arrays, None), named
    if named.rates:
        raise InputError(
            f"momenta and velocities name columns of a table; {name} holds them as p or v."
        )
    return from_arrays(name, arrays, named.coordinates or None), named


def _depth(column: Any) -> int:
    import numpy as np

    return int(np.ndim(column))
