"""A CSV file as a table: Arrow reads it; where it cannot we do, and find the line of a fault."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from systems.errors import InputError
from systems.files.arrow_table import ArrowTable
from systems.files.dialect import MISSING, Dialect, sniff
from systems.files.names import LABELS, key
from systems.files.plain_text import PlainText
from systems.files.table import Table
from systems.files.text_table import TextColumns, check_header

BLOCK = 1 << 18
"""Bytes that Arrow parses at once: they stay in the processor's cache, and megabytes take four
times as long. One thread needs a sixth less time of the processors than several do."""

STREAMED = 64
"""Blocks at a time of a file that is streamed: some hundred thousand rows."""

HEAD_BYTES = 1 << 16
"""Of a large file, to tell how it is written."""


def read_csv(path: Path) -> Table:
    """The table in a file of text, in any dialect.

    Raises `InputError` for a file that is missing, empty or no text, for twice the same column, and
    for rows that are longer or shorter than the header.
    """
    text = PlainText.load(path)
    if not text.head.strip():
        raise InputError(f"{path.name} is empty.")
    dialect = _with_labels(sniff(text.head))
    check_header(path.name, dialect)
    fast = _by_arrow(text, dialect)
    return TextColumns.of(text, dialect) if fast is None else fast


def _with_labels(dialect: Dialect) -> Dialect:
    """Labels are words, even where those on top are numbers."""
    kinds = tuple(
        "text" if key(name) in LABELS and kind == "number" else kind
        for name, kind in zip(dialect.header or dialect.kinds, dialect.kinds, strict=True)
    )
    return replace(dialect, kinds=kinds)


def _by_arrow(text: PlainText, dialect: Dialect) -> ArrowTable | None:
    """The table; None where the file is not as regular as Arrow wants it."""
    import pyarrow as pa
    import pyarrow.csv

    body, skipped = _regular(text, dialect)
    try:
        table = pyarrow.csv.read_csv(
            pa.BufferReader(pa.py_buffer(body)), **_settings(dialect, skipped)
        )
    except pa.ArrowInvalid:
        return None
    if not table.num_rows:
        return None

    def place(row: int) -> str:
        return TextColumns.of(text, dialect).where(row)

    return ArrowTable(
        text.name, table, dialect.header, dialect.kinds, place, (*text.notes, *dialect.notes)
    )


def width(path: Path) -> int:
    """How many columns a file of text has, by its first lines."""
    return len(_head(path)[1].kinds)


def batches(path: Path) -> Iterator[ArrowTable]:
    """The table of a large and regular file of text, some rows at a time.

    Raises `InputError` where it is not as regular as Arrow wants it.
    """
    import pyarrow as pa
    import pyarrow.csv

    _, dialect = _head(path)
    if dialect.separator == " ":
        raise InputError(f"{path.name} is too large to be read with blanks between its columns.")
    try:
        with pyarrow.csv.open_csv(path, **_settings(dialect, dialect.first)) as reader:
            while blocks := list(islice(reader, STREAMED)):
                yield ArrowTable(
                    path.name,
                    pa.Table.from_batches(blocks),
                    dialect.header,
                    dialect.kinds,
                    lambda row: f"{path.name}, row {row} of a part",
                )
    except pa.ArrowInvalid as error:
        raise InputError(
            f"{path.name} is too large to be mended, and not regular: {error!s:.200}"
        ) from error


def _head(path: Path) -> tuple[str, Dialect]:
    """The first lines of a large file, and how they are written."""
    with path.open("rb") as file:
        lines = file.read(HEAD_BYTES).rpartition(b"\n")[0]
    try:
        head = lines.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path.name} is no text in UTF-8, and too large to be mended.") from error
    return head, _with_labels(sniff(head))


def _settings(dialect: Dialect, skipped: int) -> dict[str, Any]:
    """How Arrow is to read a dialect."""
    import pyarrow as pa
    import pyarrow.csv

    names = [str(place) for place in range(len(dialect.kinds))]
    number = {"number": pa.float64(), "empty": pa.float64()}
    pairs = zip(names, dialect.kinds, strict=True)
    return {
        "read_options": pyarrow.csv.ReadOptions(
            use_threads=False, block_size=BLOCK, skip_rows=skipped, column_names=names
        ),
        "parse_options": pyarrow.csv.ParseOptions(delimiter=dialect.separator),
        "convert_options": pyarrow.csv.ConvertOptions(
            column_types={name: number.get(kind, pa.string()) for name, kind in pairs},
            null_values=_missing(),
            decimal_point=dialect.point,
        ),
    }


def _regular(text: PlainText, dialect: Dialect) -> tuple[bytes | object, int]:
    """The text without comments in the body and with single blanks, and how many lines to skip."""
    content = text.content
    # A slash may be that of a date, no harm done.
    if dialect.separator != " " and not set(b"#%/") & set(text.marks):
        return content, dialect.first
    body = content[:]
    for _ in range(dialect.first):
        body = body[body.find(b"\n") + 1 :]
    body = re.sub(rb'(?m)^[ \t"]*(#|%|//)[^\n]*(\n|\Z)', b"", body)
    if dialect.separator == " ":
        body = re.sub(rb"[ \t]+", b" ", body)
        body = re.sub(rb"(?m)^ | $| (?=\r)", b"", body)
    return body, 0


def _missing() -> list[str]:
    """The words for a missing number, as people write them."""
    return sorted(
        {form for word in MISSING for form in (word, word.upper(), word.capitalize())}
        | {"NaN", "#N/A", "-NaN", "-1.#IND"}
    )
