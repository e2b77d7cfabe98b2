"""What options name in one text: columns, coordinates, and the σ of channels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from systems.errors import InputError, several


def beside(given: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """The columns of a file that options name beside those of the motion: `drives` and `sigmas`.

    >>> beside({"drive": "u", "sigma": "x=0.01, xd=s", "seed": 1})
    {'drives': ('u',), 'sigmas': ('s',)}
    """
    columns = [what for what in sigmas(given.get("sigma")).values() if isinstance(what, str)]
    return {"drives": names(given.get("drive")), "sigmas": tuple(dict.fromkeys(columns))}


def sigmas(given: str | float | Mapping[str, Any] | None) -> dict[str, float | str]:
    """The σ of each channel by its name, as a number or as a column's name; "" stands for all.

    Raises InputError for numbers that are not positive, and for a channel that is named twice.

    >>> sigmas("x=0.01, xd=s"), sigmas(0.5), sigmas(None)
    ({'x': 0.01, 'xd': 's'}, {'': 0.5}, {})
    """
    if given is None:
        return {}
    if isinstance(given, Mapping):
        pairs = [(str(name), str(what)) for name, what in given.items()]
    else:
        parts = [part.rpartition("=") for part in str(given).split(",")]
        pairs = [(name.strip(), what.strip()) for name, _, what in parts]
    found: dict[str, float | str] = {}
    for name, what in pairs:
        value = _number(what)
        if name in found or (("" in found or name == "") and len(pairs) > 1):
            raise InputError(f"the sigma {given!r:.60} says several things of one channel.")
        if what == "" or (isinstance(value, float) and not 0 < value < float("inf")):
            raise InputError(
                f"the sigma {what or given!r:.60} is no positive number and no column; write 0.01 "
                f"for all values, or x=0.01, xd=sigma_v."
            )
        found[name] = value
    return found


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def names(given: str | Sequence[str] | None) -> tuple[str, ...]:
    """The names of a list, which may be text.

    >>> names("x, y"), names(["x"]), names(None)
    (('x', 'y'), ('x',), ())
    """
    parts = given.split(",") if isinstance(given, str) else several(given or ())
    return tuple(str(part).strip() for part in parts)
