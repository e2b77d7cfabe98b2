"""Motion cut where it has gaps, and the paths on which shooting starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from interpret.ledger.motion import Course, Courses
from interpret.ledger.path import Curve, Path
from interpret.weak.observed import Observed
from interpret.weak.windows import stretches
from systems.equations import acceleration, velocity
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
    from scipy.interpolate import CubicHermiteSpline, CubicSpline

    items = []
    most = observed.samples if observed.noisy else max(ENOUGH // len(trajectories), FEWEST)
    cuts = np.cumsum([0, *map(len, trajectories)])
    curves = signals or [{}] * len(trajectories)
    for item, first, signal in zip(trajectories, cuts[:-1], curves, strict=True):
        own = slice(first, first + len(item))
        q, v = observed.q[own], observed.v[own]
        place: Any = CubicHermiteSpline(item.t, q, v)
        rate: Any = CubicSpline(item.t, v)
        path = Path(place, rate, rate.derivative())
        values = np.concatenate([q, v], axis=1) if observed.stencils is None else item.q
        items.append(Course(item.t, values, path, signal).cut(0, most))
    return Courses(tuple(items), trajectories.dimension)


@dataclass(frozen=True)
class Moved:
    """A motion with all that was measured, and the part of it that is to be explained."""

    whole: Trajectories
    observed: Observed
    noise: Noise
    signals: tuple[str, ...] = ()

    def courses(self, prescribed: Sequence[str]) -> Courses:
        """What is explained as shooting takes it; the rest as signals x, xd and xdd of time."""
        data, seen = self.whole, self.observed
        curves = signals_of(data, self.signals)
        if not prescribed:
            return courses(data, seen, self.noise, curves)
        every = courses(data, seen, self.noise).items
        for signal, item in zip(curves, every, strict=True):
            for name in prescribed:
                signal |= _given(item.path, name, data.coordinates.index(name))
        free = [i for i, name in enumerate(data.coordinates) if name not in prescribed]
        items = tuple(replace(item, q=item.q[:, free], p=item.p[:, free]) for item in data)
        names = tuple(data.coordinates[i] for i in free)
        some = replace(data, coordinates=names, mass=data.mass[free], items=items)
        noise = replace(self.noise, q=self.noise.q[free], p=self.noise.p[free])
        return courses(some, seen.some(free), noise, curves)


def _given(path: Path, name: str, place: int) -> dict[str, Curve]:
    """Position, velocity and acceleration of one coordinate, by their names."""
    symbols = name, velocity(name).name, acceleration(name).name
    curves = (path.q, path.v, path.a)
    return {symbol: _one(curve, place) for symbol, curve in zip(symbols, curves, strict=True)}


def _one(curve: Curve, place: int) -> Curve:
    """One column of a curve."""
    return lambda t: np.asarray(curve(t))[..., place]


def signals_of(whole: Trajectories, names: Sequence[str]) -> list[dict[str, Curve]]:
    """Cubic splines of the columns that drive each trajectory, by name."""
    from scipy.interpolate import CubicSpline

    places = {name: whole.extra.index(name) for name in names}
    return [
        {
            name: CubicSpline(item.t, np.asarray(item.extra)[:, place])
            for name, place in places.items()
        }
        for item in whole
    ]
