"""A motion of one's own, from its potential or its Lagrangian, as an expression or as text."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from sympy import Expr

from systems import dop853, equations, integrate
from systems.errors import InputError
from systems.expressions import parse, symbol
from systems.mechanics import Mechanics
from systems.problem import CONSTANT, Dataset, Problem
from systems.samples.masses import checked_mass
from systems.samples.trajectories import Array, Trajectories
from systems.sizes import degree

STARTS = 10
POINTS = 1001
DRAWN = 4 * STARTS  # so many are tried for each duration
DURATIONS = (10.0, 3.0, 1.0, 0.3)  # shorter ones where the motion escapes or collides, in units τ
FARTHEST = 100.0  # a motion that leaves |q| < 100 has escaped
MAX_STEPS = 1000
HIGHEST_POWER = 100  # sympy simplifies (q + qd)**100 in 0.2 s, its 900th power in 13 s


def from_potential(
    potential: str | Expr,
    mass: Sequence[float] | None = None,
    name: str = "user",
    coordinates: Sequence[str] | None = None,
) -> Problem:
    """The motion H = Σ p²/2m + V(q) for a given V.

    `coordinates` are by default the variables of V in alphabetical order, `mass` one number for
    each of them, by default 1. Its data set `default` holds ten trajectories of 1001 points from
    random starts with |q_i| <= 1.

    Raises `InputError` for text that is not a formula, and for masses or coordinates that do not
    fit it.

    >>> mechanics = from_potential("(x^2 + y^2)/2 + x^2*y", mass=[1, 2]).motion()
    >>> mechanics.coordinates, mechanics.forces()
    (('x', 'y'), (-2*x*y - x, -x**2 - y))
    """
    given = _names(coordinates)
    expr = potential if isinstance(potential, Expr) else parse(potential, given or None)
    names = given or tuple(sorted(str(variable) for variable in expr.free_symbols))
    if not names:
        raise InputError(f"the potential {expr} is constant, so that nothing moves.")
    masses = tuple(checked_mass((1.0,) * len(names) if mass is None else mass, names).tolist())
    mechanics = Mechanics(names, masses, expr)
    mechanics.forces()  # refuses a potential in other variables than the coordinates
    dataset = Dataset(
        summary=f"{STARTS} trajectories from random starts with |q| <= 1",
        draw=lambda seed: _random_motions(mechanics, np.random.default_rng(seed)),
        held_out=lambda seed: _random_motions(mechanics, np.random.default_rng([seed, 1])),
    )
    datasets = {"default": dataset}
    summary = f"V = {expr}"
    return Problem(
        name, summary, "given by the user", datasets, gauge=CONSTANT, mechanics=mechanics
    )


def from_lagrangian(
    lagrangian: str | Expr, name: str = "user", coordinates: Sequence[str] | None = None
) -> Problem:
    """The motion of a Lagrangian L = Σ m q̇²/2 - V(q), where `qd` is the velocity of `q`.

    The coordinates are by default all variables `q` for which `qd` occurs too.

    Raises `InputError` for text that is not a formula, variables that are neither coordinates nor
    velocities, powers too high to be simplified, and an L that is not of this form.

    >>> from_lagrangian("xd^2/4 - x^4").motion().forces()
    (-4*x**3,)
    """
    expr = lagrangian if isinstance(lagrangian, Expr) else parse(lagrangian)
    if degree(expr) > HIGHEST_POWER:
        raise InputError(f"the Lagrangian has a power beyond {HIGHEST_POWER}; choose a lower one.")
    variables = {str(variable) for variable in expr.free_symbols}
    names = _names(coordinates) or tuple(sorted(n for n in variables if f"{n}d" in variables))
    known = {*names, *(f"{name}d" for name in names)}
    if not names or not variables <= known:
        strange = ", ".join(sorted(variables - known)) or "nothing"
        raise InputError(
            f"the Lagrangian {expr} has {strange} besides coordinates q and their velocities qd; "
            f"write numbers for constants, and every velocity with a d at the end."
        )
    mass, potential = equations.separable(expr, names)
    return replace(from_potential(potential, mass, name, names), summary=f"L = {expr}")


def _names(coordinates: Sequence[str] | None) -> tuple[str, ...]:
    """The names of coordinates that were given, one by itself or several; () for none."""
    if coordinates is None:
        return ()
    names = (coordinates,) if isinstance(coordinates, str) else coordinates
    if not isinstance(names, Iterable):
        raise InputError(f"coordinates are a list of names, not {names!r:.60}.")
    for name in names:
        symbol(name)
    return tuple(names)


def _random_motions(mechanics: Mechanics, rng: np.random.Generator) -> Trajectories:
    """Ten motions from random starts that neither escape nor run into a singularity.

    Positions are uniform in |q_i| <= 1. Time is counted in units τ, the power of ten nearest to
    the time in which the force moves a body by 1, and velocities are uniform in |v_i| <= 1/τ. The
    motion lasts 10 τ, or less where too few starts can be followed for so long.
    """
    mass = np.array(mechanics.mass)
    d = len(mass)
    field = mechanics.acceleration()
    q0 = rng.uniform(-1, 1, (DRAWN, d))
    v0 = rng.uniform(-1, 1, (DRAWN, d))
    tau = _time_unit(mechanics, field, q0)
    start = np.hstack([q0, v0 / tau])
    rhs = _fenced(integrate.first_order(field, d), d)
    for duration in DURATIONS:
        t = np.linspace(0, duration * tau, POINTS)
        y = dop853.solve(rhs, start, t, max_steps=MAX_STEPS)
        kept = y[_usable(mechanics, y[:, :, :d])][:STARTS]
        if len(kept) == STARTS:
            q, v = kept[:, :, :d], kept[:, :, d:]
            return Trajectories.from_arrays(mechanics.coordinates, mass, t, q, mass * v)
    raise InputError(
        f"hardly any of {DRAWN} random starts with |q| <= 1 can be followed under "
        f"V = {mechanics.potential}; give trajectories of your own instead."
    )


def _fenced(rhs: integrate.Field, d: int) -> integrate.Field:
    """`rhs`, but not a number beyond the fence: there the integrator gives up early."""

    def inside(y: Array) -> Array:
        rate = rhs(y)
        rate[abs(y[:, :d]).max(axis=1) > FARTHEST] = np.nan
        return rate

    return inside


def _usable(mechanics: Mechanics, q: Array) -> NDArray[np.bool_]:
    """Which paths q (R, n, d) are complete, with a potential that is real and finite: (R,)."""
    complete = np.isfinite(q).all(axis=(1, 2))
    with np.errstate(all="ignore"):  # log(-1) is NaN, and thus refused
        values = mechanics.potential_values(q.reshape(-1, q.shape[-1]))
    real = np.isfinite(values).reshape(q.shape[:2]).all(axis=1)
    return np.logical_and(complete, real)


def _time_unit(mechanics: Mechanics, field: integrate.Field, q: Array) -> float:
    """τ = |a|^(-1/2), rounded to a power of ten, for the median acceleration |a| at `q`."""
    with np.errstate(all="ignore"):  # the potential may be singular at some of them
        size = np.linalg.norm(field(q), axis=1)
    if not size.any():
        raise InputError(f"V = {mechanics.potential} exerts no force where |q| <= 1.")
    size = size[np.isfinite(size) & (size > 0)]
    if not size.size:
        raise InputError(f"V = {mechanics.potential} exerts no finite force where |q| <= 1.")
    return float(10.0 ** round(-0.5 * math.log10(np.median(size))))
