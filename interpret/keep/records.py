"""What stands in the files of a run: JSON that every reader accepts, checked when it is read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from systems.errors import InputError, damage

Content = bytes | str | Mapping[str, Any]

MOST_NESTED: Final = 50
"""Lists and objects inside one another in a file of a run: those that are written reach ten."""


def read(file: Path) -> dict[str, Any]:
    """A JSON object from a file of a run."""
    try:
        with damage(file):
            contents = json.loads(file.read_text(encoding="utf-8"))
            if not isinstance(contents, dict):
                raise TypeError("it holds no JSON object")
            if _depth(contents) > MOST_NESTED:
                raise ValueError("it is nested too deeply")
    except OSError as error:
        raise InputError(f"cannot read {file}: {error.strerror}.") from error
    return contents


def _depth(value: object) -> int:
    """How deep lists and objects are inside one another, without a call for each."""
    depth, layer = 0, [value]
    while layer:
        inner: list[object] = []
        for item in layer:
            if isinstance(item, dict):
                inner += item.values()
            elif isinstance(item, list):
                inner += item
        depth, layer = depth + 1, inner
    return depth


def settings(contents: Mapping[str, Any]) -> dict[str, Any]:
    """The experiment, the source and its options, of a run that `load` read.

    Version 0.1 kept what was asked, flat, without the experiment.

    >>> settings({"settings": {"asked": {"source": "coulomb"}}})["source"]
    'coulomb'
    """
    with damage("settings.json"):
        kept = contents["settings"]
        if kept is None:
            raise KeyError("settings.json")
        if "asked" in kept:
            asked = kept["asked"]
            known = {"trap": "known"} if asked.get("knows_external") else {}
            kept = {"experiment": "motion", "source": asked["source"], "options": known}
        found = {name: kept[name] for name in ("experiment", "source", "options")}
        kinds = (str, str, dict)
        if not all(map(isinstance, found.values(), kinds)):
            raise TypeError("an experiment and a source are text, options an object")
    return found


def encode(content: Content) -> bytes:
    r"""Bytes as they are, text as UTF-8, and a mapping as JSON.

    >>> encode({"chi2": float("nan")})
    b'{\n  "chi2": null\n}\n'
    """
    if isinstance(content, bytes):
        return content
    text = content if isinstance(content, str) else to_json(content) + "\n"
    return text.encode()


def to_json(value: Any) -> str:
    r"""JSON that every reader accepts: NaN and the infinities, which JSON lacks, become null.

    >>> to_json({"law": "-1/(4*pi*r)", "errors": (0.5, float("inf"))})
    '{\n  "law": "-1/(4*pi*r)",\n  "errors": [\n    0.5,\n    null\n  ]\n}'
    """
    return json.dumps(_finite(value), indent=2, ensure_ascii=False, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not abs(value) < float("inf"):
        return None
    return value
