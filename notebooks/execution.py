"""Runs notebooks and stores them with what they show: `python notebooks/execution.py [NAME ...]`.

`--stale` in the place of names runs those whose cells were changed since they were last run.

What is kept is the same on every machine but for the numbers: no path, no time, no version of a
kernel, and figures of few colours. With it goes a digest of the cells, by which a test sees that
what is shown is what they show.
"""

from __future__ import annotations

import base64
import hashlib
import io
import os
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode
from PIL import Image

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent

SECONDS_A_CELL = 3600
"""A cell takes a minute at most on a quiet machine, and machines are not always quiet."""

STALE = "--stale"
WIDEST = 760
COLOURS = 80
"""Pixels and colours of a stored figure: enough for lines and heat maps, at a fifth of the bytes."""

OURS = "interpret"
"""The key of a notebook's metadata that holds the digest."""


def execute(book: NotebookNode) -> NotebookNode:
    """The notebook, run by a kernel of its own at small size, one thread."""
    environment = {k: v for k, v in os.environ.items() if k != "MPLBACKEND"}
    environment |= {"INTERPRET_NOTEBOOK_SIZE": "small", "OMP_NUM_THREADS": "1"}
    search = [str(ROOT), environment.get("PYTHONPATH", "")]
    environment["PYTHONPATH"] = os.pathsep.join(part for part in search if part)
    client = NotebookClient(
        book,
        timeout=SECONDS_A_CELL,
        kernel_name="python3",
        record_timing=False,
        resources={"metadata": {"path": str(HERE)}},
    )
    return client.execute(env=environment)


def digest(book: NotebookNode) -> str:
    """SHA-256 of the sources of the cells that are run."""
    sources = (cell.source for cell in book.cells if cell.cell_type == "code")
    return hashlib.sha256("\0".join(sources).encode()).hexdigest()


def stored(book: NotebookNode) -> NotebookNode:
    """The executed notebook as it is kept. Raises ValueError where a cell has warned."""
    for cell in book.cells:
        cell.metadata = {k: v for k, v in cell.metadata.items() if k == "tags"}
        for output in cell.get("outputs", ()):
            if output.get("name") == "stderr":
                raise ValueError(f"a cell wrote to stderr: {output.text}")
            output.get("metadata", {}).clear()
            data = output.get("data", {})
            if "image/png" in data:
                data["image/png"] = shrunk(data["image/png"])
                data.pop("text/plain", None)
    book.metadata = NotebookNode(
        kernelspec={"display_name": "Python 3", "language": "python", "name": "python3"},
        language_info={"name": "python"},
    )
    book.metadata[OURS] = {"sources": digest(book)}
    return book


def shrunk(png: str) -> str:
    """A picture in base64, of fewer pixels and colours; as it was where that is no smaller."""
    before = base64.b64decode(png)
    picture = Image.open(io.BytesIO(before)).convert("RGB")
    picture.thumbnail((WIDEST, WIDEST))
    after = io.BytesIO()
    kept = picture.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    kept.save(after, "PNG", optimize=True)
    return base64.b64encode(min(before, after.getvalue(), key=len)).decode()


def stale(path: Path) -> bool:
    """Whether a notebook does not show what its cells now say."""
    book = nbformat.read(path, as_version=4)
    return bool(book.metadata.get(OURS) != {"sources": digest(book)})


def main(names: list[str]) -> None:
    """Run the notebooks of these names, or all, and write what they show into their files."""
    every = sorted(HERE.glob("*.ipynb"))
    if names == [STALE]:
        every = [path for path in every if stale(path)]
    elif names:
        every = [HERE / f"{name}.ipynb" for name in names]
    for path in every:
        started = time.monotonic()
        book = stored(execute(nbformat.read(path, as_version=4)))
        nbformat.write(book, path)
        size = path.stat().st_size / 1000
        print(f"{path.name}: {time.monotonic() - started:.0f} s, {size:.0f} kB", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
