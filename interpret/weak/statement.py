"""The answer as a law: kinetic energy, potential, friction and drive, each with its candidates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from interpret.laws.judgement import Judgement, Origin
from interpret.laws.law import Law
from interpret.laws.parts import Bodies, Part, Variables
from interpret.weak.observed import Observed
from interpret.weak.search import Answer
from interpret.weak.terms import PARTS

ALWAYS: Final = ("kinetic", "potential")
"""Parts that a law has even where none of their terms was kept."""


def stated(answer: Answer, observed: Observed, origin: Origin, bodies: Bodies) -> Law:
    """The law of an answer, as it was read: nothing has judged it yet."""
    items, support = answer.terms.items, set(answer.support)
    parts, numbers = [], []
    for name in PARTS:
        own = [k for k, item in enumerate(items) if item.part == name]
        kept = [k for k in own if k in support]
        if kept or name in ALWAYS:
            terms, tried = ([items[k].expr for k in some] for some in (kept, own))
            parts.append(Part(name, tuple(terms), tuple(tried)))
            numbers += kept
    columns = zip(answer.terms.variables, observed.columns.T, strict=True)
    domain = {name: (float(x.min()), float(x.max())) for name, x in columns}
    reasons = tuple(_doubts(answer))
    return Law(
        origin=origin,
        parts=tuple(parts),
        coefficients=answer.coefficients[numbers],
        covariance=answer.covariance[np.ix_(numbers, numbers)],
        variables=Variables(domain, {}, bodies),
        gauge=gauge(answer),
        judgement=Judgement("ambiguous" if reasons else "identified", reasons),
    )


def gauge(answer: Answer) -> str:
    """What no motion tells, in words."""
    held = answer.terms.items[answer.held].expr
    value = f"{answer.coefficients[answer.held]:g}"
    return f"one constant, and a factor of all parts: that of {held} is held at {value}"


def _doubts(answer: Answer) -> Iterator[str]:
    if answer.pursued is None:
        yield "the law leaves the motion from the start: its numbers are those of the weak rows"
    if answer.choice.nullity > 1:
        yield (
            f"{answer.choice.nullity} Lagrangians that are no multiples of each other move the "
            f"data alike"
        )
