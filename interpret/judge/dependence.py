"""Does the ratio of p/m and dq/dt depend on a coordinate, as where the mass is no number?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from interpret.judge.weak_form import HALF_WIDTHS, Array, Stretch, Windows, windows
from interpret.judge.whiteness import effective, lag_one

STRONG = 40.0
"""χ² of the two terms beyond which they are no accident: 2e-9, so that d² trials are free."""

SHOWS = 0.02
"""The rms share of the ratio that has to vary: less is what smoothed or coarse columns do."""


@dataclass(frozen=True)
class Dependence:
    """The ratio varies with coordinate number `on` by the rms share `varies`."""

    on: int
    varies: float


def dependence(parts: Sequence[Stretch], i: int) -> Dependence | None:
    """∫ v_i dt = (a + b u + c u²) q_i + const in windows, u any coordinate in units of its spread.

    The coordinate that explains most, in windows of whatever width, is told, where b and c are
    beyond their errors and change the ratio by 2 % or more; None otherwise.
    """
    found: list[tuple[float, Dependence]] = []
    for half_width in HALF_WIDTHS:
        pairs = windows(parts, i, i, half_width)
        if pairs is None:
            break
        middle = slice(half_width, -half_width)
        q = np.concatenate([q[middle] for _, q, _ in parts if len(q) > 2 * half_width])
        found += [_dependence(pairs, q[:, j], j) for j in range(q.shape[1])]
    told = [(chi2, item) for chi2, item in found if chi2 > STRONG and item.varies > SHOWS]
    return max(told, key=lambda pair: pair[0], default=(0.0, None))[1]


def _dependence(pairs: Windows, u: Array, j: int) -> tuple[float, Dependence]:
    """χ² of b and c, with the number of windows that count, and what they do to the ratio."""
    nothing = (0.0, Dependence(j, 0.0))
    spread = u.std()
    if not spread > 0:
        return nothing
    u = (u - u.mean()) / spread
    shape = np.stack([np.ones_like(u), u, u**2], axis=1)
    design = shape * pairs.x[:, None]
    scale = np.linalg.norm(design, axis=0)
    found, _, rank, _ = np.linalg.lstsq(design / scale, pairs.y, rcond=1e-8)
    if rank < 3 or len(u) < 10:
        return nothing
    residual = pairs.y - (design / scale) @ found
    count = effective(len(u), lag_one(residual, pairs.owner))
    variance = float(residual @ residual) / max(count - 3, 1)
    covariance = np.linalg.inv((design / scale).T @ (design / scale)) * variance * len(u) / count
    tail = found[1:]
    # Exact data leave a residual of zero, and any dependence is then beyond its error.
    small = np.finfo(float).tiny * np.eye(2)
    chi2 = float(tail @ np.linalg.solve(covariance[1:, 1:] + small, tail)) if variance else np.inf
    ratios = shape @ (found / scale)
    weight = pairs.x**2 / (pairs.x @ pairs.x)
    mean = float(weight @ ratios)
    varies = float(np.sqrt(weight @ (ratios - mean) ** 2) / abs(mean)) if mean else np.inf
    return chi2, Dependence(j, varies)
