"""Errors that remember: autoregressive noise, found in residuals and taken out of rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from training.prepare.stencils import Array

LONGEST: Final = 6
"""Samples that errors may remember: trackers and filters have two or three poles."""

SAMPLES_A_STEP: Final = 8
"""Samples for each step of the memory, at least: fewer tell no correlation."""

STABLE: Final = 0.995
"""The largest partial correlation taken at its word: 400 samples then count as one."""


@dataclass(frozen=True)
class Memory:
    """r_i = Σ_k a_k r_{i-k} + e_i of every channel, r of variance one.

    `predictors` holds, channel by channel, those of order 0, 1, ..., p; `variances` those of the
    errors of each, 1, 1 - κ₁², ...; white noise has order 0.

    >>> rng = np.random.default_rng(0)
    >>> white = rng.standard_normal(2000)
    >>> walk = [0.0]
    >>> for e in white:
    ...     walk.append(0.9 * walk[-1] + e)
    >>> memory = Memory.of([np.array(walk)[:, None]])
    >>> bool(abs(memory.predictors[0][-1][0] - 0.9) < 0.03), memory.counts.round(2).tolist()
    (True, [0.05])
    """

    predictors: tuple[tuple[Array, ...], ...]
    variances: tuple[Array, ...]

    @staticmethod
    def of(items: Sequence[Array], measured: Sequence[bool] | None = None) -> Memory:
        """That of residuals (n_j, c), the stretches one after another; white where not `measured`.

        By Burg's recursion, which needs no window at the ends and gives stable predictors; the
        order by BIC. Source: J. P. Burg, Maximum Entropy Spectral Analysis (1975), section III.
        """
        channels = items[0].shape[1]
        known = [True] * channels if measured is None else measured
        found = [
            _burg([item[:, c] for item in items]) if known[c] else ((np.zeros(0),), np.ones(1))
            for c in range(channels)
        ]
        return Memory(tuple(p for p, _ in found), tuple(v for _, v in found))

    @property
    def orders(self) -> int:
        """The numbers that were found, over all channels."""
        return sum(len(chain) - 1 for chain in self.predictors)

    @property
    def counts(self) -> Array:
        """(1 - Σ a)² / var e of each channel: of n samples so many tell a mean as well, over n."""
        parts = zip(self.predictors, self.variances, strict=True)
        whole = [
            min(1.0, float((1 - chain[-1].sum()) ** 2 / spread[-1])) for chain, spread in parts
        ]
        return np.array(whole)

    def of_channels(self, chosen: Sequence[bool] | NDArray[np.bool_]) -> Memory:
        """That of some channels."""
        kept = np.flatnonzero(chosen)
        return Memory(
            tuple(self.predictors[c] for c in kept), tuple(self.variances[c] for c in kept)
        )

    def correlated(self, rows: Array) -> Array:
        """R times rows (n, c, P): Σ_j ρ_|i-j| rows_j, ρ of the channel; the rows where it is white.

        The correlations follow from the predictors, ρ_k = Σ_j a_j ρ_{k-j}.
        """
        from scipy.linalg import matmul_toeplitz

        result = rows.copy()
        for c, chain in enumerate(self.predictors):
            if len(chain) > 1:
                result[:, c] = matmul_toeplitz(_correlations(chain, self.variances[c], len(rows)),
                                               rows[:, c])  # fmt: skip
        return result

    def white(self, rows: Array) -> Array:
        """Rows (n, c, ...) of one stretch with the memory taken out: each channel its e_i/√var e.

        The first samples are predicted by those before them, however few.
        """
        result = np.empty_like(rows)
        for c, (chain, spread) in enumerate(zip(self.predictors, self.variances, strict=True)):
            last = len(chain) - 1
            known = rows[:, c]
            innovation = known.copy()
            for k in range(1, min(last, len(known))):
                past = known[k - 1 :: -1] if k < len(known) else known[::-1]
                innovation[k] -= np.tensordot(chain[k], past[:k], axes=1)
            for k in range(last):
                innovation[last:] -= chain[last][k] * known[last - 1 - k : len(known) - 1 - k]
            order = np.minimum(np.arange(len(known)), last)
            scale = np.sqrt(spread[order]).reshape(-1, *(1,) * (known.ndim - 1))
            result[:, c] = innovation / scale
        return result


def _burg(series: Sequence[Array]) -> tuple[tuple[Array, ...], Array]:
    """The predictors of order 0 to p of series, and the variances of their errors."""
    total = sum(len(one) for one in series)
    size = sum(float(one @ one) for one in series)
    chain, variances = [np.zeros(0)], [1.0]
    best, kept = 0.0, 0
    forward, backward = [one[1:] for one in series], [one[:-1] for one in series]
    for order in range(1, min(LONGEST, total // SAMPLES_A_STEP) + 1):
        pairs = list(zip(forward, backward, strict=True))
        above = 2 * sum(float(f @ b) for f, b in pairs)
        below = sum(float(f @ f + b @ b) for f, b in pairs)
        if not below > 0 or not size > 0:
            break
        partial = float(np.clip(above / below, -STABLE, STABLE))
        before = chain[-1]
        chain.append(np.append(before - partial * before[::-1], partial))
        variances.append(variances[-1] * (1 - partial**2))
        cost = total * float(np.log(variances[-1])) + order * float(np.log(total))
        if cost < best:
            best, kept = cost, order
        forward = [(f - partial * b)[1:] for f, b in pairs]
        backward = [(b - partial * f)[:-1] for f, b in pairs]
    return tuple(chain[: kept + 1]), np.array(variances[: kept + 1])


def _correlations(chain: Sequence[Array], variances: Array, count: int) -> Array:
    """ρ_0 = 1, ρ_1, ... ρ_{n-1} of the process that the predictors are those of."""
    found = np.ones(count)
    for k in range(1, count):
        # The last of the predictors of order k is the partial correlation.
        before = min(k, len(chain) - 1)
        if k <= before:
            past = chain[k - 1] @ found[k - 1 : 0 : -1] if k > 1 else 0.0
            found[k] = past + chain[k][-1] * variances[k - 1]
        else:
            found[k] = chain[-1] @ found[k - 1 : k - 1 - before : -1]
    return found
