"""Local polynomials on irregular grids: derivatives, and contrasts that see only noise."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def derivative(t: Array, y: Array, at: NDArray[np.int64], width: int = 7) -> Array:
    """dy/dt at t[at] from the polynomial through the ``width`` nearest samples.

    The weights solve sum_k w_k (t_k - t_i)^m = delta_{m1}, m = 0..width-1; the error is of order
    h^(width-1). Source: B. Fornberg, Math. Comp. 51 (1988) 699.

    Shapes: ``t`` (n,), ``y`` (n, d), ``at`` (m,) indices; result (m, d).

    >>> t = np.linspace(0.0, 1.0, 11) ** 1.5
    >>> slope = derivative(t, (t**3)[:, None], np.array([5]))
    >>> bool(np.isclose(slope[0, 0], 3 * t[5] ** 2, rtol=1e-12))
    True
    """
    window, weights = slopes(t, at, width)
    combined: Array = np.einsum("mw,mwd->md", weights, y[window])
    return combined


def slopes(t: Array, at: NDArray[np.int64], width: int) -> tuple[NDArray[np.int64], Array]:
    """The samples (m, w) that the derivative at t[at] is made of, and their weights (m, w)."""
    width = min(width, len(t))
    first = np.clip(at - width // 2, 0, len(t) - width)
    window = first[:, None] + np.arange(width)
    offsets = t[window] - t[at][:, None]
    reach = np.abs(offsets).max(axis=1, keepdims=True)
    powers = (offsets / reach)[:, None, :] ** np.arange(width)[None, :, None]
    wanted = np.zeros((len(at), width, 1))
    wanted[:, 1, 0] = 1.0
    return window, np.linalg.solve(powers, wanted)[:, :, 0] / reach


def contrasts(t: Array, y: Array, order: int = 6) -> Array:
    """Unit-norm combinations of order + 1 neighbours that cancel every polynomial of lower degree.

    c_i = sum_k w_k y_{i+k} with w_k proportional to 1 / prod_{j != k} (t_k - t_j), |w| = 1: the
    divided difference of that order, so white noise of level sigma gives contrasts of level sigma,
    on any grid, while a smooth signal sampled finely gives almost none.

    Shapes: ``t`` (n,), ``y`` (n, d); result (n - order, d).

    >>> t = np.arange(20.0)
    >>> float(np.abs(contrasts(t, (t**5)[:, None])).max()) < 1e-8
    True
    """
    count = len(t) - order
    weights = _contrast_weights(np.ascontiguousarray(t, dtype=np.float64).tobytes(), order)
    combined: Array = weights[:, :1] * y[:count]
    for k in range(1, order + 1):
        combined += weights[:, k : k + 1] * y[k : k + count]
    return combined


@lru_cache(maxsize=8)
def _contrast_weights(clock: bytes, order: int) -> Array:
    """Those of `contrasts`, (n - order, order + 1); kept, since clocks are mostly shared."""
    t = np.frombuffer(clock)
    times = t[np.arange(len(t) - order)[:, None] + np.arange(order + 1)]
    gaps = times[:, :, None] - times[:, None, :]
    span = times[:, -1] - times[:, 0]
    gaps = gaps / span[:, None, None]
    diagonal = np.arange(order + 1)
    gaps[:, diagonal, diagonal] = 1.0
    weights = 1.0 / gaps.prod(axis=2)
    found: Array = weights / np.linalg.norm(weights, axis=1, keepdims=True)
    return found
