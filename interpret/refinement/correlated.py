"""Errors that are alike from one sample to the next: the law, chosen and fitted in spite of them.

Differences of neighbouring readings do not see such errors, and a likelihood that takes them for
white keeps ever more terms to follow them. Here every law has errors of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from interpret.reading.probes import Probes
from interpret.refinement.likelihood import Estimate, invert
from interpret.refinement.linear import MOST_TERMS, Errors, Linear, Settled
from interpret.refinement.screening import screened
from interpret.refinement.segments import few, first_estimate
from interpret.refinement.shooting import Shooting
from interpret.select.criteria import CLOSE
from interpret.select.library import Library
from interpret.select.matrix import Support
from training.prepare.stencils import Array

ROUNDS: Final = 3
"""The law's own path may choose another law than the smoothed one did; so often at most."""

SPARE: Final = 2.0
"""Errors are taken to be so many times as large while a law is fitted, which moves no coefficient:
short stretches do not show them whole, and a fit that turns back before a barrier misses by more.
"""

ENOUGH: Final = 20_000
"""Of so many values it is seen whether the errors are alike from one sample to the next."""

LEAST_FREE: Final = 0.1
"""So much of the errors is taken to be left by any fit."""


@dataclass(frozen=True)
class Found:
    """The law's fit with the error bars that its own errors give it, and those that cost as little.

    `rivals` are supports with how much more each of them costs.
    """

    support: Support
    estimate: Estimate
    errors: Errors
    rivals: tuple[tuple[Support, float], ...]


def alike(linear: Linear) -> bool:
    """Whether even the whole library leaves errors that differences of readings do not show."""
    if not all(np.isfinite(part).all() for part in linear.rows):
        return False
    return linear.settled(tuple(range(len(linear.names)))).errors.alike(linear.measured)


def screen(samples: Probes, library: Library, values: int | None = None) -> Linear:
    """What each candidate would add to the smoothed motion; of about so many values, or of all."""
    prepared = samples.prepared
    assert prepared.smoothed is not None, "only noisy data come here"
    both = (prepared.trajectories, prepared.smoothed)
    if values is not None:
        chosen = few(prepared.trajectories, values)
        both = (both[0][chosen], both[1][chosen])
    return screened(*both, prepared.features, library, prepared.sigma)


def correlated(
    samples: Probes, library: Library, linear: Linear, given: Support | None = None
) -> Found | None:
    """The law of least cost, first along the smoothed motion, then along its own; or the given one.

    Coefficients are those of least squares, which no model of the errors bends; error bars are
    N⁻¹ Jᵀ R J N⁻¹, R the correlation of the errors that are left. None: nothing can be followed.
    """
    prepared = samples.prepared
    assert prepared.smoothed is not None, "only noisy data come here"
    best = _few(linear.best()) if given is None else linear.settled(given)
    found: Found | None = None
    sigma = prepared.sigma
    for number in range(ROUNDS):
        fitted = first_estimate(
            prepared.trajectories,
            prepared.smoothed,
            prepared.features,
            Library(tuple(library.candidates[k] for k in best.support)),
            SPARE * sigma * best.errors.scale,
            best.coefficients,
        )
        if fitted is None:
            break
        problem, estimate = fitted
        # From here on errors are told in units of those that this fit supposed.
        sigma = problem.sigma
        again = about(problem, estimate, library, best.support)
        if again is None:
            break
        order = again.best() if given is None else []
        found = _with_bars(estimate, again, best.support, order)
        cut = len(problem.trajectories) > len(prepared.trajectories)
        if given or _few(order).support == best.support or (cut and number):
            break  # a second law that is no better followed than the first is not the last either
        best = _few(order)
    return found


def _few(order: list[Settled]) -> Settled:
    """The first law of few terms: the whole library, a surrogate of anything, is only a rival."""
    return next((item for item in order if len(item.support) <= MOST_TERMS), order[0])


def about(
    problem: Shooting, estimate: Estimate, library: Library, support: Support
) -> Linear | None:
    """All candidates along the path of a law, what is missed of its own terms put back."""
    whole = problem.with_library(library)
    coefficients = np.zeros(len(library))
    coefficients[list(support)] = estimate.coefficients
    rows = whole.rows(estimate.states, coefficients)
    if rows is None:
        return None
    size = estimate.states.shape[1]
    for part in rows:
        part[:, :, -1] += part[:, :, size:-1] @ coefficients
    return Linear(tuple(rows), np.isfinite(problem.sigma), tuple(map(str, library)))


def _with_bars(estimate: Estimate, linear: Linear, support: Support, order: list[Settled]) -> Found:
    """The fit with the covariance that its own errors give it, and its rivals."""
    own = linear.of(support)
    left = [part[:, :, -1] - part[:, :, linear.states : -1] @ estimate.coefficients
            for part in own.rows]  # fmt: skip
    parameters = estimate.states.size + len(support)
    errors = Errors.of(left, linear.measured, parameters)
    fitted = replace(
        estimate,
        covariance=sandwich(own, errors) / _left_free(errors, linear, parameters),
        chi_squared=float(estimate.degrees_of_freedom),
    )
    cost = linear.settled(support).cost
    rivals = tuple(
        (item.support, item.cost - cost)
        for item in order
        if item.support != support and item.cost < cost + CLOSE
    )
    return Found(support, fitted, errors, rivals)


def _left_free(errors: Errors, linear: Linear, parameters: int) -> float:
    """What the fit leaves of the errors' slow part: 1 - p/n, n as many as tell a mean as well.

    Parameters follow what is slow; of n correlated values they take more than of n white ones.
    """
    samples = sum(len(part) for part in linear.rows)
    count = samples * float(errors.memory.counts[linear.measured].sum())
    white = 1 - parameters / max(linear.values, parameters + 1)
    return max(1 - parameters / max(count, 1.0), LEAST_FREE) / white


def sandwich(linear: Linear, errors: Errors) -> Array:
    """(JᵀJ)⁻¹ JᵀRJ (JᵀJ)⁻¹ of all coefficients, the initial states eliminated, (K, K)."""
    normal = middle = np.zeros((len(linear.names),) * 2)
    for part in linear.rows:
        columns = (part / errors.scale[:, None])[:, linear.measured, :-1]
        n, channels, _ = columns.shape
        flat = columns.reshape(n * channels, -1)
        own, rest = flat[:, : linear.states], flat[:, linear.states :]
        basis = np.linalg.qr(own)[0]
        apart = rest - basis @ (basis.T @ rest)
        normal = normal + apart.T @ apart
        spread = errors.memory.of_channels(linear.measured).correlated(
            apart.reshape(n, channels, -1)
        )
        middle = middle + apart.T @ spread.reshape(n * channels, -1)
    inverse = invert(normal)
    result: Array = inverse @ middle @ inverse
    return (result + result.T) / 2
