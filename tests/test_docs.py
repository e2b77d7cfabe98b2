"""The documentation says what is so: its commands and snippets run, its messages are printed.

Every page's fenced blocks are read: `sh` are commands, `python` snippets, and `text` right after
one of them is what it prints. There numbers may differ, and `…` stands for what is left out.
"""

from __future__ import annotations

import ast
import contextlib
import doctest
import importlib
import io
import os
import re
import runpy
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, fields
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
import typer

import interpret
import systems
import training
from interpret import cli
from interpret.cli.commands import app
from interpret.experiments import EXPERIMENTS
from interpret.experiments.options import ALIASES

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md"))
DATA = runpy.run_path(str(DOCS / "data.py"))
SENTENCES = runpy.run_path(str(DOCS / "building" / "sentences.py"))

RUN = ("sh", "python", "toml", "text")
"""What is run, kept in a file, or compared, of a page."""

NEEDS = {"a GPU": torch.cuda.is_available(), "the extra sweep": bool(find_spec("distributed"))}
"""What a block may need, said in a comment before it, and whether it is there."""

LONG = 300
"""Seconds that the commands of one page may take."""

every_page = pytest.mark.parametrize(
    "page", PAGES, ids=lambda path: str(path.relative_to(DOCS).with_suffix(""))
)


@dataclass
class Block:
    """A fenced block of a page: its language and its lines, and what it needs to run."""

    language: str
    text: str
    needs: str | None = None

    @property
    def commands(self) -> list[list[str]]:
        """The words of each command."""
        return [shlex.split(line) for line in self.text.splitlines() if line.strip()]

    @property
    def file(self) -> str:
        """The file that a snippet is kept in, by its first line, or ""."""
        found = re.match(r"# (\w+\.(?:py|toml))\n", self.text)
        return found.group(1) if found else ""


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in their order."""
    found = re.finditer(
        r"(?:<!-- needs (?P<needs>[\w ]+) -->\n)?^```(?P<language>\S+)\n(?P<text>.*?)^```$",
        page.read_text(encoding="utf-8"),
        re.MULTILINE | re.DOTALL,
    )
    return [Block(one["language"], one["text"], one["needs"]) for one in found]


def test_there_are_pages_with_commands_and_snippets() -> None:
    every = [block for page in PAGES for block in blocks(page)]
    assert sum(block.language == "sh" for block in every) > 30
    assert sum(block.language == "python" for block in every) > 10
    assert sum(block.language == "text" for block in every) > 30


@every_page
def test_a_page_is_plain_text_of_a_bearable_size(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert len(text) < 60_000
    assert text.startswith("# ")
    assert text.count("```") % 2 == 0
    for trace in ("/home/", "/root/", "/tmp/", "/Users/"):
        assert trace not in text


@every_page
def test_commands_are_those_of_the_program(page: Path) -> None:
    """Every command is parsed by the program's own parser, which knows its options."""
    for block in blocks(page):
        for words in block.commands if block.language == "sh" else ():
            program, *arguments = words
            if program != "interpret":
                check_other(words)
                continue
            command = typer.main.get_command(app)
            while hasattr(command, "commands"):
                command = command.commands[arguments.pop(0)]
            command.make_context(words[1], arguments)


def check_other(words: list[str]) -> None:
    """Of other programs: make's targets, and pip's extras, are ours."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        extras = tomllib.load(file)["project"]["optional-dependencies"]
    if words[0] == "make":
        assert re.search(rf"^{words[1]}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
    elif "pip" in words[0]:
        for asked in re.findall(r"\[([\w,]+)\]", " ".join(words)):
            assert set(asked.split(",")) <= set(extras)
    else:
        assert "python" in words[0], words
        assert words[1] == "-m" or (ROOT / words[1]).exists()


@every_page
def test_snippets_are_python_and_use_public_names(page: Path) -> None:
    options = {item.name for known in EXPERIMENTS.values() for item in fields(known.options)}
    for block in blocks(page):
        if block.language != "python":
            continue
        for node in ast.walk(ast.parse(block.text)):
            if isinstance(node, ast.ImportFrom) and node.module:
                module = importlib.import_module(node.module)
                assert all(hasattr(module, alias.name) for alias in node.names)
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                package = {"interpret": interpret, "systems": systems}.get(node.value.id)
                assert package is None or node.attr in package.__all__, node.attr
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "interpret.fit":
                given = {keyword.arg for keyword in node.keywords} - {"name", "out", "resume"}
                assert given <= options | set(ALIASES)


@pytest.mark.slow
@pytest.mark.timeout(LONG)
@every_page
def test_what_a_page_shows_is_what_happens(page: Path, folder: Path) -> None:
    """Commands and snippets run in turn, in a folder with its data, and print what it quotes."""
    asked = [block for block in blocks(page) if block.language in RUN]
    if not any(block.language in ("sh", "python") for block in asked):
        pytest.skip("nothing to run")
    DATA["write"](folder, sorted(DATA["FILES"].keys() & set(named_in(page))))
    names: dict[str, object] = {"__name__": "snippet"}
    printed = ""
    for block, before in zip(asked, [None, *asked], strict=False):
        if block.language == "text":
            if before is not None and before.language != "text" and there(before):
                check_printed(block.text, printed)
        elif block.file:
            Path(block.file).write_text(block.text, encoding="utf-8")
            printed = ""
        elif there(block):
            printed = happens(block, names)


def there(block: Block) -> bool:
    """Whether this machine has what a block needs."""
    return block.needs is None or NEEDS[block.needs]


def named_in(page: Path) -> Iterator[str]:
    yield from re.findall(r"[\w.]+\.csv", page.read_text(encoding="utf-8"))


def happens(block: Block, names: dict[str, object]) -> str:
    """What a block prints on stdout; its last command's where there are several."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        if block.language == "python":
            exec(compile(block.text, "snippet", "exec"), names)  # noqa: S102 (our own pages)
        for words in block.commands if block.language == "sh" else ():
            if block.needs:
                # What brings processes of its own gets one, with their warnings.
                around = {**os.environ, "PYTHONPATH": str(ROOT)}
                command = [sys.executable, "-m", *words]
                done = subprocess.run(command, env=around, capture_output=True, text=True)
                assert done.returncode == 0, done.stderr
                print(done.stdout)
            elif words[0] == "interpret":
                assert cli.main(words[1:]) == 0, words
    return out.getvalue()


NUMBER = re.compile(r"\d+(?:\.\d+)?(?:e[+-]?\d+)?(?:\(\d+\))?")


def masked(text: str) -> str:
    """Text without its numbers, on single spaces: digits and widths are the machine's."""
    return " ".join(NUMBER.sub("#", text).split())


def check_printed(quoted: str, printed: str) -> None:
    """Every quoted line is printed, in the same order."""
    lines = [masked(line) for line in printed.splitlines()]
    for line in filter(None, (masked(line) for line in quoted.splitlines())):
        if line == "…":
            continue
        wanted = re.compile(".*".join(map(re.escape, line.split("…"))))
        place = next((i for i, had in enumerate(lines) if wanted.fullmatch(had)), None)
        assert place is not None, f"{line!r} is not printed:\n{printed}"
        del lines[: place + 1]


def test_what_is_quoted_wrongly_is_seen() -> None:
    """Or else the test above would prove nothing."""
    check_printed("V = 2.00(1)*x\n…\nkept in runs/…", "V = 1.999(2)*x\nnoise 3\nkept in runs/a")
    with pytest.raises(AssertionError, match="not printed"):
        check_printed("V = 2.00(1)*y", "V = 1.999(2)*x")
    with pytest.raises(AssertionError, match="not printed"):
        check_printed("b\na", "a\nb")


# Messages


@pytest.fixture(scope="module")
def printed() -> str:
    """Every text of the sources, a line each."""
    texts = (found for name in SENTENCES["PACKAGES"] for _, found in SENTENCES["texts"](name))
    return "\n".join(" ".join(text.split()) for text in texts)


def test_every_message_that_is_explained_is_still_printed(printed: str) -> None:
    text = (DOCS / "troubleshooting.md").read_text(encoding="utf-8")
    quoted = re.findall(r"^`(.+)`\n: ", text, re.MULTILINE)
    assert len(quoted) > 50
    assert [one for one in quoted if not SENTENCES["pattern"](one).search(printed)] == []


def test_the_search_for_messages_finds_none_that_is_not_there(printed: str) -> None:
    assert not SENTENCES["pattern"]("there is no moon called …").search(printed)
    assert not SENTENCES["pattern"]("there is no … called a moon").search(printed)
    assert len(SENTENCES["refusals"]("systems")) > 100


# Reference


def test_the_reference_has_every_public_name_once() -> None:
    text = "\n".join(page.read_text("utf-8") for page in (DOCS / "reference").glob("*.md"))
    listed = re.findall(r"^\.\. auto\w+:: (\S+)$", text, re.MULTILINE)
    public = [
        f"{package.__name__}.{name}"
        for package in (interpret, systems, training)
        for name in package.__all__
    ]
    assert sorted(listed) == sorted(public)


@pytest.mark.parametrize("module", ["docstrings", "sentences"])
def test_examples_in_what_builds_the_pages(module: str) -> None:
    path = DOCS / "building" / f"{module}.py"
    found = runpy.run_path(str(path))
    finder, runner = doctest.DocTestFinder(recurse=False), doctest.DocTestRunner()
    for name, what in found.items():
        if callable(what) and getattr(what, "__module__", "") == "<run_path>":
            for test in finder.find(what, name, globs=dict(found)):
                runner.run(test)
    assert runner.tries > 0
    assert runner.failures == 0


def test_docstrings_become_markup() -> None:
    markup = runpy.run_path(str(DOCS / "building" / "docstrings.py"))["markup"]
    said = "What it is.\n\na, b   two things,\n       and more\n\n- `x`: one\n  two\n\n    y = x*z"
    assert markup(said) == [
        *("What it is.", "", "**a, b**", "   two things, and more", "", ""),
        *("- ``x``: one two", "", "::", "", "    y = x*z", ""),
    ]


def test_the_citation_is_of_this_version() -> None:
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    with (ROOT / "pyproject.toml").open("rb") as file:
        version = tomllib.load(file)["project"]["version"]
    assert f"\nversion: {version}\n" in citation
    assert citation.startswith("cff-version: 1.2.0\n")
    assert sys.version_info >= (3, 11)
