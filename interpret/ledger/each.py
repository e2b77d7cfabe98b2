"""Is it one law for all trajectories? Each is asked for coefficients of its own.

    Q_k = χ²(one c_k for all) - χ²(a c_k for each),    F = (Q_k/(R - 1)) / (χ²_each/ν)

where every other coefficient stays common. Planets share one 1/r, and not quite one GM: a law may
have the right terms, and coefficients that differ from one trajectory to the next.

Source: G. C. Chow, Econometrica 28, 591 (1960).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sympy import Expr

from interpret.laws.value import with_error
from interpret.ledger.account import Account
from interpret.ledger.reduced import Reduced, solved

Array = NDArray[np.float64]

CHANCE: Final = 1e-3
"""Of all data sets together: one right law in a thousand has a coefficient told apart in vain."""

SMALLEST: Final = 1e-300


@dataclass(frozen=True)
class Each:
    """A term's coefficient on each of R data sets, with error bars (R,): `probability` is that of
    such differences by chance, `share` the largest of them as a part of the whole force. The data
    sets that have names are `called` by them."""

    term: Expr
    values: Array
    errors: Array
    probability: float
    share: float
    called: tuple[str, ...] = ()

    def __str__(self) -> str:
        pairs = zip(self.values.tolist(), self.errors.tolist(), strict=True)
        own = [with_error(value, error) for value, error in pairs]
        if self.called:
            own = [f"{one} of {name}" for one, name in zip(own, self.called, strict=True)]
        return f"{self.term}: {', '.join(own)}"


@dataclass(frozen=True)
class Shared:
    """Which of R coefficients of one term are equal: the numbers of those that are not `apart`.

    `probability` is that of the differences between all by chance.
    """

    apart: tuple[int, ...]
    probability: float

    @staticmethod
    def of(values: Array, covariance: Array, freedom: int) -> Shared:
        """One after another the coefficient that is the furthest off is told apart.

        Until the others are equal, but for what chance makes of them in one of a thousand cases.

        >>> values = np.array([1.0, 1.001, 1.2, 0.999])
        >>> Shared.of(values, 1e-6 * np.eye(4), 100).apart
        (2,)
        """
        together = list(range(len(values)))
        first = _equal(values, covariance, freedom)
        apart: list[int] = []
        while len(together) > 1:
            own = np.ix_(together, together)
            if _equal(values[together], covariance[own], freedom) > CHANCE / len(values):
                return Shared(tuple(sorted(apart)), first)
            weights = 1 / np.maximum(np.diagonal(covariance)[together], SMALLEST)
            middle = float(weights @ values[together] / weights.sum())
            furthest = int(np.argmax(np.abs(values[together] - middle) * np.sqrt(weights)))
            apart.append(together.pop(furthest))
        return Shared(tuple(range(len(values))), first)


def shared(account: Account) -> dict[tuple[str, Expr], tuple[tuple[int, ...], Shared]]:
    """Of every term that data sets have coefficients of their own for, by part and term: the
    numbers of its candidates, and which of them are equal."""
    items, covariance = account.setting.candidates.items, account.covariance
    found: dict[tuple[str, Expr], list[int]] = {}
    for k in account.terms:
        if items[k].dataset:
            found.setdefault((items[k].part, items[k].term), []).append(k)
    courses = account.setting.courses
    freedom = max(courses.times.size * courses.channels - len(account.terms), 1)
    values = account.law.coefficients
    return {
        term: (tuple(some), Shared.of(values[some], covariance[np.ix_(some, some)], freedom))
        for term, some in found.items()
    }


def _equal(values: Array, covariance: Array, freedom: int) -> float:
    """How probable it is by chance that equal numbers differ as much: the F test of all."""
    from scipy.special import fdtrc

    contrasts = np.eye(len(values))[1:] - np.eye(len(values))[0]
    off = contrasts @ values
    spread = contrasts @ covariance @ contrasts.T
    gain = float(off @ np.linalg.pinv(spread, 1e-13, hermitian=True) @ off)
    return float(fdtrc(len(off), freedom, max(gain, 0.0) / len(off)))


def each(account: Account) -> list[Each]:
    """Every shared term of a law with coefficients of its own on each data set, the surest first.

    Nothing of a single trajectory, and nothing where the law does not follow whole trajectories.
    """
    solution = account.solution
    terms = account.terms
    items = account.setting.candidates.items
    shared = [place for place, k in enumerate(terms) if not items[k].dataset]
    if solution is None or not shared:
        return []
    reduced = solution.reduced
    courses = account.setting.courses
    sets = list(dict.fromkeys(courses.labels))
    if len(sets) < 2 or len(reduced.stretches) != len(courses.items):
        return []
    grams = [np.zeros((len(terms) + 1,) * 2) for _ in sets]
    for number, label in enumerate(courses.labels):
        grams[sets.index(label)] += _gram(reduced, number, terms)
    found = [_of_term(account, grams, place) for place in shared]
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
    number, courses = account.terms[place], account.setting.courses
    named = any(item.label for item in courses.items)
    called = tuple(dict.fromkeys(courses.labels)) if named else ()
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
        called,
    )
