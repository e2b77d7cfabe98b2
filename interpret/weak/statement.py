"""The answer as a law: kinetic energy, potential, friction and drive, each with its candidates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from sympy import Symbol, integrate

from interpret.laws.judgement import Judgement, Origin
from interpret.laws.law import Law
from interpret.laws.parts import Bodies, Part, Variables
from interpret.weak.observed import Observed
from interpret.weak.search import Answer
from interpret.weak.terms import PARTS, Term
from systems.equations import acceleration, velocity

ALWAYS: Final = ("kinetic", "potential")
"""Parts that a law has even where none of their terms was kept."""


def stated(answer: Answer, moved: Observed, origin: Origin, bodies: Bodies) -> Law:
    """The law of an answer, as it was read: nothing has judged it yet.

    Its coordinates are those that `bodies` have; others are prescribed, and drive these.
    """
    names = answer.terms.coordinates
    prescribed = [name for name in names if name not in bodies.mass]
    items = [as_driven(item, prescribed) for item in answer.terms.items]
    support = set(answer.support)
    parts, numbers = [], []
    for name in PARTS:
        own = [k for k, item in enumerate(items) if item.part == name]
        kept = [k for k in own if k in support]
        if kept or name in ALWAYS:
            terms, tried = ([items[k].expr for k in some] for some in (kept, own))
            parts.append(Part(name, tuple(terms), tuple(tried)))
            numbers += kept
    columns = dict(zip(answer.terms.variables, moved.columns.T, strict=True))
    for i, name in enumerate(names):
        if name in prescribed:
            columns[acceleration(name).name] = np.gradient(moved.v[:, i], moved.clock)
    domain = {name: (float(x.min()), float(x.max())) for name, x in columns.items()}
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


def as_driven(item: Term, prescribed: Sequence[str]) -> Term:
    """A term with prescribed coordinates as the work that these do: its force is the same.

        h(x, ẋ) q̇ g(q) → -dh/dt ∫ g dq,    ẋ² f(q) → ẋ² f(q),    V(x, q) → -V,    R = ẋ q̇ → -ẋ q

    >>> from sympy import cos, symbols
    >>> th, thd, xd = symbols("th thd xd")
    >>> as_driven(Term("kinetic", xd * thd * cos(th)), ["x"])
    Term(part='drive', expr=-xdd*sin(th))
    """
    given = {Symbol(x): velocity(x) for x in prescribed}
    given |= {velocity(x): acceleration(x) for x in prescribed}
    if not item.expr.free_symbols & set(given) or item.part == "drive":
        return item
    if item.part == "potential":
        return Term("drive", -item.expr)
    known = set(given) | set(given.values())
    fast = [s for s in item.expr.free_symbols - known if s.name.endswith("d")]
    rate = next((s for s in fast if item.expr.diff(s) != 0), None)
    if rate is None:
        return Term("drive", item.expr)
    own = Symbol(rate.name[:-1])
    h, slope = item.expr.diff(rate).as_independent(own)
    if item.part == "dissipative":
        return Term("drive", -h * integrate(slope, own))
    turned = sum(h.diff(x) * next_ for x, next_ in given.items())
    return Term("drive", -turned * integrate(slope, own))


def gauge(answer: Answer) -> str:
    """What no motion tells, in words."""
    if answer.held is None:
        return "one constant"
    held = answer.terms.items[answer.held].expr
    value = f"{answer.coefficients[answer.held]:g}"
    return f"one constant, and a factor of all parts: that of {held} is held at {value}"


def _doubts(answer: Answer) -> Iterator[str]:
    if answer.choice.nullity > 1:
        yield (
            f"{answer.choice.nullity} Lagrangians that are no multiples of each other move the "
            f"data alike"
        )
