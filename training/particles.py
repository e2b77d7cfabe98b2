"""Particles in an external potential, with pair forces: which features belong to what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

import numpy as np
import torch
from sympy import Expr
from torch import Tensor

from systems.errors import InputError
from systems.expressions import symbol
from systems.mechanics import Mechanics
from systems.problem import Problem
from training.bases.basis import Basis
from training.bases.candidates import Candidates
from training.bases.composite import Shared, Sum
from training.features import Features
from training.prepare.stencils import Array

Groups = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Particles:
    """The features of N particles: their coordinates, then the distance of every pair.

    ``system`` knows the distances; ``dimension`` coordinates belong to a particle.
    Particles of equal masses are taken to be alike: they share one external potential along each
    axis and one pair potential. Unequal ones have an external potential each.

    Raises InputError for a system without distances.

    >>> import systems
    >>> two = Particles(systems.get("trapped_charges"), 1)
    >>> two.features.names, two.pairs, two.axes
    (('q0', 'q1', 'r'), ((2,),), (((0,), (1,)),))
    """

    system: Problem
    dimension: int

    def __post_init__(self) -> None:
        if not self.mechanics.distances:
            raise InputError(
                f"{self.system.name} names no distances between particles, which the "
                f"models of Lagrangians need."
            )

    @property
    def mechanics(self) -> Mechanics:
        """Coordinates, masses and distances."""
        return self.system.motion()

    @cached_property
    def features(self) -> Features:
        """Coordinates and distances as functions of the coordinates."""
        named = {name: symbol(name) for name in self.mechanics.coordinates}
        return Features.of(self.mechanics.coordinates, {**named, **self.mechanics.distances})

    @property
    def mass(self) -> Array:
        """The masses, shape (d,)."""
        return np.array(self.mechanics.mass)

    @property
    def identical(self) -> bool:
        """Whether all masses are equal."""
        return len(set(self.mechanics.mass)) == 1

    @property
    def coordinates(self) -> tuple[int, ...]:
        """The columns of the coordinates."""
        return tuple(range(len(self.mechanics.coordinates)))

    @property
    def pairs(self) -> Groups:
        """The column of every distance, a group each."""
        first = len(self.mechanics.coordinates)
        return tuple((first + i,) for i in range(len(self.mechanics.distances)))

    @property
    def axes(self) -> tuple[Groups, ...]:
        """The groups of columns that share an external potential."""
        columns = self.coordinates
        if not self.identical:
            return tuple(((column,),) for column in columns)
        axes = range(self.dimension)
        return tuple(tuple((c,) for c in columns[axis :: self.dimension]) for axis in axes)

    def between_pairs(self, basis: Basis) -> Basis:
        """The basis of a function of one distance, as a function of them all."""
        return Shared(self.pairs, basis)

    def candidates(self, expressions: Sequence[Expr]) -> Basis:
        """Candidate terms in coordinates and distances, or summed over all of either."""
        names = self.mechanics.sums
        if not names:
            return Candidates(self.features.names, tuple(expressions))
        runs = groupby(expressions, key=self._summed_over)
        return Sum(tuple(self._sum(name, tuple(terms)) for name, terms in runs))

    def _sum(self, name: str, terms: tuple[Expr, ...]) -> Basis:
        if not name:
            return Candidates(self.features.names, terms)
        groups = self.pairs if name == "r" else tuple((column,) for column in self.coordinates)
        return Shared(groups, Candidates((name,), terms))

    def _summed_over(self, expression: Expr) -> str:
        """The variable of the sum that a term is, or none."""
        return next((n for n in self.mechanics.sums if expression.has(symbol(n))), "")

    def domain(self, x: Tensor) -> dict[str, tuple[float, float]]:
        """The range of every variable that laws are written in, on the points x (n, f)."""
        low, high = x.min(dim=0).values.tolist(), x.max(dim=0).values.tolist()
        ends = list(zip(low, high, strict=True))
        if not self.mechanics.sums:
            return dict(zip(self.features.names, ends, strict=True))
        parts = {"x": self.coordinates, "r": tuple(group[0] for group in self.pairs)}
        return {
            name: (min(ends[c][0] for c in parts[name]), max(ends[c][1] for c in parts[name]))
            for name in self.mechanics.sums
        }

    def distances(self, x: Tensor) -> Tensor:
        """Every distance that occurs, shape (n * pairs, 1)."""
        return self.along(self.pairs, x)

    def along(self, groups: Groups, x: Tensor) -> Tensor:
        """Every value of the coordinates of one axis, shape (n * particles, 1)."""
        columns = torch.tensor([group[0] for group in groups])
        return x[:, columns].reshape(-1, 1)

    def with_one_body(self, pair: Basis, one_body: list[Basis]) -> Basis:
        """External potential along each axis, and the pair potential."""
        shared = [Shared(groups, basis) for groups, basis in zip(self.axes, one_body, strict=True)]
        return Sum((*shared, pair))
