"""The flow of a law at points of phase space around its data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import sympy
from numpy.typing import NDArray
from sympy import Expr

from interpret.laws.law import Law
from systems import integrate
from systems.equations import velocity
from systems.errors import InputError
from systems.forces import TIME

Array = NDArray[np.float64]

SPREAD: Final = 0.2
"""Positions are those of the data, moved by a fifth of their spread: near enough to stay away from
poles, far enough that nothing holds of them but what the law says."""

STRONGEST: Final = 3.0
"""Where it pulls three times as much as anywhere in the data, a law's pole is near."""

ATTEMPTS: Final = 50


@dataclass(frozen=True)
class Flow:
    """Points q and v (n, d) and the law's accelerations a (n, d) there."""

    q: Array
    v: Array
    a: Array

    def rates(self, gradients: Array) -> Array:
        """d/dt of functions with these gradients (n, K, 2d) along the flow: (n, K)."""
        return np.asarray(np.einsum("nki,ni->nk", gradients, np.hstack([self.v, self.a])))


def accelerations(law: Law) -> tuple[integrate.Field, tuple[str, ...]]:
    """(q, q̇, t and what drives) -> q̈, by the law's closed forms, and the names of these."""
    right = [equation.rhs for equation in law.equations()]
    names = coordinates(law)
    rates = [velocity(name).name for name in names]
    held = {item.name for force in right for item in force.free_symbols}
    others = sorted(held - {*names, *rates, TIME.name})
    variables = (*names, *rates, TIME.name, *others)
    return integrate.compile([sympy.nfloat(force, n=17) for force in right], variables), variables


def coordinates(law: Law) -> tuple[str, ...]:
    """What a law moves; InputError for one that moves nothing."""
    bodies = law.variables.bodies
    if bodies is None:
        raise InputError("this is the law of a map: nothing moves by it, nothing is conserved.")
    return tuple(bodies.mass)


def flow(law: Law, q: Array, v: Array, count: int, spread: float = SPREAD) -> Flow:
    """So many points around those of the data q and v (n, d), the law's flow at them.

    Positions are moved by `spread` of their own spread.

    Times, and columns that drive, are drawn from the standard normal distribution: what is
    conserved is so whenever.
    """
    rng = np.random.default_rng(0)
    moved, variables = accelerations(law)
    more = len(variables) - 2 * q.shape[1]

    def at(place: Array, rate: Array) -> Array:
        with np.errstate(all="ignore"):
            a: Array = moved(np.hstack([place, rate, rng.standard_normal((len(place), more))]))
            return a

    sizes = np.linalg.norm(at(q, v), axis=1)
    strongest = STRONGEST * float(np.max(sizes[np.isfinite(sizes)], initial=0.0))
    far, speed = spread * q.std(axis=0), v.std(axis=0)
    kept: list[Flow] = []
    for _ in range(ATTEMPTS):
        rows = rng.integers(len(q), size=count)
        place = q[rows] + far * rng.standard_normal((count, q.shape[1]))
        rate = v[rng.integers(len(q), size=count)]
        rate = rate + speed * rng.standard_normal(rate.shape)
        a = at(place, rate)
        size = np.linalg.norm(a, axis=1)
        good = np.isfinite(size) & (size <= max(strongest, 1e-300))
        kept.append(Flow(place[good], rate[good], a[good]))
        if sum(len(each.q) for each in kept) >= count:
            break
    else:
        raise InputError("the law has no finite flow around its data.")
    joined = (np.concatenate([getattr(each, name) for each in kept])[:count] for name in "qva")
    return Flow(*joined)


def energy_of(law: Law, parts: Sequence[Expr]) -> Expr:
    """E = Σ q̇ ∂T/∂q̇ - T + V of T and V, in the coordinates."""
    kinetic, potential = parts
    rates = [velocity(name) for name in coordinates(law)]
    moved = sympy.Add(*(rate * kinetic.diff(rate) for rate in rates)) - kinetic
    return sympy.expand(moved) + potential
