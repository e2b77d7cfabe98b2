"""Tables: rows of cells, the first of them the head, as lines of text and as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

FIRST_GAP: Final = 3
"""Blanks after the first column, which names the row."""

GAP: Final = 4
"""Blanks after the others, unless said otherwise."""

Rows = Sequence[Sequence[str]]


def aligned(rows: Rows, gap: int = GAP) -> list[str]:
    """The rows as lines, their columns one under the other; nothing for a head alone.

    Every row has as many cells as the head. Raises ValueError where one has not.

    >>> print("\\n".join(aligned([("term", "recovered", "error"), ("1/r", "-0.08", "1e-10")])))
    term   recovered    error
    1/r    -0.08        1e-10
    """
    if len(rows) == 1:
        return []
    columns = list(zip(*rows, strict=True))
    gaps = [FIRST_GAP, *[gap] * (len(columns) - 1)]
    widths = [max(map(len, column)) + blank for column, blank in zip(columns, gaps, strict=True)]
    return [
        "".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def html(rows: Rows) -> str:
    """The rows as one table, the cells escaped.

    >>> html([("term", "error"), ("1/r", "<1e-10")])
    '<table><tr><th>term</th><th>error</th></tr><tr><td>1/r</td><td>&lt;1e-10</td></tr></table>'
    """
    tags = ["th", *["td"] * (len(rows) - 1)]
    lines = [
        "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in row)
        for tag, row in zip(tags, rows, strict=True)
    ]
    return f"<table>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"
