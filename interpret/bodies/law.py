"""The law of many bodies: of pairs in space, of bonds on a line, with the masses that fit."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Final

import numpy as np

from interpret.bodies.chain import chain_law
from interpret.bodies.found import AS_GOOD, AS_NOISY, Found
from interpret.bodies.ladder import pair_law
from interpret.bodies.masses import balanced
from interpret.bodies.rows import Rows
from interpret.bodies.rubbed import rubbed
from interpret.bodies.springs import SLIGHT
from interpret.bodies.swarm import EXACT
from interpret.select.library import Library


def law_of(rows: Rows, library: Library | None = None) -> Found:
    """What acts between the bodies whose rows these are; `library`: candidates of a pair's law."""
    return _with_friction(rows, library).unbiased()


def _with_friction(rows: Rows, library: Library | None) -> Found:
    """The law with the friction that it leaves; where there is some, or noise explains less than is
    left, the law is sought once more with friction let in beside."""
    whole = rubbed(_found(rows, library))
    rubbing = whole.law.drag is not None
    explained = whole.noisy or whole.missed <= EXACT
    if rows.swarm.positions_alone or (explained and not rubbing):
        return whole
    again = rubbed(_found(replace(rows, rubbing=True), library))
    worst = whole.missed * AS_NOISY if rubbing else whole.missed / AS_GOOD
    return again if again.law.drag is not None and again.missed < worst else whole


def _found(rows: Rows, library: Library | None) -> Found:
    chain = chain_law(rows) if rows.swarm.dimension == 1 and library is None else None
    if chain is not None and (chain.noisy or chain.missed <= EXACT):
        return chain
    factors = balanced(rows)
    told = ""
    if factors is not None and np.abs(factors - 1).max() > SLIGHT:
        rows = rows.anew(rows.swarm.heavier(factors))
        listed = ", ".join(
            f"{name} {mass:.5g}"
            for name, mass in zip(rows.swarm.labels, rows.swarm.mass, strict=True)
        )
        told = f"the total momentum is conserved with the masses {listed}"
    pairs = pair_law(rows, library)
    if told:
        pairs = pairs.saying(told)
    if chain is not None and chain.missed < AS_GOOD * pairs.missed:
        return chain
    return pairs


DEGREE: Final = 4
"""Products of coordinates up to this degree, as potentials of a few coordinates are tried."""


def coupled(rows: Rows) -> float:
    """What any potential of the coordinates' products to the fourth degree misses of the force."""
    swarm = rows.swarm
    x = swarm.x.transpose(0, 2, 1).reshape(-1, swarm.points)
    powers = [p for p in product(range(DEGREE + 1), repeat=len(x)) if 0 < sum(p) <= DEGREE]
    forces = []
    for power in powers:
        slopes = [
            -k * np.prod([c ** (p - (i == j)) for j, (c, p) in enumerate(zip(x, power, strict=True))
                          if p - (i == j) >= 0], axis=0) if k else np.zeros(swarm.points)
            for i, k in enumerate(power)
        ]  # fmt: skip
        force = np.array(slopes).reshape(swarm.count, swarm.dimension, -1)
        forces.append(force.transpose(0, 2, 1))
    columns = rows.columns(np.array(forces))
    problem = rows.compressed(columns, tuple(map(str, powers)))
    return rows.share(problem.solve(problem.full)[1])
