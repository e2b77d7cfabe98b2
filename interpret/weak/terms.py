"""What may be in a law whose kinetic energy is unknown too: terms of every part of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Protocol

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

USUAL: Final = 0.75
ROUNDING: Final = 1e-6
"""A term's usual size is what three quarters of its values keep within; its own round-off is
none."""

IN_L: Final = {"kinetic": 1, "gyroscopic": 1, "potential": -1}
"""The parts of the Lagrangian, with the sign that their terms have in it."""


@dataclass(frozen=True)
class Term:
    """A term φ of a part of the law."""

    part: str
    expr: Expr


class Candidates(Protocol):
    """Terms that have rows: `Terms` of a Lagrangian, or those of a Hamiltonian."""

    @property
    def coordinates(self) -> tuple[str, ...]:
        """What each equation is called after."""
        ...

    def __len__(self) -> int: ...

    def along(self, observed: Observed) -> Along:
        """Their momenta and forces along a motion."""
        ...


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
        return along(self.momenta, self.forces, self.variables, observed)


def along(
    momenta: Sequence[Sequence[Expr]],
    forces: Sequence[Sequence[Expr]],
    variables: Sequence[str],
    observed: Observed,
) -> Along:
    """Of K terms momenta and forces in e equations each, and how they change with every channel.

    The `variables` are the columns of what was observed.
    """
    d, shape = observed.q.shape[1], (2, len(momenta), len(momenta[0]))
    field = compile([e for each in (momenta, forces) for term in each for e in term], variables)
    x = observed.columns
    with np.errstate(all="ignore"):
        values = field(x).reshape(-1, *shape)
        spread = np.maximum(np.ptp(x[:, : 2 * d], axis=0), np.finfo(float).tiny)
        by = [_slope(field, x, k, STEP * spread[k]).reshape(-1, *shape) for k in range(2 * d)]
        bent = _bent(field, x, [*observed.sigma_q, *observed.sigma_v], values)
    slopes = {}
    for channel in range(d):
        by_q, by_v = by[channel], by[d + channel]
        for row in range(shape[2]):
            four = [each[:, k, :, row] for each in (by_q, by_v) for k in range(2)]
            moving = np.flatnonzero(np.any([a.any(axis=0) for a in four], axis=0))
            slopes[row, channel] = Slopes(moving, *(a[:, moving] for a in four))
    return Along(values[:, 0], values[:, 1], slopes, bent)


@dataclass(frozen=True)
class Along:
    """At n samples: the momenta and forces (n, K, e) of K terms in e equations, and the slopes of
    those of each equation with each channel.

    `bent` (n,) are the samples where noise moves a term by more than its slope says.
    """

    momenta: Array
    forces: Array
    slopes: dict[tuple[int, int], Slopes]
    bent: NDArray[np.bool_]

    def some(self, numbers: Sequence[int]) -> Along:
        """Those of some of the terms."""
        own = list(numbers)
        slopes = {key: item.some(own) for key, item in self.slopes.items()}
        return Along(self.momenta[:, own], self.forces[:, own], slopes, self.bent)


def _slope(field: Field, x: Array, column: int, step: float) -> Array:
    """The central difference with one column."""
    ahead, behind = x.copy(), x.copy()
    ahead[:, column] += step
    behind[:, column] -= step
    difference: Array = (field(ahead) - field(behind)) / (2 * step)
    return difference


def _bent(field: Field, x: Array, sigma: Sequence[float], values: Array) -> NDArray[np.bool_]:
    """Where a step of σ moves a term to second order by more than its usual size: there noise is no
    matter of slopes, as in a close encounter."""
    flat = values.reshape(len(x), -1)
    usual = np.quantile(np.abs(np.nan_to_num(flat)), USUAL, axis=0)
    bent: NDArray[np.bool_] = np.asarray(~np.isfinite(flat).all(axis=1))
    for column, step in enumerate(sigma):
        ahead, behind = x.copy(), x.copy()
        ahead[:, column] += step
        behind[:, column] -= step
        curved = np.abs(field(ahead) + field(behind) - 2 * flat)
        bent |= np.asarray(~(curved <= usual + ROUNDING * np.abs(flat)).all(axis=1))
    return bent


PARTS: Final = ("kinetic", *FORCES)
"""The parts that a law may have, in the order in which it is printed."""
