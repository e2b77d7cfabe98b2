"""Docstrings as this project writes them, turned into the markup that Sphinx reads.

They are plain text: `names` in backticks, lists with dashes, examples after ``>>>``, formulas and
tables set in by some spaces, and options in two columns, a name and what it means.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence

COLUMNS = re.compile(r"^([^\s:.]+(?:, [^\s:.]+)*) {2,}(?=\S)")
"""A line of two columns: a name, or several, and what they mean."""

NAMES = re.compile(r"^[^\s:.,]+(?:, [^\s:.,]+)*$")
"""A first column that fills its line; the second one is on the lines below."""

NAMED = re.compile(r"``?([^`]+)``?")
MARKUP = re.compile(r"([\\*_|])")


def inline(text: str) -> str:
    """A line of text, names as code, with nothing in it that Sphinx takes for markup.

    >>> inline("c*x_i of `Law`, |v|")
    'c\\\\*x\\\\_i of ``Law``, \\\\|v\\\\|'
    """
    found, end = [], 0
    for name in NAMED.finditer(text):
        before = MARKUP.sub(r"\\\1", text[end : name.start()])
        # Inline code of Sphinx must stand by itself: an escaped space parts it from letters.
        glue = "\\ " if before and before[-1].isalnum() else ""
        after = "\\ " if text[name.end() : name.end() + 1].isalnum() else ""
        found += [before, glue, f"``{name.group(1)}``", after]
        end = name.end()
    return "".join([*found, MARKUP.sub(r"\\\1", text[end:])])


def blocks(lines: Sequence[str]) -> Iterator[list[str]]:
    """The paragraphs, without the empty lines between them."""
    block: list[str] = []
    for line in [*lines, ""]:
        if line.strip():
            block.append(line.rstrip())
        elif block:
            yield block
            block = []


def column(block: Sequence[str]) -> int:
    """Where the second of two columns begins; 0 for a paragraph that has none."""
    at = {found.end() for line in block if (found := COLUMNS.match(line))}
    at |= {len(line) - len(line.lstrip()) for line in block if line.startswith("  ")}
    heads = [line for line in block if not line.startswith(" ")]
    width = at.pop() if len(at) == 1 else 0
    fine = all(line[width - 1 : width] == " " or NAMES.match(line) for line in heads)
    return width if width and fine and not block[0].startswith("- ") else 0


def options(block: Sequence[str], width: int) -> Iterator[str]:
    """Two columns as a list of definitions.

    >>> list(options(["seed   of the data,", "       of the noise"], 7))
    ['**seed**', '   of the data, of the noise', '']
    """
    entries: list[tuple[str, list[str]]] = []
    for line in block:
        whole = NAMES.match(line) is not None
        name = line if whole else line[:width].strip()
        if name:
            entries.append((name, []))
        if not whole:
            entries[-1][1].append(line[width:].strip())
    for name, meaning in entries:
        yield from (f"**{inline(name)}**", f"   {inline(' '.join(meaning))}", "")


def bullets(block: Sequence[str]) -> Iterator[str]:
    """A list with dashes; what follows on the next lines belongs to its entry."""
    entries: list[str] = []
    for line in block:
        if line.startswith("- "):
            entries.append(line[2:])
        else:
            entries[-1] += f" {line.strip()}"
    yield from (f"- {inline(entry)}" for entry in entries)


def markup(docstring: str) -> list[str]:
    """The lines of a docstring as reStructuredText.

    >>> markup("V of `q`.\\n\\n    V(q) = c*q\\n\\nseed   of the data")
    ['V of ``q``.', '', '::', '', '    V(q) = c*q', '', '**seed**', '   of the data', '', '']
    """
    found: list[str] = []
    literal = False
    for block in blocks(textwrap.dedent(docstring).splitlines()):
        indented = all(line.startswith("  ") for line in block)
        if block[0].startswith(">>>") or (indented and literal):
            found += block
        elif indented:
            found += ["::", "", *block]
        elif block[0].startswith("- "):
            found += bullets(block)
        elif width := column(block):
            found += options(block, width)
        else:
            found += paragraph(block)
        literal = indented
        found.append("")
    return found


def paragraph(block: Sequence[str]) -> list[str]:
    """A paragraph of text; a list that follows it without an empty line is a list."""
    dash = next((i for i, line in enumerate(block) if line.startswith("- ")), len(block))
    text = [inline(" ".join(line.strip() for line in block[:dash]))]
    return text if dash == len(block) else [*text, "", *bullets(block[dash:])]


def process(app, what, name, obj, options, lines) -> None:  # type: ignore[no-untyped-def]
    """Put the markup in the place of the docstring."""
    lines[:] = markup("\n".join(lines))


def shorten(app, what, name, obj, options, signature, result):  # type: ignore[no-untyped-def]
    """Defaults that are made anew each time are no Python; a record of many options is a table."""
    if what == "class" and (signature or "").count("=") > 6:
        return "(**options)", result
    return signature and signature.replace("<factory>", "..."), result


def setup(app) -> dict[str, bool]:  # type: ignore[no-untyped-def]
    """Tell Sphinx."""
    app.connect("autodoc-process-docstring", process)
    app.connect("autodoc-process-signature", shorten)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
