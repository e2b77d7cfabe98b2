"""The sentences that the program prints, read off its sources: no page quotes one that is gone."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGES = ("systems", "training", "interpret")
GAP = "…"
"""Stands for what differs from case to case."""


def sentence(node: ast.expr) -> str:
    """Text with a gap for everything that is filled in; "" for what is no text.

    >>> sentence(ast.parse("f'there is no {name}; there are {known}.'", mode="eval").body)
    'there is no …; there are ….'
    """
    if isinstance(node, ast.JoinedStr):
        parts = (part.value if isinstance(part, ast.Constant) else GAP for part in node.values)
        return re.sub(f"{GAP}+", GAP, "".join(map(str, parts)))
    text = node.value if isinstance(node, ast.Constant) else ""
    # Templates that are filled in later have names in braces.
    return re.sub(r"\{[^}]*\}", GAP, text) if isinstance(text, str) else ""


def texts(package: str) -> Iterator[tuple[ast.AST, str]]:
    """Every text of the sources of a package, with gaps, and the node that it is in."""
    for path in sorted((ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr | ast.Expr):
                continue  # its pieces are no texts of their own; a docstring is not printed
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.expr) and (found := sentence(child)):
                    yield node, found


def refusals(package: str) -> list[str]:
    """The sentences of all InputErrors of a package, in the order of the alphabet."""
    found = {
        text.removesuffix(GAP)
        for node, text in texts(package)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "InputError"
        if any(letter.isalpha() for letter in text)
    }
    return sorted(found, key=lambda text: re.sub(r"[^a-z ]", "", text.lower()))


def pattern(quoted: str) -> re.Pattern[str]:
    """What a quoted message looks like in a line of the sources: gaps may stand for anything.

    >>> bool(pattern("there is no …").search("there is no run …"))
    True
    """
    return re.compile(".*".join(map(re.escape, quoted.strip(GAP).split(GAP))))
