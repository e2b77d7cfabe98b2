"""A newcomer's way: a clone, the two commands, a file of one's own, a report; and the wheel."""

from __future__ import annotations

import email
import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests import newcomer

PACKAGES = ("systems", "training", "interpret")


@pytest.fixture(scope="module")
def project(root) -> dict[str, object]:
    """What pyproject.toml says of the distribution."""
    with (root / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)["project"]


def tracked(root: Path) -> set[str]:
    """The files of the three packages, as git has them."""
    listed = subprocess.run(
        ["git", "ls-files", *PACKAGES], cwd=root, check=True, capture_output=True, text=True
    )
    return set(listed.stdout.split())


def test_the_readme_says_what_a_newcomer_types(root):
    readme = (root / "README.md").read_text(encoding="utf-8")
    start = readme[readme.index("## Quick start") : readme.index("## What it does")]
    typed = [line.strip() for line in start.splitlines() if line.startswith("    ")]
    assert typed.index("make fit") < typed.index("make test")
    for verb in ("inspect", "fit", "report"):
        assert any(line.startswith(f"interpret {verb} ") for line in typed), verb


def test_a_step_that_fails_is_told(tmp_path):
    python = [sys.executable, "-c", "import sys; print('no'); sys.exit('--help' not in sys.argv)"]
    newcomer.walk(python, tmp_path, [("--help",)])
    with pytest.raises(RuntimeError, match="no"):
        newcomer.walk(python, tmp_path, [("systems",)])
    with pytest.raises(RuntimeError, match="--system"):  # it ends well, and has no law
        newcomer.walk([*python, "--help"], tmp_path, [("fit", "--system", "oscillator")])


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_five_commands_and_nothing_fails(root, tmp_path):
    """git clone, make fit, make test (not run again here), a fit of one's own file, its report.

    The clone's make uses the environment that is there; what it makes of it is `.ci/run`'s to try.
    """
    place = tmp_path / "interpret"
    subprocess.run(["git", "clone", "--quiet", root, place], check=True)
    around = {**os.environ, "PYTHONPATH": str(place)}
    programs = Path(sys.executable).parent
    given = ["READY=", f"BIN={programs}"]
    for asked in (["fit"], ["--dry-run", "test"]):
        done = subprocess.run(
            ["make", *asked, *given], cwd=place, env=around, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        assert ("IDENTICAL" if asked == ["fit"] else "-m pytest") in done.stdout
    newcomer.write(place)
    own = [step for step in newcomer.STEPS if newcomer.FILE in step or step[0] == "report"]
    newcomer.walk([str(programs / "interpret")], place, own, around)
    assert (place / "runs" / "cart" / "report.html").stat().st_size < 2e6


# The wheel


def test_what_is_said_of_the_distribution_is_whole(root, project):
    for name in ("description", "readme", "license", "authors", "keywords", "classifiers"):
        assert project[name], name
    assert project["name"] == "interpret-physics"
    assert (root / project["readme"]).is_file()
    assert all((root / name).is_file() for name in project["license-files"])
    assert len(project["description"]) < 120
    assert "urls" not in project or all(project["urls"].values())
    minors = [f"3.{n}" for n in (11, 12, 13)]
    assert [c.split(" :: ")[-1] for c in project["classifiers"] if ":: 3." in c] == minors


@pytest.mark.slow
def test_the_wheel_holds_the_packages_whole_and_nothing_else(root, project, tmp_path):
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir"]
    done = subprocess.run([*build, tmp_path, root], capture_output=True, text=True)
    if done.returncode and "hatchling" in done.stderr:
        pytest.skip("hatchling, which builds it, is not here and cannot be had")
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.name == f"interpret_physics-{project['version']}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as file:
        names = {name for name in file.namelist() if ".dist-info/" not in name}
        about = f"interpret_physics-{project['version']}.dist-info"
        said = email.message_from_bytes(file.read(f"{about}/METADATA"))
        assert file.read(f"{about}/licenses/LICENSE")
        assert b"interpret = interpret.cli:main" in file.read(f"{about}/entry_points.txt")
    assert names == tracked(root) & names
    assert tracked(root) - names == set()
    for needed in ("py.typed", "cli/run.schema.json", "pages/templates/page.html"):
        assert f"interpret/{needed}" in names
    assert said["License-Expression"] == project["license"]
    assert said["Description-Content-Type"] == "text/markdown"
    assert said["Summary"] == project["description"]
    assert set(said.get_all("Provides-Extra")) == set(project["optional-dependencies"])
    assert said.get_payload().startswith("# interpret")
