"""Are residuals white? Their correlation between neighbours, and their runs of one sign."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

MOST_CORRELATED = 0.999
"""The largest lag-one correlation taken at its word: 2000 samples then count as one."""


@dataclass(frozen=True)
class Whiteness:
    """`lag_one` and the number of `runs` of one sign, each with its z, and the `effective` n.

    Both z are standard normal for white residuals; positive `lag_z` and negative `runs_z` say that
    neighbours are alike.
    """

    lag_one: float
    lag_z: float
    runs: int
    runs_z: float
    effective: float


def whiteness(residuals: ArrayLike, group: ArrayLike | None = None) -> Whiteness:
    """The lag-one correlation ρ (z = ρ √n) and the runs test of residuals (n,).

    For n₊ positive and n₋ negative residuals the number of runs has mean μ = 1 + 2 n₊ n₋ / n and
    variance (μ - 1)(μ - 2)/(n - 1) (A. Wald and J. Wolfowitz, Ann. Math. Stat. 11 (1940) 147).
    `group` (n,) numbers the trajectory of each residual: no pair reaches from one to the next.

    >>> rising = whiteness(np.repeat([1.0, -1.0], 50))
    >>> rising.runs, rising.lag_z > 5, rising.runs_z < -5, round(rising.effective)
    (2, True, True, 1)
    """
    values = np.asarray(residuals, dtype=float)
    follows = _follows(len(values), group)
    rho = lag_one(values, group)
    pairs = int(follows.sum())
    signs = values > 0
    total = len(values)
    positive = int(signs.sum())
    groups = total - pairs
    runs = groups + int((signs[1:] != signs[:-1])[follows[1:]].sum())
    # Every pair of neighbours changes sign with the probability 2 n₊ n₋ / (n (n - 1)).
    mixed = 2 * positive * (total - positive)
    mean = groups + pairs * mixed / max(total * (total - 1), 1)
    one = 1 + mixed / max(total, 1)
    variance = (one - 1) * (one - 2) / max(total - 1, 1)
    runs_z = (runs - mean) / np.sqrt(variance) if variance > 0 else 0.0
    return Whiteness(rho, float(rho * np.sqrt(pairs)), runs, float(runs_z), effective(total, rho))


def lag_one(residuals: ArrayLike, group: ArrayLike | None = None) -> float:
    """ρ = Σ r_i r_{i+1} / √(Σ r_i² Σ r_{i+1}²) over neighbours of one trajectory; 0 without any.

    >>> lag_one([1.0, -1.0, 1.0, -1.0])
    -1.0
    """
    values = np.asarray(residuals, dtype=float)
    follows = _follows(len(values), group)[1:]
    first, second = (np.where(follows, part, 0.0) for part in (values[:-1], values[1:]))
    size = float(np.sqrt((first @ first) * (second @ second)))
    return float(first @ second) / size if size > 0 else 0.0


def correlation(items: Sequence[Array]) -> float:
    """ρ at lag one of residuals (n_j, c), over all channels, no less than 0."""
    above = sum(float((item[1:] * item[:-1]).sum()) for item in items)
    below = sum(float((item**2).sum()) for item in items)
    return max(0.0, above / below) if below else 0.0


def effective(count: float, rho: float) -> float:
    """n (1 - ρ)/(1 + ρ): so many white samples tell a mean as well as n correlated ones.

    Neighbours that are unlike (ρ < 0) are counted once each, not more. Source: G. Bayley and
    J. Hammersley, J. R. Stat. Soc. Suppl. 8 (1946) 184.

    >>> effective(300, 0.5), effective(300, -0.5)
    (100.0, 300)
    """
    rho = min(max(rho, 0.0), MOST_CORRELATED)
    return count if rho == 0 else count * (1 - rho) / (1 + rho)


def _follows(count: int, group: ArrayLike | None) -> NDArray[np.bool_]:
    """Whether each residual has the one before it for its neighbour in time."""
    owner = np.zeros(count) if group is None else np.asarray(group)
    return np.concatenate([[False], owner[1:] == owner[:-1]])[:count]
