"""`{messages}`: every sentence with which the program refuses an input."""

from __future__ import annotations

from docutils import nodes
from sentences import PACKAGES, refusals
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


class Messages(SphinxDirective):
    """All refusals, by package."""

    def run(self) -> list[nodes.Node]:
        """The nodes of the list."""
        found: list[nodes.Node] = []
        for package in PACKAGES:
            sentences = refusals(package)
            title = nodes.rubric("", f"{package}: {len(sentences)} messages")
            entries = [nodes.list_item("", nodes.paragraph("", text)) for text in sentences]
            found += [title, nodes.bullet_list("", *entries, classes=["refusals"])]
        return found


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx."""
    app.add_directive("messages", Messages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
