"""What was found between bodies as one law: sums over pairs, particles or bonds, with few terms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from sympy import Expr

from interpret.bodies.chain import STRETCH
from interpret.bodies.found import Found
from interpret.bodies.links import ORIGIN
from interpret.bodies.model import Family
from interpret.bodies.swarm import Swarm
from interpret.laws.judgement import Judgement, Origin
from interpret.laws.law import Law
from interpret.laws.parts import Bodies, Part, Variables
from interpret.laws.summed import Summed

GAUGE: Final = "one constant"

MODEL_ERROR: Final = 1e-5
"""A law that misses so much of the force knows no digit beyond: no closed form is read off it."""

FEW: Final = 6
"""So many links of a family are listed one by one."""


def stated(found: Found, origin: Origin) -> Law:
    """The law, as it was read: nothing has judged it yet.

    A closed form is read off digits that the data fix; not where the model's error is the bar.
    """
    swarm, kept = found.rows.swarm, found.law
    candidates = found.model.potential(swarm)
    terms = kept.potential(swarm)
    rubbing = kept.drag.terms(swarm) if kept.drag else ()
    own = Part("potential", terms, tuple(dict.fromkeys(candidates)))
    parts = (own, Part("dissipative", rubbing, rubbing)) if rubbing else (own,)
    sums: dict[str, Sequence[Expr]] = {}
    domain = _ranges(swarm)
    over = {}
    for family in found.model.families:
        sums |= family.sums(swarm)
        domain |= family.domain(swarm)
        if not family.alone:
            over[family.shapes.variable] = _index(family)
    mass = dict(zip(swarm.coordinates, np.repeat(swarm.mass, swarm.dimension).tolist(),
                    strict=True))  # fmt: skip
    used = {item.name for term in terms for item in term.free_symbols}
    return Law(
        origin=origin,
        parts=parts,
        coefficients=found.values,
        covariance=found.covariance,
        recognised=() if found.noisy or found.missed < MODEL_ERROR else (None,) * len(found.values),
        variables=Variables(domain, {}, Bodies(mass, sums)),
        gauge=GAUGE,
        judgement=Judgement("identified", remarks=(*_meanings(found, used), *found.remarks)),
        form=Summed(over=over),
    )


def _index(family: Family) -> str:
    """What stands below the sum sign."""
    links, variable = family.links, family.shapes.variable
    number = variable.rpartition("_")[2]
    if number.isdigit():
        return f"kind {number}"
    if variable == STRETCH:
        return "bonds"
    return "k" if (links.other == ORIGIN).all() else "i<j"


def _ranges(swarm: Swarm) -> dict[str, tuple[float, float]]:
    """The range of every coordinate and its velocity."""
    found = {}
    for i, body in enumerate(swarm.names):
        for k, name in enumerate(body):
            x, v = swarm.x[i, :, k], swarm.p[i, :, k] / swarm.mass[i]
            found[name] = (float(x.min()), float(x.max()))
            found[f"{name}d"] = (float(v.min()), float(v.max()))
    return found


def _meanings(found: Found, used: set[str]) -> list[str]:
    """A sentence for each variable that is summed over."""
    swarm = found.rows.swarm
    told = []
    for family in found.law.families:
        links, name = family.links, family.shapes.variable
        if family.alone:
            continue
        what = "stretch" if links.axis is not None else "distance"
        if (links.other == ORIGIN).all():
            place = "the place" if links.axis is not None else f"the {what} from the origin"
            told.append(f"{name}: {place} of each of {links.count} particles")
            continue
        labels = (*swarm.labels, "wall")  # the last is that of ORIGIN
        begun, ended = (links.one, links.other) if links.axis is None else (links.other, links.one)
        ends = (f"{labels[i]}-{labels[j]}" for i, j in zip(begun[:FEW], ended[:FEW], strict=True))
        more = f" and {len(links) - FEW} more" if len(links) > FEW else ""
        told.append(f"{name}: the {what} of {', '.join(ends)}{more}")
    masses = {"m_i", "m_j", "m_k"} & used
    if masses:
        told.append(f"{', '.join(sorted(masses))}: the masses")
    return told
