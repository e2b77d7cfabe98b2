"""Is it noise? The residuals of neighbouring samples agree only where a law misses something."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def neighbour_score(points: Array, residuals: Array) -> float:
    """Σ r_i · r_nearest(i) in standard deviations of what noise gives; also of their directions.

    White noise gives a number of order 1 or less; a smooth misfit of n samples one of order √n. The
    larger of two scores is returned: that of the residuals, and that of the residuals made all of
    length 1, which a few huge ones do not drown.
    Shapes: points (n, f), each column counted in units of its own spread; residuals (n, d).

    >>> x = np.linspace(0, 1, 200)[:, None]
    >>> noise = np.random.default_rng(0).standard_normal((200, 1))
    >>> abs(neighbour_score(x, noise)) < 3, neighbour_score(x, np.sin(9 * x)) > 5
    (True, True)
    """
    from scipy.spatial import cKDTree

    spread = points.std(axis=0)
    scaled = points[:, spread > 0] / spread[spread > 0]
    length = np.linalg.norm(residuals, axis=1, keepdims=True)
    if not scaled.shape[1] or not length.any():
        return 0.0
    nearest = cKDTree(scaled).query(scaled, k=2)[1][:, 1]
    directions = residuals / np.where(length > 0, length, 1)
    return max(_score(values, nearest) for values in (residuals, directions))


def _score(values: Array, nearest: NDArray[np.intp]) -> float:
    products = (values * values[nearest]).sum(axis=1)
    # About half of the samples are each other's neighbours: their products come twice.
    deviation = np.sqrt(2 * (products**2).sum())
    return float(products.sum() / deviation) if deviation > 0 else 0.0
