"""The law of many bodies: of pairs in space, of bonds on a line, with the masses that fit."""

from __future__ import annotations

import numpy as np

from interpret.bodies.chain import chain_law
from interpret.bodies.found import AS_GOOD, Found
from interpret.bodies.ladder import pair_law
from interpret.bodies.masses import balanced
from interpret.bodies.rows import Rows
from interpret.bodies.springs import SLIGHT
from interpret.select.library import Library


def law_of(rows: Rows, library: Library | None = None) -> Found:
    """What acts between the bodies whose rows these are; `library`: candidates of a pair's law."""
    chain = chain_law(rows) if rows.swarm.dimension == 1 and library is None else None
    if chain is not None and (chain.noisy or chain.missed <= rows.swarm.floor):
        return chain
    factors = balanced(rows)
    told = ""
    if factors is not None and np.abs(factors - 1).max() > SLIGHT:
        rows = Rows.of(rows.swarm.heavier(factors))
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
