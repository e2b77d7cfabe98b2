"""The house rules: imports run one way and in no circle, and nothing grows too large."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

FORBIDDEN = {
    "systems": {"training", "interpret", "torch", "pysindy", "matplotlib"},
    "training": {"interpret", "matplotlib"},
    "interpret": set(),
}
"""What each room may not import, wherever in a file: systems ← training ← interpret."""

ROOMS = (
    *(
        "laws",
        "select",
        "discovery",
        "reading",
        "ledger",
        "planning",
        "refinement",
        "weak",
        "bodies",
        "judge",
        "pictures",
        "keep",
    ),
    *(
        "experiments",
        "run",
        "pipeline",
        "regressor",
        "sweeps",
        "pages",
        "landscapes",
        "tools",
        "cli",
    ),
    "__main__",
)
"""The rooms of interpret: each imports from itself and from those named before it."""

MOST_LINES = 300
MOST_PARAMETERS = 6
MOST_FIELDS = 9

MANY = {
    "interpret.experiments.motion.Motion": "an options record is the user's face: one flat list",
    "interpret.laws.report.Statement": "one line of print each; it is flat, like what it prints",
}
"""What may be larger, and why."""


@cache
def parsed(code: str) -> ast.Module:
    """The tree of a module, which several tests walk through."""
    return ast.parse(code)


def imports(code: str) -> Iterator[str]:
    """The first name of every absolute import in the code, inside functions too."""
    for node in ast.walk(parsed(code)):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module.split(".")[0]
        called = node.func if isinstance(node, ast.Call) else None
        if getattr(called, "attr", getattr(called, "id", "")) in ("import_module", "__import__"):
            names = [leaf.value for leaf in ast.walk(node) if isinstance(leaf, ast.Constant)]
            yield from (str(name).split(".")[0] for name in names)


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("import training", ["training"]),
        ("import torch.nn as nn", ["torch"]),
        ("from training.learn.fit import train", ["training"]),
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


IN_TURN = """
import sys
from interpret.cli import main
for line in sys.argv[1:]:
    sys.argv = ["interpret", *line.split("|")]
    try:
        main()
    except SystemExit as end:
        assert not end.code, (line, end.code)
    print("loaded after", line, *sorted(sys.modules), file=sys.stderr)
"""


def loaded_in_turn(root: Path, *lines: str) -> Iterator[tuple[str, set[str]]]:
    """Each command and all modules that one fresh Python has loaded once it is over."""
    outcome = subprocess.run(
        [sys.executable, "-c", IN_TURN, *lines], cwd=root, capture_output=True, text=True
    )
    assert outcome.returncode == 0, outcome.stderr[-2000:]
    after = [line for line in outcome.stderr.splitlines() if line.startswith("loaded after ")]
    for line, found in zip(lines, after, strict=True):
        yield line, set(found.removeprefix(f"loaded after {line} ").split())


PICTURES = {"pysindy", "matplotlib"}
LIGHT = {"systems", "systems.errors", "systems.lazy"}
HEAVY = {"torch", "sympy", "scipy", "numpy", "training"} | PICTURES


def test_commands_load_what_they_use(root, tmp_path):
    """One Python runs them in turn, from the lightest to a fit without noise."""
    helps = ("--help", "fit|--help", "luescher|levels|--help", "--version")
    nothing_learned = (
        "diagrams|--order|2",
        "luescher|zeta|0.5",
        "luescher|phase|--box|10|272.29|331.60",
    )
    fit = f"fit|oscillator|--quiet|--out|{tmp_path / 'run'}"
    turns = dict(loaded_in_turn(root, *helps, "systems", *nothing_learned, fit))

    for line in helps:
        assert "typer" in turns[line]
        assert turns[line] & HEAVY == set(), line
        own = {name for name in turns[line] if name.split(".")[0] == "systems"}
        assert own == LIGHT, line
    assert "sympy" in turns["systems"]
    listed = {"torch", "scipy", "training", "interpret.pipeline"} | PICTURES
    assert turns["systems"] & listed == set()
    for line in nothing_learned:
        assert "systems" in turns[line]
        assert turns[line] & ({"torch"} | PICTURES) == set(), line
    assert "torch" in turns[fit]
    unused = {"torch._dynamo", "sklearn", "pandas", "pyarrow", "narwhals", "h5py", "polars"}
    assert turns[fit] & (unused | PICTURES) == set()


def name_of(file: Path) -> str:
    """The dotted name of a module's file, relative to the root."""
    parts = file.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def modules(root: Path) -> Mapping[str, Path]:
    """Every module of the three packages by its dotted name."""
    files = [path for room in FORBIDDEN for path in sorted((root / room).rglob("*.py"))]
    return {name_of(path.relative_to(root)): path for path in files}


def imported(code: str, name: str, is_package: bool, known: Mapping[str, Path]) -> set[str]:
    """The modules among the known ones that the code of a module imports, inside functions too."""
    package = name if is_package else name.rpartition(".")[0]
    found: set[str] = set()
    for node in ast.walk(parsed(code)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            above = package.rsplit(".", node.level - 1)[0] if node.level else ""
            base = ".".join(part for part in (above, node.module) if part)
            dotted = (f"{base}.{alias.name}" for alias in node.names)
            found |= {other if other in known else base for other in dotted}
    return found & set(known) - {name}


@cache
def graph(root: Path) -> Mapping[str, set[str]]:
    """What every module imports of the others."""
    known = modules(root)
    return {
        name: imported(path.read_text(encoding="utf-8"), name, path.name == "__init__.py", known)
        for name, path in known.items()
    }


def circles(edges: Mapping[str, set[str]]) -> list[list[str]]:
    """The strongly connected components of more than one node (R. Tarjan, 1972)."""
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        number[node] = lowest[node] = len(number)
        stack.append(node)
        for other in sorted(edges[node]):
            if other not in number:
                visit(other)
            if other in stack:
                lowest[node] = min(lowest[node], lowest[other])
        if lowest[node] == number[node]:
            place = stack.index(node)
            if len(stack) > place + 1:
                found.append(sorted(stack[place:]))
            del stack[place:]

    for node in edges:
        if node not in number:
            visit(node)
    return found


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("import a.b", {"a.b"}),
        ("from a import b", {"a.b"}),
        ("from a import nothing", {"a"}),
        ("from a.b import thing", {"a.b"}),
        ("from . import d", {"a.d"}),
        ("from .d import thing", {"a.d"}),
        ("from .. import b", {"a.b"}),
        ("def f():\n    import a.d", {"a.d"}),
        ("if TYPE_CHECKING:\n    from a import d", {"a.d"}),
        ("import numpy", set()),
    ],
)
def test_the_reader_of_modules_reads_them(code, found):
    known = dict.fromkeys(("a", "a.b", "a.d"), Path())
    package = "a.c" if ".. " in code else "a"
    assert imported(code, f"{package}.c", False, known) == found


def test_circles_are_found():
    edges = {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": {"e"}, "e": set(), "f": {"a", "d"}}
    assert circles(edges) == [["a", "b", "c"]]
    assert circles({**edges, "c": {"d"}}) == []
    assert circles({**edges, "e": {"d"}}) == [["d", "e"], ["a", "b", "c"]]


def test_no_imports_run_in_a_circle(root):
    assert len(graph(root)) > 100
    assert circles(graph(root)) == []


def test_every_room_imports_only_from_those_before_it(root):
    inside = {name.split(".")[1] for name in modules(root) if name.startswith("interpret.")}
    assert inside == set(ROOMS), "a room has no place in the order"

    wrong = []
    for name, others in graph(root).items():
        if not name.startswith("interpret."):
            continue
        before = ROOMS[: ROOMS.index(name.split(".")[1]) + 1]
        # The package itself imports all rooms, lazily: inside, nobody asks it.
        inner = [other for other in others if other.split(".")[0] == "interpret"]
        wrong += [
            f"{name} imports {other}"
            for other in inner
            if other == "interpret" or other.split(".")[1] not in before
        ]

    assert wrong == []


def test_experiments_import_no_sibling(root):
    place = root / "interpret" / "experiments"
    packages = {item.parent.name for item in place.glob("*/__init__.py")}
    assert packages == {"motion", "born", "levels", "values"}

    wrong = [
        f"{name} imports {other}"
        for name, others in graph(root).items()
        for other in others
        if (own := package_of(name)) in packages
        and (foreign := package_of(other)) in packages
        and own != foreign
    ]

    assert wrong == []


def package_of(name: str) -> str:
    """Which experiment a module belongs to, "" where to none."""
    parts = name.split(".")
    return parts[2] if parts[:2] == ["interpret", "experiments"] and len(parts) > 2 else ""


def definitions(code: str, name: str) -> Iterator[tuple[str, ast.AST]]:
    """Every function and class of a module with its dotted name."""
    waiting: list[tuple[str, ast.AST]] = [(name, parsed(code))]
    while waiting:
        above, node = waiting.pop()
        for child in ast.iter_child_nodes(node):
            named = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            dotted = f"{above}.{child.name}" if named else above
            if named:
                yield dotted, child
            waiting.append((dotted, child))


def parameters(node: ast.AST) -> int:
    """How many parameters a function names, self and cls apart; ``**given`` names none."""
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return 0
    arguments = node.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return len([item for item in named if item.arg not in ("self", "cls")])


def own_fields(node: ast.AST) -> int:
    """How many fields a record declares; a class that is no dataclass has none."""
    if not isinstance(node, ast.ClassDef):
        return 0
    if not any("dataclass" in ast.unparse(item) for item in node.decorator_list):
        return 0
    annotated = [item for item in node.body if isinstance(item, ast.AnnAssign)]
    return len([item for item in annotated if "ClassVar" not in ast.unparse(item.annotation)])


def defined(root: Path) -> Iterator[tuple[str, ast.AST]]:
    """Every function and class of the three packages."""
    for name, path in modules(root).items():
        yield from definitions(path.read_text(encoding="utf-8"), name)


def test_sizes_are_counted():
    code = (
        "def f(self, a, /, b, *, c=1, **d):\n    def g(x): ...\n"
        "@dataclass(frozen=True)\nclass R:\n    x: int\n    y: int = 1\n    z: ClassVar[int] = 2\n"
        "class P:\n    x: int\n"
    )
    found = dict(definitions(code, "m"))
    assert {name: parameters(node) for name, node in found.items()} == {
        "m.f": 3, "m.f.g": 1, "m.R": 0, "m.P": 0
    }  # fmt: skip
    assert {name: own_fields(node) for name, node in found.items()} == {
        "m.f": 0, "m.f.g": 0, "m.R": 2, "m.P": 0
    }  # fmt: skip


def test_no_function_has_too_many_parameters(root):
    """The command line and kernels apart: there a parameter is an option, and here an address."""
    large = {
        name: parameters(node)
        for name, node in defined(root)
        if parameters(node) > MOST_PARAMETERS
        and not name.startswith(("interpret.cli.", "training.matching.gpu_kernel."))
    }
    assert large == {}


def test_no_record_has_too_many_fields(root):
    large = {n: own_fields(node) for n, node in defined(root) if own_fields(node) > MOST_FIELDS}
    assert set(large) == set(MANY), large


def test_no_file_is_too_long(root):
    lines = {
        path.relative_to(root).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in modules(root).values()
    }
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}
