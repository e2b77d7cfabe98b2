"""Zeros of many functions at once, each between two ends of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from systems.physics.finite_volume.models import Array

MOST_STEPS: Final = 200


def zeros(function: Callable[[Array], Array], low: Array, high: Array, tolerance: float) -> Array:
    """x with f(x) = 0 in each [low, high], at whose ends f has opposite signs; any shape.

    By the Illinois rule: the secant through the ends, where an end that stays twice counts half, so
    that the bracket closes from both sides. The last step of every zero is below the tolerance.

    >>> squares = np.array([2.0, 9.0])
    >>> zeros(lambda x: x**2 - squares, np.zeros(2), np.full(2, 9.0), 1e-12).round(12).tolist()
    [1.414213562373, 3.0]
    """
    low, high = low.copy(), high.copy()
    value_low, value_high = function(low), function(high)
    stayed = np.zeros(low.shape)
    x = np.full(low.shape, np.inf)
    for _ in range(MOST_STEPS):
        last = x
        rise = value_high - value_low
        share = np.divide(-value_low, rise, out=np.full(low.shape, 0.5), where=rise != 0)
        x = low + (high - low) * np.clip(share, 0.0, 1.0)
        if (np.abs(x - last) < tolerance).all():
            break
        value = function(x)
        is_high = np.sign(value) == np.sign(value_high)
        value_low[is_high & (stayed > 0)] /= 2
        value_high[~is_high & (stayed < 0)] /= 2
        low, value_low = np.where(is_high, low, x), np.where(is_high, value_low, value)
        high, value_high = np.where(is_high, x, high), np.where(is_high, value, value_high)
        stayed = np.where(is_high, 1, -1)
    return x
