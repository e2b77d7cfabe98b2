"""What is done is kept, one file a task, so that whatever is stopped goes on where it was."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

from interpret.keep.folder import save
from interpret.keep.records import read
from interpret.sweeps.workers import Answer, Crew, answers
from systems.errors import InputError

T = TypeVar("T")
Kept = Mapping[str, Any]
"""What JSON can hold."""


def kept(folder: Path, name: str) -> Answer[Kept] | None:
    """What came of a task before; None where nothing did, or its file is damaged."""
    file = folder / f"{name}.json"
    try:
        contents = read(file) if file.exists() else {}
        return Answer(contents["result"], contents["failure"], contents["seconds"])
    except (InputError, KeyError):
        return None


def finished(folder: Path, name: str) -> bool:
    """Whether a task came to something: what failed is tried again."""
    answer = kept(folder, name)
    return answer is not None and not answer.failure


def go_on(
    crew: Crew,
    work: Callable[[T], Kept],
    tasks: Mapping[str, T],
    folder: Path,
    told: Callable[[str, Answer[Kept]], bool | None],
) -> None:
    """Do what is not in the folder yet; each answer is kept whole or not at all, then told.

    Names of tasks are names of files. Ends where `told` says True, and on Ctrl-C, to go on another
    time. Raises InputError as `answers` does, and where the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    left = {name: task for name, task in tasks.items() if not finished(folder, name)}
    with closing(answers(crew, work, left)) as found:
        for name, answer in found:
            save(folder, {f"{name}.json": vars(answer)})
            if told(name, answer):
                break
