"""Does more than a potential act? A quick look, before anything is fitted to the end."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from interpret.judge.causes import of_velocity
from interpret.judge.force_columns import ForceColumns, flexible, force_columns
from interpret.reading.probes import Probes
from interpret.select.matrix import lengths

Array = NDArray[np.float64]

NOTABLE: Final = 0.3
"""A cause is looked into that explains so much of what a flexible potential leaves (mean squares).
Smoothing leaves errors that no velocity or frequency explains; this only decides what is asked
first."""

MOST_FREQUENCIES: Final = 3000
OF_NYQUIST: Final = 0.25
"""Faster forces have fewer than eight samples a period, which mean forces do not show."""


def beyond(samples: Probes) -> str:
    """What the force depends on beside place: "the velocity", "the time", or "" where on neither.

    >>> from interpret.reading.probes import probe
    >>> from systems import Trajectories, observed
    >>> from training import Settings, train
    >>> t = np.linspace(0, 12, 200)[:, None]
    >>> for friction in (0, 0.1):
    ...     q = np.exp(-friction * t) * np.sin(t)
    ...     qd = np.exp(-friction * t) * np.cos(t) - friction * q
    ...     swing = Trajectories.from_velocities(["q"], [1], [(t[:, 0], q, qd)])
    ...     short = Settings(width=16, iterations=0)
    ...     print([friction, beyond(probe(train(observed(swing), swing, short)))])
    [0, '']
    [0.1, 'the velocity']
    """
    columns = force_columns(samples)
    place = flexible(columns, samples.levels.x)
    left = columns.left(place)
    if left < SLIGHT:
        return ""
    best = min(of_velocity(columns, place), key=lambda cause: cause.left)
    if best.left**2 < (1 - NOTABLE) * left**2:
        return "the velocity"
    return "the time" if _periodic(columns, place) > NOTABLE else ""


SLIGHT: Final = 1e-3
"""Where a flexible potential leaves less of the force, it is the law, but for its last digits."""


def _periodic(columns: ForceColumns, place: Array) -> float:
    """The share of what is left that the best single frequency has, on its best coordinate."""
    unit = place / lengths(place)
    solved = np.linalg.lstsq(unit, columns.truth, rcond=1e-10)[0]
    left = (columns.truth - unit @ solved).reshape(columns.force.shape)
    t = columns.t[1]
    step = float(np.median(columns.t[2] - columns.t[0]))
    spacing = np.pi / (2 * float(np.ptp(t)))
    count = int(min(OF_NYQUIST * np.pi / step / spacing, MOST_FREQUENCIES))
    phase = np.outer(t, spacing * np.arange(2, max(count, 3)))
    power = (np.cos(phase).T @ left) ** 2 + (np.sin(phase).T @ left) ** 2
    return float(2 * power.max(initial=0.0) / len(t) / (left**2).sum())
