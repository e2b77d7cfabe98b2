"""The law from coordinates and true momenta, which fix the scale that velocities leave open.

    ∫ ψ' z dt + ∫ ψ J ∇H dt = 0,     z = (q, p),     H = Σ c_k φ_k(q, p)

The data are the term whose coefficient is one. Where every square p_i² has one factor in H, and no
p_i p_j is there, the kinetic energy is that of the inverse masses: c g p²/2 is q̇²/(2 c g).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations_with_replacement
from typing import Final

import numpy as np
from sympy import Expr, S, Symbol

from interpret.discovery.lagrangian.masses import factors
from interpret.weak.choice import Needed
from interpret.weak.lengths import weighed
from interpret.weak.menu import potentials
from interpret.weak.observed import Observed
from interpret.weak.search import Answer, Question, selected, spread
from interpret.weak.terms import Along, Term, Terms, along
from systems.equations import gradient, velocity
from systems.expressions import symbol

DATA: Final = 0
"""The number of the term that is z itself."""


@dataclass(frozen=True)
class Energies:
    """Terms of H in coordinates and momenta p_x; before them stands the data's own.

    >>> from sympy import symbols
    >>> x, p_x = symbols("x p_x")
    >>> spring = Energies(("x",), (p_x**2 / 2, x**2 / 2))
    >>> spring.forces
    ((0, 0), (p_x, 0), (0, -x))
    """

    names: tuple[str, ...]
    items: tuple[Expr, ...]

    def __len__(self) -> int:
        return len(self.items) + 1

    @property
    def momenta(self) -> tuple[str, ...]:
        """What the momenta are called."""
        return tuple(map(momentum, self.names))

    @property
    def coordinates(self) -> tuple[str, ...]:
        """What each equation is called after."""
        return (*self.names, *self.momenta)

    @property
    def forces(self) -> tuple[tuple[Expr, ...], ...]:
        """J ∇H of every term."""
        still = (S.Zero,) * len(self.coordinates)
        moved = tuple(
            (*gradient(h, self.momenta), *(-slope for slope in gradient(h, self.names)))
            for h in self.items
        )
        return (still, *moved)

    def along(self, observed: Observed) -> Along:
        """z, and J ∇H of every term, along a motion whose velocities are the momenta."""
        own = tuple(map(symbol, self.coordinates))
        still = (S.Zero,) * len(own)
        variables = [*self.coordinates, "t"]
        return along((own, *(still for _ in self.items)), self.forces, variables, observed)


def momentum(name: str) -> str:
    """What the momentum of a coordinate is called."""
    return f"p_{name}"


def by_momenta(question: Question, observed: Observed) -> Answer | None:
    """The law of coordinates and momenta; None where noise does not explain what it leaves, or its
    kinetic energy is no sum of terms.

    The velocities of what was `observed` are the momenta.
    """
    names = tuple(question.ranges)
    kinetic = list(_kinetic(names, question.angles))
    slow = potentials(question.ranges, question.angles)
    energies = Energies(names, (*(item.energy for item in kinetic), *slow))
    found = weighed(energies, observed)
    squares = (
        frozenset(k + 1 for k, item in enumerate(kinetic) if item.pair == (name, name))
        for name in names
    )
    needed = Needed((frozenset([DATA]), *squares))
    pencil, choice = selected(found.rows, needed, noisy=observed.noisy)
    own = [k - 1 for k in choice.support if k != DATA]
    pairs = [kinetic[k].pair for k in own if k < len(kinetic)]
    if not choice.explained or sorted(pairs) != sorted((name, name) for name in names):
        return None
    found = replace(found, pencil=pencil)
    values = choice.coefficients / choice.coefficients[choice.support.index(DATA)]
    relative = spread(found, choice.support)
    terms = [Term("kinetic", item.term) for item in kinetic if item.pair[0] == item.pair[1]]
    places = {k: terms.index(Term("kinetic", kinetic[k].term)) for k in own if k < len(kinetic)}
    places |= {k: len(terms) + k - len(kinetic) for k in own if k >= len(kinetic)}
    terms += [Term("potential", expr) for expr in slow]
    coefficients, variance = np.zeros(len(terms)), np.zeros(len(terms))
    for k, value, share in zip(choice.support, values, relative, strict=True):
        if k != DATA:
            place = places[k - 1]
            coefficients[place] = 1 / value if k - 1 < len(kinetic) else value
            variance[place] = coefficients[place] ** 2 * share
    return Answer(
        Terms(names, tuple(terms)),
        choice,
        found,
        question,
        None,
        coefficients,
        np.diag(variance),
        None,
        ("the momenta are used as they are: they fix the factor of all parts",),
    )


@dataclass(frozen=True)
class _Kinetic:
    """A term of H with two momenta, and the kinetic energy that it is the inverse of."""

    pair: tuple[str, str]
    energy: Expr
    term: Expr


def _kinetic(names: Sequence[str], angles: Sequence[str]) -> Iterator[_Kinetic]:
    """p_i p_j/2 times what masses, or their inverses, may depend on."""
    usual = list(factors(names, angles))
    lengths = [symbol(name) for name in names if name not in angles]
    inverse = [1 / q**power for q in lengths for power in (1, 2)]
    for a, b in combinations_with_replacement(names, 2):
        product = Symbol(momentum(a)) * Symbol(momentum(b)) / 2
        for factor in (*usual, *inverse):
            yield _Kinetic((a, b), product * factor, velocity(a) * velocity(b) / (2 * factor))
