"""Whole sets of trajectories smoothed: those that share a clock together, by channel."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from functools import partial

import numpy as np
from numpy.typing import NDArray

from systems.errors import InputError
from systems.samples.smoothing import Smooth, sizes, smooth, smooth_jointly

Array = NDArray[np.float64]

UNEQUAL = 1e-4
"""Noise of one kind counts as this part of the other's at least: more is beyond the round-off of
the normal equations."""

MOST_READINGS = 2_000_000
"""Readings smoothed at once: some ten arrays of this size, 160 MB."""


def smooth_all(times: Sequence[Array], values: Sequence[Array]) -> list[Smooth]:
    """`smooth` of every trajectory (n_r,), (n_r, d); those that share a clock are done together.

    Raises InputError where times and values differ in number.

    >>> t = np.linspace(0, 1, 9)
    >>> [curve.v.shape for curve in smooth_all([t, t[:5]], [np.ones((9, 2)), np.ones((5, 1))])]
    [(9, 2), (5, 1)]
    """
    return _together(times, values, lambda t, some: smooth(t, _beside(values, some)))


def smooth_all_jointly(
    times: Sequence[Array], values: Sequence[Array], slopes: Sequence[Array]
) -> list[Smooth]:
    """The same for values and derivatives together, one ratio of their noises for each channel.

    The noises are those of values and derivatives smoothed alone, their medians over trajectories.
    """
    alone = (np.array([c.noise for c in smooth_all(times, part)]) for part in (values, slopes))
    noise, noise_v = (np.median(part, axis=0) for part in alone)
    spread, spread_v = (sizes(np.concatenate(part)) for part in (values, slopes))
    least, least_v = UNEQUAL * noise_v / spread_v, UNEQUAL * noise / spread
    parts = np.maximum(noise / spread, least), np.maximum(noise_v / spread_v, least_v)
    ratio = np.divide(*parts, out=np.ones_like(noise), where=parts[1] > 0) * spread / spread_v
    channels = []
    for c, weight in enumerate(ratio):
        q, v = ([part[:, [c]] for part in parts] for parts in (values, slopes))
        channels.append(_together(times, q, partial(_joint, q=q, v=v, ratio=float(weight))))
    return [_side_by_side(curves) for curves in zip(*channels, strict=True)]


def _joint(
    t: Array, some: list[int], q: Sequence[Array], v: Sequence[Array], ratio: float
) -> Smooth:
    return smooth_jointly(t, _beside(q, some), _beside(v, some), ratio)


def _beside(values: Sequence[Array], some: list[int]) -> Array:
    return np.hstack([values[number] for number in some])


def _side_by_side(curves: Sequence[Smooth]) -> Smooth:
    """The columns of all, in one."""
    return Smooth(
        *(np.concatenate([getattr(c, f.name) for c in curves], -1) for f in fields(Smooth))
    )


def _together(
    times: Sequence[Array], values: Sequence[Array], curves: Callable[[Array, list[int]], Smooth]
) -> list[Smooth]:
    """`curves` of the trajectories that share a clock, taken apart again."""
    clocks: dict[bytes, list[int]] = {}
    for number, (t, q) in enumerate(zip(times, values, strict=True)):
        if len(t) != len(q):
            raise InputError(f"t {t.shape} and q {q.shape} do not belong together.")
        clocks.setdefault(np.ascontiguousarray(t).tobytes(), []).append(number)
    found: dict[int, Smooth] = {}
    for numbers in clocks.values():
        for some in _few(numbers, values[numbers[0]].size):
            whole = curves(times[some[0]], some)
            parts = (np.array_split(getattr(whole, f.name), len(some), -1) for f in fields(whole))
            split = (Smooth(*mine) for mine in zip(*parts, strict=True))
            found |= dict(zip(some, split, strict=True))
    return [found[number] for number in range(len(times))]


def _few(numbers: list[int], size: int) -> Iterator[list[int]]:
    """The numbers in parts, of trajectories of so many readings, that fit into memory."""
    step = max(MOST_READINGS // max(size, 1), 1)
    for start in range(0, len(numbers), step):
        yield numbers[start : start + step]
