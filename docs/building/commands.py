"""Every command and option, read off the program itself while the pages are built."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

OTHERS = "Options"
"""The group of options that name none."""


def every(command: Any, name: str = "interpret") -> Iterator[tuple[str, Any]]:
    """The command and all those below it, each with its whole name."""
    yield name, command
    for own, below in getattr(command, "commands", {}).items():
        yield from every(below, f"{name} {own}")


def described(name: str, command: Any) -> Iterator[str]:
    """A command as Markdown: what it does, how it is called, and a table for each group."""
    shown = [item for item in command.params if not item.hidden]
    arguments = [item for item in shown if not item.opts[0].startswith("-")]
    options = [item for item in shown if item not in arguments]
    groups: dict[str, list[Any]] = {}
    for item in options:
        groups.setdefault(item.rich_help_panel or OTHERS, []).append(item)
    yield from (f"## {name}", "", escaped(command.help or ""), "")
    if getattr(command, "commands", {}):
        places = ["COMMAND"]
    else:
        places = [f"[{a.metavar}]" if not a.required else a.metavar for a in arguments]
    called = " ".join([name, *places, *(["[OPTIONS]"] if options else [])])
    yield from ("```text", called, "```", "")
    if arguments:
        yield from table("argument", [(f"`{a.metavar}`", a) for a in arguments])
    for group, items in groups.items():
        yield from (f"**{group}**", "")
        yield from table("option", [(written(item), item) for item in items])


def written(option: Any) -> str:
    """An option as it is typed, with what follows it."""
    names = ", ".join([*option.opts, *option.secondary_opts])
    return f"`{names}`" if option.is_flag else f"`{names} {option.metavar or kind(option)}`"


def kind(option: Any) -> str:
    """What an option takes that names no value: a number or text."""
    name: str = option.type_descriptor.annotation.__name__
    return {"int": "N", "float": "NUMBER", "Path": "FILE"}.get(name, "TEXT")


def table(head: str, rows: list[tuple[str, Any]]) -> Iterator[str]:
    """Names and their help as a table."""
    yield from (f"| {head} | what it says |", "|---|---|")
    for name, item in rows:
        yield f"| {name} | {escaped(item.help or '')} |"
    yield ""


def escaped(text: str) -> str:
    """Help as it is printed: no star and no bar of a formula is markup; names keep their `marks`.

    >>> escaped("such as 'q**4', see `systems`")
    "such as 'q\\\\*\\\\*4', see `systems`"
    """
    pieces = text.split("`")
    for i in range(0, len(pieces), 2):
        for mark in "*_|<$":
            pieces[i] = pieces[i].replace(mark, f"\\{mark}")
    return "`".join(pieces)


class Commands(SphinxDirective):
    """`{commands}`: all of them."""

    def run(self) -> list[nodes.Node]:
        """The nodes of the page."""
        from interpret.cli.commands import app

        program = typer.main.get_command(app)
        lines = [line for name, one in every(program) for line in described(name, one)]
        found: list[nodes.Node] = self.parse_text_to_nodes(
            "\n".join(lines), allow_section_headings=True
        )
        return found


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx."""
    app.add_directive("commands", Commands)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
