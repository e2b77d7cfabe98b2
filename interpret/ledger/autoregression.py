"""Correlated errors: a channel's noise as an autoregression, and rows made white by it.

    e_i = Σ_l φ_l e_{i-l} + u_i,    u white

Tracking and filtering leave such errors: each sample's is mostly the one's before.

Partial correlations by Burg's recursion, which needs no window at the ends and gives stable
predictors; the order by BIC. Source: J. P. Burg, Maximum Entropy Spectral Analysis (1975), section
III; P. J. Brockwell, R. A. Davis, "Time Series: Theory and Methods", section 9.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

HIGHEST_ORDER: Final = 6

SAMPLES_A_STEP: Final = 4
"""Samples of a stretch for each step that errors are felt, at least."""

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
        n, order = rows.shape[-2], self.order
        if not order:
            return rows
        out = rows.copy()
        for i in range(min(order, n)):
            expected = self.predictors[i] @ rows[..., :i, :][..., ::-1, :]
            out[..., i, :] = (rows[..., i, :] - expected) / np.sqrt(self.variances[i])
        for lag, weight in enumerate(self.predictors[-1], start=1):
            out[..., order:, :] -= weight * rows[..., order - lag : max(n, order) - lag, :]
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
    lags = max(0, min(highest, max(s.shape[-1] for s in series) // SAMPLES_A_STEP))
    predictors, variances, scores = [np.zeros(0)], [1.0], [0.0]
    forward, backward = [s[..., 1:] for s in series], [s[..., :-1] for s in series]
    for order in range(1, lags + 1):
        above = 2 * sum(map(_product, forward, backward))
        below = sum(map(_product, forward, forward)) + sum(map(_product, backward, backward))
        if not below > 0:
            break
        partial = float(np.clip(above / below, -STABLE, STABLE))
        partial = partial if abs(partial) > TWICE * share else 0.0
        before = predictors[-1]
        predictors.append(np.append(before - partial * before[::-1], partial))
        variances.append(variances[-1] * (1 - partial**2))
        scores.append(count * np.log(variances[-1]) + order * np.log(count))
        pairs = list(zip(forward, backward, strict=True))
        forward = [(f - partial * b)[..., 1:] for f, b in pairs]
        backward = [(b - partial * f)[..., :-1] for f, b in pairs]
    best = int(np.argmin(scores))
    relative = tuple(value / variances[best] for value in variances[: best + 1])
    return Autoregression(tuple(predictors[: best + 1]), relative)


def _product(one: Array, other: Array) -> float:
    """Σ_i of one times the other."""
    return float(np.vdot(one, other))
