"""What may be in a law whose kinetic energy is unknown too: terms of every part of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sympy import Expr, S

from interpret.weak.observed import Observed
from systems.equations import gradient, velocity
from systems.forces import FORCES, TIME, generalized_force
from systems.integrate import Field, compile

Array = NDArray[np.float64]

STEP: Final = 1e-5
"""Of a channel's spread: what central differences lose to it, and to round-off, is 1e-10."""

IN_L: Final = {"kinetic": 1, "gyroscopic": 1, "potential": -1}
"""The parts of the Lagrangian, with the sign that their terms have in it."""


@dataclass(frozen=True)
class Term:
    """A term φ of a part of the law."""

    part: str
    expr: Expr


@dataclass(frozen=True)
class Slopes:
    """How a term's momentum p_i and force f_i change with one channel, q_l and q̇_l, at n samples.

    Of the `columns` (k,) that change at all: ∂p_i/∂q_l, ∂f_i/∂q_l, ∂p_i/∂q̇_l, ∂f_i/∂q̇_l, (n, k).
    """

    columns: NDArray[np.int64]
    momentum_by_q: Array
    force_by_q: Array
    momentum_by_v: Array
    force_by_v: Array

    def some(self, numbers: Sequence[int]) -> Slopes:
        """Those of some of the terms, numbered as they come."""
        places = {int(k): place for place, k in enumerate(self.columns)}
        held = [(new, places[old]) for new, old in enumerate(numbers) if old in places]
        own = [place for _, place in held]
        columns = np.array([new for new, _ in held], dtype=np.int64)
        four = (self.momentum_by_q, self.force_by_q, self.momentum_by_v, self.force_by_v)
        return Slopes(columns, *(a[:, own] for a in four))


@dataclass(frozen=True)
class Terms:
    """Terms in the coordinates, their velocities (x and xd), the time t and measured `signals`.

    A term of L contributes p_i = ∂φ/∂q̇_i and f_i = ∂φ/∂q_i to d/dt p_i = f_i, any other a force.

    >>> from sympy import cos, symbols
    >>> th, thd = symbols("th thd")
    >>> rod = Terms(("th",), (Term("kinetic", thd**2 / 2), Term("potential", cos(th))))
    >>> rod.momenta, rod.forces
    (((thd,), (0,)), ((0,), (sin(th),)))
    """

    coordinates: tuple[str, ...]
    items: tuple[Term, ...]
    signals: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.items)

    @property
    def dimension(self) -> int:
        """The number of coordinates."""
        return len(self.coordinates)

    def some(self, numbers: Sequence[int]) -> Terms:
        """Some of the terms."""
        return Terms(self.coordinates, tuple(self.items[k] for k in numbers), self.signals)

    @cached_property
    def momenta(self) -> tuple[tuple[Expr, ...], ...]:
        """∂L/∂q̇_i of every term."""
        rates = [velocity(name).name for name in self.coordinates]
        still = (S.Zero,) * self.dimension
        return tuple(
            gradient(IN_L[item.part] * item.expr, rates) if item.part in IN_L else still
            for item in self.items
        )

    @cached_property
    def forces(self) -> tuple[tuple[Expr, ...], ...]:
        """∂L/∂q_i of every term of L, the force of any other."""
        return tuple(
            gradient(IN_L[item.part] * item.expr, self.coordinates)
            if item.part in IN_L
            else generalized_force(item.part, item.expr, self.coordinates)
            for item in self.items
        )

    @property
    def variables(self) -> list[str]:
        """What terms are functions of."""
        rates = [velocity(name).name for name in self.coordinates]
        return [*self.coordinates, *rates, TIME.name, *self.signals]

    def along(self, observed: Observed) -> Along:
        """The momenta and forces of all terms along a motion, with their slopes."""
        d, count = self.dimension, len(self)
        flat = [e for each in (self.momenta, self.forces) for term in each for e in term]
        field = compile(flat, self.variables)
        x = observed.columns
        with np.errstate(all="ignore"):
            values = field(x).reshape(len(x), 2, count, d)
            spread = np.maximum(np.ptp(x[:, : 2 * d], axis=0), np.finfo(float).tiny)
            by = [_slope(field, x, k, STEP * spread[k]) for k in range(2 * d)]
        slopes = {}
        for channel in range(d):
            by_q, by_v = (
                each.reshape(len(x), 2, count, d) for each in (by[channel], by[d + channel])
            )
            for row in range(d):
                four = (
                    by_q[:, 0, :, row],
                    by_q[:, 1, :, row],
                    by_v[:, 0, :, row],
                    by_v[:, 1, :, row],
                )
                moving = np.flatnonzero(np.any([a.any(axis=0) for a in four], axis=0))
                slopes[row, channel] = Slopes(moving, *(a[:, moving] for a in four))
        return Along(values[:, 0], values[:, 1], slopes)


@dataclass(frozen=True)
class Along:
    """At n samples: the momenta and forces (n, K, d) of K terms, and the slopes of those of each
    coordinate with each channel."""

    momenta: Array
    forces: Array
    slopes: dict[tuple[int, int], Slopes]

    def some(self, numbers: Sequence[int]) -> Along:
        """Those of some of the terms."""
        own = list(numbers)
        slopes = {key: item.some(own) for key, item in self.slopes.items()}
        return Along(self.momenta[:, own], self.forces[:, own], slopes)


def _slope(field: Field, x: Array, column: int, step: float) -> Array:
    """The central difference with one column."""
    ahead, behind = x.copy(), x.copy()
    ahead[:, column] += step
    behind[:, column] -= step
    difference: Array = (field(ahead) - field(behind)) / (2 * step)
    return difference


PARTS: Final = ("kinetic", *FORCES)
"""The parts that a law may have, in the order in which it is printed."""
