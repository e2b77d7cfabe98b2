"""Is it one law for all trajectories? Each is asked for coefficients of its own.

    Q_k = χ²(one c_k for all) - χ²(a c_k for each),    F = (Q_k/(R - 1)) / (χ²_each/ν)

where every other coefficient stays common. Planets share one 1/r, and not quite one GM: a law may
have the right terms, and coefficients that differ from one trajectory to the next.

Source: G. C. Chow, Econometrica 28, 591 (1960).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sympy import Expr

from interpret.laws.value import with_error
from interpret.ledger.account import Account
from interpret.ledger.rows import Reduced, solved

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Each:
    """A term's coefficient on each of R trajectories, with error bars (R,): `probability` is that
    of such differences by chance, `share` the largest of them as a part of the whole force."""

    term: Expr
    values: Array
    errors: Array
    probability: float
    share: float

    def __str__(self) -> str:
        own = (
            with_error(float(c), float(e)) for c, e in zip(self.values, self.errors, strict=True)
        )
        return f"{self.term}: {', '.join(own)}"


def each(account: Account) -> list[Each]:
    """Every term of a law with coefficients of its own on each trajectory, the surest first.

    Nothing of a single trajectory, and nothing where the law does not follow whole trajectories.
    """
    solution = account.solution
    terms = account.terms
    if solution is None or not terms:
        return []
    reduced = solution.reduced
    count = len(reduced.stretches)
    if count < 2 or count != len(account.setting.courses.items):
        return []
    grams = [_gram(reduced, number, terms) for number in range(count)]
    found = [_of_term(account, grams, place) for place in range(len(terms))]
    return sorted(found, key=lambda item: (item.probability, -item.share))


def _gram(reduced: Reduced, number: int, terms: list[int]) -> Array:
    """The Gram matrix of [terms | what the law leaves] of one trajectory."""
    own = Reduced([reduced.stretches[number].on(terms)], reduced.noise)
    return own.gram


def _of_term(account: Account, grams: list[Array], place: int) -> Each:
    """One term's coefficient set free on each trajectory, all others common."""
    from scipy.special import fdtrc

    count, size = len(grams), len(grams[0]) - 1
    others = [k for k in range(size) if k != place]
    free = np.zeros((count + size, count + size))
    for number, gram in enumerate(grams):
        columns = [number, *range(count, count + size - 1), count + size - 1]
        free[np.ix_(columns, columns)] += gram[np.ix_([place, *others, -1], [place, *others, -1])]
    together = np.sum(grams, axis=0)
    step, covariance = solved(free, range(count + size - 1))
    common, _ = solved(together, range(size))
    left = float(together[-1, -1])
    apart = left - float(free[:-1, -1] @ step)
    gain = left - float(together[:-1, -1] @ common) - apart
    assert account.solution is not None, "only laws that follow the motion come here"
    freedom = max(account.solution.reduced.count - count - size + 1, 1)
    spread = max(apart, np.finfo(float).tiny) / freedom
    number = account.terms[place]
    values = account.law.coefficients[number] + step[:count]
    errors = np.sqrt(np.maximum(np.diagonal(covariance)[:count] * spread, 0.0))
    size_of = account.setting.scales.accelerations[number]
    off = np.abs(step[:count] - common[place])
    return Each(
        account.setting.candidates.items[number].term,
        values,
        errors,
        float(fdtrc(count - 1, freedom, max(gain, 0.0) / (count - 1) / spread)),
        float((off * size_of).max()),
    )
