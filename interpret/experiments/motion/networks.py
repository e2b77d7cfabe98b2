"""Parts whose form nobody knows: learned by networks first, then read with candidates like them."""

from __future__ import annotations

import re
from dataclasses import replace

from sympy import Expr, Symbol

from interpret.experiments.motion import NEURAL, Motion
from interpret.ledger.candidates import Candidates, frictions
from interpret.ledger.learned import OF_SPEED, Curve, drag, drive, learned
from interpret.ledger.motion import Courses
from interpret.ledger.shapes import POWER, likest, read
from systems.expressions import parse, symbol


def with_networks(
    candidates: Candidates, courses: Courses, options: Motion
) -> tuple[Candidates, tuple[Curve, ...], tuple[str, ...]]:
    """The candidates that networks propose beside the others, what they learned, and sentences.

    Drag is read with the usual frictions and a power of the speed, a drive with powers of what was
    measured and the shape that its curve is most like.
    """
    polynomials = [u**n for u in map(symbol, candidates.signals) for n in (1, 2, 3)]
    found, curves, said = candidates, [], []
    others = candidates
    if options.drive_law == NEURAL:
        others = _driven(others, polynomials)
    if options.dissipation == NEURAL:
        curve = learned(courses, others, drag(candidates), options.seed)
        power = read(curve, POWER)
        *usual, speed = frictions(candidates.coordinates)
        terms = (*usual, speed, speed ** _fresh("p", found))
        found = found.with_terms("dissipative", terms).with_unknowns()
        others = others.with_terms("dissipative", (*usual, speed))
        curves.append(curve)
        said.append(_said("drag", curve, f"{OF_SPEED}^{power.constant:.2f}", power.missed))
    if options.drive_law == NEURAL:
        shapes: dict[str, Expr] = {}
        for signal in candidates.signals:
            for number, name in enumerate(candidates.coordinates):
                beside = _without(others, name)
                push = drive(candidates, signal, number)
                curve = learned(courses, beside, push, options.seed)
                shape = likest(curve)
                like = re.sub(r"\bu\b", signal, shape.shape)
                curves.append(curve)
                at = re.sub(r"\b[kp]\b", f"{shape.constant:.3g}", like)
                said.append(_said(f"drive of {name}", curve, at, shape.missed))
                shapes[like] = _shape(like, found)
        found = _driven(found, [*polynomials, *shapes.values()]).with_unknowns()
    return found, tuple(curves), tuple(said)


def _said(what: str, curve: Curve, like: str, missed: float) -> str:
    low, high = float(curve.x[0]), float(curve.x[-1])
    return (
        f"a network learned the {what}: from {curve.variable} = {low:.2g} to {high:.2g} it goes as "
        f"{like}, to {100 * missed:.2g} %"
    )


def _driven(candidates: Candidates, laws: list[Expr]) -> Candidates:
    """These and the work of forces g(u) on each coordinate."""
    works = [symbol(name) * law for law in laws for name in candidates.coordinates]
    return candidates.with_terms("drive", works)


def _without(candidates: Candidates, coordinate: str) -> Candidates:
    """The same without the drive of one coordinate, which a network stands for."""
    held = symbol(coordinate)
    items = (i for i in candidates if i.part != "drive" or held not in i.term.free_symbols)
    return replace(candidates, items=tuple(items))


def _shape(text: str, candidates: Candidates) -> Expr:
    """A shape as an expression, its constant called like nothing else."""
    return parse(text).xreplace({symbol(x): _fresh(x, candidates) for x in ("p", "k")})


def _fresh(name: str, candidates: Candidates) -> Symbol:
    """A constant called like nothing else."""
    taken = {str(item) for known in candidates for item in known.term.free_symbols}
    taken |= {*candidates.coordinates, *candidates.features, *candidates.signals}
    taken |= {str(item) for item in candidates.inner}
    names = (name, *(f"{name}{k}" for k in range(1, 100)))
    return symbol(next(one for one in names if one not in taken))
