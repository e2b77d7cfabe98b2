"""Run folders: all of a run or none of it, and never one over another."""

from __future__ import annotations

import contextlib
import errno
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interpret.keep import folder as runs
from systems.errors import InputError

OLD = {runs.LAW: {"law": "old"}, runs.HISTORY: {"loss": [2.0]}, runs.WEIGHTS: b"old"}
NEW = {runs.LAW: {"law": "new"}, runs.HISTORY: {"loss": [1.0]}, runs.WEIGHTS: b"new"}


def names(path: Path) -> set[str]:
    """What the folder holds, hidden files included."""
    return {item.name for item in path.iterdir()}


class TestCreate:
    def test_without_a_folder_runs_are_numbered(self, folder):
        made = [runs.create(None, "coulomb") for _ in range(3)]

        assert made == [Path("runs/coulomb"), Path("runs/coulomb-2"), Path("runs/coulomb-3")]
        assert all(names(path) == set() for path in made)

    @pytest.mark.parametrize("name", ["../../etc", "a/b", ".hidden", "", "..", "a\\b"])
    def test_a_name_stays_inside_runs(self, folder, name):
        path = runs.create(None, name)

        assert path.resolve().parent == (folder / "runs").resolve()
        assert not path.name.startswith(".")

    def test_parents_are_made(self, folder):
        assert runs.create("a/b/c", "coulomb") == Path("a/b/c")
        assert Path("a/b/c").is_dir()

    def test_an_empty_folder_is_taken(self, folder):
        Path("mine").mkdir()

        assert runs.create("mine", "coulomb") == Path("mine")

    @pytest.mark.parametrize("name", [runs.LAW, runs.REQUEST, runs.CHECKPOINT, runs.SETTINGS])
    def test_a_run_is_not_overwritten(self, folder, name):
        runs.save(Path("mine"), {name: b"{}"})

        with pytest.raises(InputError, match="already holds a run"):
            runs.create("mine", "coulomb")

    def test_a_folder_with_other_files_is_refused(self, folder):
        Path("notes.txt").write_text("mine")

        with pytest.raises(InputError, match="already holds other files"):
            runs.create(folder, "coulomb")

    def test_a_full_disk_is_found_out_early(self, folder, monkeypatch):
        def full(self: Path, data: bytes) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(Path, "write_bytes", full)

        with pytest.raises(InputError, match="the disk is full"):
            runs.create("mine", "coulomb")
        assert names(folder) == set()


class TestSave:
    def test_what_is_saved_is_read_back(self, folder):
        runs.save(Path("mine"), {**OLD, "notes.txt": "χ² is 1", "potential.png": b"\x89PNG"})

        contents = runs.load("mine")
        assert contents["law"] == OLD[runs.LAW]
        assert contents["history"] == OLD[runs.HISTORY]
        assert contents["comparison"] is None
        assert contents["path"] == Path("mine")
        assert (Path("mine") / runs.WEIGHTS).read_bytes() == b"old"
        assert (Path("mine") / "notes.txt").read_text(encoding="utf-8") == "χ² is 1"

    def test_the_rest_of_the_run_stays(self, folder):
        runs.save(Path("mine"), {runs.REQUEST: {"seed": 3}})
        runs.save(Path("mine"), OLD)

        assert names(Path("mine")) == {runs.REQUEST, *OLD}

    def test_nothing_else_is_left_behind(self, folder):
        runs.save(Path("mine"), OLD)
        runs.save(Path("mine"), NEW)

        assert names(folder) == {"mine"}
        assert names(Path("mine")) == set(NEW)

    def test_others_may_read_the_run(self, folder):
        runs.save(Path("mine"), OLD)
        Path("plain").mkdir()

        assert Path("mine").stat().st_mode == Path("plain").stat().st_mode

    @pytest.mark.parametrize("calls", range(3))
    def test_a_full_disk_changes_nothing(self, folder, monkeypatch, calls):
        """Whichever file the disk has no room for, the old run stays whole."""
        runs.save(Path("mine"), OLD)
        room = iter([True] * calls)

        def fsync(descriptor: int) -> None:
            if not next(room, False):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(os, "fsync", fsync)

        with pytest.raises(InputError, match="the disk is full, so mine could not be written"):
            runs.save(Path("mine"), NEW)
        assert runs.load("mine")["law"] == OLD[runs.LAW]
        assert (Path("mine") / runs.WEIGHTS).read_bytes() == b"old"
        assert names(folder) == {"mine"}

    @pytest.mark.parametrize("first", ["nothing", "an empty folder", "a request", "a run"])
    @pytest.mark.parametrize("survived", range(5))
    def test_a_crash_never_leaves_a_mixed_run(self, folder, monkeypatch, first, survived):
        """Cut off after any step of the publication, a run is old, new or unfinished."""
        mine = Path("mine")
        if first == "an empty folder":
            mine.mkdir()
        if first == "a request":
            runs.save(mine, {runs.REQUEST: {}})
        if first == "a run":
            runs.save(mine, OLD)
        steps = iter(range(survived))

        def cut(original):
            def step(self: Path, *arguments: object, **options: object) -> object:
                if next(steps, None) is None:
                    raise KeyboardInterrupt
                return original(self, *arguments, **options)

            return step

        for name in ("rename", "replace", "unlink"):
            monkeypatch.setattr(Path, name, cut(getattr(Path, name)))
        with contextlib.suppress(KeyboardInterrupt):
            runs.save(mine, NEW)
        monkeypatch.undo()
        monkeypatch.chdir(folder)

        if not (mine / runs.LAW).exists():
            with pytest.raises(InputError, match=r"no law yet|there is no run|holds no run"):
                runs.load(mine)
            return
        law = runs.load(mine)["law"]
        expected = {runs.LAW: law} | (OLD if law == OLD[runs.LAW] else NEW)
        for name, content in expected.items():
            assert (mine / name).read_bytes() == runs.encode(content)


class TestReserved:
    def test_an_empty_reservation_is_given_back(self, folder):
        path = runs.create(None, "coulomb")
        runs.save(path, {runs.REQUEST: {}})

        with pytest.raises(KeyboardInterrupt), runs.reserved(path):
            raise KeyboardInterrupt
        assert not path.exists()

    def test_a_checkpoint_is_kept(self, folder):
        path = runs.create(None, "coulomb")

        (path / runs.CHECKPOINT).write_bytes(b"weights")

        with pytest.raises(KeyboardInterrupt), runs.reserved(path):
            raise KeyboardInterrupt
        assert names(path) == {runs.CHECKPOINT}


class TestLoad:
    def test_a_run_is_found_by_its_name(self, folder):
        runs.save(runs.create(None, "coulomb"), OLD)

        assert runs.find("coulomb") == runs.find("runs/coulomb") == Path("runs/coulomb")

    @pytest.mark.parametrize("wrong", ["columb", "runs/columb"])
    def test_a_missing_run_gets_the_nearest_name(self, folder, wrong):
        runs.create(None, "coulomb")

        with pytest.raises(InputError, match="Did you mean 'coulomb'") as raised:
            runs.load(wrong)
        assert repr(wrong) in str(raised.value)

    def test_no_runs_at_all(self, folder):
        with pytest.raises(InputError, match=r"^there is no run 'coulomb'\.$"):
            runs.load("coulomb")

    def test_an_unfinished_run_says_how_to_go_on(self, folder):
        runs.save(Path("mine"), {runs.REQUEST: {}})

        with pytest.raises(InputError, match=r"has no law yet; go on with .* --resume mine"):
            runs.load("mine")

    def test_a_folder_that_is_no_run(self, folder):
        Path("mine").mkdir()

        with pytest.raises(InputError, match="mine holds no run"):
            runs.load("mine")

    @pytest.mark.parametrize("damage", ['{"law": ', "[]", "", "\xff"])
    @pytest.mark.parametrize("name", [runs.LAW, runs.HISTORY])
    def test_a_damaged_run_names_the_file(self, folder, name, damage):
        runs.save(Path("mine"), OLD)
        (Path("mine") / name).write_bytes(damage.encode("latin-1"))

        with pytest.raises(InputError, match=f"mine/{name} is damaged"):
            runs.load("mine")


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(values)
def test_json_is_strict_and_exact_on_finite_values(value):
    def finite(item):
        if isinstance(item, dict):
            return {key: finite(part) for key, part in item.items()}
        if isinstance(item, list):
            return [finite(part) for part in item]
        if isinstance(item, float) and (item != item or item in (float("inf"), float("-inf"))):
            return None
        return item

    read = json.loads(runs.to_json(value), parse_constant=pytest.fail)

    assert read == finite(value)
