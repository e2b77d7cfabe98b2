"""Formulas as MathML, which browsers draw by themselves: no script, no font, no network."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

LOADED = re.compile(
    r"""<(?:script|img|iframe)\b[^>]*\bsrc=["'](?:https?:)?//"""
    r"""|<link\b[^>]*\brel=["']?(?:stylesheet|preload|icon)[^>]*\bhref=["'](?:https?:)?//"""
)
"""What a page would fetch from the network when it is opened."""


NAMED = re.compile(r"(<mi>(?:sin|cos|tan|log|exp|cot|erf)</mi>)(?=<mi|<msu|<mrow|<mfrac|<mover)")
BAR = '<mo stretchy="false">&#x0007C;</mo>'


def drawn(formula: str, display: str = "inline") -> str:
    """A formula of LaTeX as MathML, with the spaces that it has in print.

    A function stands off its argument, and bars stand close to what they enclose.
    """
    found = NAMED.sub(r'\1<mspace width="0.167em"/>', convert(formula, display=display))
    return found.replace(BAR, BAR.replace(">", ' lspace="0" rspace="0">', 1))


def inline(self: Any, node: nodes.math) -> None:
    """Write a formula within a line."""
    self.body.append(drawn(node.astext()))
    raise nodes.SkipNode


def displayed(self: Any, node: nodes.math_block) -> None:
    """Write a formula on a line of its own."""
    self.body.append(f'<div class="formula">{drawn(node.astext(), "block")}</div>\n')
    raise nodes.SkipNode


def refuse_network(app: Sphinx, exception: Exception | None) -> None:
    """Raise an error where a page needs the network to be read."""
    if exception is not None:
        return
    for page in sorted(Path(app.outdir).rglob("*.html")):
        found = LOADED.search(page.read_text(encoding="utf-8"))
        if found:
            raise ExtensionError(f"{page.name} would load {found.group()} from the network")


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx."""
    app.add_html_math_renderer("mathml", (inline, None), (displayed, None))
    app.config.html_math_renderer = "mathml"
    app.connect("build-finished", refuse_network)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
