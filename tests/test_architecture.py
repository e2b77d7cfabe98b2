"""The house rules: imports run one way, and heavy libraries load only where they are used."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

FORBIDDEN = {
    "systems": {"training", "interpret", "torch", "pysindy", "matplotlib"},
    "training": {"interpret", "matplotlib"},
    "interpret": set(),
}
"""What each room may not import, wherever in a file: systems ← training ← interpret."""


def imports(code: str) -> Iterator[str]:
    """The first name of every absolute import in the code, inside functions too."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module.split(".")[0]
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in (
            "import_module",
            "__import__",
        ):
            names = [leaf.value for leaf in ast.walk(node) if isinstance(leaf, ast.Constant)]
            yield from (str(name).split(".")[0] for name in names)


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("import training", ["training"]),
        ("import torch.nn as nn", ["torch"]),
        ("from training.fit import train", ["training"]),
        ("def f():\n    from interpret import fit", ["interpret"]),
        ("if TYPE_CHECKING:\n    import torch", ["torch"]),
        ("from . import data", []),
        ("importlib.import_module('torch.nn')", ["torch"]),
        ("import systems, torch", ["systems", "torch"]),
    ],
)
def test_the_reader_of_imports_reads_them(code, found):
    assert list(imports(code)) == found


@pytest.mark.parametrize("room", FORBIDDEN)
def test_imports_run_one_way(room, root):
    files = sorted((root / room).rglob("*.py"))
    assert files, f"{room} is empty"

    wrong = [
        f"{file.relative_to(root)} imports {name}"
        for file in files
        for name in imports(file.read_text(encoding="utf-8"))
        if name in FORBIDDEN[room] | {"tests"}
    ]

    assert wrong == []


def loaded_by(root: Path, *command: str) -> set[str]:
    """The top-level modules that a fresh Python has loaded once the command is over."""
    reporting = [sys.executable, "-X", "importtime", *command]
    outcome = subprocess.run(reporting, cwd=root, capture_output=True, text=True, check=True)
    lines = [line for line in outcome.stderr.splitlines() if line.startswith("import time:")]
    return {line.rsplit("|", 1)[1].strip().split(".")[0] for line in lines}


def test_systems_loads_no_torch(root):
    loaded = loaded_by(root, "-c", "import systems; systems.names()")

    assert "systems" in loaded
    assert loaded & {"torch", "training", "interpret", "pysindy", "matplotlib"} == set()


@pytest.mark.parametrize(
    "arguments", [["--help"], ["fit", "--help"], ["luescher", "levels", "--help"], ["--version"]]
)
def test_help_loads_nothing_heavy(root, arguments):
    loaded = loaded_by(root, "-m", "interpret", *arguments)

    assert "typer" in loaded
    heavy = {"torch", "sympy", "matplotlib", "scipy", "numpy", "pysindy", "systems", "training"}
    assert loaded & heavy == set()
