"""The account of forces within bounds: what would be beyond its bound is held there.

    min over θ  |y - Σ_k θ_k φ_k|²    with  low_k ≤ θ_k ≤ high_k

by active sets: the coefficient that is furthest beyond its bound, in error bars, is given the value
of it, and all others are settled anew, until none is beyond.

Source: J. Nocedal, S. Wright, "Numerical Optimization", 2nd ed., section 16.5.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import sympy
from sympy import Symbol

from interpret.ledger.account import Account
from interpret.ledger.accounting import account
from interpret.ledger.candidates import FREE, Candidates, Given
from interpret.ledger.motion import Courses

AT_BOUND = "at its bound"


def bounded_account(courses: Courses, candidates: Candidates, *, drive: bool = True) -> Account:
    """The account in which every coefficient, and every constant inside, is within its bounds."""
    while True:
        found = account(courses, candidates, drive=drive)
        over = sorted(_beyond(found, candidates), reverse=True, key=lambda item: item[0])
        if not over:
            return found
        candidates = over[0][1]


def _beyond(found: Account, candidates: Candidates) -> Iterator[tuple[float, Candidates]]:
    """By how many error bars something is beyond its bound, and candidates that hold it there."""
    errors = np.sqrt(np.maximum(np.diagonal(found.covariance), np.finfo(float).tiny))
    for k in found.terms:
        value = float(found.law.coefficients[k])
        if k < len(candidates):
            end = _end(value, candidates.items[k].bounds)
            if end is not None:
                yield abs(value - end) / float(errors[k]), _held(candidates, k, end)
    groups = found.setting.candidates.groups
    kept = {k for g in found.chosen for k in found.setting.candidates.inside(groups[g])}
    for k in kept & set(range(len(candidates.inner))):
        constant, value = candidates.inner[k], float(found.law.inner[k])
        end = _end(value, candidates.ranges.get(constant, FREE))
        if end is not None:
            error = float(errors[len(found.law.coefficients) + k])
            yield abs(value - end) / error, _fixed(candidates, constant, end)


def _end(value: float, bounds: tuple[float, float]) -> float | None:
    """The bound that a value is beyond."""
    low, high = bounds
    return low if value < low else high if value > high else None


def _held(candidates: Candidates, number: int, value: float) -> Candidates:
    """The same with a coefficient given; a candidate of 0 is in no law."""
    items = candidates.items
    own = replace(items[number], given=Given(value, AT_BOUND))
    return replace(candidates, items=(*items[:number], own, *items[number + 1 :]))


def _fixed(candidates: Candidates, constant: Symbol, value: float) -> Candidates:
    """The same with a number in the place of a constant inside of terms."""
    number = {constant: sympy.nsimplify(value)}
    items = (
        replace(
            item,
            term=item.term.xreplace(number),
            acceleration=tuple(a.xreplace(number) for a in item.acceleration),
        )
        for item in candidates
    )
    inner = tuple(other for other in candidates.inner if other != constant)
    ranges = {**candidates.ranges, constant: (value, value)}
    return replace(candidates, items=tuple(items), inner=inner, ranges=ranges)
