"""What the stored notebooks hold: `python notebooks/contents.py` prints the papers' numbers beside ours.

A cell that draws `Figure N` names it in its source; a cell that shows a table and is spoken of
elsewhere has a tag. A cell with the tag `beside` shows what a paper printed and what came out here.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent

BESIDE = "beside"
"""The tag of a table of a paper's numbers and ours."""

FIGURE = re.compile(r"Figure (\d+)\b(?::? *([^\"'\n]*))?")
TABLES = ("text/markdown", "text/html", "text/plain")


@dataclass(frozen=True)
class Figure:
    """A figure of a notebook: its number, its title, and its picture as PNG."""

    notebook: str
    number: int
    title: str
    png: bytes


def paths() -> list[Path]:
    """The notebooks, by name."""
    return sorted(HERE.glob("*.ipynb"))


def cells(path: Path) -> list[dict[str, Any]]:
    """All cells of a notebook."""
    found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return found


def code_cells(path: Path) -> list[dict[str, Any]]:
    """The cells of a notebook that are run."""
    return [cell for cell in cells(path) if cell["cell_type"] == "code"]


def headline(path: Path) -> str:
    """What a notebook calls itself."""
    return headings(cells(path)[0])[0]


def headings(cell: dict[str, Any]) -> list[str]:
    """The headings of a cell of text."""
    return re.findall(r"^#+ (.*)$", source(cell), re.MULTILINE)


def source(cell: dict[str, Any]) -> str:
    """A cell's source as one text."""
    return "".join(cell["source"])


def pictures(cell: dict[str, Any]) -> list[bytes]:
    """The pictures that a cell shows, as PNG."""
    shown = (output.get("data", {}).get("image/png") for output in cell["outputs"])
    return [base64.b64decode("".join(one)) for one in shown if one]


def texts(cell: dict[str, Any]) -> list[str]:
    """What a cell shows in words: printed, or as a table in Markdown, in HTML or in text."""
    found = []
    for output in cell["outputs"]:
        data = output.get("data", {})
        one = output.get("text") or next((data[kind] for kind in TABLES if kind in data), None)
        if one and "image/png" not in data:
            found.append("".join(one))
    return found


def figures(path: Path) -> Iterator[Figure]:
    """The figures of a notebook in their order; one without a title has that of its section."""
    section = ""
    for cell in cells(path):
        if cell["cell_type"] == "markdown":
            section = [section, *headings(cell)][-1]
            continue
        named, drawn = list(FIGURE.finditer(source(cell))), pictures(cell)
        if named and drawn:
            title = next((one[2] for one in named if one[2]), section.lstrip("0123456789. "))
            yield Figure(path.stem, int(named[0][1]), title.strip(" ,:"), drawn[0])


def tagged(path: Path, tag: str) -> list[dict[str, Any]]:
    """The cells of a notebook that have a tag."""
    return [cell for cell in code_cells(path) if tag in cell["metadata"].get("tags", ())]


def beside() -> Iterator[tuple[str, str]]:
    """Each notebook's name with its table of a paper's numbers and ours, in Markdown."""
    for path in paths():
        for cell in tagged(path, BESIDE):
            yield from ((path.stem, text) for text in texts(cell))


if __name__ == "__main__":
    for name, table in beside():
        print(f"## {name}\n\n{table}\n")
