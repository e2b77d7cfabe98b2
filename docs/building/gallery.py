"""`{gallery}` and `{beside}`: what the notebooks show, taken from them while pages are built."""

from __future__ import annotations

import html
import io
import re
import sys
from pathlib import Path

from docutils import nodes
from PIL import Image
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "notebooks"))

import contents  # noqa: E402

FOLDER = "_static/gallery"
SMALL = (300, 220)
"""Pixels that a thumbnail fits into."""


class Gallery(SphinxDirective):
    """`{gallery}`: a thumbnail of every numbered figure, which opens it in full."""

    def run(self) -> list[nodes.Node]:
        """The nodes of the page, a section a notebook; pictures go to the pages' own folder."""
        folder = Path(self.env.app.outdir) / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        found: list[nodes.Node] = []
        for path in contents.paths():
            self.env.note_dependency(str(path))
            figures = list(contents.figures(path))
            section = nodes.section("", nodes.title("", path.stem), ids=[path.stem])
            section += nodes.paragraph("", contents.headline(path))
            cards = "".join(card(figure, folder) for figure in figures)
            section += nodes.raw("", f'<div class="gallery">{cards}</div>', format="html")
            found.append(section)
        return found


def card(figure: contents.Figure, folder: Path) -> str:
    """A thumbnail with its caption as HTML; writes both pictures."""
    name = f"{figure.notebook}-{figure.number}"
    (folder / f"{name}.png").write_bytes(figure.png)
    small = Image.open(io.BytesIO(figure.png)).convert("RGB")
    small.thumbnail(SMALL, Image.Resampling.LANCZOS)
    small.quantize(64).save(folder / f"{name}-small.png", "PNG", optimize=True)
    title = re.sub(r"[$\\]", "", figure.title)  # formulas in plain words
    caption = html.escape(f"Figure {figure.number}: {title}")
    return (
        f'<figure id="{name}"><a href="{FOLDER}/{name}.png">'
        f'<img src="{FOLDER}/{name}-small.png" alt="{caption}" loading="lazy"></a>'
        f"<figcaption>{caption}</figcaption></figure>"
    )


class Beside(SphinxDirective):
    """`{beside}`: every notebook's table of a paper's numbers and ours."""

    def run(self) -> list[nodes.Node]:
        """The tables, each under its notebook's name."""
        lines = [f"## {name}\n\n{table}\n" for name, table in contents.beside()]
        for path in contents.paths():
            self.env.note_dependency(str(path))
        found: list[nodes.Node] = self.parse_text_to_nodes(
            "\n".join(lines), allow_section_headings=True
        )
        return found


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx."""
    app.add_directive("gallery", Gallery)
    app.add_directive("beside", Beside)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
