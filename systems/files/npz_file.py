"""The arrays of an NPZ file, numpy's own format; nothing larger than the file can hold is made."""

from __future__ import annotations

import io
import math
import zipfile
from pathlib import Path
from typing import Any

from numpy.lib import format as npy
from numpy.typing import NDArray

from systems.files.damage import UNREADABLE, unreadable

PACKED = 1032
"""How much a byte of deflate can hold at most. Source: zlib's technical notes, 1032 : 1."""


def read_npz(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays by name. Pickled objects are never loaded.

    Raises `InputError` for a file that is damaged, or that claims to hold more than it can.
    """
    try:
        size = path.stat().st_size
        with zipfile.ZipFile(path) as file:
            members = file.infolist()
            if sum(member.file_size for member in members) > PACKED * size:
                raise ValueError("it claims to hold more than a file of its size can")
            return {
                member.filename.removesuffix(".npy"): _array(file.read(member))
                for member in members
            }
    except UNREADABLE as error:
        raise unreadable(path, "an NPZ", error) from error


def _array(content: bytes) -> NDArray[Any]:
    """The array in the bytes of an NPY file."""
    stream = io.BytesIO(content)
    version = npy.read_magic(stream)
    headers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    if version not in headers:
        raise ValueError(f"version {version} of numpy's format is unknown")
    shape, _, dtype = headers[version](stream)
    if dtype.hasobject:
        raise ValueError("it holds pickled objects, which are never loaded")
    claimed, held = math.prod(shape) * dtype.itemsize, len(content) - stream.tell()
    if min(shape, default=0) < 0 or claimed != held:
        raise ValueError(f"an array claims {claimed} bytes and holds {held}")
    stream.seek(0)
    array: NDArray[Any] = npy.read_array(stream, allow_pickle=False)
    return array
