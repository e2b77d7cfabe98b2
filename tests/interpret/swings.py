"""Motions with mass matrices that depend on the position, simulated: small data for tests."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import sympy
from numpy.typing import NDArray

from systems.equations import accelerations, gradient, velocity
from systems.integrate import compile, driven_flow
from systems.samples.trajectories import Trajectories

Array = NDArray[np.float64]

a, b, ad, bd = sympy.symbols("a b ad bd")
PENDULA = (
    ad**2 / 2 + ad * bd * sympy.cos(a - b) / 2 + bd**2 / 4 + 5 * sympy.cos(a) + 3 * sympy.cos(b)
)
FRICTION = ad**2 / 40 + (ad - bd) ** 2 / 60

x, th, xd, thd = sympy.symbols("x th xd thd")
CART = xd**2 / 2 + xd * thd * sympy.cos(th) / 5 + thd**2 / 10 + 2 * sympy.cos(th)
DRAG = xd**2 / 20 + thd**2 / 100


@cache
def pendula(noise: float = 0.0, seed: int = 0) -> Trajectories:
    """A double pendulum with friction in both joints: four motions of angles a and b."""
    starts = np.array([[1.2, -0.4, 0.3, 0.2], [-0.6, 1.7, -1.0, 0.5],
                       [1.9, 0.8, 0.1, -1.2], [0.4, -1.5, 1.1, 0.9]])  # fmt: skip
    clean = _moved(("a", "b"), PENDULA, FRICTION, starts)
    return clean.with_noise(noise, seed) if noise else clean


@cache
def cart(noise: float = 0.0, seed: int = 0) -> Trajectories:
    """A pendulum on a cart with friction, pushed by a measured force u."""
    starts = np.array([[0.1, 1.8, 0.4, -0.3], [-0.3, 1.2, 0.0, 1.4],
                       [0.2, 2.3, -0.6, 0.2], [0.0, -1.6, 0.5, 0.8]])  # fmt: skip
    clean = _moved(("x", "th"), CART, DRAG, starts, push="u")
    return clean.with_noise(noise, seed) if noise else clean


def _moved(
    names: tuple[str, ...],
    lagrangian: sympy.Expr,
    dissipation: sympy.Expr,
    starts: Array,
    push: str = "",
) -> Trajectories:
    """400 samples of each motion, 0.02 apart; the first coordinate is pushed."""
    friction = [-f for f in gradient(dissipation, [velocity(name).name for name in names])]
    pushed = 2 * sympy.cos(sympy.Rational(23, 10) * sympy.Symbol("t")) + sympy.sin(
        sympy.Rational(41, 10) * sympy.Symbol("t")
    )
    if push:
        friction[0] += pushed
    state = [*names, *(velocity(name).name for name in names), "t"]
    field = compile(accelerations(lagrangian, names, friction), state)
    t = 0.02 * np.arange(400)
    q, v = driven_flow(field, starts[:, :2], starts[:, 2:], t)
    found = Trajectories.from_arrays(names, [1.0, 1.0], t, q, v)
    force = compile([pushed], ["t"])(t[:, None])
    return found.beside([push], [force] * len(starts)) if push else found


@cache
def servo(noise: float = 0.0, seed: int = 0) -> Trajectories:
    """A pendulum on a cart that a servo moves, whatever the pendulum does: th'' = 5 sin th - 2 x''
    cos th - th'/10."""
    t = sympy.Symbol("t")
    place = sympy.sin(2 * t) / 5 + sympy.cos(sympy.Rational(37, 10) * t) / 8
    rate, push = place.diff(t), place.diff(t, 2)
    pull = -5 * sympy.sin(th) - 2 * push * sympy.cos(th) - thd / 10
    field = compile([pull], ["th", "thd", "t"])
    times = 0.02 * np.arange(400)
    q, v = driven_flow(
        field, np.array([[1.8], [-1.0], [0.4]]), np.array([[0.0], [1.0], [2.0]]), times
    )
    x, xd = (np.broadcast_to(compile([e], ["t"])(times[:, None]), q.shape) for e in (place, rate))
    both = [np.concatenate(pair, axis=2) for pair in ((x, q), (xd, v))]
    clean = Trajectories.from_arrays(("x", "th"), [1.0, 1.0], times, *both)
    return clean.with_noise(noise, seed) if noise else clean


@cache
def spherical() -> Trajectories:
    """A pendulum that swings in all directions, twice: th from below, phi around."""
    th, phid = sympy.symbols("th phid")
    lagrangian = (thd**2 + sympy.sin(th) ** 2 * phid**2) / 2 + 5 * sympy.cos(th)
    starts = np.array([[1.0, 0.0, 0.0, 2.0], [0.7, 0.3, 0.5, 3.0]])
    return _moved(("th", "phi"), lagrangian, sympy.Integer(0), starts)


@cache
def elastic(noise: float = 0.0, seed: int = 0) -> Trajectories:
    """A pendulum on a spring, with its true momenta p_r = r' and p_th = r² th'."""
    r, rd = sympy.symbols("r rd")
    lagrangian = rd**2 / 2 + r**2 * thd**2 / 2 - 20 * (r - 1) ** 2 + 4 * r * sympy.cos(th)
    starts = np.array([[1.4, 1.2, 0.0, 0.5], [0.9, -0.8, 0.6, 1.5], [1.2, 0.3, -0.5, 2.0]])
    moved = _moved(("r", "th"), lagrangian, sympy.Integer(0), starts)
    items = tuple(
        replace(item, p=np.column_stack([item.p[:, 0], item.q[:, 0] ** 2 * item.p[:, 1]]))
        for item in moved
    )
    clean = replace(moved, items=items)
    return clean.with_noise(noise, seed) if noise else clean
