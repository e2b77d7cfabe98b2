"""The sets of candidates that explain the motion as well as the law, each with a fit of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interpret.laws.parts import KINDS
from interpret.laws.rivals import CLOSE, Rival
from interpret.ledger.account import Account
from interpret.ledger.selection import Contender

Array = NDArray[np.float64]

MOST: Final = 3
"""Of laws that explain the motion as well so many are named."""


def rivals(account: Account) -> Iterator[Rival]:
    """The best few sets that lack a term of the law, and are not far behind it.

    Sets that hold the law are none: their terms beyond it are those that nothing asks for.
    """
    others = [c for c in account.contenders if not set(account.chosen) <= set(c.chosen)]
    near = {c.chosen: c for c in others if c.score - account.score < CLOSE}
    for contender in sorted(near.values(), key=lambda c: c.score)[:MOST]:
        yield _rival(account, contender)


def _rival(account: Account, contender: Contender) -> Rival:
    """A set with its numbers, and those that are given; no numbers where constants inside of its
    terms were fitted beside them."""
    candidates, behind = account.setting.candidates, float(contender.score - account.score)
    given = [k for k, each in candidates.given.items() if each.value]
    held = {*given, *(k for k in contender.columns if k < len(candidates))}
    kinds = list(KINDS)
    order = sorted(held, key=lambda k: (kinds.index(candidates.items[k].part), k))
    items = [candidates.items[k] for k in order]
    terms = {
        name: tuple(item.term for item in items if item.part == name)
        for name in dict.fromkeys(item.part for item in items)
    }
    if any(k >= len(candidates) for k in contender.columns):
        return Rival(terms, (), (), behind)
    values, covariance = _refitted(account, contender)
    some = np.ix_(order, order)
    return Rival(
        terms,
        tuple(values[order].tolist()),
        tuple(map(tuple, covariance[some].tolist())),
        behind,
    )


def _refitted(account: Account, contender: Contender) -> tuple[Array, Array]:
    """The coefficients of all candidates (P,) and their covariance, on the set's own path.

    It was compared along the law's, to first order; where it cannot be followed, that stays.
    """
    setting, columns = account.setting, list(contender.columns)
    terms = len(setting.candidates)
    start, covariance = np.zeros(account.law.size), np.zeros((terms, terms))
    start[columns] = contender.values
    covariance[np.ix_(columns, columns)] = contender.covariance
    law = setting.law(start[:terms], account.law.inner)
    if account.solution is None:
        return law.coefficients, covariance
    shooting = account.solution.shooting
    length = max(1, round(account.joined * shooting.longest))
    found = shooting.solved(law, columns, length, contender.noise)
    if found is None:
        return law.coefficients, covariance
    covariance[np.ix_(columns, columns)] = found.reduced.solved(columns)[1]
    return found.law.coefficients, covariance
