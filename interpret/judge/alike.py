"""Errors that are alike from one sample to the next: are they the data's, or the law's?"""

from __future__ import annotations

from typing import Final

import numpy as np

from interpret.judge.certificate import Check
from interpret.judge.residuals import ALIKE, LARGER, Array, Residuals
from interpret.judge.thresholds import short_of
from interpret.ledger.motion import masses
from systems.samples.trajectories import Trajectories

FOLLOWED: Final = 3.0
"""Curves follow the slow part of such errors, and leave less of them. Measured for lag-one
correlations of 0.4 to 0.95 and 100 to 500 samples a period: 0.8 to 2.6 times less."""

MOST: Final = 0.3
"""Of the motion: a law that leaves more to errors which wander as the motion does explains none of
it. A random walk is such an error, and nothing else."""


def alike(residual: Residuals, whole: Trajectories) -> Check:
    """The errors that a law leaves beside those of a smooth curve, which knows no law.

    A curve that is fitted with correlated errors in mind (`systems.samples.smoothing`) may find
    them as large as the law does: then they are the data's. Else the law may miss forces as well as
    a tracker may wander, and nothing in the data tells which.
    """
    errors = residual.errors
    assert errors is not None, "white errors are judged by χ²"
    measured = residual.measured
    sigma = residual.sigma[measured]
    left = sigma * errors.spread[measured]
    noise, lag = (part[measured] for part in curved(whole))
    noise = noise / masses(whole)[measured]
    seen = np.where(lag > ALIKE, FOLLOWED * noise, LARGER * sigma)
    ratio = float((left / seen).max())
    spread = (np.concatenate(whole.channel_std()) / masses(whole))[measured]
    missed = float((left / np.where(spread > 0, spread, 1.0)).max())
    counts = np.array([error.count for error in errors.errors])
    count = float(counts[measured].min()) * whole.points
    said = (
        f"the errors are alike from one sample to the next, and {whole.points} samples tell a mean "
        f"as well as {count:.0f} would: that is in the error bars"
    )
    if ratio <= 1 and missed <= MOST:
        return Check("noise", ratio, 1.0, "identified", said)
    times = float((left / sigma).max())
    verdict = short_of(missed)
    why = (
        f"the law misses {100 * missed:.2g} % of the motion, evenly from sample to sample and "
        f"{times:.2g} times what neighbouring readings differ by: errors of tracking, which the "
        f"error bars take them for, or a force that is missing"
    )
    return Check("noise", ratio, 1.0, verdict, why, missed)


def curved(whole: Trajectories) -> tuple[Array, Array]:
    """Noise and lag-one correlation about smooth curves of the 2d channels, (2d,) each; medians."""
    # Splines load much of scipy, and only errors that are alike need them.
    from systems.samples.smooth_sets import smooth_all

    times = [item.t for item in whole]
    sets = [smooth_all(times, part) for part in ([i.q for i in whole], [i.p for i in whole])]
    noise = [np.median([curve.noise for curve in curves], axis=0) for curves in sets]
    lag = [np.median([curve.lag_one for curve in curves], axis=0) for curves in sets]
    return np.concatenate(noise), np.concatenate(lag)
