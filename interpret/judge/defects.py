"""What a law leaves of exact data: its own flow from each sample to the next, no quadrature.

A rule for forces has an error of its own on coarse steps, and closing energy says nothing of
forces across the motion. The flow of the law has neither excuse.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interpret.judge.forces import Points, families
from systems import dop853
from systems.samples.trajectories import Trajectories
from training.features import Features

Array = NDArray[np.float64]

MOST_STEPS: Final = 4000
"""Steps that are followed; of longer data this many, spread evenly."""

TOLERANCE: Final = 1e-11
MOST_INNER: Final = 2000
"""Steps of the integrator within one of the data: a law that needs more runs off."""

EXPLAINS: Final = 0.5
"""A cause is named where it explains so much of what is left."""


@dataclass(frozen=True)
class Defects:
    """What the law's flow misses of the steps of exact data.

    - `share`: of the force, √(Σ w² |Δp - Δp_law|² / Σ w² |Δp|²), w = 1/(|Δp| + median |Δp|) so that
      close encounters do not drown the rest;
    - `moved`: the same of Δq, compared with the way of a step;
    - `lost`: the part of the steps along which the law runs off;
    - `cause`: which family of forces explains most of it, or "".
    """

    share: float
    moved: float
    lost: float
    cause: str = ""
    explained: float = 0.0


Slope = Callable[[Array], Array]


def defects(trajectories: Trajectories, features: Features, slope: Slope) -> Defects:
    """Follow m q'' = -slope(q) from every sample to the next, and compare.

    Shapes: ``slope`` takes q (n, d) to dV/dq (n, d). All steps are scaled to the time 1 and
    integrated together by DOP853.

    >>> from systems import get
    >>> data = get("oscillator").draw()[:3]
    >>> found = defects(data, Features.identity(("q",)), lambda q: 2 * q)
    >>> round(found.share, 2), found.cause
    (1.0, 'the potential of q')
    """
    steps = _steps(trajectories)
    mass = trajectories.mass
    q_end, p_end = _flow(steps, mass, slope)
    followed = np.isfinite(np.hstack([q_end, p_end])).all(axis=1)
    lost = 1 - float(followed.mean())
    if not followed.any():
        return Defects(1.0, 1.0, 1.0)
    kick = steps.p_next - steps.p
    missed = (steps.p_next - p_end)[followed]
    strayed = (steps.q_next - q_end)[followed]
    share, weight = _share(missed, kick[followed])
    moved, _ = _share(strayed, (steps.q_next - steps.q)[followed])
    middle = Points(
        (steps.q + steps.q_next)[followed] / 2,
        (steps.p + steps.p_next)[followed] / 2 / mass,
        (steps.t + steps.h / 2)[followed],
    )
    force = missed / steps.h[followed, None]
    cause, explained = _cause(trajectories, features, middle, force, weight)
    return Defects(share, moved, lost, cause, explained)


@dataclass(frozen=True)
class _Steps:
    q: Array
    p: Array
    q_next: Array
    p_next: Array
    t: Array
    h: Array


def _steps(trajectories: Trajectories) -> _Steps:
    parts = [
        (item.q[:-1], item.p[:-1], item.q[1:], item.p[1:], item.t[:-1], np.diff(item.t))
        for item in trajectories
    ]
    joined = [np.concatenate(column) for column in zip(*parts, strict=True)]
    count = len(joined[-1])
    if count > MOST_STEPS:
        some = np.linspace(0, count - 1, MOST_STEPS).astype(int)
        joined = [column[some] for column in joined]
    return _Steps(*joined)


def _flow(steps: _Steps, mass: Array, slope: Slope) -> tuple[Array, Array]:
    """q and p at the end of every step by the law; nan where it runs off.

    The time of a step is one, and coordinates and momenta are in units of their own size, so that
    one tolerance serves all.
    """
    d = len(mass)
    far, fast = (np.sqrt((x**2).mean(axis=0)) for x in (steps.q, steps.p))
    far, fast = np.where(far > 0, far, 1.0), np.where(fast > 0, fast, 1.0)

    def rate(y: Array) -> Array:
        length = y[:, -1:]
        moving = length * (y[:, d:-1] * fast) / mass / far
        kicked = -length * slope(y[:, :d] * far) / fast
        return np.hstack([moving, kicked, np.zeros_like(length)])

    start = np.hstack([steps.q / far, steps.p / fast, steps.h[:, None]])
    with np.errstate(all="ignore"):
        path = dop853.solve(
            rate, start, np.array([0.0, 1.0]), rtol=TOLERANCE, atol=TOLERANCE, max_steps=MOST_INNER
        )
    return path[:, 1, :d] * far, path[:, 1, d:-1] * fast


def _share(missed: Array, whole: Array) -> tuple[float, Array]:
    size = np.linalg.norm(whole, axis=1)
    typical = float(np.median(size)) or float(size.max()) or 1.0
    weight = 1 / (size + typical)
    total = float(((weight * size) ** 2).sum())
    left = float(((weight * np.linalg.norm(missed, axis=1)) ** 2).sum())
    return float(np.sqrt(left / total)) if total > 0 else 0.0, weight


def _cause(
    trajectories: Trajectories, features: Features, at: Points, force: Array, weight: Array
) -> tuple[str, float]:
    """The family of forces that explains most of what is left, and how much of its square."""
    wanted = (weight[:, None] * force).reshape(-1)
    total = float(wanted @ wanted)
    best = ("", 0.0)
    if total == 0:
        return best
    for family in families(trajectories, features):
        columns = weight[:, None, None] * family.fields(at)
        design = columns.reshape(len(wanted), -1)
        if 2 * design.shape[1] > len(design):
            continue
        solved = np.linalg.lstsq(design, wanted, rcond=1e-10)[0]
        left = wanted - design @ solved
        explained = 1 - float(left @ left) / total
        if explained > best[1] + 0.01:
            best = (family.cause, explained)
    return best if best[1] > EXPLAINS else ("", best[1])
