"""What may act between many bodies: families of links alike, each with its candidates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final, overload

import numpy as np
import sympy
from numpy.typing import NDArray
from sympy import Expr, S

from interpret.bodies.drag import Drag
from interpret.bodies.links import ORIGIN, Links
from interpret.bodies.shapes import Shapes
from interpret.bodies.swarm import Swarm
from interpret.discovery.naming import distance, norm
from systems.equations import exact
from systems.expressions import symbol

Array = NDArray[np.float64]


LOOKED_AT: Final = 1000
"""Lengths at which candidates are asked for numbers, the least and the greatest among them."""


@dataclass(frozen=True, eq=False)
class Lengths(Sequence[Expr]):
    """The lengths of links as expressions in the coordinates, each made when it is asked for.

    Of a hundred bodies there are thousands, and few laws are ever written out.
    """

    links: Links
    swarm: Swarm

    def __len__(self) -> int:
        return len(self.links)

    def __repr__(self) -> str:
        return f"<the lengths of {len(self)} links>"

    @overload
    def __getitem__(self, number: int) -> Expr: ...
    @overload
    def __getitem__(self, number: slice) -> Sequence[Expr]: ...
    def __getitem__(self, number: int | slice) -> Expr | Sequence[Expr]:
        if isinstance(number, slice):
            return [self[k] for k in range(*number.indices(len(self)))]
        if not -len(self) <= number < len(self):
            raise IndexError(number)
        links, swarm = self.links, self.swarm
        one, other = int(links.one[number]), int(links.other[number])
        if links.axis is not None:
            ends = [
                S.Zero if end == ORIGIN else swarm.place(end, links.axis) for end in (one, other)
            ]
            return ends[0] - ends[1]
        if other == ORIGIN:
            return norm(swarm.names[one])
        return distance(swarm.names[one], swarm.names[other])


@dataclass(frozen=True, eq=False)
class Family:
    """V gains Σ_b f_b Σ_k c_k φ_k(s_b) of links b alike; `factors` are the f_b (B,), by name.

    The factors of two particles, such as their masses m_i and m_j, multiply each other.
    """

    links: Links
    shapes: Shapes
    factors: Mapping[str, Array] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.shapes.candidates)

    @property
    def weighted(self) -> Links:
        """The links with the product of their factors."""
        if not self.factors:
            return self.links
        return self.links.weighted(np.prod(list(self.factors.values()), axis=0))

    def usable(self, swarm: Swarm) -> Family:
        """With the candidates alone that have numbers on the motion."""
        s = np.sort(self.links.lengths(swarm.x), axis=None)
        some = s[np.linspace(0, len(s) - 1, min(len(s), LOOKED_AT)).astype(int)]
        return replace(self, shapes=self.shapes.usable(some))

    def on(self, some: Sequence[int]) -> Family:
        """With some of the candidates alone."""
        kept = tuple(self.shapes.candidates[k] for k in some)
        return replace(self, shapes=replace(self.shapes, candidates=kept))

    def forces(self, x: Array) -> Array:
        """The force of one unit of each candidate (K, N, n, D)."""
        return self.weighted.forces(x, self.shapes.slopes)

    def values(self, x: Array) -> Array:
        """The potential of one unit of each candidate (K, n)."""
        links = self.weighted
        each = self.shapes.values(links.lengths(x))
        return each.sum(axis=1) if links.weights is None else links.weights @ each

    @property
    def alone(self) -> bool:
        """Whether there is one link alone on a line: its terms are written in the coordinates."""
        return len(self.links) == 1 and self.links.axis is not None and not self.factors

    def terms(self, swarm: Swarm) -> tuple[Expr, ...]:
        """The candidates times the factors, as they are printed."""
        if self.alone:
            stretch = {symbol(self.shapes.variable): Lengths(self.links, swarm)[0]}
            return tuple(candidate.xreplace(stretch) for candidate in self.shapes.candidates)
        front = sympy.Mul(*map(symbol, self.factors))
        return tuple(front * candidate for candidate in self.shapes.candidates)

    def sums(self, swarm: Swarm) -> dict[str, Sequence[Expr]]:
        """What the variable and the factors stand for, link by link."""
        if self.alone:
            return {}
        numbers: dict[str, Sequence[Expr]] = {
            name: tuple(exact(float(value)) for value in values)
            for name, values in self.factors.items()
        }
        return {self.shapes.variable: Lengths(self.links, swarm), **numbers}

    def domain(self, swarm: Swarm) -> dict[str, tuple[float, float]]:
        """The range of its variable and of its factors."""
        if self.alone:
            return {}
        columns = {self.shapes.variable: self.links.lengths(swarm.x), **self.factors}
        return {name: (float(x.min()), float(x.max())) for name, x in columns.items()}


@dataclass(frozen=True, eq=False)
class Model:
    """Families whose candidates follow one another as columns, and the friction after them."""

    families: tuple[Family, ...]
    drag: Drag | None = None

    @cached_property
    def columns(self) -> tuple[tuple[int, int], ...]:
        """The family of every column, and which of its candidates it is."""
        return tuple((f, k) for f, family in enumerate(self.families) for k in range(len(family)))

    def __len__(self) -> int:
        return len(self.columns) + (len(self.drag) if self.drag else 0)

    def terms(self, swarm: Swarm) -> tuple[Expr, ...]:
        """The terms of the potential, and then those of friction."""
        return (*self.potential(swarm), *(self.drag.terms(swarm) if self.drag else ()))

    def potential(self, swarm: Swarm) -> tuple[Expr, ...]:
        """The terms of the potential."""
        return tuple(term for family in self.families for term in family.terms(swarm))

    def forces(self, x: Array) -> Array:
        """The force of one unit of every column (K, N, n, D) at positions (N, n, D)."""
        each = [family.forces(x) for family in self.families]
        return np.concatenate([*each, self.drag.forces] if self.drag else each)

    def values(self, x: Array) -> Array:
        """The potential of one unit of every column of it (K, n)."""
        return np.concatenate([family.values(x) for family in self.families])

    def on(self, some: Sequence[int]) -> Model:
        """With some of the columns alone, in their order."""
        kept, many = sorted(some), len(self.columns)
        own = [
            [k for f, k in (self.columns[c] for c in kept if c < many) if f == n]
            for n in range(len(self.families))
        ]
        pairs = zip(self.families, own, strict=True)
        families = tuple(family.on(numbers) for family, numbers in pairs if numbers)
        rubbing = [c - many for c in kept if c >= many]
        return Model(families, self.drag.on(rubbing) if self.drag and rubbing else None)
