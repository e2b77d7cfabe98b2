"""Whether raw data keep a quantity: χ² of its changes along each trajectory, noise propagated.

    χ² = Σ (I - Ī)² / s²,   s² = Σ_i (∂I/∂x_i)² σ_i² - ½ Σ_ij (∂²I/∂x_i∂x_j)² σ_i² σ_j²

with x = (q, q̇) as measured: noise makes squares of them too large, hence the sign of the second
term, and I itself by ½ Σ_i ∂²I/∂x_i² σ_i², which is taken off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sympy import Expr

from interpret.discovery.conservation import NOISE_LEVEL_ERROR
from systems import integrate
from systems.expressions import differentiate
from systems.samples.trajectories import Trajectories
from training.prepare.noise import estimate

Array = NDArray[np.float64]

SIGMAS: Final = 5.0
"""χ²/n of what is conserved exceeds 1 by this many of its standard deviations once in a million."""

LEAST_SHARE: Final = 0.2
"""Where the second-order term eats up the first, noise is as large as the motion: so much of the
first is kept."""

MOST_CHANGE: Final = 1e-2
"""Of the size of its parts, what a quantity may change by in data without noise: Störmer–Verlet's
steps change the energy by as much near a collision."""


MOST_CURVED: Final = 12
"""Variables up to which second derivatives are taken: they grow as the square."""

MOST_POINTS: Final = 20_000
"""More samples, evenly, than these tell no more of a quantity."""

LEAST_NOISE: Final = 0.5
"""A quantity that scatters by less than its noise says that the noise is none: coarse sampling of
exact data looks like some."""


@dataclass(frozen=True)
class Drift:
    """How much a quantity changes in the data: χ²/n under noise, its rms over that of its parts.

    `held` is None where the data cannot tell: where velocities were derived from positions.
    """

    held: bool | None
    chi2_per_n: float
    change: float

    def __str__(self) -> str:
        shown = f"changes by {self.change:.1e}"
        if np.isfinite(self.chi2_per_n):
            shown = f"χ²/n {self.chi2_per_n:.2f}"
        return f"{ {True: 'held', False: 'NOT HELD', None: 'not tested'}[self.held] }, {shown}"


def drifts(quantities: Sequence[Expr], names: Sequence[str], data: Trajectories) -> list[Drift]:
    """The drift of each quantity, in the coordinates and velocities of these names, (2d,).

    >>> import systems
    >>> from systems.expressions import parse
    >>> circles = systems.get("oscillator").draw()
    >>> [each.held for each in drifts([parse("q**2 + qd**2"), parse("q*qd")], ("q", "qd"), circles)]
    [True, False]
    """
    noise = estimate(data)
    _, q, p, group = data.stack()
    few = slice(None, None, -(-len(q) // MOST_POINTS))
    state, group = np.hstack([q, p / data.mass])[few], group[few]
    sigma = np.concatenate([noise.q, noise.p / data.mass])
    exact = noise.negligible
    return [
        _drift(each, names, state, group, None if exact or data.derived else sigma, data.derived)
        for each in quantities
    ]


def _drift(
    quantity: Expr,
    names: Sequence[str],
    state: Array,
    group: NDArray[np.intp],
    sigma: Array | None,
    derived: bool,
) -> Drift:
    terms = quantity.as_ordered_terms()
    parts = integrate.compile(terms, names)(state)
    values = parts.sum(axis=1)
    size = float(np.sqrt((parts**2).sum(axis=1).mean())) or 1.0
    change = float(np.sqrt((_about_mean(values, group) ** 2).mean())) / size
    if sigma is None:
        return Drift(None if derived else change < MOST_CHANGE, float("nan"), change)
    bias, variance = _propagated(quantity, names, state, sigma)
    left = _about_mean(values - bias, group, 1 / variance)
    n = len(values) - len(np.unique(group))
    chi2 = float((left**2 / variance).sum() / n)
    if chi2 < LEAST_NOISE:
        return Drift(change < MOST_CHANGE, float("nan"), change)
    room = NOISE_LEVEL_ERROR * 2 + SIGMAS * np.sqrt(2 / n)
    return Drift(bool(chi2 < 1 + room), chi2, change)


def _propagated(
    quantity: Expr, names: Sequence[str], state: Array, sigma: Array
) -> tuple[Array, Array]:
    """What noise adds to the quantity on average, and the variance that it has (n,)."""
    slopes = [differentiate(quantity, name) for name in names]
    curved = range(len(names)) if len(names) <= MOST_CURVED else range(0)
    pairs = list(combinations_with_replacement(curved, 2))
    curves = [differentiate(slopes[i], names[j]) for i, j in pairs]
    table = integrate.compile([*slopes, *curves], names)(state)
    first = (table[:, : len(names)] ** 2) @ sigma**2
    bias, second = np.zeros(len(state)), np.zeros(len(state))
    for (i, j), curve in zip(pairs, table[:, len(names) :].T, strict=True):
        times = 1 if i == j else 2
        second += times * curve**2 * sigma[i] ** 2 * sigma[j] ** 2 / 2
        bias += curve * sigma[i] ** 2 / 2 if i == j else 0.0
    return bias, np.maximum(np.maximum(first - second, LEAST_SHARE * first), 1e-300)


def _about_mean(values: Array, group: NDArray[np.intp], weight: Array | None = None) -> Array:
    """The values less the mean of their trajectory."""
    weights = np.ones(len(values)) if weight is None else weight
    total = np.bincount(group, weights * values) / np.bincount(group, weights)
    left: Array = values - total[group]
    return left
