"""Libraries with unknown constants inside: symbols that are no variables, as c in 1/(c - r)."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sympy import Expr

from interpret.select.library import Domain, Library
from systems.expressions import parse, pieces

Asked = str | Sequence[Expr | str] | Library | None


def symbols(asked: Asked) -> tuple[frozenset[str], ...]:
    """The names in each candidate that was written out; none for those called by a name.

    >>> [sorted(names) for names in symbols("1/r, r**p, polynomial")]
    [['r'], ['p', 'r'], []]
    """
    return tuple(
        frozenset() if expr.is_Symbol else frozenset(item.name for item in expr.free_symbols)
        for expr in map(_expression, _parts(asked))
    )


def unknown(asked: Asked, names: Collection[str]) -> frozenset[str]:
    """What candidates that hold some of the variables hold beside them.

    >>> sorted(unknown("1/r, r**p, 1/x", ["r"]))
    ['p']
    """
    held = [each for each in symbols(asked) if each & set(names)]
    return frozenset().union(*held) - set(names)


def parsed(asked: Asked, names: Sequence[str], domain: Domain | None = None) -> Library:
    """The library that was asked for, with unknown constants where candidates hold some.

    Raises InputError as `Library.parse` does, for a candidate without any of the variables too.

    >>> print(parsed("1/r, r**p", ["r"]))
    1/r, r**p
    """
    if isinstance(asked, Library):
        return asked
    found: list[Expr] = []
    plain: list[str] = []
    for part in _parts(asked):
        if unknown(part, names):
            found.append(_expression(part))
        else:
            plain.append(part)
    known = Library.parse(", ".join(plain), names, domain).candidates if plain else ()
    return Library([*known, *found])


def _parts(asked: Asked) -> list[str]:
    if asked is None or (isinstance(asked, str) and not asked.strip()):
        return []
    return pieces(asked)


def _expression(part: str) -> Expr:
    return parse(part.strip())
