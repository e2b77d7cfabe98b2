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
ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
HEAD = 1 << 18
"""Bytes from which the dialect of a table is read: some thousand rows."""

PIECE = 1 << 16
"""Bytes looked at together: they stay in the processor's cache."""

MARKS = b"\r#%/"
"""What may end a line or begin a comment."""

Buffer = bytes | mmap.mmap


@dataclass(frozen=True, eq=False)
class PlainText:
    """Text as UTF-8 without a byte order mark, its lines ending in LF or CR LF.

    `marks` are those of `MARKS` that occur in it, `notes` say what was done to it.

    Raises `InputError` for a file that is missing, empty, damaged or no text.
    """

    name: str
    content: Buffer
    marks: bytes = b""
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
                content, marks, notes = _plain(path.name, raw)
        except (EOFError, zlib.error, gzip.BadGzipFile, MemoryError) as error:
            raise InputError(f"{path.name} is a damaged gzip file: {error}.") from error
        except OSError as error:
            raise InputError(f"{path.name} cannot be read: {error.strerror}.") from error
        return cls(path.name, content, marks, notes)

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


def _plain(name: str, raw: Buffer) -> tuple[Buffer, bytes, tuple[str, ...]]:
    """The content, which of `MARKS` it holds, and what was done to it."""
    notes = []
    if raw[:2] == GZIP:
        raw = gzip.decompress(raw)
        notes.append("it is unpacked by gzip")
    encoding = _encoding(name, bytes(raw[:HEAD]))
    found = _survey(raw) if encoding == "utf-8" else None
    if found is None:
        encoding = _other(name, encoding, bytes(raw[:HEAD]))
        raw = raw[:].decode(encoding, errors="replace").removeprefix("\ufeff").encode()
        notes.append(f"it is encoded in {encoding}")
        found = _survey(raw)
    elif raw[:3] == codecs.BOM_UTF8:
        raw = raw[3:]
    if found and b"\r" in found:
        whole = raw[:]
        if whole.count(b"\r") > whole.count(b"\r\n"):
            raw = whole.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return raw, found or b"", tuple(notes)


def _encoding(name: str, start: bytes) -> str:
    """UTF-16 where it is marked so, or every other byte is 0; else UTF-8, to be tried."""
    for mark, encoding in ORDER_MARKS.items():
        if start.startswith(mark):
            return encoding
    if b"\0" not in start:
        return "utf-8"
    # Digits and separators have a 0 in the upper byte.
    for encoding, zeros, others in (("utf-16-le", 1, 0), ("utf-16-be", 0, 1)):
        if start[zeros::2].count(0) > 0.9 * len(start[zeros::2]) and 0 not in start[others::2]:
            return encoding
    raise InputError(f"{name} is not a text file.")


def _other(name: str, encoding: str, start: bytes) -> str:
    """What is not UTF-8 after all: the code page of Windows, in which every byte is something."""
    if encoding != "utf-8":
        return encoding
    if any(byte < 32 and byte not in b"\t\n\r\f" for byte in start):
        raise InputError(f"{name} is not a text file.")
    return "cp1252"


def _survey(raw: Buffer) -> bytes | None:
    """Which of `MARKS` occur, None for what is no UTF-8: piece by piece, without a copy."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    found: set[int] = set()
    try:
        for start in range(0, len(raw), PIECE):
            piece = raw[start : start + PIECE]
            found |= {mark for mark in MARKS if mark not in found and mark in piece}
            if not piece.isascii() or decoder.getstate()[0]:
                decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return None
    return bytes(sorted(found))
