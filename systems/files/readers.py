"""Files of trajectories, checked on the way in: one function for all formats."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from numpy.typing import ArrayLike

from systems.errors import InputError
from systems.files.csv_file import read_csv
from systems.files.npz_file import read_npz
from systems.samples.trajectories import Trajectories

SUFFIXES = frozenset({".csv", ".txt", ".npz"})


def is_data(path: str | Path) -> bool:
    """Whether this is a file of data: by its name, or because there is such a file.

    >>> is_data("swing.csv"), is_data("coulomb"), is_data("mine.py")
    (True, False, False)
    """
    suffix = Path(path).suffix.lower()
    # os.path asks nothing of a name that no file can have, where Path raises OSError.
    return suffix in SUFFIXES or (suffix != ".py" and os.path.isfile(path))  # noqa: PTH113


def read(
    path: str | Path,
    *,
    coordinates: Sequence[str] | None = None,
    momenta: Sequence[str] | None = None,
    velocities: Sequence[str] | None = None,
    mass: ArrayLike | None = None,
) -> Trajectories:
    """The trajectories of a CSV or NPZ file.

    `coordinates`, and `momenta` or `velocities` (p = m v), name columns of a CSV file, in the same
    order. `mass` holds one mass for each coordinate, by default 1. An NPZ file holds t (n,),
    q (n, d), p or v (n, d), and possibly `trajectory` (n,) with labels; or t (n,) or (R, n),
    q (R, n, d), p or v (R, n, d). Its array `coordinates`, or the argument, names the coordinates;
    otherwise they are q, or q1, q2, ...

    Raises `InputError` for a file that is missing, empty or malformed, unknown columns, numbers
    that are not finite, times that do not increase, and fewer than three points.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "fall.csv")
    ...     _ = path.write_text("t,x,v_x\\n0,0,0\\n1,-5,-10\\n2,-20,-20\\n")
    ...     data = read(path, mass=[2])
    >>> data, data[0].p.ravel()
    (1 trajectory of x, 3 points, array([  0., -20., -40.]))
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"there is no file {str(path)!r}.")
    suffix = path.suffix.lower()
    if suffix == ".npz":
        if momenta or velocities:
            raise InputError("momenta and velocities name columns of a CSV file, not of an NPZ.")
        return read_npz(path, coordinates, mass)
    if suffix in {".csv", ".txt"}:
        return read_csv(path, coordinates, momenta, velocities, mass)
    raise InputError(f"{path.name!r} is neither a .csv nor a .npz file.")
