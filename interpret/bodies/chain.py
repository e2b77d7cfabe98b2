"""Bodies on a line: which of them are bound to which, or to a wall, and by what law.

V = Σ_bonds φ(s),     s = u_j - u_i, or u_i from a wall
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interpret.bodies.elimination import eliminated
from interpret.bodies.found import AS_GOOD, NOISY, OVERLAPPING, Found, chosen, settled
from interpret.bodies.kinds import kinds
from interpret.bodies.links import ORIGIN, Links
from interpret.bodies.model import Family, Model
from interpret.bodies.rows import LENGTHS, Rows
from interpret.bodies.shapes import Flexible, bond_shapes, ring_shapes
from interpret.bodies.springs import CLEAR, SLIGHT, Springs
from interpret.bodies.swarm import EXACT
from interpret.laws.value import with_error

Array = NDArray[np.float64]
Numbers = NDArray[np.intp]

STRETCH: Final = "s_b"

HIGHEST: Final = 4
"""Powers of a stretch: anharmonic chains are of the third and fourth."""

SOFT: Final = 8
"""Chebyshev polynomials of a stretch: enough for a smooth law over a few of its widths."""

MOST_BODIES: Final = 24
"""Of so many, all pairs and walls are asked for at once: 300 bonds, 900 columns."""


def chain_law(rows: Rows) -> Found | None:
    """The bonds between bodies on a line, and their law; None for too many bodies."""
    if rows.swarm.count > MOST_BODIES:
        return None
    rows, told = _mutual(rows)
    found = _known(rows)
    if found.noisy or found.missed <= EXACT:
        return found.saying(*told)
    rest = Springs.of(rows).rest(np.ptp(rows.swarm.x[:, :, 0], axis=1))
    if rest.any():
        moved = _known(rows.anew(rows.swarm.about(rest[:, None])))
        if AS_GOOD * moved.missed < found.missed:
            labels = rows.swarm.labels
            places = ", ".join(f"{name} = {x:.5g}" for name, x in zip(labels, rest, strict=True))
            return moved.saying(*told, f"all forces vanish at {places}")
    return found.saying(*told)


def _mutual(rows: Rows) -> tuple[Rows, list[str]]:
    """The rows with masses that make the forces mutual, and a sentence about them."""
    swarm = rows.swarm
    factors, errors = Springs.of(rows).masses()
    if not (np.abs(factors - 1) > np.maximum(CLEAR * errors, SLIGHT)).any():
        return rows, []
    # Masses are told by the fast ways to move together, which shorter windows see better.
    shorter = (Rows.of_length(swarm, m) for m in LENGTHS if m < rows.windows.length)
    told = [Springs.of(each).masses() for each in shorter if each is not None]
    known = [(each, bars) for each, bars in told if bars[1:].all()]
    factors, errors = min([(factors, errors), *known], key=lambda pair: float(pair[1].sum()))
    heavier = swarm.heavier(factors)
    listed = f"{heavier.labels[0]} {heavier.mass[0]:.6g}"
    for name, m, e in zip(heavier.labels[1:], heavier.mass[1:], (errors * swarm.mass)[1:],
                          strict=True):  # fmt: skip
        listed += f", {name} {with_error(m, e)}"
    return rows.anew(heavier), [f"the forces are mutual with the masses {listed}"]


def _known(rows: Rows) -> Found:
    """The bonds, by rows that know what the law makes of noise and steps."""
    first = _bound(rows)
    again = first.missed > EXACT or rows.swarm.noise.any()
    return _bound(rows.knowing(first.force)) if again else first


def _bound(rows: Rows) -> Found:
    """The bonds that the rows ask for, one law for all where that does, else kinds of bonds."""
    every = _all_links(rows.swarm.count)
    shapes = bond_shapes(STRETCH, HIGHEST)
    columns = rows.apart(every, shapes.slopes)
    size = len(shapes.candidates)
    names = tuple(map(str, range(columns.shape[1])))
    groups = [list(range(b * size, (b + 1) * size)) for b in range(len(every))]
    problem = rows.compressed(columns, names)
    noisy = rows.share(problem.solve(problem.full)[1]) < NOISY * rows.noise_share
    kept = eliminated(problem, groups, len(rows.truth) / OVERLAPPING, noisy=noisy)
    links = _oriented(every.some(np.array(kept.groups, dtype=np.intp)))
    missed = rows.share(kept.residual)
    one = _one_law(rows, links)
    limit = (
        max(AS_GOOD * missed, EXACT) if not noisy else max(1.05 * missed, NOISY * rows.noise_share)
    )
    if one.missed <= limit:
        return one
    for usual in _usual(rows.swarm.count):
        guess = _one_law(rows, usual)
        if guess.missed <= max(EXACT, missed / AS_GOOD):
            return guess
    return _kinds(rows, links, missed, noisy=noisy)


def _all_links(count: int) -> Links:
    """Of every pair, from the first to the second, and from the wall to each."""
    pairs = Links.pairs(count, axis=0)
    walls = np.arange(count)
    one = np.concatenate([pairs.other, walls])
    other = np.concatenate([pairs.one, np.full(count, ORIGIN)])
    return Links(one, other, count, axis=0)


def _oriented(links: Links) -> Links:
    """Bonds along a chain all one way: the last body's wall comes after it, and a ring closes.

    >>> bonds = Links(np.array([1, 2, 2]), np.array([0, 1, 0]), 3, axis=0)
    >>> ring = _oriented(bonds)
    >>> ring.other.tolist(), ring.one.tolist()
    ([0, 1, 2], [1, 2, 0])
    """
    one, other = links.one.copy(), links.other.copy()
    inner = (one != ORIGIN) & (other != ORIGIN)
    degrees = np.bincount(np.concatenate([one[inner], other[inner]]), minlength=links.count)
    ring = links.count > 2 and (degrees == 2).all() and inner.sum() == links.count
    last = links.count - 1
    turned = inner & (one == last) & (other == 0) if ring else np.zeros(len(links), dtype=bool)
    walls = np.flatnonzero(~inner)
    if len(walls) > 1:
        turned = turned | (~inner & (one == last))
    one[turned], other[turned] = links.other[turned], links.one[turned]
    return replace(links, one=one, other=other)


def _usual(count: int) -> Iterator[Links]:
    """Chains and rings: a law that is no sum of powers may act along them."""
    chain = np.arange(count)
    wall = np.array([ORIGIN])
    yield Links(chain[1:], chain[:-1], count, axis=0)
    yield Links(np.append(chain, wall), np.append(wall, chain), count, axis=0)
    if count > 2:
        yield Links(np.roll(chain, -1), chain, count, axis=0)


def _one_law(rows: Rows, links: Links) -> Found:
    """One law for all bonds."""
    x = rows.swarm.x
    flexible = Flexible.over(links.lengths(x), SOFT)
    columns = rows.columns(links.forces(x, flexible.slopes))
    problem = rows.compressed(columns, tuple(map(str, range(columns.shape[1]))))
    reference = rows.share(problem.solve(problem.full)[1])
    family = Family(links, ring_shapes(STRETCH)).usable(rows.swarm)
    return chosen(rows, Model((family,)), reference)


def _kinds(rows: Rows, links: Links, reference: float, *, noisy: bool) -> Found:
    """Bonds in kinds of equal coefficients, the powers that are needed of each."""
    shapes = bond_shapes(STRETCH, HIGHEST)
    columns = rows.apart(links, shapes.slopes)
    size = len(shapes.candidates)
    names = tuple(map(str, range(columns.shape[1])))
    count = len(rows.truth) / OVERLAPPING
    singles = [[k] for k in range(columns.shape[1])]
    problem = rows.compressed(columns, names)
    needed = eliminated(problem, singles, count, noisy=noisy).groups
    each = settled(rows, Model(()), needed, columns, (reference, reference))
    values = np.zeros(columns.shape[1])
    errors = np.zeros(columns.shape[1])
    values[list(needed)] = each.values
    errors[list(needed)] = np.sqrt(np.diag(each.covariance))
    alike = kinds(values.reshape(-1, size), errors.reshape(-1, size))
    families = []
    for number, kind in enumerate(alike, start=1):
        variable = f"s_{number}" if len(alike) > 1 else STRETCH
        own = Family(_from_the_wall(links.some(np.array(kind))), shapes.renamed(variable))
        powers = [k for k in range(size) if values.reshape(-1, size)[kind[0], k]]
        if powers:
            families.append(own.on(powers))
    model = Model(tuple(families))
    forces = rows.columns(model.forces(rows.swarm.x))
    problem = rows.compressed(forces, tuple(map(str, range(len(model)))))
    missed = rows.share(problem.solve(problem.full)[1])
    return settled(rows, model, problem.full, forces, (missed, reference))


def _from_the_wall(links: Links) -> Links:
    """A bond by itself that begins at the wall, if it has one."""
    if len(links) > 1 or links.one[0] != ORIGIN:
        return links
    return replace(links, one=links.other, other=links.one)
