"""Notebooks are kept with what they show, name no machine, run, and find the laws."""

from __future__ import annotations

import ast
import base64
import io
import json
import math
import re
import runpy
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode, v4
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
EXECUTION = runpy.run_path(str(ROOT / "notebooks" / "execution.py"))
CONTENTS = runpy.run_path(str(ROOT / "notebooks" / "contents.py"))
execute, digest, stored = (EXECUTION[name] for name in ("execute", "digest", "stored"))
MOST_BYTES = 1_000_000
MOST_LINES = 45

every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


def code_cells(book: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in book.cells if cell.cell_type == "code"]


def test_there_are_notebooks() -> None:
    assert CHECKS.keys() == {path.stem for path in NOTEBOOKS}


@every_notebook
def test_a_notebook_is_kept_with_what_it_shows(path: Path) -> None:
    """Run whole, in order, without an error or a warning, and since its cells were last changed."""
    book = read(path)
    nbformat.validate(book)
    assert path.stat().st_size < MOST_BYTES
    assert book.metadata.keys() == {"kernelspec", "language_info", "interpret"}
    cells = code_cells(book)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    said = [output for cell in cells for output in cell.outputs]
    assert {output.output_type for output in said} <= {"stream", "display_data", "execute_result"}
    assert not [output for output in said if output.get("name") == "stderr"]
    for cell in book.cells:
        assert cell.metadata.keys() <= {"tags"}
        assert not cell.get("attachments")
    assert book.metadata["interpret"] == {"sources": digest(book)}, "run: make notebooks"


@every_notebook
def test_a_notebook_is_kept_with_its_figures(path: Path) -> None:
    """All that are numbered, as pictures that can be opened."""
    figures = list(CONTENTS["figures"](path))
    assert [figure.number for figure in figures] == list(range(1, FIGURES[path.stem] + 1))
    check_figures(read(path), FIGURES[path.stem])
    for figure in figures:
        assert figure.title
        assert min(Image.open(io.BytesIO(figure.png)).size) > 100


def test_what_is_stale_is_seen() -> None:
    book = v4.new_notebook(cells=[v4.new_code_cell("1 + 1"), v4.new_markdown_cell("two")])
    before = digest(book)
    book.cells[1].source = "2"
    assert digest(book) == before, "words may change"
    book.cells[0].source = "1 + 2"
    assert digest(book) != before


def test_what_is_kept_of_a_run() -> None:
    """Neither times nor a kernel's version, smaller pictures, and no warning."""
    picture = io.BytesIO()
    Image.radial_gradient("L").resize((2000, 900)).save(picture, "PNG")
    png = base64.b64encode(picture.getvalue()).decode()
    drawn = v4.new_output("display_data", {"image/png": png, "text/plain": "<Figure>"})
    cell = v4.new_code_cell("draw()", outputs=[drawn], metadata={"execution": {}, "tags": ["a"]})
    book = v4.new_notebook(
        cells=[cell], metadata={"language_info": {"name": "python", "version": "3.11"}}
    )
    kept = stored(book)
    assert kept.metadata["language_info"] == {"name": "python"}
    assert kept.cells[0].metadata == {"tags": ["a"]}
    assert kept.cells[0].outputs[0].data.keys() == {"image/png"}
    small = base64.b64decode(kept.cells[0].outputs[0].data["image/png"])
    assert Image.open(io.BytesIO(small)).width == EXECUTION["WIDEST"] < 2000
    assert len(small) < len(picture.getvalue())
    book.cells[0].outputs.append(v4.new_output("stream", name="stderr", text="beware"))
    with pytest.raises(ValueError, match="beware"):
        stored(book)


@every_notebook
def test_a_notebook_names_no_machine(path: Path) -> None:
    text = re.sub(r'"image/png": "[^"]*"', "", path.read_text(encoding="utf-8"))
    for trace in (str(ROOT), "/home/", "/root/", "/tmp/", "/Users/", ":\\\\Users"):
        assert trace not in text
    assert not re.search(r"\b0x[0-9a-f]{6,}", text), "an address in memory"


@every_notebook
def test_cells_are_short_and_use_public_names(path: Path) -> None:
    for cell in code_cells(read(path)):
        assert len(cell.source.splitlines()) <= MOST_LINES
        for node in ast.walk(ast.parse(cell.source)):
            for name in names_used(node):
                parts = name.split(".")
                assert parts[0] != "tests", name
                assert not [part for part in parts if part.startswith("_")], name


def names_used(node: ast.AST) -> list[str]:
    """The names that a node imports or looks up in an object."""
    if isinstance(node, ast.Attribute):
        return [node.attr]
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


@every_notebook
def test_a_notebook_ends_with_checks(path: Path) -> None:
    last = ast.parse(code_cells(read(path))[-1].source)
    assert any(isinstance(node, ast.Assert) for node in ast.walk(last))


@pytest.mark.slow
def test_a_failing_check_fails_the_notebook() -> None:
    """Or else the next test would prove nothing."""
    with pytest.raises(CellExecutionError, match="AssertionError"):
        execute(v4.new_notebook(cells=[v4.new_code_cell("assert 1 + 1 == 3")]))


@pytest.mark.timeout(900)
@pytest.mark.slow
@every_notebook
def test_a_notebook_runs_and_its_claims_hold(path: Path) -> None:
    """One run for all, at small size: its own checks, and those kept here for it."""
    for package in BODIES.get(path.stem, ()):
        pytest.importorskip(package)
    book = read(path)
    book.cells.append(v4.new_code_cell(ASK))
    book = execute(book)
    said = [output for cell in code_cells(book) for output in cell.outputs]
    assert not [output.text for output in said if output.get("name") == "stderr"]
    check_figures(book, FIGURES[path.stem])
    CHECKS[path.stem](book, json.loads(book.cells[-1].outputs[0].text))


def check_potentials(book: NotebookNode, answers: dict[str, Any]) -> None:
    """The laws are those of the paper's systems."""
    assert answers["runs"].keys() == TRUTH.keys()
    for name, found in answers["runs"].items():
        terms = {term["term"]: term["coefficient"] for term in found["law"]["terms"]}
        assert terms == pytest.approx(TRUTH[name], rel=1e-7), name
        assert found["comparison"]["verdict"] == "IDENTICAL", name
        assert found["verdict"] == "identified", name
    assert len(answers["missing"]) == 2
    for name, found in answers["missing"].items():
        assert found["verdict"] == "not in the library", name
        assert found["comparison"]["verdict"] == "DIFFERENT", name


def check_lagrangians(book: NotebookNode, answers: dict[str, Any]) -> None:
    """The laws are those of two charges in a trap."""
    assert answers["runs"].keys() == CHARGES_IN_A_TRAP.keys()
    for name, found in answers["runs"].items():
        terms = {term["term"]: term["coefficient"] for term in found["law"]["terms"]}
        truth, accuracy = CHARGES_IN_A_TRAP[name]
        assert terms == pytest.approx(truth, rel=accuracy), name
        assert found["comparison"]["verdict"] == "IDENTICAL", name
        assert found["verdict"] == "identified", name
    assert answers["missing"].keys() == {"run 1, box", "the report's"}
    for name, found in answers["missing"].items():
        assert found["verdict"] == "not in the library", name


def check_born(book: NotebookNode, answers: dict[str, Any]) -> None:
    """The first two laws are -∫ r² U and -∬ min² max U U'."""
    laws = answers["runs"]["ours"]["laws"]
    terms = [[term["term"] for term in law["terms"]] for law in laws[:2]]
    assert terms == [["r**2"], ["max*min**2"]]
    for law in laws[:2]:
        assert law["terms"][0]["coefficient"] == pytest.approx(-1, abs=5e-3)


def check_luescher(book: NotebookNode, answers: dict[str, Any]) -> None:
    """What the network's levels resolve counts momenta in a box."""
    terms = answers["runs"]["grid"]["law"]["terms"]
    integers = {term["term"]: int(term["recognised"]) for term in terms}
    assert len(integers) >= 7
    assert integers.items() <= MOMENTA.items()


def check_measured(book: NotebookNode, answers: dict[str, Any]) -> None:
    """The forces of a swing are those it was made with, and what has no law is given none."""
    found = answers["runs"]["swing"]
    terms = {term["part"]: (term["term"], term["coefficient"]) for term in found["law"]["terms"]}
    assert found["verdict"] == "identified"
    assert terms.keys() == {"potential", "dissipative", "drive"}
    assert terms["potential"] == ("cos(theta)", pytest.approx(-4.9, rel=2e-3))
    assert terms["dissipative"] == ("thetad**2/2", pytest.approx(0.12, rel=0.02))
    assert terms["drive"][1] == pytest.approx(0.8, rel=0.01)
    omega = re.search(r"cos\((.*)\*t\)", terms["drive"][0])
    assert omega is not None
    assert float(omega.group(1)) == pytest.approx(1.7, rel=1e-4)
    oil = answers["runs"]["oil"]
    terms = {term["term"]: term["coefficient"] for term in oil["law"]["terms"]}
    assert oil["verdict"] == "identified"
    assert terms == pytest.approx({"cos(theta)": -4.9, "Abs(thetad)**2.5": 0.04}, rel=2e-3)
    assert answers["missing"]["oil"]["verdict"] in ("approximate", "not in the library")


def check_planets(book: NotebookNode, answers: dict[str, Any]) -> None:
    """One orbit of each planet weighs the sun, and all of them together Jupiter."""
    runs = answers["runs"]
    (pull,) = runs["Mercury"]["law"]["terms"]
    assert pull["term"] == "1/r"
    for planet in ("Mercury", "Venus", "Earth-Moon", "Mars", "all"):
        found = {term["term"]: term["coefficient"] for term in runs[planet]["law"]["terms"]}
        assert found["1/r"] == pytest.approx(-SUN, rel=1e-4), planet


def check_cluster(book: NotebookNode, answers: dict[str, Any]) -> None:
    """Lennard-Jones's two powers are found, with the depth and the size of argon."""
    assert answers["runs"]["argon"]["verdict"] == "identified"
    for name, accuracy in (("argon", 1e-4), ("positions", 1e-3)):
        law = answers["runs"][name]["law"]
        terms = {term["term"]: term["coefficient"] for term in law["terms"]}
        assert terms == pytest.approx(ARGON, rel=accuracy), name


def check_figures(book: NotebookNode, count: int) -> None:
    """Every figure from the first to the last is named in one cell, which draws it."""
    for number in range(1, count + 1):
        named = re.compile(rf"Figure {number}\b")
        (drawing,) = [cell for cell in code_cells(book) if named.search(cell.source)]
        assert any("image/png" in output.get("data", {}) for output in drawing.outputs), number


def check_freedom(book: NotebookNode, answers: dict[str, Any]) -> None:
    """The laws are those that the motions were made with."""
    laws = {name: run["law"]["terms"] for name, run in answers["runs"].items()}
    found = {
        name: {term["term"]: term["coefficient"] for term in law} for name, law in laws.items()
    }
    for name, truth in MOTIONS.items():
        assert found[name] == pytest.approx(truth, rel=1e-6), name


ENTRY = re.compile(r"^\| (?P<theirs>[^|]+) \| (?P<what>[^|]+) \| (?P<ours>[^|]+) \|$", re.MULTILINE)
PLACE = re.compile(r"`(?P<notebook>\w+)`, (?P<cells>.+)")


def entries() -> list[tuple[str, str]]:
    """What the page of the papers' figures lists, and where it is said to be."""
    page = (ROOT / "docs" / "seeds.md").read_text(encoding="utf-8")
    rows = [(one["theirs"], one["ours"]) for one in ENTRY.finditer(page)]
    return [row for row in rows if row[0] not in ("theirs", "---")]


@pytest.mark.parametrize(("theirs", "ours"), entries())
def test_every_figure_of_the_papers_is_shown_or_named_as_background(theirs: str, ours: str) -> None:
    """A figure is a picture of the notebook's, a tag a cell that shows words or a picture."""
    if ours.startswith("background: "):
        assert len(ours.split()) > 2, "a reason"
        return
    place = PLACE.fullmatch(ours)
    assert place, ours
    path = ROOT / "notebooks" / f"{place['notebook']}.ipynb"
    drawn = {figure.number for figure in CONTENTS["figures"](path)}
    for cell in place["cells"].split(" and "):
        if cell.startswith("Figure "):
            assert int(cell.removeprefix("Figure ")) in drawn, cell
            continue
        (found,) = CONTENTS["tagged"](path, cell.strip("`"))
        assert CONTENTS["texts"](found) or CONTENTS["pictures"](found), cell


def test_the_table_lists_the_papers() -> None:
    """All six of Bhat's figures, and those of the reports whose numbers are known."""
    listed = {theirs for theirs, _ in entries()}
    assert {f"Figure {n}" for n in range(1, 7)} <= listed
    numbers = {n for theirs in listed for n in re.findall(r"\d+", theirs)}
    assert {"11", "15", "16", "18", "20", "22", "24", "25", "26", "27"} <= numbers
    assert len(entries()) > 55


def test_every_notebook_on_a_paper_sets_its_numbers_beside_ours() -> None:
    """And the table of T1 has the paper's coefficients and ours."""
    tables = dict(CONTENTS["beside"]())
    assert tables.keys() == {"potentials", "lagrangians", "born", "luescher", "freedom"}
    (quartic,) = re.findall(
        r"^\| 2 \| T1 \| `q\*\*4` \|(.*)\|$", tables["potentials"], re.MULTILINE
    )
    truth, printed, ours, *_ = (float(number) for number in quartic.split("|"))
    assert (truth, printed) == (1, 1.00013)
    assert ours == pytest.approx(1, rel=1e-9)


CHECKS = {
    "potentials": check_potentials,
    "lagrangians": check_lagrangians,
    "born": check_born,
    "luescher": check_luescher,
    "measured": check_measured,
    "planets": check_planets,
    "cluster": check_cluster,
    "freedom": check_freedom,
}

FIGURES = {
    "potentials": 15,
    "lagrangians": 28,
    "born": 9,
    "luescher": 15,
    "measured": 7,
    "planets": 2,
    "cluster": 2,
    "freedom": 2,
}
"""How many numbered figures each has."""

BODIES = {"planets": ("jplephem", "skyfield_data"), "cluster": ("ase",)}
"""What the notebooks need of the extra `bodies`."""

# Numbers that neither the notebook nor the package sees.
WELL = {"q": 2.0, "q**2": 3.0, "q**3": -4.0, "q**4": 1.0}
CHARGES = {"1/r": -1 / (4 * math.pi)}
TRUTH = {
    "oscillator": {"q**2": 0.5},
    "T1": WELL,
    "T2": WELL,
    "T3": WELL,
    "central_force": {"1/r": 1.0, "1/(10 - r)": 1.0, "r**(-2)": 0.93103091 / 2},
    "coulomb": CHARGES,
    "coulomb, distance": CHARGES,
}

LENGTHS = (1, 2, 3, 4, 5, 6, 8, 9, 10)
MOMENTA = {
    "-1/q**2": 1,
    **{
        f"1/({n} - q**2)": vectors
        for n, vectors in zip(LENGTHS, (6, 12, 8, 6, 24, 24, 12, 30, 24), strict=True)
    },
}
"""The number of vectors of integers of squared length n, by the pole at n."""

COUPLING = {"1/r": 1.0}
WITH_TRAP = {"1/r": 1.0, "q0**2 + q1**2": 2.0}
CHARGES_IN_A_TRAP = {
    "run 1, log r": (WITH_TRAP, 1e-12),
    "pinhole, trap known, noise 0%": (COUPLING, 1e-12),
    "pinhole, trap known, noise 1%": (COUPLING, 1e-6),
    "pinhole, trap unknown, noise 1%": (WITH_TRAP, 2e-4),
    "exp-log": (COUPLING, 1e-12),
    "log r": (COUPLING, 1e-12),
    "raw": (COUPLING, 1e-12),
    "general": (WITH_TRAP, 1e-3),
}
"""The terms of each law, and how close their coefficients are."""

SUN = 132712440041.9394 * (365.25 * 86400) ** 2 / 149597870.7**3
"""GM of the sun in au³ / year². Source: JPL DE421 (W. Folkner et al., IPN Report 42-178, 2009)."""
ARGON = {"r_ij**(-6)": -4 * 0.0104 * 3.4**6, "r_ij**(-12)": 4 * 0.0104 * 3.4**12}

MOTIONS = {
    "isotropic oscillator": {"r**2": 0.5},
    "Kepler": {"1/r": -1.0},
    "central quartic": {"r**4": 0.25},
    "Hénon–Heiles": {"x**2": 0.5, "y**2": 0.5, "x**2*y": 1.0, "y**3": -1 / 3},
}

ASK = """
import json
print(json.dumps({
    name: {key: run.json() for key, run in globals()[name].items()}
    for name in ("runs", "missing") if name in globals()
}))
"""
"""A cell that prints the runs a notebook kept, in dictionaries of these names, as JSON."""
