"""A checkpoint is whole or is not there; it is written now and then, and read back bit for bit."""

from __future__ import annotations

import errno
import io
import os
import signal
import time
from pathlib import Path

import pytest
import torch

from systems.errors import InputError
from training.optimise import checkpoint as module
from training.optimise.checkpoint import SECONDS_BETWEEN_WRITES, Checkpoint, Progress

WEIGHTS = torch.tensor([1.0, -1 / 3, 1e-300], dtype=torch.float64)


@pytest.fixture
def clock(monkeypatch):
    """A clock that is set by hand."""

    class Clock:
        now = 1000.0

        def monotonic(self):
            return self.now

    made = Clock()
    monkeypatch.setattr(module, "time", made)
    return made


def test_what_is_written_is_read(tmp_path):
    path = tmp_path / "checkpoint.pt"
    memory = {"step": 7, "optimizer": {"state": {0: {"exp_avg": 2 * WEIGHTS}}, "fused": None}}
    Checkpoint(path, Progress(WEIGHTS, (0.5, 1e-20), memory, finished=True)).write()

    back = Checkpoint.read(path)

    assert torch.equal(back.progress.parameters, WEIGHTS)
    assert back.progress.history == (0.5, 1e-20)
    assert back.progress.finished
    assert back.progress.memory["step"] == 7
    moments = back.progress.memory["optimizer"]["state"][0]["exp_avg"]
    assert torch.equal(moments, 2 * WEIGHTS)
    assert back.path == path
    assert [file.name for file in tmp_path.iterdir()] == ["checkpoint.pt"]


class Full(io.FileIO):
    """A file on a disk that has no room for the second half of what is written."""

    def write(self, content):
        super().write(memoryview(content)[: len(content) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_leaves_the_old_one(tmp_path, monkeypatch):
    """The disk fills up halfway: the checkpoint of before is still whole, and nothing else is."""
    path = tmp_path / "checkpoint.pt"
    Checkpoint(path, Progress(WEIGHTS, (0.5,))).write()

    monkeypatch.setattr(Path, "open", lambda self, mode: Full(str(self), mode))
    with pytest.raises(InputError, match=r"No space.*kept\s+before stays"):
        Checkpoint(path, Progress(2 * WEIGHTS, (0.5, 0.4))).write()
    monkeypatch.undo()

    assert torch.equal(Checkpoint.read(path).progress.parameters, WEIGHTS)
    assert [file.name for file in tmp_path.iterdir()] == ["checkpoint.pt"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("seconds", [0.02, 0.05, 0.11])
def test_killed_in_the_middle_of_a_write_a_whole_one_is_left(tmp_path, seconds):
    """SIGKILL, which nobody can catch: what is read is what one of the writes has kept."""
    path = tmp_path / "checkpoint.pt"
    Checkpoint(path, Progress(torch.zeros(20_000), (0.0,))).write()
    child = os.fork()
    if not child:
        step = 0.0
        while True:
            step += 1
            Checkpoint(path, Progress(torch.full((20_000,), step), (step,))).write()
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    kept = Checkpoint.read(path).progress
    assert (kept.parameters == kept.history[0]).all()


def test_where_nothing_can_be_written_is_said_in_one_sentence(tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(InputError, match="could not be kept"):
        Checkpoint(tmp_path / "file" / "checkpoint.pt", Progress(WEIGHTS)).write()


def test_it_is_written_when_the_last_write_is_two_seconds_old(tmp_path, clock):
    path = tmp_path / "checkpoint.pt"
    kept = Checkpoint(path)

    kept.keep(Progress(WEIGHTS, (1.0,)))
    first = Checkpoint.read(path).progress.history
    clock.now += 0.9 * SECONDS_BETWEEN_WRITES
    kept.keep(
        Progress(
            WEIGHTS,
            (
                1.0,
                0.5,
            ),
        )
    )
    second = Checkpoint.read(path).progress.history
    clock.now += 0.2 * SECONDS_BETWEEN_WRITES
    kept.keep(
        Progress(
            WEIGHTS,
            (
                1.0,
                0.5,
                0.2,
            ),
        )
    )
    third = Checkpoint.read(path).progress.history

    assert [first, second, third] == [(1.0,), (1.0,), (1.0, 0.5, 0.2)]


def test_what_is_kept_is_the_newest_even_if_not_yet_written(tmp_path, clock):
    """So that Ctrl-C, which writes once more, loses nothing."""
    kept = Checkpoint(tmp_path / "checkpoint.pt")
    for loss in (3.0, 2.0, 1.0):
        kept.keep(Progress(loss * WEIGHTS, (loss,)))
    kept.write()
    assert torch.equal(Checkpoint.read(kept.path).progress.parameters, WEIGHTS)


def test_a_file_of_version_0_1_is_unfinished(tmp_path):
    path = tmp_path / "checkpoint.pt"
    torch.save({"parameters": WEIGHTS, "history": [0.5, 0.4]}, path)
    old = Checkpoint.read(path).progress
    assert torch.equal(old.parameters, WEIGHTS)
    assert old.history == (0.5, 0.4)
    assert not old.finished
    assert old.memory == {}


def test_the_end_is_written_at_once(tmp_path, clock):
    kept = Checkpoint(tmp_path / "checkpoint.pt")
    kept.keep(Progress(WEIGHTS, (1.0,)))
    kept.keep(Progress(WEIGHTS, (1.0,), finished=True))
    assert Checkpoint.read(kept.path).progress.finished


def test_without_a_path_it_lives_in_memory(folder):
    kept = Checkpoint()
    kept.keep(Progress(WEIGHTS, (1.0,)))
    kept.write()
    assert kept.progress.history == (1.0,)
    assert not list(folder.iterdir())


def test_with_nothing_to_keep_nothing_is_written(tmp_path):
    Checkpoint(tmp_path / "checkpoint.pt").write()
    assert not list(tmp_path.iterdir())


def test_the_weights_are_a_copy_without_history(tmp_path):
    """Kept inside a training step they still belong to autograd's graph."""
    live = WEIGHTS.clone().requires_grad_(True)
    kept = Checkpoint()
    kept.keep(Progress(2 * live, (1.0,)))
    assert not kept.progress.parameters.requires_grad


def test_no_checkpoint_is_said_in_one_sentence(tmp_path):
    with pytest.raises(InputError, match="holds no checkpoint"):
        Checkpoint.read(tmp_path / "checkpoint.pt")


@pytest.mark.parametrize(
    "kept",
    [
        [1.0],
        {},
        {"parameters": WEIGHTS},
        {"parameters": WEIGHTS, "history": None},
        {"parameters": WEIGHTS, "history": ["a"]},
        {"parameters": [1.0], "history": []},
        {"parameters": WEIGHTS[None], "history": []},
        {"parameters": WEIGHTS / 0, "history": []},
        {"parameters": WEIGHTS, "history": [], "memory": 3},
        {"parameters": WEIGHTS, "history": [], "finished": "no"},
        {"parameters": WEIGHTS, "history": [], "more": 1},
        {1: WEIGHTS, "history": []},
    ],
)
def test_a_checkpoint_of_something_else_is_said_in_one_sentence(tmp_path, kept):
    path = tmp_path / "checkpoint.pt"
    torch.save(kept, path)
    with pytest.raises(InputError, match="fit the run again"):
        Checkpoint.read(path)


def test_a_single_wrong_byte_is_found(tmp_path):
    """torch itself looks at no check sum: another number would be taken for the one kept."""
    path = tmp_path / "checkpoint.pt"
    Checkpoint(path, Progress(WEIGHTS, (0.5,))).write()
    content = bytearray(path.read_bytes())
    place = content.index(WEIGHTS.numpy().tobytes())
    content[place + 3] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match="check sum"):
        Checkpoint.read(path)


@pytest.mark.parametrize("content", [b"", b"no checkpoint at all", b"PK\x03\x04 half a zip"])
def test_a_damaged_checkpoint_is_said_in_one_sentence(tmp_path, content):
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(content)
    with pytest.raises(InputError):
        Checkpoint.read(path)


class Harmful:
    """What an attacker would pickle."""

    def __reduce__(self):
        return (print, ("arbitrary code ran",))


def test_a_checkpoint_runs_no_code(tmp_path, capsys):
    path = tmp_path / "checkpoint.pt"
    torch.save({"parameters": Harmful(), "history": []}, path)
    with pytest.raises(Exception, match=r"(?i)weights.only|damaged"):
        Checkpoint.read(path)
    assert "arbitrary" not in capsys.readouterr().out
