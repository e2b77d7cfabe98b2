"""Which of the terms are in the law: by leaving out, then by exchanging, what the noise allows.

With noise that explains all terms together (S near 1), the law has the least

    BIC = N/2 log S² + k log(N/2)

along the path of leaving out one term at a time, and then among exchanges of two terms for one, of
one for one, and of one for none. N/2 counts the N rows: windows overlap. Without noise, or where it
does not explain them, it is the smallest law that misses hardly more than all terms do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interpret.weak.spectrum import SMALLEST, Pencil

Array = NDArray[np.float64]
Support = tuple[int, ...]

EXPLAINED: Final = (0.5, 1.3)
"""S of all terms between which noise explains what they leave: right laws had 0.83 to 1.12, and a
library without the kinetic coupling of a double pendulum 4.8, without its friction 1.8."""

MISSES: Final = 3.0
"""Where the model limits the law, the smallest that misses three times what all terms do: at 2 the
choice hung on the length of windows for a measured double pendulum, from 3 to 10 it does not."""

NONE: Final = 1e-3
"""A noise that is a thousand times what is left is none: steps that are coarse look like it."""

TRIED: Final = 2
"""Terms that cost least to first order, of which each is left out in earnest."""

MOST_EXCHANGED: Final = 16
"""Terms: more are no law, and have tens of thousands of neighbours."""

ROUNDS: Final = 6
OVERLAP: Final = 2
SIGMAS: Final = 4.0
"""Of the scatter of S² by chance, √(2/N'): beyond, another combination does not vanish."""


@dataclass(frozen=True)
class Choice:
    """The `support` that was chosen, its coefficients (k,) up to a factor, and its S.

    `whole` is that of all terms, `nullity` how many combinations of these vanish within noise, and
    `explained` whether noise explains what is left.
    """

    support: Support
    coefficients: Array
    least: float
    whole: float
    nullity: int
    explained: bool


@dataclass(frozen=True)
class Needed:
    """What any law holds: at least one term of each of these groups."""

    groups: tuple[frozenset[int], ...] = ()

    def allow(self, support: Sequence[int]) -> bool:
        """Whether a set of terms has some of each."""
        return all(not group.isdisjoint(support) for group in self.groups)


def chosen(pencil: Pencil, needed: Needed, *, noisy: bool) -> Choice:
    """The terms of the law, from the rows of all.

    >>> rng = np.random.default_rng(1)
    >>> x, y, z = rng.normal(size=(3, 600, 1))
    >>> columns = np.hstack([x + y, x, y, z]) + 0.05 * rng.normal(size=(600, 4))
    >>> found = chosen(Pencil.of(columns, 600 * 0.05**2 * np.eye(4)), Needed(), noisy=True)
    >>> found.support, (found.coefficients / found.coefficients[0]).round(1)
    ((0, 1, 2), array([ 1., -1., -1.]))
    """
    every = tuple(range(len(pencil.noise)))
    values = pencil.spectrum(every).values
    whole = float(values[0])
    noisy = noisy and whole > NONE
    # Without noise S is in units of the error of the integrals: 1 is explained by that.
    limit = MISSES * whole if noisy else max(MISSES * whole, 1.0)
    explained = noisy and EXPLAINED[0] < whole < EXPLAINED[1]
    path = list(_path(pencil, every, needed))
    count = pencil.rows / OVERLAP
    if explained:
        scores = [
            count * np.log(least**2 + SMALLEST) + len(support) * np.log(count)
            for support, least in path
        ]
        support = _exchanged(pencil, path[int(np.argmin(scores))][0], needed)
    else:
        support = min((s for s, least in path if least <= limit), key=len)
    found = pencil.spectrum(support)
    return Choice(
        support,
        found.vectors[:, 0],
        float(found.values[0]),
        whole,
        _nullity(values, pencil.rows) if noisy else int((values <= limit).sum()),
        explained,
    )


def _nullity(values: Array, rows: int) -> int:
    """How many generalised singular values are down at the noise."""
    scatter = np.sqrt(1 + SIGMAS * np.sqrt(2 / max(rows / 4, 1)))
    return int((values <= max(values[0], min(1.0, 2 * values[0])) * scatter).sum())


def _path(pencil: Pencil, every: Support, needed: Needed) -> Iterator[tuple[Support, float]]:
    """Supports from all terms to the fewest, each without that which costs least, and their S."""
    support = every
    found = pencil.spectrum(support)
    while True:
        yield support, float(found.values[0])
        order = (support[k] for k in np.argsort(found.increases))
        smaller = (tuple(k for k in support if k != dropped) for dropped in order)
        tried = [s for _, s in zip(range(TRIED), filter(needed.allow, smaller), strict=False) if s]
        if not tried:
            return
        both = [(s, pencil.spectrum(s)) for s in tried]
        support, found = min(both, key=lambda item: item[1].values[0])


def _exchanged(pencil: Pencil, support: Support, needed: Needed) -> Support:
    """The support after exchanges that lower N/2 S² + k log(N/2), where it may be a law's."""
    if len(support) > MOST_EXCHANGED:
        return support
    count = pencil.rows / OVERLAP
    best = float(_scores(pencil, [support], count)[0])
    for _ in range(ROUNDS):
        found: list[tuple[float, Support]] = []
        for sets in _neighbours(support, len(pencil.noise)):
            allowed = [s for s in sets if needed.allow(s)]
            if allowed:
                scores = _scores(pencil, allowed, count)
                place = int(np.argmin(scores))
                found.append((float(scores[place]), allowed[place]))
        if not found or min(found)[0] >= best - 1e-9 * abs(best):
            break
        best, support = min(found)
    return support


def _scores(pencil: Pencil, sets: Sequence[Support], count: float) -> Array:
    """N/2 S² + k log(N/2) of sets of one size: χ² at the noise that is known."""
    scores: Array = count * pencil.least(sets) + len(sets[0]) * np.log(count)
    return scores


def _neighbours(support: Support, size: int) -> Iterator[list[Support]]:
    """Sets with one term fewer, with one exchanged, and with two exchanged for one."""
    others = [k for k in range(size) if k not in support]
    for leaving in (1, 2):
        for new in ([()], [(k,) for k in others]):
            if leaving == 2 and new == [()]:
                continue
            yield [
                tuple(sorted({*support} - {*old} | {*more}))
                for old in combinations(support, leaving)
                for more in new
                if len(support) > leaving or more
            ]
