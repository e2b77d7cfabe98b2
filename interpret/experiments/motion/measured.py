"""What was measured beside the motion: what drives it, and how well its values are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

import numpy as np
from numpy.typing import NDArray

from interpret.experiments.motion import Motion
from interpret.experiments.motion.named import sigmas
from interpret.ledger.motion import Courses
from interpret.ledger.path import Curve
from interpret.weak.paths import signals_of
from systems.equations import velocity
from systems.errors import InputError, nearest
from systems.problem import Samples
from systems.samples.trajectories import Trajectories
from training.prepare.noise import estimate

Array = NDArray[np.float64]


def weighed(samples: Samples, data: Trajectories, options: Motion) -> Courses:
    """The courses of what is learned from, with signals, and weights by the σ that were given."""
    whole = cast(Trajectories, samples)
    noise = estimate(data)
    signals = signals_of(whole, options.driving)
    if options.sigma is None:
        return Courses.of(data, noise, signals)
    each = _each(whole, data, sigmas(options.sigma))
    every = np.concatenate(each)
    usual = np.median(every, axis=0)
    d = data.dimension
    q, p = usual[:d], usual[d:] * data.mass
    known = replace(
        noise, q=np.where(q > 0, q, noise.q), p=np.where((p > 0) & ~data.derived, p, noise.p)
    )
    courses = Courses.of(data, known, signals)
    some = slice(courses.channels)
    return courses.weighing(usual[some], [own[:, some] for own in each])


def _each(whole: Trajectories, data: Trajectories, given: Mapping[str, float | str]) -> list[Array]:
    """The σ of every value (n, 2d) of each trajectory, positions first; 0 where none was given."""
    rates = [velocity(name).name for name in data.coordinates]
    names = [*data.coordinates, *rates]
    strange = [name for name in given if name and name not in names]
    if strange:
        raise InputError(
            f"there is no channel {strange[0]} that --sigma could be of; there are "
            f"{', '.join(names)}.{nearest(strange[0], names)}"
        )
    vain = [name for name in given if name in rates and data.derived]
    if vain:
        raise InputError(f"{vain[0]} was not measured, so it has no sigma; leave it out.")
    found = []
    for item, full in zip(data, whole, strict=True):
        own = np.zeros((len(item), len(names)))
        for k, name in enumerate(names):
            what = given.get(name, given.get("", 0.0))
            own[:, k] = what if isinstance(what, float) else _column(whole, full, what)(item.t)
        found.append(own)
    return found


def _column(whole: Trajectories, item: object, name: str) -> Curve:
    """A column of σ of one trajectory, at its own times."""
    from systems.samples.trajectories import Trajectory

    one = cast(Trajectory, item)
    if name not in whole.extra:
        raise InputError(
            f"there is no column {name} of sigmas; --sigma names columns of a file of data, or "
            f"gives numbers."
        )
    values = np.asarray(one.extra)[:, whole.extra.index(name)]
    if not (values > 0).all():
        raise InputError(f"the column {name} of sigmas has values that are not positive.")
    return lambda t: np.interp(t, one.t, values)
