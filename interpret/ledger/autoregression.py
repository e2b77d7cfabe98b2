"""Correlated errors: a channel's noise as an autoregression, and rows made white by it.

    e_i = Σ_l φ_l e_{i-l} + u_i,    u white

Tracking and filtering leave such errors: each sample's is mostly the one's before.

Source: P. J. Brockwell, R. A. Davis, "Time Series: Theory and Methods", sections 5.2 (the
Durbin–Levinson recursion) and 9.2 (its order by an information criterion).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

HIGHEST_ORDER: Final = 6

TWICE: Final = 2.0

STABLE: Final = 0.995
"""No partial correlation is taken for larger: a random walk has no variance to speak of."""


@dataclass(frozen=True)
class Autoregression:
    """The best predictors of orders 0 to p, and the variances of what they miss, over that of u."""

    predictors: tuple[Array, ...] = (np.zeros(0),)
    variances: tuple[float, ...] = (1.0,)

    @property
    def order(self) -> int:
        """How many samples back an error is felt."""
        return len(self.predictors) - 1

    @property
    def lag_one(self) -> float:
        """How much neighbouring errors are alike."""
        return float(self.predictors[1][0]) if self.order else 0.0

    @property
    def count(self) -> float:
        """Of n samples so many tell a mean as well, over n: (1 - Σ φ)² var e / var u."""
        return min(1.0, float((1 - self.predictors[-1].sum()) ** 2 * self.variances[0]))

    @property
    def log_determinant(self) -> float:
        """log |C| of one stretch's errors e over the variance of u: only its start counts."""
        return float(np.log(self.variances[:-1]).sum()) if self.order else 0.0

    def whitened(self, rows: Array) -> Array:
        """Rows (..., n, k), along time n, with errors made independent, of variance that of u.

        The first rows are predicted from the few before them, so that no information is lost.
        """
        out, n, order = rows.copy(), rows.shape[-2], self.order
        for i in range(min(order, n)):
            expected = self.predictors[i] @ rows[..., :i, :][..., ::-1, :]
            out[..., i, :] = (rows[..., i, :] - expected) / np.sqrt(self.variances[i])
        for lag, weight in enumerate(self.predictors[-1], start=1):
            out[..., order:, :] -= weight * rows[..., order - lag : n - lag, :]
        return out


def fitted(
    series: Sequence[Array], highest: int = HIGHEST_ORDER, share: float = 0.0
) -> Autoregression:
    """The autoregression of residuals (n_j,), or (m, n_j) of m stretches, whose BIC is the least.

    A fit of p parameters to n values makes white errors alike by p/n, the `share`: partial
    correlations of less than twice that are none.

    >>> noise = np.random.default_rng(0).normal(size=4000)
    >>> errors = np.zeros(4000)
    >>> for i in range(1, 4000):
    ...     errors[i] = 0.8 * errors[i - 1] + noise[i]
    >>> found = fitted([errors])
    >>> found.order, bool(abs(found.predictors[-1][0] - 0.8) < 0.03)
    (1, True)
    >>> fitted([noise]).order
    0
    """
    count = sum(s.size for s in series)
    lags = max(0, min(highest, max(s.shape[-1] for s in series) // 4))
    moments = [sum(map(partial(_moment, k), series)) / count for k in range(lags + 1)]
    if not moments[0] > 0:
        return Autoregression()
    correlation = np.array(moments) / moments[0]
    predictors, variances = [np.zeros(0)], [1.0]
    scores = [0.0]
    for order in range(1, lags + 1):
        before = predictors[-1]
        left = correlation[order] - before @ correlation[order - 1 : 0 : -1]
        new = float(np.clip(left / variances[-1], -STABLE, STABLE))
        new = new if abs(new) > TWICE * share else 0.0
        predictors.append(np.append(before - new * before[::-1], new))
        variances.append(variances[-1] * (1 - new**2))
        scores.append(count * np.log(variances[-1]) + order * np.log(count))
    best = int(np.argmin(scores))
    relative = tuple(value / variances[best] for value in variances[: best + 1])
    return Autoregression(tuple(predictors[: best + 1]), relative)


def _moment(lag: int, series: Array) -> float:
    """Σ_i s_i s_{i+lag} of each of the rows, all added up."""
    ahead, behind = series[..., lag:], series[..., : series.shape[-1] - lag]
    return float(np.vdot(ahead, behind))
