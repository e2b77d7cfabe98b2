"""Run folders: where a fit is kept.

A run is a folder of plain files. `law.json` is put there last, so a folder without it is a run that
did not finish: it can be resumed, and it is never shown as a result.

    request.json     what was asked on the command line, so that --resume can ask it again
    settings.json    the settings the fit used
    provenance.json  versions, seed, digest of the data, command, date
    history.json     the loss along the training
    checkpoint.pt    the latest state of the training, while it runs
    weights.pt       the trained weights
    *.picture.npz    what its pictures are drawn of, when they are asked for
    certificate.json the checks behind the verdict
    comparison.json  the law beside the truth, where there is one
    law.json         the law
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from interpret.keep.records import Content as Content
from interpret.keep.records import encode as encode
from interpret.keep.records import read as read
from interpret.keep.records import settings as settings
from interpret.keep.records import to_json as to_json
from systems.errors import InputError, is_unicode, nearest

ROOT: Final = Path("runs")

REQUEST: Final = "request.json"
SETTINGS: Final = "settings.json"
PROVENANCE: Final = "provenance.json"
HISTORY: Final = "history.json"
CHECKPOINT: Final = "checkpoint.pt"
WEIGHTS: Final = "weights.pt"
CERTIFICATE: Final = "certificate.json"
COMPARISON: Final = "comparison.json"
LAW: Final = "law.json"

LONGEST_PATH: Final = 1000
LONGEST_NAME: Final = 60
"""Characters; systems take four times as many bytes, or a little more."""


def create(folder: str | Path | None, name: str) -> Path:
    """Reserve an empty folder for a run and check that it can be written, before the work begins.

    Without a `folder` it is runs/<name>, then runs/<name>-2, runs/<name>-3, …; an existing run is
    never overwritten. Raises InputError when the folder holds files or cannot be written.
    """
    try:
        path = _next_free(name) if folder is None else _given(place(folder))
        with reserved(path):
            _probe(path / f".{secrets.token_hex(4)}")
    except OSError as error:
        raise unusable(folder or ROOT, error) from error
    return path


def claim(folder: str | Path) -> Path:
    """The folder that a fit is to be kept in, made, and found to be free and writable.

    Raises InputError where it holds a run or a training already, so that nothing is lost.
    """
    path = place(folder)
    try:
        if any((path / name).exists() for name in (LAW, CHECKPOINT)):
            raise InputError(f"{path} already holds a run; choose another folder.")
        path.mkdir(parents=True, exist_ok=True)
        with reserved(path):
            _probe(path / f".{secrets.token_hex(4)}")
    except OSError as error:
        raise unusable(path, error) from error
    return path


def place(folder: object) -> Path:
    """A folder that was named; InputError for what can be the name of none.

    >>> place(5)
    Traceback (most recent call last):
        ...
    systems.errors.InputError: 5 is not the path of a folder.
    """
    named = str(folder) if isinstance(folder, Path) else folder
    if not isinstance(named, str) or not 0 < len(named) <= LONGEST_PATH:
        raise InputError(f"{named!r:.60} is not the path of a folder.")
    if "\0" in named or not is_unicode(named):
        raise InputError(f"{named!r:.60} is not the path of a folder.")
    return Path(named)


def _next_free(name: str) -> Path:
    stem = name.replace("/", "-").replace("\\", "-").lstrip(".") or "run"
    ROOT.mkdir(parents=True, exist_ok=True)
    stem = stem[:LONGEST_NAME]
    number = 1
    while True:
        path = ROOT / (stem if number == 1 else f"{stem}-{number}")
        try:
            path.mkdir()
        except FileExistsError:
            number += 1
        else:
            return path


def _given(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    if holds_run(path):
        raise InputError(
            f"{path} already holds a run; choose another folder, "
            f"or go on with it by --resume {path}."
        )
    if any(path.iterdir()):
        raise InputError(f"{path} already holds other files; choose an empty or a new folder.")
    return path


def _probe(file: Path) -> None:
    try:
        file.write_bytes(b"\0")
    finally:
        file.unlink(missing_ok=True)


def holds_run(path: Path) -> bool:
    """Whether the folder holds a run, finished or not."""
    return any((path / name).exists() for name in (REQUEST, SETTINGS, CHECKPOINT, LAW))


@contextmanager
def reserved(path: Path) -> Iterator[Path]:
    """Give the folder back when the work inside fails before there was anything to keep."""
    try:
        yield path
    except BaseException:
        if path.is_dir() and {item.name for item in path.iterdir()} <= {REQUEST}:
            shutil.rmtree(path)
        raise


def save(path: Path, files: Mapping[str, Content]) -> None:
    """Put files into the run, all of them or none.

    Everything is first written and synced in a temporary folder beside the run, where a full disk
    does no harm, and only then renamed into place, `law.json` last. Mappings are written as JSON.
    Raises InputError when it cannot be written.
    """
    staged = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    try:
        staged.mkdir()
        for name, content in files.items():
            _write(staged / name, encode(content))
        _publish(staged, path, sorted(files, key=lambda name: name == LAW))
    except OSError as error:
        raise unusable(path, error) from error
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _write(file: Path, content: bytes) -> None:
    with file.open("xb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _publish(staged: Path, path: Path, names: list[str]) -> None:
    if not path.exists():
        staged.rename(path)
        _sync(path.parent)
        return
    if LAW in names:
        # Until the new law is in place the run counts as unfinished: old and new never mix.
        (path / LAW).unlink(missing_ok=True)
    for name in names:
        (staged / name).replace(path / name)
    _sync(path)


def _sync(folder: Path) -> None:
    """Make renames survive a power cut, where the system lets a folder be synced."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def load(run: str | Path) -> dict[str, Any]:
    """The JSON files of a finished run by their stems: law, settings, provenance, ….

    A file that the run has not, such as a comparison where there is no truth, reads None; `path` is
    the folder. Raises InputError for a run that is missing, unfinished or damaged.
    """
    path = find(run)
    if not (path / LAW).exists():
        if not holds_run(path):
            raise InputError(f"{path} holds no run.")
        raise InputError(
            f"the run {path} has no law yet; go on with `interpret fit --resume {path}`."
        )
    contents: dict[str, Any] = {"path": path}
    for name in (REQUEST, SETTINGS, PROVENANCE, HISTORY, CERTIFICATE, COMPARISON, LAW):
        file = path / name
        contents[file.stem] = read(file) if file.exists() else None
    return contents


def find(run: str | Path) -> Path:
    """The folder of a run, given as a path or as its name under runs/."""
    given = place(run)
    for path in (given, ROOT / given):
        with suppress(OSError):  # a name too long for any folder
            if path.is_dir():
                return path
    folder = given.parent if given.parent != Path() else ROOT
    others = sorted(item.name for item in folder.glob("[!.]*/")) if folder.is_dir() else []
    raise InputError(f"there is no run {str(run)!r}.{nearest(given.name, others)}")


def unusable(path: str | Path, error: OSError) -> InputError:
    """One sentence about a file that could not be read or written, and what to try."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return InputError(
            f"the disk is full, so {path} could not be written; "
            "free some space, or choose a folder on another disk with --out."
        )
    reason = error.strerror or str(error)
    return InputError(f"cannot use {path} ({reason}); choose another folder with --out.")
