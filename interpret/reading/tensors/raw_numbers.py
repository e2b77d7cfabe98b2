"""The coefficients of all laws of a series from its raw samples, with error bars that hold.

    cov = H3 + d dᵀ + e eᵀ

H3 is White's covariance, by which residuals of any size scatter. What the columns beyond the laws
lack is no noise, and the same in all samples: d is the change of the coefficients when one order
more has columns of its own, and e when the orders have the directions of another network, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from interpret.reading.tensors.raw_rows import RawSeries, Setting
from interpret.select.matrix import UNSEEN
from systems.physics.scattering.symmetric import Array

POWERS: Final = range(6)
"""Weights s^-p that are tried: from those of noise alike in all samples to those at which, beside
a third order, the fifth is no larger in the largest samples than in the smallest."""

BEYOND: Final = range(1, 8)
"""So many orders beyond are tried with columns of their own."""

SPARE: Final = 2
"""So many samples for every column at least: residuals must tell how large errors are."""


@dataclass(frozen=True, eq=False)
class Numbers:
    """Coefficients (k,) of all known orders with their covariance; `parts` says whose is which."""

    coefficients: Array
    covariance: Array
    parts: Mapping[int, slice]


def solve_together(series: RawSeries) -> Numbers | None:
    """The coefficients of all `series.known`; None where samples are too few.

    Of all settings that one is taken whose H3 + d dᵀ is the smallest, in the mean of logarithms.
    """
    settings = settings_of(series, max(series.known))
    found = []
    for power in POWERS:
        lasts = [setting.last for setting in settings if setting.power == power]
        fits = _solved(series, power, lasts)
        for last, ((coefficients, covariance), (again, _)) in zip(
            lasts, pairwise(fits), strict=False
        ):
            change = again - coefficients
            found.append((coefficients, covariance + np.outer(change, change), power, last))
    if not found:
        return None
    costs = [float(np.log(np.diagonal(each[1])).mean()) for each in found]
    coefficients, covariance, power, last = found[int(np.argmin(costs))]
    ((again, _),) = _solved(series.wider(), power, [last])
    change = again - coefficients
    return Numbers(coefficients, covariance + np.outer(change, change), _parts(series))


def settings_of(series: RawSeries, order: int) -> list[Setting]:
    """The settings for laws up to an order: those that leave two samples for every column."""
    rows = len(series.samples)
    settings = [Setting(power, order + more) for power in POWERS for more in BEYOND]
    return [setting for setting in settings if SPARE * series.width(setting) <= rows]


def rest(basis: Array) -> Array:
    """1 - leverage of every row of an orthonormal basis (n, k), which is never quite zero."""
    return np.asarray(np.maximum(1 - (basis**2).sum(axis=1), 1 / len(basis)))


def _parts(series: RawSeries) -> dict[int, slice]:
    """Where the coefficients of each known order stand."""
    parts = {}
    start = 0
    for order, columns in series.known.items():
        parts[order] = slice(start, start + columns.shape[1])
        start = parts[order].stop
    return parts


def _solved(series: RawSeries, power: int, lasts: Sequence[int]) -> list[tuple[Array, Array]]:
    """The laws' coefficients and their White covariance in MacKinnon's third form, by last order.

    The columns of a last order are the first ones of the next, so that one QR serves all.
    Source: J. G. MacKinnon and H. White, J. Econometrics 29 (1985) 305.
    """
    if not lasts:
        return []
    others = [order for order in range(1, lasts[-1] + 1) if order not in series.known]
    blocks = [np.concatenate(list(series.known.values()), axis=1), *map(series.columns, others)]
    ends = dict(zip([0, *others], np.cumsum([block.shape[1] for block in blocks]), strict=True))
    weights = series.weights(power)
    design = weights[:, None] * np.concatenate(blocks, axis=1)
    scale = np.linalg.norm(design, axis=0)
    basis, triangular = np.linalg.qr(design / scale)
    target = weights * series.samples.y
    count = blocks[0].shape[1]
    found = []
    for last in lasts:
        end = ends[max(order for order in ends if order <= last)]
        part = basis[:, :end]
        influence = np.linalg.pinv(triangular[:end, :end], rcond=UNSEEN)[:count] @ part.T
        influence /= scale[:count, None]
        missed = (target - part @ (part.T @ target)) / rest(part)
        spread = influence * missed
        found.append((influence @ target, spread @ spread.T))
    return found
