"""Which groups of candidates explain the rows: a beam search, scored by the extended BIC.

    EBIC(S) = n log(χ²_S/n) + |S| log n + 2 log C(M, |S|)

The last term pays for the choice among M candidates: without it, one of many explains noise.

Source: J. Chen, Z. Chen, Biometrika 95, 759 (2008), at γ = 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Groups = tuple[int, ...]
"""The numbers of chosen groups, ascending."""

WIDTH: Final = 24
"""Sets of one size that are gone on from."""

SINGULAR: Final = 1e-12
"""Columns of unit length whose Gram matrix has a smaller eigenvalue depend on each other."""

ROUND_OFF: Final = 1e-16


@dataclass(frozen=True)
class Menu:
    """What may be chosen: the columns of each group, and what it costs beside its columns.

    ``apart`` says of each group which others are never chosen with it; () where none are.
    """

    columns: tuple[tuple[int, ...], ...]
    extra: tuple[float, ...]
    apart: tuple[frozenset[int], ...] = ()

    def __len__(self) -> int:
        return len(self.columns)

    def of(self, chosen: Groups) -> list[int]:
        """The columns of some groups; those that several of them hold, once."""
        return list(dict.fromkeys(column for group in chosen for column in self.columns[group]))

    def beside(self, chosen: Groups) -> Iterator[int]:
        """The groups that may be chosen beside some."""
        against = frozenset(chosen).union(*(self.apart[group] for group in chosen if self.apart))
        return (group for group in range(len(self)) if group not in against)

    def penalty(self, chosen: Groups, count: int) -> float:
        """What a set costs, for so many rows."""
        ways = _log_ways(len(self), len(chosen))
        own = sum(self.extra[group] for group in chosen)
        return float(len(self.of(chosen)) * np.log(count) + 2 * ways + own)


@lru_cache(maxsize=1024)
def _log_ways(many: int, few: int) -> float:
    """log C(many, few), which a search asks for ten thousand times."""
    from scipy.special import gammaln

    return float(gammaln(many + 1) - gammaln(few + 1) - gammaln(many - few + 1))


@dataclass(frozen=True)
class Found:
    """A set of groups, its score, and the χ² that it leaves."""

    chosen: Groups
    score: float
    chi_squared: float


def search(gram: Array, count: int, menu: Menu, most: int) -> list[Found]:
    """Sets of up to `most` groups by ascending score; `gram` is of [columns | target].

    The sets of one size are those that any of the best of the size before, and one more, make.

    >>> rng = np.random.default_rng(0)
    >>> rows = rng.normal(size=(200, 6))
    >>> rows[:, 5] = 2 * rows[:, 1] - rows[:, 3] + 0.1 * rows[:, 5]
    >>> search(rows.T @ rows, 200, Menu(tuple((k,) for k in range(5)), (0.0,) * 5), 4)[0].chosen
    (1, 3)
    """
    whole = float(gram[-1, -1])
    best = [Found((), count * np.log(max(whole, np.finfo(float).tiny) / count), whole)]
    everything = list(best)
    for _ in range(min(most, len(menu))):
        longer = {
            tuple(sorted((*item.chosen, group)))
            for item in best
            for group in menu.beside(item.chosen)
        }
        if not longer:
            break
        sets = sorted(longer)
        left = remainders(gram, [menu.of(chosen) for chosen in sets])
        pairs = zip(sets, left.tolist(), strict=True)
        found = [
            Found(chosen, count * np.log(chi / count) + menu.penalty(chosen, count), chi)
            for chosen, chi in pairs
        ]
        best = sorted(found, key=lambda item: (item.chi_squared, item.chosen))[:WIDTH]
        everything += best
    return sorted(everything, key=lambda item: (item.score, item.chosen))


def remainders(gram: Array, sets: Sequence[Sequence[int]]) -> Array:
    """What each set of columns leaves of the target's χ².

    A set of dependent columns leaves all of it: a smaller one says as much.
    """
    size = len(gram) - 1
    scale = np.sqrt(np.maximum(np.diag(gram), np.finfo(float).tiny))
    longest = max(map(len, sets))
    # Sets are made as long as the longest by columns of their own that explain nothing.
    unit = np.eye(size + longest)
    unit[:size, :size] = (gram / np.outer(scale, scale))[:-1, :-1]
    # A column of nothing, that of a constant inside of a term with coefficient 0, explains nothing.
    np.fill_diagonal(unit, 1.0)
    pull = np.append(gram[:-1, -1] / scale[:-1] / scale[-1], np.zeros(longest))
    numbers = np.array([[*s, *range(size, size + longest - len(s))] for s in sets])
    inside = unit[numbers[:, :, None], numbers[:, None, :]]
    values, directions = np.linalg.eigh(inside)
    along = np.einsum("sij,si->sj", directions, pull[numbers])
    independent = values[:, 0] > SINGULAR
    explained = (along**2 / np.where(independent[:, None], values, 1.0)).sum(axis=1)
    share = np.where(independent, 1 - explained, 1.0)
    result: Array = gram[-1, -1] * np.maximum(share, ROUND_OFF)
    return result
