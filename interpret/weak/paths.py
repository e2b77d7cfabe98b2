"""Motion cut where it has gaps, and the paths on which shooting starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from interpret.ledger.motion import Course, Courses, Curve, Path
from interpret.weak.observed import Observed
from interpret.weak.windows import stretches
from systems.samples.trajectories import Trajectories
from training.prepare.noise import Noise

Array = NDArray[np.float64]

FEWEST: Final = 20
"""Samples of a stretch: fewer have no room for a short window beside a smoother's margins."""

ENOUGH: Final = 240
"""Samples that clean motion is followed along: more digits than these give are not in doubles."""


def without_gaps(trajectories: Trajectories) -> tuple[Trajectories, int]:
    """Every stretch without a gap as a trajectory of its own, and how many gaps there are.

    >>> t = np.concatenate([np.arange(30.0), 50 + np.arange(22.0)])
    >>> data = Trajectories.from_arrays("x", [1], t, *np.ones((2, 1, 52, 1)))
    >>> without_gaps(data)
    (2 trajectories of x, 52 points, 1)
    """
    pieces = [
        item.at(slice(first, last)) for item in trajectories for first, last in stretches(item.t)
    ]
    gaps = len(pieces) - len(trajectories)
    long = tuple(item for item in pieces if len(item) >= FEWEST)
    return (replace(trajectories, items=long) if gaps and long else trajectories), gaps


def courses(
    trajectories: Trajectories,
    observed: Observed,
    noise: Noise,
    signals: Sequence[Mapping[str, Curve]] = (),
) -> Courses:
    """The motion as shooting takes it: it starts where the samples, or their smoother, say.

    Of clean motion the first part is followed; where noisy velocities are measured too, splines
    through both are smoother.
    """
    if observed.noisy and observed.stencils is None:
        return Courses.of(trajectories, noise, signals)
    from scipy.interpolate import CubicHermiteSpline

    items = []
    most = observed.samples if observed.noisy else max(ENOUGH // len(trajectories), FEWEST)
    cuts = np.cumsum([0, *map(len, trajectories)])
    curves = signals or [{}] * len(trajectories)
    for item, first, signal in zip(trajectories, cuts[:-1], curves, strict=True):
        own = slice(first, first + len(item))
        q, v = observed.q[own], observed.v[own]
        curve: Any = CubicHermiteSpline(item.t, q, v)
        path = Path(curve, curve.derivative(), curve.derivative(2))
        values = np.concatenate([q, v], axis=1) if observed.stencils is None else item.q
        items.append(Course(item.t, values, path, signal).cut(0, most))
    return Courses(tuple(items), trajectories.dimension)
