"""How a motion gets into a file: sampled, in units, noisy, rounded, with outliers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import sympy

from systems import dop853, integrate
from systems.expressions import differentiate, parse, symbol
from systems.samples.trajectories import Trajectories
from tests.trials.worlds import Array, World

QUALITIES: Final = ("plain", "short", "rounded", "outlying", "autocorrelated")
EXACT: Final = ("plain", "short")
SHARES: Final = (0.6, 0.1, 0.1, 0.1, 0.1)
"""Most data are spoilt by nothing but white noise."""

TRIES: Final = 60
FARTHEST: Final = 12.0
STILL: Final = 0.05
"""Of so many starts those are taken whose motion stays near, and is one."""

LONGEST: Final = 20.0
STEPS: Final = 400
"""Of the rough motion (midpoint rule) by which starts are chosen."""

LEAST: Final = 0.01
"""Noise of data whose errors are outliers or correlated, where no white noise is asked for."""


class NoMotion(ValueError):
    """No motion of a world stays near, or can be followed: another is drawn."""


@dataclass(frozen=True)
class Path:
    """The motion in natural units: `q`, `v`, `a` (R, n, d) at the times `t` (n,)."""

    t: Array
    q: Array
    v: Array
    a: Array


@dataclass(frozen=True)
class Record:
    """What the program is shown, and what is known of it.

    - `shown`, and `clean`, the same without errors: q and p.
    - `sigma` (2d,): the standard deviation of each channel's error; `correlation` of neighbours.
    - `good` (R, n): where there is no outlier.
    - `forces` (R, n, d): m a, in the units of the record; None where the columns are false.
    - `truth`: the potential, where that alone is right for these columns.
    - `positions`: whether q alone is to be explained.
    """

    shown: Trajectories
    clean: Trajectories
    sigma: Array
    correlation: float
    good: Array
    forces: Array | None
    truth: sympy.Expr | None
    positions: bool

    @property
    def exact(self) -> bool:
        """Without any error."""
        return not self.sigma.any()


def moved(world: World, rng: np.random.Generator, count: int, points: int, exact: bool) -> Path:
    """So many motions from random starts, over two to five of their periods."""
    d = len(world.coordinates)
    mass = np.array(world.mass or (1.0,) * d)
    potential = parse(world.potential)
    slopes = [-differentiate(potential, symbol(name)) for name in world.coordinates]
    field = integrate.compile(slopes, world.coordinates)

    def rate(y: Array) -> Array:
        q, v, t, k = y[:, :d], y[:, d : 2 * d], y[:, -2], y[:, -1]
        force = field(q)
        if world.force is not None:
            force = force + world.force(q, v, t, k)
        return np.column_stack([v, force / mass, np.ones(len(y)), np.zeros(len(y))])

    starts, period = _starts(world, rng, rate, count)
    whole = min(LONGEST, rng.uniform(2, 5) * period)
    t = np.linspace(0, whole, points)
    rtol = 1e-12 if exact else 1e-9
    y = dop853.solve(rate, starts, t, rtol=rtol, atol=rtol / 10, max_steps=20_000)
    y = y[np.isfinite(y).all(axis=(1, 2))]
    if not len(y):
        raise NoMotion(f"no motion of {world} can be followed")
    a = rate(y.reshape(-1, y.shape[-1]))[:, d : 2 * d].reshape(*y.shape[:2], d)
    return Path(t, y[..., :d], y[..., d : 2 * d], a)


def _starts(
    world: World, rng: np.random.Generator, rate: integrate.Field, count: int
) -> tuple[Array, float]:
    """States (q, v, 0, number) of motions that stay near and are no rest, and their period."""
    d = len(world.coordinates)
    center = np.array(world.center or (0.0,) * d)
    at_rest = np.concatenate([center, np.zeros(d + 2)])
    around = np.concatenate([center, _across(center, rate(at_rest[None])[0, d : 2 * d])])
    drawn = rng.uniform(-1, 1, (TRIES, 2 * d)) * np.repeat(world.start, d) + around
    y = np.column_stack([drawn, np.zeros(TRIES), np.arange(TRIES) % count])
    rough = [y]
    h = LONGEST / STEPS
    with np.errstate(all="ignore"):
        for _ in range(STEPS):
            half = y + h / 2 * rate(y)
            y = y + h * rate(half)
            rough.append(y)
        path = np.stack(rough, axis=1)
        spread = path[..., :d].std(axis=1).max(axis=1)
        fast = np.sqrt((path[..., d : 2 * d] ** 2).mean(axis=1)).max(axis=1)
        near = np.abs(path[..., : 2 * d]).max(axis=(1, 2)) < FARTHEST
        good = np.isfinite(path).all(axis=(1, 2)) & near & (spread > STILL) & (fast > STILL)
    if good.sum() < count:
        raise NoMotion(f"hardly any start of {world} stays near")
    some = np.flatnonzero(good)[:count]
    starts = rough[0][some]
    starts[:, -1] = np.arange(count)
    return starts, float(np.median(2 * np.pi * spread[some] / fast[some]))


def _across(center: Array, pull: Array) -> Array:
    """Velocities of circles about the origin, for every body on a plane at `center`."""
    made = np.zeros_like(center)
    if len(center) == 1 or not center.any():
        return made
    for i in range(0, len(center), 2):
        at, a = center[i : i + 2], pull[i : i + 2]
        made[i : i + 2] = (
            np.sqrt(np.linalg.norm(a) * np.linalg.norm(at))
            * np.array([0.0, 1.0])
            * (np.sign(at[0]) or 1.0)
        )
    return made


def recorded(world: World, seed: tuple[int, ...], quality: str, noise: float) -> Record:
    """A motion of a world as data of this quality, with so much white noise."""
    rng = np.random.default_rng(seed)
    d = len(world.coordinates)
    short = quality == "short"
    count = int(rng.integers(1, 3)) if short else int(rng.integers(2, 5)) + (d > 1)
    points = int(rng.integers(20, 61) if short else rng.integers(100, 201))
    if quality in ("outlying", "autocorrelated"):
        noise = max(noise, LEAST)
    path = moved(world, rng, count, points, exact=noise == 0 and quality in EXACT)
    length, time = 10 ** rng.uniform(-0.5, 0.5, 2)
    mass = np.array(world.mass or (1.0,) * d)
    t, q, v = path.t * time, path.q * length, path.v * length / time
    columns = world.columns or (lambda q, v: (q, v))
    q, p = columns(q, v)
    p = p * mass
    clean = Trajectories.from_arrays(world.coordinates, mass, t, q, p)
    values = np.concatenate([q, p], axis=2)
    errors, good, correlation, sigma = _errors(values, quality, noise, rng)
    seen = values + errors
    shown = Trajectories.from_arrays(world.coordinates, mass, t, seen[..., :d], seen[..., d:])
    units = {symbol(x): symbol(x) / length for x in world.coordinates}
    scaled = sympy.factor(parse(world.potential).xreplace(units)) * (length / time) ** 2
    potential = sympy.powdenest(scaled, force=True)
    return Record(
        shown=shown,
        clean=clean,
        sigma=sigma,
        correlation=correlation,
        good=good,
        forces=mass * path.a * length / time**2 if world.true or not world.columns else None,
        truth=potential if world.true else None,
        positions=world.columns is not None,
    )


def _errors(
    values: Array, quality: str, noise: float, rng: np.random.Generator
) -> tuple[Array, Array, float, Array]:
    """The errors (R, n, 2d), where there are no outliers, the correlation, and sigma (2d,)."""
    spread = values.reshape(-1, values.shape[-1]).std(axis=0)
    sigma = noise * spread
    white = rng.standard_normal(values.shape)
    good = np.ones(values.shape[:2], dtype=bool)
    correlation = 0.0
    if quality == "autocorrelated":
        correlation = float(rng.uniform(0.5, 0.9))
        for i in range(1, values.shape[1]):
            fresh = np.sqrt(1 - correlation**2) * white[:, i]
            white[:, i] = correlation * white[:, i - 1] + fresh
    errors = sigma * white
    if quality == "outlying":
        good = rng.random(good.shape) > 0.01
        far = sigma * rng.uniform(10, 50, values.shape) * rng.choice([-1, 1], values.shape)
        errors = np.where(good[..., None], errors, far)
    if quality == "rounded":
        digits = int(rng.integers(2, 4))
        step = 10.0 ** (np.round(np.log10(spread)) - digits)
        errors = np.round((values + errors) / step) * step - values
        sigma = np.sqrt(sigma**2 + step**2 / 12)
    return errors, good, correlation, sigma
