"""Were the velocities measured, or computed from the coordinates by a difference formula?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from systems.samples.trajectories import Trajectories, Trajectory
from training.prepare.fingerprint import ends_are_verlet, is_verlet
from training.prepare.stencils import derivative

Array = NDArray[np.float64]

CLOSE = 0.05
"""A velocity nearer to the formula than this share of the formula's own error was computed by it.

Velocities with errors of their own lie as far as the formula's error: the share is 1 where they
are exact, 1.7 or more where coordinates and velocities have white noise. Rounding leaves some."""

RESOLVED = 1e-9
"""The formula's error in parts of the velocities, below which it shows in no file."""

RESOLVED_BY = 0.5
"""Derivatives of the fourth and sixth order that differ by more of the error tell nothing."""

EXACT = 1e-6
FEWEST = 8
"""Samples of a trajectory that its derivative of the sixth order takes."""


def _central(before: Array, after: Array, q: Array) -> Array:
    """np.gradient's: exact for parabolas, with unequal steps too."""
    forward = (q[2:] - q[1:-1]) / after
    backward = (q[1:-1] - q[:-2]) / before
    weighted: Array = (before * forward + after * backward) / (before + after)
    return weighted


FORMULAS: Final[Mapping[str, Callable[[Array, Array, Array], Array]]] = {
    "central differences": _central,
    "forward differences": lambda before, after, q: (q[2:] - q[1:-1]) / after,
    "backward differences": lambda before, after, q: (q[1:-1] - q[:-2]) / before,
}
"""Of the steps (n - 2, 1) before and after and all coordinates: the velocities between the ends."""


def formulas(trajectories: Trajectories) -> tuple[str, ...]:
    """What each coordinate's velocities were computed from its values by, "" for what was not.

    The velocity is compared with each formula; the formula's error is read off a derivative of
    the sixth order. Velocities that velocity Verlet wrote are central differences as well, but
    not at the ends, and are data: there they hold the initial velocity (``ends_are_verlet``).

    >>> t = np.linspace(0, 6, 200)
    >>> q = np.sin(t)[:, None]
    >>> exact = Trajectories.from_velocities(["q"], [1], [(t, q, np.cos(t)[:, None])])
    >>> computed = Trajectories.from_velocities(["q"], [1], [(t, q, np.gradient(q, t, axis=0))])
    >>> formulas(exact), formulas(computed)
    (('',), ('central differences',))
    """
    long = [k for k, item in enumerate(trajectories) if len(item) >= FEWEST]
    if not long:
        return ("",) * trajectories.dimension
    items = [trajectories[k] for k in long]
    inner = [np.arange(1, len(item) - 1) for item in items]
    good, fair = (
        np.concatenate(
            [derivative(i.t, i.q, at, width) for i, at in zip(items, inner, strict=True)]
        )
        for width in (7, 5)
    )
    v = np.concatenate([trajectories.velocity(k)[1:-1] for k in long])
    unsure, size = (np.median(np.abs(part), axis=0) for part in (good - fair, v))
    found = [""] * trajectories.dimension
    for name, formula in FORMULAS.items():
        said = np.concatenate([_said(formula, item) for item in items])
        apart, error = (np.median(np.abs(part - said), axis=0) for part in (v, good))
        # Coarse samples tell no derivative: there, only the very numbers of the formula are its.
        near = np.where(unsure < RESOLVED_BY * error, CLOSE * error, EXACT * error)
        for i in np.flatnonzero((error > RESOLVED * size) & (apart < near)):
            found[i] = found[i] or name
    central = "central differences" in found
    if central and is_verlet(trajectories) and ends_are_verlet(trajectories):
        return ("",) * trajectories.dimension
    return tuple(found)


def _said(formula: Callable[[Array, Array, Array], Array], item: Trajectory) -> Array:
    """The formula's velocities between the ends of a trajectory."""
    steps = np.diff(item.t)[:, None]
    return formula(steps[:-1], steps[1:], item.q)
