"""What a law leaves of the values, as noise of each channel: how large, and how long remembered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interpret.ledger.autoregression import HIGHEST_ORDER, Autoregression, fitted
from interpret.ledger.rows import alike

Array = NDArray[np.float64]

NORMAL: Final = 1.4826
"""The standard deviation of normal errors over the median of their sizes."""

SAME: Final = 0.02
"""Noise that is off by a fiftieth costs less than a thousandth of an error bar."""


@dataclass(frozen=True)
class Noise:
    """The σ (C,) of each channel's innovations, and how its errors hang together in time."""

    sigma: Array
    errors: tuple[Autoregression, ...]

    @staticmethod
    def white(sigma: Array) -> Noise:
        """Errors that know nothing of each other."""
        return Noise(sigma, (Autoregression(),) * len(sigma))

    @staticmethod
    def of(
        residuals: Sequence[Array], parameters: int, least: Array, highest: int = HIGHEST_ORDER
    ) -> Noise:
        """That of residuals (n_j, C), or (m, n_j, C) of m stretches, from which so many
        `parameters` were fitted.

        No σ is below `least` (C,).
        """
        channels = residuals[0].shape[-1]
        count = sum(item.size for item in residuals) / channels
        freedom = max(count - parameters / channels, 1.0)
        sigma, errors = least.copy(), []
        blocks = [part for _, (part,) in alike([(item,) for item in residuals])]
        for c in range(channels):
            series = [np.ascontiguousarray(block[..., c]) for block in blocks]
            error = fitted(series, highest, 1 - freedom / count)
            white = [error.whitened(item[..., None]) for item in series]
            power = sum(float((item**2).sum()) for item in white)
            sigma[c] = max(np.sqrt(power / freedom), least[c])
            errors.append(error)
        return Noise(sigma, tuple(errors))

    @property
    def spread(self) -> Array:
        """The σ (C,) of each channel's errors, which hang together."""
        wider = [error.variances[0] for error in self.errors]
        spread: Array = self.sigma * np.sqrt(np.array(wider))
        return spread

    def at_least(self, sigma: Array | None) -> Noise:
        """The same with no channel's σ below what is known of it (C,), if anything is."""
        return self if sigma is None else replace(self, sigma=np.maximum(self.sigma, sigma))

    def like(self, other: Noise) -> bool:
        """Whether another is the same to what moves no coefficient by a hundredth of its error."""
        orders = [error.order for error in self.errors]
        if max(orders) or orders != [error.order for error in other.errors]:
            return False
        return bool(np.abs(np.log(self.sigma / other.sigma)).max() < SAME)

    def whitened(self, rows: Array) -> Array:
        """Rows (..., n, C, k) with independent errors of variance 1."""
        white: Array = rows / self.sigma[:, None]
        for c, error in enumerate(self.errors):
            if error.order:
                white[..., c, :] = error.whitened(white[..., c, :])
        return white

    def log_likelihood(self, values: int, stretches: int) -> float:
        """-2 log of the likelihood of so many values a channel at the best σ, less a constant."""
        starts = sum(error.log_determinant for error in self.errors)
        return 2 * values * float(np.log(self.sigma).sum()) + stretches * starts
