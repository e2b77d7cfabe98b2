"""What is known beforehand, as it is asked for: text, or lists and mappings of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sympy import Expr

from interpret.experiments.motion import PARTS
from systems.errors import InputError, nearest, several
from systems.expressions import parse, pieces, split

OPEN = ".."


def known(given: str | Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    """The known terms, each with its part: those of V where nothing else is said.

    >>> list(known("9.81*y, dissipative=0.05*v**2"))
    [('potential', '9.81*y'), ('dissipative', '0.05*v**2')]
    >>> list(known({"drive": "x*u"}))
    [('drive', 'x*u')]
    """
    if given is None:
        return
    if isinstance(given, Mapping):
        pairs = [(str(part), text) for part, what in given.items() for text in split(str(what))]
    else:
        parts = [part.rpartition("=") for part in split(given)]
        pairs = [(part.strip() or "potential", text) for part, _, text in parts]
    for part, text in pairs:
        if part not in PARTS:
            raise InputError(
                f"--known has no part {part!r:.60}; there are {', '.join(PARTS)}."
                f"{nearest(part, PARTS)}"
            )
        if not text.strip():
            raise InputError(f"--known {given!s:.60} has an empty term; write one such as 9.81*y.")
        yield part, text.strip()


def sets(given: str | Sequence[Any] | None) -> Iterator[list[str]]:
    """The sets of terms that share a coefficient.

    >>> list(sets("x**2, y**2; x*y, y*z")), list(sets([["x", "y"], ["z", "w"]]))
    ([['x**2', 'y**2'], ['x*y', 'y*z']], [['x', 'y'], ['z', 'w']])
    """
    if given is None:
        return
    if not isinstance(given, str) and all(isinstance(item, str) for item in several(given)):
        given = ", ".join(given)
    parts: Iterable[Any] = given.split(";") if isinstance(given, str) else given
    for part in parts:
        terms = pieces(part)
        if len(terms) < 2 or not all(term.strip() for term in terms):
            raise InputError(
                f"--same {part!s:.60} are no two terms; write some that share a coefficient, such "
                f"as 'x**2, y**2'."
            )
        yield [term.strip() for term in terms]


def listed(given: str | Sequence[Any] | None) -> list[str]:
    """The terms of a list.

    >>> listed("1/r, x**2"), listed("all"), listed(None)
    (['1/r', 'x**2'], ['all'], [])
    """
    if given is None:
        return []
    terms = [term.strip() for term in pieces(given)]
    if not all(terms) or not terms:
        raise InputError(
            f"--each {given!s:.60} has an empty term; write some such as '1/r', or all."
        )
    return terms


def bounds(given: str | Mapping[str, Any] | None) -> Iterator[tuple[str, tuple[float, float]]]:
    """What is bounded, and from where to where.

    >>> list(bounds("x**2: 0.., p: 1..3")), list(bounds({"x": (None, 2)}))
    ([('x**2', (0.0, inf)), ('p', (1.0, 3.0))], [('x', (-inf, 2.0))])
    """
    if given is None:
        return
    if isinstance(given, Mapping):
        pairs = [(str(term), what) for term, what in given.items()]
    else:
        parts = [part.rpartition(":") for part in split(given)]
        pairs = [(term.strip(), what) for term, _, what in parts]
    for term, what in pairs:
        low, high = _ends(term, what)
        if not term or not low < high:
            raise InputError(
                f"--bounds {term}: {what!s:.40} says no range of a term; write TERM: LOW..HIGH, "
                f"such as 'x**2: 0..' or 'p: 1..3'."
            )
        yield term, (low, high)


def _ends(term: str, what: Any) -> tuple[float, float]:
    """Two numbers of a range LOW..HIGH, or of a pair; open ends are infinite."""
    pair = tuple(what.split(OPEN)) if isinstance(what, str) else tuple(several(what))
    if len(pair) != 2:
        return 0.0, 0.0
    low, high = (None if str(end).strip() in ("", "None") else end for end in pair)
    try:
        return (
            float("-inf") if low is None else float(low),
            float("inf") if high is None else float(high),
        )
    except ValueError:
        return 0.0, 0.0


def expression(option: str, text: str, names: Sequence[str]) -> Expr:
    """A term that an option gives, in these names."""
    try:
        return parse(text, names)
    except InputError as error:
        raise InputError(f"--{option}: {error}") from error
