"""Links of one kind: those whose coefficients agree within their error bars."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

APART: Final = 4.0
"""Coefficients of two kinds lie so many of their error bars apart."""


def kinds(values: Array, errors: Array) -> list[list[int]]:
    """The links of each kind, by coefficients (B, K) and their error bars; zeros are none.

    >>> kinds(np.array([[1.0], [2.0], [1.01]]), np.full((3, 1), 0.01))
    [[0, 2], [1]]
    """
    found: list[list[int]] = []
    for b in range(len(values)):
        for kind in found:
            first = kind[0]
            room = APART * np.hypot(errors[b], errors[first])
            same = (values[b] != 0) == (values[first] != 0)
            if same.all() and (np.abs(values[b] - values[first]) <= room).all():
                kind.append(b)
                break
        else:
            found.append([b])
    return found
