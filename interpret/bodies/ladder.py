"""One law for all pairs, tried from the simplest: shared, by mass, with charges, by species.

V = Σ_{i<j} a_ij φ(r_ij) + Σ_i ψ(x_i),     a_ij = 1, m_i m_j, q_i q_j, or a number for each kind
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from interpret.bodies.amplitudes import each_pair
from interpret.bodies.found import Found, chosen
from interpret.bodies.links import Links
from interpret.bodies.model import Family, Model
from interpret.bodies.rows import Rows
from interpret.bodies.shapes import Flexible, Shapes, field_shapes, given_shapes, pair_shapes
from interpret.select.library import Library
from systems.expressions import symbol

Array = NDArray[np.float64]

LENGTH: Final = "r_ij"
PLACE: Final = "d_k"
"""What a distance of two particles is called, and that of one from the origin."""

OPEN: Final = 0.02
"""A law that misses more of the force is worth asking whether pairs differ."""

MOST_LENGTHS: Final = 500_000
FEWEST_POINTS: Final = 120
"""A law is chosen on the first samples, so many distances in all; its numbers are those of all."""

SETTLED: Final = 1e-5
"""A law that misses no more needs no second look at which windows an encounter spoils."""

DIFFER: Final = 3.0
"""Amplitudes pair by pair must miss so many times less than a shared one."""


def pair_law(rows: Rows, library: Library | None = None) -> Found:
    """The law of pairs and an external field that explains the rows best for its size.

    >>> from interpret.bodies.swarm import Swarm
    >>> t = np.linspace(0, 2, 81)
    >>> angle = t[:, None] * np.ones(2) - np.array([0, np.pi / 2])
    >>> x = np.stack([np.cos(angle), -np.cos(angle)]) * 2 ** (-2 / 3)
    >>> p = np.stack([-np.sin(angle), np.sin(angle)]) * 2 ** (-2 / 3)
    >>> names = (("x1", "y1"), ("x2", "y2"))
    >>> swarm = Swarm(x, p, np.ones(2), (t,), names, np.zeros((2, 2)), np.zeros((2, 2)))
    >>> pair_law(Rows.of(swarm)).missed < 1e-3
    True
    """
    swarm = rows.swarm
    points = max(MOST_LENGTHS // max(len(Links.pairs(swarm.count)), 1), FEWEST_POINTS)
    some = rows if points >= swarm.points else rows.anew(swarm.cut(points))
    found = _tried(some.far(), library)
    if found.missed > SETTLED or swarm.noise.any():
        found = _tried(some.knowing(found.force), library)
    return found if some is rows else found.on(rows)


def _tried(rows: Rows, library: Library | None) -> Found:
    """The same with the deviations that the rows have."""
    swarm = rows.swarm
    pairs = Links.pairs(swarm.count)
    shapes = pair_shapes(LENGTH) if library is None else given_shapes(LENGTH, library)
    outside = external(rows)
    found = [
        _shared(rows, Family(pairs, shapes, factors), outside) for factors in _weightings(rows)
    ]
    best = min(found, key=lambda item: item.missed > 2 * min(f.missed for f in found))
    if best.missed < OPEN and not best.missed > DIFFER * best.reference:
        return best
    apart = each_pair(rows, Family(pairs, shapes), outside)
    return apart if apart is not None and DIFFER * apart.missed < best.missed else best


def external(rows: Rows) -> tuple[Family, ...]:
    """What may act on every particle alike: a trap about the origin, uniform gravity."""
    swarm = rows.swarm
    trap = Family(Links.singles(swarm.count), field_shapes(PLACE))
    falls = [
        Family(
            Links.singles(swarm.count, axis), Shapes(f"{name}_k", (symbol(f"{name}_k"),)),
            {"m_k": swarm.mass},
        )
        for axis, name in enumerate("xyz"[: swarm.dimension])
    ]  # fmt: skip
    known = [family.usable(swarm) for family in (trap, *falls)]
    return tuple(family for family in known if len(family))


def _weightings(rows: Rows) -> list[dict[str, Array]]:
    """All pairs alike; where masses differ, by their product as well."""
    mass = rows.swarm.mass
    if np.ptp(mass) <= 1e-12 * mass.max():
        return [{}]
    one, other = np.triu_indices(len(mass), 1)
    return [{}, {"m_i": mass[one], "m_j": mass[other]}]


def _shared(rows: Rows, family: Family, outside: tuple[Family, ...]) -> Found:
    """One shape for all pairs, beside what a flexible one misses."""
    x = rows.swarm.x
    flexible = Flexible.over(family.links.lengths(x))
    free = [family.weighted.forces(x, flexible.slopes), *(item.forces(x) for item in outside)]
    columns = rows.columns(np.concatenate(free))
    problem = rows.compressed(columns, tuple(map(str, range(columns.shape[1]))))
    reference = rows.share(problem.solve(problem.full)[1])
    model = Model((family.usable(rows.swarm), *outside))
    return chosen(rows, model, reference)
