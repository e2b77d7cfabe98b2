"""Numbers as JSON holds them: it has no nan and no infinities."""

from __future__ import annotations

import math


def finite(value: float) -> float | None:
    """The number as JSON can hold it: None for nan and the infinities.

    >>> finite(0.5), finite(math.nan)
    (0.5, None)
    """
    return float(value) if math.isfinite(value) else None


def number(value: float | None) -> float:
    """The number that `finite` wrote: None is read as nan."""
    return math.nan if value is None else float(value)
