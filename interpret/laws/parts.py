"""The parts of a law of motion, and the one part of a map.

d/dt ∂L/∂q̇ - ∂L/∂q + ∂R/∂q̇ = ∂W/∂q,     L = T(q, q̇) + A(q)·q̇ - V(q)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sympy import Expr, S

from interpret.laws.inside import Inside
from interpret.laws.json_numbers import finite, number
from systems.errors import InputError, nearest
from systems.expressions import parse, text
from systems.mechanics import Mechanics

MAP = "map"


@dataclass(frozen=True)
class Kind:
    """What a part is: the symbol it is written with, one line about it, and its gauge.

    `gauged` parts are fixed up to a constant: T(q̇) is of second degree, so none is added to it.
    """

    symbol: str
    summary: str
    gauged: bool = False


KINDS: dict[str, Kind] = {
    "potential": Kind("V", "a term φ(q) contributes -c φ to L", gauged=True),
    "kinetic": Kind("T", "a term φ(q, q̇), of second degree in q̇, contributes c φ to L"),
    "gyroscopic": Kind("A·q̇", "a term φ(q, q̇), of first degree in q̇, contributes c φ to L"),
    "dissipative": Kind("R", "a term φ(q̇) contributes c φ to Rayleigh's R"),
    "drive": Kind("W", "a term φ(q, t), the work of a drive, contributes c ∂φ/∂q to the force"),
    MAP: Kind("f", "a term φ(x) contributes c φ to y = f(x)", gauged=True),
}
"""Every part that a law may have. A new kind of force is one more entry."""


def gauged(quantity: str) -> bool:
    """Whether a constant may be added to a part, or to a quantity that is mapped to.

    >>> gauged("potential"), gauged("kinetic"), gauged("a1")
    (True, False, True)
    """
    return KINDS.get(quantity, KINDS[MAP]).gauged


@dataclass(frozen=True)
class Part:
    """A sum of terms: those kept of the `candidates`, in their order.

    Of the candidates in `undetermined` the data say nothing, neither that they are there nor that
    they are not. The coefficients of the terms in `given` were not learned, and it says why not.
    For terms in `own` the data sets were asked for coefficients of their own: these, with error
    bars, by data set. Raises InputError for an unknown part, and for terms that were no candidates.

    >>> from systems.expressions import symbol
    >>> q = symbol("q")
    >>> Part("potential", (q**2,), (q, q**2, q**3)).absent
    (q, q**3)
    """

    name: str
    terms: tuple[Expr, ...]
    candidates: tuple[Expr, ...]
    undetermined: tuple[Expr, ...] = ()
    given: Mapping[Expr, str] = field(default_factory=dict)
    own: Mapping[Expr, Mapping[str, tuple[float, float]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.name not in KINDS:
            raise InputError(
                f"a law has no part {self.name!r}; there are {', '.join(KINDS)}."
                f"{nearest(self.name, KINDS)}"
            )
        strangers = [str(term) for term in self.terms if term not in self.candidates]
        if strangers:
            raise InputError(f"the law has terms that were no candidates: {', '.join(strangers)}.")

    @property
    def absent(self) -> tuple[Expr, ...]:
        """The candidates that were tried, and found not to be there."""
        known = {*self.terms, *self.undetermined}
        return tuple(candidate for candidate in self.candidates if candidate not in known)


@dataclass(frozen=True)
class Bodies:
    """What a law of motion moves: the `mass` of each coordinate, in their order.

    `sums` are variables of the law that stand for many things alike, whose terms are summed over
    them all (see `systems.mechanics`). `known` is a potential that was given beside the law, in the
    coordinates.
    """

    mass: Mapping[str, float]
    sums: Mapping[str, Sequence[Expr]] = field(default_factory=dict)
    known: Expr = S.Zero

    @staticmethod
    def of(mechanics: Mechanics, *, known: bool = False) -> Bodies:
        """Those of a motion; its potential is never looked at, but for what is `known` of it.

        >>> Bodies.of(Mechanics(("x",), (2.0,))).mass
        {'x': 2.0}
        """
        given = mechanics.external if known else None
        moved = dict(zip(mechanics.coordinates, map(float, mechanics.mass), strict=True))
        return Bodies(moved, mechanics.sums, S.Zero if given is None else given)

    def to_json(self) -> dict[str, Any]:
        """Masses as numbers, expressions as text."""
        sums = {name: list(map(text, things)) for name, things in self.sums.items()}
        return {"mass": dict(self.mass), "sums": sums, "known": text(self.known)}

    @staticmethod
    def from_json(contents: Mapping[str, Any]) -> Bodies:
        """What `to_json` wrote; expressions are parsed against a whitelist."""
        mass = {name: float(value) for name, value in contents["mass"].items()}
        sums = {name: tuple(map(parse, things)) for name, things in contents["sums"].items()}
        return Bodies(mass, sums, parse(contents["known"]))


@dataclass(frozen=True)
class Variables:
    """What terms are written in.

    `domain` is the range of each variable in the data: outside, a law is an extrapolation.
    `features` are those variables that are functions of the coordinates; none: they are these.
    `inside` are the constants that terms hold.
    `bodies` are what a law of motion moves; a map, and a law of an earlier version, has none.
    """

    domain: Mapping[str, tuple[float, float]]
    features: Mapping[str, Expr]
    bodies: Bodies | None = None
    inside: Inside = field(default_factory=Inside)

    def to_json(self) -> dict[str, Any]:
        """Expressions as text, what is not finite as None."""
        ends = {name: [finite(low), finite(top)] for name, (low, top) in self.domain.items()}
        features = {name: text(what) for name, what in self.features.items()}
        moved = {} if self.bodies is None else {"bodies": self.bodies.to_json()}
        return {"features": features, "domain": ends, **moved, **self.inside.to_json()}

    @staticmethod
    def from_json(contents: Mapping[str, Any]) -> Variables:
        """What `to_json` wrote."""
        domain = {
            name: (number(low), number(top)) for name, (low, top) in contents["domain"].items()
        }
        features = {name: parse(what) for name, what in contents["features"].items()}
        moved = contents.get("bodies")
        bodies = None if moved is None else Bodies.from_json(moved)
        return Variables(domain, features, bodies, Inside.from_json(contents))
