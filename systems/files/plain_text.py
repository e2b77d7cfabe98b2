"""The bytes of a file of text, whatever it was packed and encoded as, as UTF-8."""

from __future__ import annotations

import codecs
import gzip
import mmap
import zlib
from dataclasses import dataclass
from pathlib import Path

from systems.errors import InputError

GZIP = b"\x1f\x8b"
MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
HEAD = 1 << 18
"""Bytes from which the dialect of a table is read: some thousand rows."""

Buffer = bytes | mmap.mmap


@dataclass(frozen=True, eq=False)
class PlainText:
    """Text as UTF-8 without a byte order mark, its lines ending in LF or CR LF; `notes` say what
    was done to it.

    Raises `InputError` for a file that is missing, empty, damaged or no text.
    """

    name: str
    content: Buffer
    notes: tuple[str, ...] = ()

    @classmethod
    def load(cls, path: Path) -> PlainText:
        """The text of a file; one that needs no change is mapped, and not copied."""
        if not path.is_file():
            raise InputError(f"there is no file {str(path)!r}.")
        try:
            with path.open("rb") as file:
                size = file.seek(0, 2)
                # An empty file cannot be mapped.
                raw = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if size else b""
                content, notes = _plain(path.name, raw)
        except (EOFError, zlib.error, gzip.BadGzipFile, MemoryError) as error:
            raise InputError(f"{path.name} is a damaged gzip file: {error}.") from error
        except OSError as error:
            raise InputError(f"{path.name} cannot be read: {error.strerror}.") from error
        return cls(path.name, content, notes)

    @property
    def head(self) -> str:
        """The beginning, whole lines of it."""
        start = bytes(self.content[:HEAD])
        if len(self.content) > HEAD and (end := start.rfind(b"\n")) > 0:
            start = start[: end + 1]
        return start.decode("utf-8", errors="replace")

    @property
    def text(self) -> str:
        """All of it."""
        return bytes(self.content[:]).decode("utf-8")


def _plain(name: str, raw: Buffer) -> tuple[Buffer, tuple[str, ...]]:
    notes = []
    if raw[:2] == GZIP:
        raw = gzip.decompress(raw)
        notes.append("it is unpacked by gzip")
    encoding = _encoding(name, raw)
    if encoding != "utf-8":
        raw = raw[:].decode(encoding, errors="replace").removeprefix("\ufeff").encode()
        notes.append(f"it is encoded in {encoding}")
    elif raw[:3] == codecs.BOM_UTF8:
        raw = raw[3:]
    if raw.find(b"\r") >= 0:
        whole = raw[:]
        if whole.count(b"\r") > whole.count(b"\r\n"):
            raw = whole.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return raw, tuple(notes)


def _encoding(name: str, raw: Buffer) -> str:
    """UTF-16 where it is marked so or every other byte is 0, UTF-8 where that is possible, else
    the code page 1252 of Windows, in which every byte above the controls is a letter."""
    start = bytes(raw[:HEAD])
    for mark, encoding in MARKS.items():
        if start.startswith(mark):
            return encoding
    if b"\0" in start:
        # Digits and separators have a 0 in the upper byte.
        for encoding, zeros, others in (("utf-16-le", 1, 0), ("utf-16-be", 0, 1)):
            if start[zeros::2].count(0) > 0.9 * len(start[zeros::2]) and 0 not in start[others::2]:
                return encoding
        raise InputError(f"{name} is not a text file.")
    try:
        _check(raw)
    except UnicodeDecodeError as error:
        if any(byte < 32 and byte not in b"\t\n\r\f" for byte in start):
            raise InputError(f"{name} is not a text file.") from error
        return "cp1252"
    return "utf-8"


def _check(raw: Buffer) -> None:
    """Decode piece by piece: no copy of a large file is made."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in range(0, len(raw), HEAD):
        piece = raw[start : start + HEAD]
        if not piece.isascii() or decoder.getstate()[0]:
            decoder.decode(piece)
    decoder.decode(b"", final=True)
