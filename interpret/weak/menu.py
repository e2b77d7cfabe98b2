"""The candidates of a law with unknown kinetic energy, made from what the coordinates are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations_with_replacement

from sympy import Expr, Symbol

from interpret.discovery.lagrangian.masses import factors
from interpret.select.defaults import suited
from interpret.weak.choice import Needed
from interpret.weak.terms import Term, Terms
from systems.equations import velocity
from systems.expressions import symbol

Ranges = Mapping[str, tuple[float, float]]


def prescribed_menu(whole: Terms, prescribed: Sequence[str]) -> Terms:
    """The terms that move a coordinate that is not prescribed, and move it as a drive can.

    Its own mass does not depend on what is prescribed, and what couples the two is a function of
    one of its coordinates alone.

    >>> whole = menu({"x": (-1, 1), "th": (-2, 2)}, ["th"])
    >>> some = prescribed_menu(whole, ["x"])
    >>> [str(t.expr) for t in some.items if t.part == "kinetic" and t.expr.has(velocity("x"))]
    ['xd**2*cos(th)/2', 'xd**2*sin(th)/2', 'xd**2*cos(2*th)/2', 'thd*xd', 'thd*x*xd', \
'thd*x**2*xd', 'thd*xd*cos(th)', 'thd*xd*sin(th)', 'thd*xd*cos(2*th)']
    """
    given = {symbol(x) for x in prescribed} | {velocity(x) for x in prescribed}
    free = [x for x in whole.coordinates if x not in prescribed]
    rates = {velocity(x) for x in free}

    def moves(item: Term) -> bool:
        held = item.expr.free_symbols
        own = held & (rates | set(map(symbol, free)))
        if not own:
            return False
        if item.part != "kinetic" or not held & given:
            return True
        squared = any(item.expr.diff(a, b) != 0 for a in rates for b in rates)
        return not squared and len({s.name for s in own - rates}) <= 1 and _own(held, rates)

    return whole.some([k for k, item in enumerate(whole.items) if moves(item)])


def _own(held: set[Symbol], rates: set[Symbol]) -> bool:
    """Whether a velocity comes with functions of its own coordinate alone."""
    fast = {rate.name[:-1] for rate in held & rates}
    slow = {s.name for s in held - rates if s.name in {rate.name[:-1] for rate in rates}}
    return not fast or slow <= fast


def menu(
    ranges: Ranges,
    angles: Sequence[str],
    signals: Sequence[str] = (),
    own: Mapping[str, Sequence[Expr]] | None = None,
) -> Terms:
    """Terms of every part for coordinates of these ranges, of which some are angles.

    `signals` are measured columns that may drive any coordinate; `own` are candidates that were
    given, by their part, in place of the usual ones.

    >>> found = menu({"x": (-1, 1), "th": (-2, 2)}, ["th"], ["u"])
    >>> ", ".join(str(item.expr) for item in found.items if item.part == "dissipative")
    'xd**2/2, thd*xd, thd**2/2'
    >>> [item.expr for item in found.items if item.part == "drive"]
    [u*x, th*u]
    """
    names = tuple(ranges)
    given = dict(own or {})
    usual: dict[str, Sequence[Expr]] = {
        "kinetic": tuple(kinetic(names, angles)),
        "potential": potentials(ranges, angles),
        "dissipative": tuple(frictions(names)),
        "drive": [symbol(name) * symbol(u) for u in signals for name in names],
    }
    items = [Term(part, expr) for part, terms in usual.items() for expr in given.get(part, terms)]
    return Terms(names, tuple(items), tuple(signals))


def potentials(ranges: Ranges, angles: Sequence[str]) -> tuple[Expr, ...]:
    """What suits the coordinates.

    >>> potentials({"th": (-2, 2)}, ["th"])[:3]
    (th, sin(th), cos(th))
    """
    return suited(ranges, angles).without_gauge().candidates


def kinetic(names: Sequence[str], angles: Sequence[str]) -> Iterator[Expr]:
    """q̇_i q̇_j times what masses may depend on.

    >>> [str(term) for term in kinetic(["r"], [])]
    ['rd**2/2', 'r*rd**2/2', 'r**2*rd**2/2']
    """
    for a, b in combinations_with_replacement(names, 2):
        product = velocity(a) * velocity(b) / (2 if a == b else 1)
        for factor in factors(names, angles):
            yield factor * product


def frictions(names: Sequence[str]) -> Iterator[Expr]:
    """Linear friction: of every coordinate, and of how fast two move with each other.

    >>> list(frictions(["x"]))
    [xd**2/2]
    """
    for a, b in combinations_with_replacement(names, 2):
        yield velocity(a) * velocity(b) / (2 if a == b else 1)


def needed(terms: Terms, prescribed: Sequence[str] = ()) -> Needed:
    """Every coordinate whose motion is to be explained needs a kinetic energy of its own."""
    groups = []
    for name in terms.coordinates:
        square = velocity(name)
        own = (
            k
            for k, item in enumerate(terms.items)
            if item.part == "kinetic" and item.expr.diff(square, 2) != 0
        )
        if name not in prescribed:
            groups.append(frozenset(own))
    return Needed(tuple(groups))
