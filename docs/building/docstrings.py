"""Docstrings as this project writes them, turned into the markup that Sphinx reads.

They are plain text: `names` in backticks, lists with dashes, examples after ``>>>``, formulas and
tables set in by some spaces, and options in two columns, a name and what it means.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence

OPTION = re.compile(r"^([^\s:.,]+(?:, [^\s:.,]+)*)(?: {2,}(\S.*))?$")
"""A line of two columns; or a first column that fills its line, with the rest below."""

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


def is_options(block: Sequence[str]) -> bool:
    """Whether a paragraph is two columns: a name or several, and what they mean."""
    heads = [line for line in block if not line.startswith(" ")]
    parted = [found.group(2) for line in heads if (found := OPTION.match(line))]
    return len(parted) == len(heads) and any(parted) and len(heads[0].split("  ")) > 1


def options(block: Sequence[str]) -> Iterator[str]:
    """Two columns as a list of definitions."""
    name, meaning = "", []
    for line in [*block, ""]:
        if line.startswith(" "):
            meaning.append(line.strip())
            continue
        if name:
            yield from (f"**{inline(name)}**", f"   {inline(' '.join(meaning))}", "")
        found = OPTION.match(line)
        name, meaning = (found.group(1), [found.group(2) or ""]) if found else ("", [])


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
        elif is_options(block):
            found += options(block)
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
    if what == "class" and (signature or "").count("=") > 9:
        return "(**options)", result
    return signature and signature.replace("<factory>", "..."), result


def setup(app) -> dict[str, bool]:  # type: ignore[no-untyped-def]
    """Tell Sphinx."""
    app.connect("autodoc-process-docstring", process)
    app.connect("autodoc-process-signature", shorten)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
