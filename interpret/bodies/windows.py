"""Weak rows: integrals of a law of motion over short windows, with no derivative of the data.

    -∫ ψ' p dt = ∫ ψ F dt,     ∫ ψ'' m q dt = ∫ ψ F dt,     ψ = (1 - s²)⁴ on a window, s in (-1, 1)

The weights of a window's samples are the trapezoidal rule with the least correction that makes the
integrals of polynomials exact to the eighth degree, on any grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray
from scipy.sparse import csr_array

Array = NDArray[np.float64]

POWER: Final = 4
"""ψ and its first three derivatives vanish at the ends of a window."""

DEGREE: Final = 8
"""So far the integrals of polynomials are exact, in windows with samples enough."""

SPARE: Final = 3
"""A window's samples less the degree: with fewer the weights turn wild."""

OVERLAP: Final = 4
"""Windows start a quarter of their length apart: more rows would say nothing new."""

GAP: Final = 3.0
"""A step of so many median ones is a gap, over which nothing is integrated."""

EVEN: Final = 1e-6
"""Steps equal to this part are an even grid, whose windows share their weights."""


@dataclass(frozen=True)
class Windows:
    """W windows over n samples as sparse matrices (W, n): the integrals with ψ, ψ' and ψ''.

    `places` (W, m + 1) are the samples of each.
    """

    places: NDArray[np.intp]
    plain: csr_array
    first: csr_array
    second: csr_array

    @staticmethod
    def of(times: Sequence[Array], length: int, every: int = 1) -> Windows | None:
        """Windows of so many intervals over trajectories one after the other; None without any.

        `every`: of each window's samples only every second is used, say.

        >>> t = np.linspace(0, 1, 41)
        >>> windows = Windows.of([t], 8)
        >>> windows.places.shape
        (17, 9)
        >>> force = np.cos(t)[:, None]
        >>> missed = windows.plain @ force + windows.first @ np.sin(t)[:, None]
        >>> bool(np.abs(missed).max() < 1e-13)
        True
        """
        places, weights = [], []
        begin = 0
        for t in times:
            steps = np.diff(t)
            starts = range(0, len(t) - length, max(1, length // OVERLAP))
            even = len(steps) > 0 and np.ptp(steps) < EVEN * steps.mean()
            shared = _weights(t[: length + 1 : every]) if even and len(t) > length else None
            far = GAP * float(np.median(steps)) if len(steps) else 0.0
            for start in starts:
                if not even and steps[start : start + length].max() > far:
                    continue
                own = np.arange(start, start + length + 1, every)
                places.append(begin + own)
                weights.append(_weights(t[own]) if shared is None else shared)
            begin += len(t)
        if not places:
            return None
        rows = np.repeat(np.arange(len(places)), len(places[0]))
        spots = np.array(places)
        made = (
            csr_array((each.ravel(), (rows, spots.ravel())), shape=(len(places), begin))
            for each in np.array(weights).transpose(1, 0, 2)
        )
        return Windows(spots, *made)

    def __len__(self) -> int:
        return len(self.places)

    @property
    def middles(self) -> NDArray[np.intp]:
        """The sample in the middle of each window (W,)."""
        middle: NDArray[np.intp] = self.places[:, self.places.shape[1] // 2]
        return middle


def _weights(t: Array) -> Array:
    """The weights (3, m + 1) of one window's samples: integrals with ψ, ψ' and ψ''."""
    degree = min(DEGREE, len(t) - SPARE)
    half = (t[-1] - t[0]) / 2
    s = (t - t[0]) / half - 1
    widths = np.empty_like(s)
    widths[1:-1] = (s[2:] - s[:-2]) / 2
    widths[[0, -1]] = (s[1] - s[0]) / 2, (s[-1] - s[-2]) / 2
    polynomials = legendre.legvander(s, degree).T
    rest = 1 - s * s
    found = []
    for order, exact in enumerate(_moments(degree)):
        base = _window(s)[order] * widths
        room = widths * rest ** (POWER - order) + 1e-9
        lacking = exact - polynomials @ base
        spread = polynomials * room
        moved = np.linalg.lstsq(spread @ polynomials.T, lacking, rcond=1e-13)[0]
        found.append((base + moved @ spread) * half ** (1 - order))
    return np.array(found)


def _window(s: Array) -> tuple[Array, Array, Array]:
    """ψ, ψ' and ψ'' in s."""
    rest = 1 - s * s
    first = -2 * POWER * s * rest ** (POWER - 1)
    second = 4 * POWER * (POWER - 1) * s**2 * rest ** (POWER - 2) - 2 * POWER * rest ** (POWER - 1)
    return rest**POWER, first, second


@lru_cache
def _moments(degree: int) -> tuple[Array, ...]:
    """∫ P_k ψ, ∫ P_k ψ' and ∫ P_k ψ'' of Legendre's polynomials, to a degree."""
    nodes, weights = legendre.leggauss(degree + 2 * POWER)
    polynomials = legendre.legvander(nodes, degree).T
    return tuple(polynomials @ (weights * each) for each in _window(nodes))
