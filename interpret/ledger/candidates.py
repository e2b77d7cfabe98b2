"""What may act: candidates of every part of a law of motion, each with the force it exerts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Final

import sympy
from sympy import Expr, Symbol

from systems.equations import exact, velocity
from systems.errors import InputError
from systems.expressions import symbol
from systems.forces import TIME, Force, generalized_force

FREE: Final = (float("-inf"), float("inf"))
"""The bounds of a coefficient that has none."""


@dataclass(frozen=True)
class Given:
    """A coefficient that is not fitted: its value, and why: "known", or "at its bound"."""

    value: float
    why: str = "known"


@dataclass(frozen=True)
class Candidate:
    """A term of a part, and the acceleration a_i = F_i/m_i that one unit of it gives.

    The term is written as it is printed, in features where there are some; its acceleration in
    coordinates q, velocities qd, the time t and inner constants, such as the ω of a drive.
    Candidates of one `group` stand or fall together: the cosine and the sine of one drive. With one
    of its `rivals`, terms of the same part, it is never taken together.

    Its coefficient is within its `bounds`; one that is `given` is always there, and in no group.
    One of a `dataset` acts in it alone.
    """

    part: str
    term: Expr
    acceleration: Force
    group: str
    rivals: frozenset[Expr] = frozenset()
    given: Given | None = None
    bounds: tuple[float, float] = FREE
    dataset: str = ""


@dataclass(frozen=True)
class Candidates:
    """All candidates of a motion of the `coordinates`; `inner` are the constants inside them, with
    `ranges` that some of them lie in, and `signals` the measured functions of time that they hold;
    `features` are the functions of the coordinates that terms are written in."""

    coordinates: tuple[str, ...]
    mass: tuple[float, ...]
    items: tuple[Candidate, ...] = ()
    inner: tuple[Symbol, ...] = ()
    signals: tuple[str, ...] = ()
    features: Mapping[str, Expr] = field(default_factory=dict)
    ranges: Mapping[Symbol, tuple[float, float]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Candidate]:
        return iter(self.items)

    @property
    def dimension(self) -> int:
        """The number of coordinates."""
        return len(self.coordinates)

    @property
    def groups(self) -> tuple[tuple[int, ...], ...]:
        """The numbers of the candidates of each group, in their order; of those that are sought."""
        found: dict[str, list[int]] = {}
        for number, item in enumerate(self.items):
            if item.given is None:
                found.setdefault(item.group, []).append(number)
        return tuple(map(tuple, found.values()))

    @property
    def given(self) -> dict[int, Given]:
        """The candidates whose coefficients are given, by number."""
        return {k: item.given for k, item in enumerate(self.items) if item.given is not None}

    def inside(self, group: tuple[int, ...]) -> tuple[int, ...]:
        """The numbers of the inner constants that a group's terms hold."""
        held = {s for k in group for a in self.items[k].acceleration for s in a.free_symbols}
        return tuple(k for k, constant in enumerate(self.inner) if constant in held)

    def with_terms(
        self,
        part: str,
        terms: Sequence[Expr],
        features: Mapping[str, Expr] | None = None,
        group: str = "",
    ) -> Candidates:
        """These and more, of one part; `features` say what other names are in the coordinates.

        >>> q = symbol("q")
        >>> spring = Candidates(("q",), (2.0,)).with_terms("potential", [q**2, q**4])
        >>> [item.acceleration for item in spring]
        [(-q,), (-2*q**3,)]
        """
        known = {**self.features, **(features or {})}
        meaning = {symbol(name): what for name, what in known.items()}
        made = tuple(
            Candidate(part, term, self._acceleration(part, term.xreplace(meaning)), group or name)
            for term, name in ((term, f"{part}: {term}") for term in terms)
        )
        return replace(self, items=(*self.items, *made), features=known)

    def with_friction_of_each(self) -> Candidates:
        """These and friction with a coefficient of its own on each of several coordinates.

        Linear, and of few coordinates quadratic and dry, in the place of what is common to all.

        >>> both = Candidates(("x", "y"), (1.0, 1.0)).with_terms("dissipative", frictions("xy"))
        >>> [str(item.term) for item in both.with_friction_of_each().items[3:]]
        ['xd**2/2', 'yd**2/2', 'Abs(xd)**3/3', 'Abs(yd)**3/3', 'Abs(xd)', 'Abs(yd)']
        """
        if self.dimension == 1:
            return self
        kinds = zip(*(frictions([name]) for name in self.coordinates), strict=True)
        few = self.dimension <= FEW_COORDINATES
        own = dict(zip(frictions(self.coordinates), kinds, strict=True))
        offered = {one: each for one, each in own.items() if few or one == next(iter(own))}
        items = tuple(
            replace(item, rivals=frozenset(offered.get(item.term, ()))) for item in self.items
        )
        each = [term for terms in offered.values() for term in terms]
        return replace(self, items=items).with_terms("dissipative", each)

    def rivals(self, group: tuple[int, ...]) -> frozenset[int]:
        """The candidates that a group is never taken together with."""
        own = {self.items[k].term for k in group}
        against = {term for k in group for term in self.items[k].rivals}
        return frozenset(
            k for k, item in enumerate(self.items) if item.term in against or item.rivals & own
        )

    def with_inner(self, *constants: Symbol) -> Candidates:
        """The same, with more constants inside them."""
        return replace(self, inner=(*self.inner, *constants))

    def with_unknowns(self) -> Candidates:
        """The same, with all that is no coordinate, velocity or time as a constant inside them.

        Raises InputError for one that no force feels.

        >>> q, c = symbol("q"), symbol("c")
        >>> Candidates(("q",), (1.0,)).with_terms("potential", [1 / (c - q)]).with_unknowns().inner
        (c,)
        """
        known = {TIME, *self.inner, *map(symbol, (*self.coordinates, *self.signals))}
        known |= {velocity(name) for name in self.coordinates}
        held = {s for item in self.items for a in item.acceleration for s in a.free_symbols}
        for item in self.items:
            unfelt = item.term.free_symbols - held - known - set(map(symbol, self.features))
            if unfelt:
                raise InputError(
                    f"no force of {item.term} feels the constant {min(unfelt, key=str)}; leave it "
                    f"out of the candidates."
                )
        return self.with_inner(*sorted(held - known, key=str))

    def driven_by(self, signals: Sequence[str], laws: Sequence[Expr] | None = None) -> Candidates:
        """These and each of some measured columns u(t) as a force on each coordinate, W = q u.

        `laws` are functions of the columns in the place of these themselves.

        >>> pushed = Candidates(("x",), (2.0,)).driven_by(["u"])
        >>> pushed.items[0].term, pushed.items[0].acceleration
        (u*x, (u/2,))
        """
        pushes = list(map(symbol, signals)) if laws is None else laws
        works = [symbol(name) * push for push in pushes for name in self.coordinates]
        return replace(self, signals=tuple(signals)).with_terms("drive", works)

    def _acceleration(self, part: str, term: Expr) -> Force:
        force = generalized_force(part, term, self.coordinates)
        return tuple(f / exact(m) for f, m in zip(force, self.mass, strict=True))


FEW_COORDINATES: Final = 3
"""Of so many each may have its own quadratic and dry friction; of more that is a long list."""


def frictions(coordinates: Sequence[str]) -> tuple[Expr, ...]:
    """Rayleigh's functions of friction that grows as |v|, as |v|², and not at all.

        R = v²/2,  |v|³/3,  |v|,      v the length of all velocities

    >>> frictions(["q"])
    (qd**2/2, Abs(qd)**3/3, Abs(qd))
    """
    square = sympy.Add(*(velocity(name) ** 2 for name in coordinates))
    speed = sympy.Abs(velocity(coordinates[0])) if len(coordinates) == 1 else sympy.sqrt(square)
    return square / 2, speed**3 / 3, speed


def rotations(coordinates: Sequence[str]) -> tuple[Expr, ...]:
    """(x_i ẋ_j - x_j ẋ_i)/2 of every pair: a constant magnetic field, or a turning frame.

    >>> rotations(["x", "y"])
    (x*yd/2 - xd*y/2,)
    """
    return tuple(
        (symbol(a) * velocity(b) - symbol(b) * velocity(a)) / 2
        for a, b in combinations(coordinates, 2)
    )


def gradients_of_fields(coordinates: Sequence[str]) -> tuple[Expr, ...]:
    """Fields B = x_i and B = x_j of every pair, as x_i² ẋ_j/2 and -x_j² ẋ_i/2.

    >>> gradients_of_fields(["x", "y"])
    (x**2*yd/2, -xd*y**2/2)
    """
    return tuple(
        term
        for a, b in combinations(coordinates, 2)
        for term in (symbol(a) ** 2 * velocity(b) / 2, -(symbol(b) ** 2) * velocity(a) / 2)
    )


def drives(coordinate: str, frequency: Symbol) -> tuple[Expr, Expr]:
    """The work of forces cos ωt and sin ωt on a coordinate.

    >>> drives("x", Symbol("w"))
    (x*cos(t*w), x*sin(t*w))
    """
    moved = symbol(coordinate)
    return moved * sympy.cos(frequency * TIME), moved * sympy.sin(frequency * TIME)
