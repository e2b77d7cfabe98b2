"""Encounters too close for the steps or the noise: which they are, in words."""

from __future__ import annotations

import numpy as np

from interpret.bodies.links import Links
from interpret.bodies.rows import MOST_BLIND, Rows


def blind_spots(rows: Rows) -> tuple[str, float, bool]:
    """The closest encounter in rows that say nothing of the law, their share, and whether they are
    left out; "" where there are none."""
    unseen = rows.unseen
    if unseen is None or not unseen.any():
        return "", 0.0, True
    swarm = rows.swarm
    share = float(unseen.mean())
    if swarm.count < 2 or swarm.dimension == 1:
        return f"{100 * share:.2g} % of the rows, which the steps do not resolve", share, True
    pairs = Links.pairs(swarm.count)
    some = np.unique(rows.windows.places[unseen.any(axis=1)])
    lengths = pairs.lengths(swarm.x[:, some])
    pair, place = np.unravel_index(int(np.argmin(lengths)), lengths.shape)
    number = int(some[place])
    ends = swarm.ends
    trajectory = int(np.searchsorted(ends, number, side="right"))
    time = np.concatenate(swarm.times)[number]
    one, other = (swarm.labels[int(links[pair])] for links in (pairs.one, pairs.other))
    blurred = (
        f", where positions are known to {swarm.noise.max():.2g}," if swarm.noise.any() else ""
    )
    told = (
        f"encounters too close for the steps{blurred} in {100 * share:.2g} % of the rows, the "
        f"closest of {one} and {other} at {lengths.min():.3g} (t = {time:.4g}, trajectory "
        f"{trajectory})"
    )
    return told, share, share < MOST_BLIND
