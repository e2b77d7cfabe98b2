"""What measured samples show before anything is learned of them, and how to fit them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import singledispatch

import numpy as np

from interpret.discovery.conservation import conserved
from interpret.judge.channel import Channel, Channels
from interpret.judge.channels import channels
from interpret.judge.outlying import outlying
from interpret.judge.rounding import rounding
from interpret.laws.tables import aligned
from systems.problem import Samples
from systems.samples.phase_space import PhaseSamples
from systems.samples.trajectories import Trajectories
from training.prepare.noise import estimate
from training.prepare.stencils import Array

Value = str | int | float
Table = tuple[tuple[Value, ...], ...]

GAP = 10.0
"""A step so many times the median is a gap in the record."""

CORRELATED = 0.5
"""Neighbouring residuals of a smooth curve more alike than this are said to be."""

EXACT = 1e-6
"""Angular momentum that changes by a smaller part than this is conserved, noise apart."""

FORMATS = ("", ".4g", ".4g", ".2g", ".2g", ".1g", ".4g", ".1g")
HEAD = ("coordinate", "least", "most", "noise", "noise of v", "rounded to", "v/(dq/dt)", "error")


@dataclass(frozen=True)
class Inspection:
    """What samples show: `facts` by name, the `table` of coordinates and `findings` in sentences.

    `channels` are the evidence on the columns, None for samples without time. Text and JSON are
    made of the same rows.
    """

    facts: tuple[tuple[str, Value], ...]
    table: Table = ()
    findings: tuple[str, ...] = ()
    channels: Channels | None = None

    @property
    def option(self) -> str:
        """The option that mends the columns, "" where none does or none has to."""
        return "" if self.channels is None else self.channels.option

    def lines(self) -> list[str]:
        """The text, line by line."""
        facts = aligned([("", ""), *((name, _shown(value)) for name, value in self.facts)])[1:]
        cells = [tuple(map(_shown, row, FORMATS)) for row in self.table]
        table = ["", *aligned([HEAD, *cells])] if cells else []
        findings = [f"- {one}" for one in self.findings]
        return [*facts, *table, *([""] if findings else []), *findings]

    def to_json(self) -> dict[str, object]:
        """The same as plain values."""
        return {
            **dict(self.facts),
            "coordinates": [dict(zip(HEAD, row, strict=True)) for row in self.table],
            "verdicts": {} if self.channels is None else _verdicts(self.channels),
            "findings": list(self.findings),
        }


def _verdicts(found: Channels) -> dict[str, str]:
    return {item.coordinate: item.verdict for item in found}


def _shown(value: Value, form: str = ".4g") -> str:
    return format(value, form) if isinstance(value, float) else str(value)


@singledispatch
def inspected(samples: Samples, velocities: bool = False) -> Inspection:
    """What samples show; `velocities`: their columns are velocities, which no mass mends.

    >>> t = np.linspace(0, 10, 200)
    >>> q, v = np.sin(t)[:, None], 2 * np.cos(t)[:, None]
    >>> found = inspected(Trajectories.from_velocities(["x"], [1], [(t, q, v)]))
    >>> found.option, found.facts[0], found.findings[0]
    ('--mass 2', ('trajectories', 1), 'p_x/m is 2 times dx/dt: is the mass 2 times what was given?')
    """
    return Inspection((("points", len(samples)),))


@inspected.register
def _(samples: PhaseSamples, velocities: bool = False) -> Inspection:
    return Inspection((("points of phase space", len(samples)),))


@inspected.register
def _(samples: Trajectories, velocities: bool = False) -> Inspection:
    found = channels(samples, velocities)
    far = outlying(samples, jointly=not found.positions_only)
    clean = far.without(samples)
    said = [
        *found.sentences,
        far.sentence,
        *(() if found.verdict or found.unfixed else _hints(clean)),
    ]
    table, correlated = _table(clean, found)
    findings = tuple(one for one in (*said, *correlated) if one)
    return Inspection(_facts(samples), table, findings, found)


def _facts(samples: Trajectories) -> tuple[tuple[str, Value], ...]:
    steps = np.concatenate([np.diff(item.t) for item in samples])
    middle = float(np.median(steps))
    return (
        ("trajectories", len(samples)),
        ("points", samples.points),
        ("shortest trajectory", min(len(item) for item in samples)),
        ("step", middle),
        ("smallest step", float(steps.min())),
        ("largest step", float(steps.max())),
        ("gaps", int((steps > GAP * middle).sum())),
    )


def _table(samples: Trajectories, found: Channels) -> tuple[Table, list[str]]:
    """A row for each coordinate, and sentences on errors that are not white."""
    # Splines load much of scipy.
    from systems.samples.smooth_sets import smooth_all

    times = [item.t for item in samples]
    curves = smooth_all(times, [item.q for item in samples])
    slopes = smooth_all(times, [samples.velocity(k) for k in range(len(samples))])
    noise, noise_v = (
        np.median([curve.noise for curve in part], axis=0) for part in (curves, slopes)
    )
    _, q, _, _ = samples.stack()
    # What a curve through exact samples misses is no noise.
    noise = np.where(noise > EXACT * np.ptp(q, axis=0), noise, 0.0)
    lag = np.median([curve.lag_one for curve in curves], axis=0)
    grid = rounding(samples).q
    rows = tuple(
        (c.coordinate, float(low), float(high), float(a), float(b), _step(s), *_ratio(c))
        for c, low, high, a, b, s in zip(
            found, q.min(axis=0), q.max(axis=0), noise, noise_v, grid, strict=True
        )
    )
    pairs = zip(samples.coordinates, lag, noise, strict=True)
    correlated = [
        f"the errors of {name} are alike from one sample to the next (ρ = {rho:.2f}): "
        f"they count as fewer"
        for name, rho, size in pairs
        if rho > CORRELATED and size > 0
    ]
    return rows, correlated


def _step(size: float) -> Value:
    return float(size) if size else "-"


def _ratio(channel: Channel) -> tuple[Value, Value]:
    told = np.isfinite(channel.error) and channel.verdict not in ("derived", "motionless")
    return (channel.ratio, channel.error) if told else ("-", "-")


def _hints(samples: Trajectories) -> Sequence[str]:
    """Quantities that are conserved, which tell what the potential depends on."""
    if samples.dimension not in (2, 3, 4, 6):
        return ()
    if not estimate(samples).negligible:
        bodies, reason = conserved(samples)
        return (reason,) if bodies else ()
    if samples.dimension > 3:
        return ()
    turns = [np.cross(_in_space(item.q), _in_space(item.p)) for item in samples]
    size = max(float(np.abs(item.q).max() * np.abs(item.p).max()) for item in samples)
    change = max(float(np.ptp(turn, axis=0).max()) for turn in turns)
    if change > EXACT * size:
        return ()
    return ("angular momentum is conserved: V depends on the distance from the origin",)


def _in_space(values: Array) -> Array:
    padded: Array = np.pad(values, ((0, 0), (0, 3 - values.shape[1])))
    return padded
