"""The motion that follows from a law beside what was measured, and what it misses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from interpret.laws.dynamics import Signals
from interpret.laws.law import Law
from systems.samples.trajectories import Trajectories, Trajectory

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[np.float64]
Numbers = Mapping[str, Array]

SHOWN: Final = 0.9
"""What follows is the last tenth: the one that `interpret.judge.held_out` is about."""

START: Final = 0.2
"""So much of the motion before it says where it starts: one reading has all of its noise."""

FEWEST: Final = 30
"""Samples of a motion whose last tenth is one too: three at least."""

ENOUGH: Final = 100
"""Readings that a start is fitted to: they make it ten times better than one."""

MOST_SOLVED: Final = 6
"""Coordinates of a start that is fitted; of more the reading is taken as it is."""

MOST_ROWS: Final = 3
MOST_VALUES: Final = 2000
POINTS: Final = 400
"""Samples of one motion that are told apart on seven inches."""


def rollout_numbers(law: Law, data: Trajectories) -> dict[str, Array]:
    """What `rollout` draws of the longest motion: t (n,), q and the law's (n, d), `from` (1,).

    The law is integrated from where the motion is at nine tenths of it; the state there is the one
    whose motion passes the readings of the fifth before it best. Of a short motion all of it
    follows from its first reading. The coefficients are those of all data.

    Raises InputError where the motion that follows runs off.
    """
    whole = max(data.items, key=len)
    cut = round(SHOWN * len(whole)) if len(whole) >= FEWEST else 0
    first = max(0, cut - round(START * len(whole)))
    seen = whole.at(slice(first, None))
    signals = _signals(law, data, seen)
    start = np.concatenate([seen.q[0], seen.p[0] / data.mass])
    if cut > 0 and len(data.mass) <= MOST_SOLVED:
        known = seen.at(slice(0, cut - first, -(-(cut - first) // ENOUGH)))
        start = _settled(law, known, start, signals)
    q, _ = _followed(law, start, seen.t, signals)
    every = slice(None, None, -(-len(seen) // POINTS))
    return {
        "t": seen.t[every],
        "measured": seen.q[every],
        "law": q[every],
        "from": np.array([seen.t[cut - first]]),
    }


def _settled(law: Law, seen: Trajectory, start: Array, signals: Signals) -> Array:
    """The state at the first sample whose motion passes all the readings best."""
    from scipy.optimize import least_squares

    spread = np.maximum(seen.q.std(axis=0), 1e-300)

    def missed(state: Array) -> Array:
        off: Array = (_followed(law, state, seen.t, signals)[0] - seen.q) / spread
        return off.ravel()

    found: Array = least_squares(
        missed, start, x_scale=np.maximum(np.abs(start), 1e-3), ftol=1e-6
    ).x
    return found


def _followed(law: Law, state: Array, t: Array, signals: Signals) -> tuple[Array, Array]:
    d = len(state) // 2
    return law.simulate(state[:d], state[d:], t, signals or None)


def _signals(law: Law, data: Trajectories, seen: Trajectory) -> Signals:
    """What drives the law, as it was measured beside the motion."""
    from scipy.interpolate import CubicSpline

    if not law.signals:
        return {}
    assert seen.extra is not None, "what drives a law was measured"
    columns = dict(zip(data.extra, seen.extra.T, strict=True))
    return {name: CubicSpline(seen.t, columns[name]) for name in law.signals}


def rollout(numbers: Numbers, labels: Sequence[str]) -> Figure:
    """The readings and the law's motion, coordinate by coordinate; below each what is missed."""
    from matplotlib.figure import Figure

    names = labels[:MOST_ROWS]
    t, start = numbers["t"], float(numbers["from"][0])
    figure = Figure(figsize=(7, 0.6 + 2.9 * len(names)), layout="constrained")
    ratios = [5, 2] * len(names)
    panels = figure.subplots(len(ratios), 1, sharex=True, height_ratios=ratios)
    for i, name in enumerate(names):
        above, below = panels[2 * i], panels[2 * i + 1]
        seen, law = numbers["measured"][:, i], numbers["law"][:, i]
        late = t >= start
        for axes in (above, below):
            axes.axvspan(start, t[-1], color="C0", alpha=0.07, lw=0)
        above.plot(t, seen, ".", color="0.55", ms=4, label="measured", rasterized=True)
        above.plot(t[~late], law[~late], lw=1, alpha=0.6)
        above.plot(t[late], law[late], color="C0", label="what the law says comes next")
        above.set_ylabel(name)
        below.axhline(0, color="0.6", lw=0.7)
        below.plot(t, seen - law, ".", color="C1", ms=3)
        below.set_ylabel("missed")
        above.margins(x=0)
    panels[-1].set_xlabel("t")
    panels[0].legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    return figure


def value_numbers(law: Law, x: Array, y: Array) -> dict[str, Array]:
    """What `misses` draws of a map: the measured values and what the law misses of them, (n,)."""
    some = np.linspace(0, len(y) - 1, min(len(y), MOST_VALUES)).astype(int)
    missed = y[some] - law(x[some])
    return {"y": y[some], "missed": missed - missed.mean() if law.gauge else missed}


def misses(numbers: Numbers, labels: Sequence[str]) -> Figure:
    """What a law of values misses, over the values."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 3.4), layout="constrained")
    axes = figure.subplots()
    axes.axhline(0, color="0.6", lw=0.7)
    axes.plot(numbers["y"], numbers["missed"], ".", ms=3, alpha=0.6, rasterized=True)
    axes.set(xlabel=labels[0], ylabel=f"{labels[0]} - law")
    return figure


def history(numbers: Numbers, labels: Sequence[str]) -> Figure:
    """The loss along the training."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 3.2), layout="constrained")
    axes = figure.subplots()
    loss = numbers["loss"]
    shown = loss if (loss > 0).all() else np.maximum(loss, 1e-300)
    axes.semilogy(np.arange(1, len(shown) + 1), shown)
    axes.set(xlabel="iteration", ylabel="loss")
    axes.margins(x=0.01)
    return figure
