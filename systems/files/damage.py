"""What is raised for damaged files, and the one sentence that is said instead."""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from pathlib import Path

from systems.errors import DAMAGE, InputError

UNREADABLE = (
    *(*DAMAGE, OSError, SyntaxError),
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error),
)
"""Raised by numpy, zipfile and h5py for what is damaged, encrypted or packed in unknown ways: what
wrong contents raise, and what bytes raise that cannot be unpacked."""

LONGEST = 160


def unreadable(path: Path, kind: str, error: BaseException) -> InputError:
    """The sentence for a file that cannot be read.

    >>> unreadable(Path("a.npz"), "an NPZ", ValueError("bad\\nmagic."))
    InputError('a.npz cannot be read as an NPZ file: bad magic.')
    """
    if isinstance(error, InputError):
        return error
    reason = " ".join(str(error).split()).rstrip(". ") or type(error).__name__
    return InputError(f"{path.name} cannot be read as {kind} file: {reason:.{LONGEST}}.")
