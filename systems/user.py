"""A system of one's own, from its potential or its Lagrangian, as an expression or as text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from sympy import Expr

from systems import dop853, integrate, mechanics
from systems.data import Array, Trajectories
from systems.errors import InputError
from systems.expressions import parse
from systems.system import Dataset, System

STARTS = 10
POINTS = 1001
TRIES = 400  # starts drawn before giving up
FARTHEST = 100.0  # a motion that leaves |q| < 100 is drawn again
MAX_STEPS = 5000  # so is one that takes the integrator longer than this


def from_potential(
    potential: str | Expr,
    mass: Sequence[float] | None = None,
    name: str = "user",
    coordinates: Sequence[str] | None = None,
) -> System:
    """The system H = Σ p²/2m + V(q) for a given V.

    `coordinates` are by default the variables of V in alphabetical order, `mass` one number for
    each of them, by default 1. Its data set `default` holds ten trajectories from random starts
    with |q_i| ≤ 1, at 1001 times.

    Raises `InputError` for text that is not a formula, and for masses or coordinates that do not
    fit it.

    >>> system = from_potential("(x^2 + y^2)/2 + x^2*y", mass=[1, 2])
    >>> system.coordinates, system.forces()
    (('x', 'y'), (-2*x*y - x, -x**2 - y))
    """
    expr = parse(potential, coordinates) if isinstance(potential, str) else potential
    names = tuple(coordinates or sorted(str(variable) for variable in expr.free_symbols))
    if not names:
        raise InputError(f"the potential {expr} is constant, so that nothing moves.")
    masses = (1.0,) * len(names) if mass is None else tuple(float(m) for m in mass)
    system = System(name, f"V = {expr}", "given by the user", names, masses, expr)
    system.forces()  # refuses a potential in other variables than the coordinates
    dataset = Dataset(
        summary=f"{STARTS} trajectories from random starts with |q| <= 1",
        draw=lambda seed: _random_motions(system, np.random.default_rng(seed)),
        held_out=lambda seed: _random_motions(system, np.random.default_rng([seed, 1])),
    )
    return replace(system, datasets={"default": dataset})


def from_lagrangian(
    lagrangian: str | Expr, name: str = "user", coordinates: Sequence[str] | None = None
) -> System:
    """The system of a Lagrangian L = Σ m q̇²/2 - V(q), where `qd` is the velocity of `q`.

    The coordinates are by default all variables `q` for which `qd` occurs too.

    Raises `InputError` for text that is not a formula, variables that are neither coordinates nor
    velocities, and an L that is not of this form.

    >>> from_lagrangian("xd^2/4 - x^4").forces()
    (-4*x**3,)
    """
    expr = parse(lagrangian) if isinstance(lagrangian, str) else lagrangian
    variables = {str(variable) for variable in expr.free_symbols}
    names = tuple(coordinates or sorted(n for n in variables if f"{n}d" in variables))
    known = {*names, *(f"{name}d" for name in names)}
    if not names or not variables <= known:
        strange = ", ".join(sorted(variables - known)) or "nothing"
        raise InputError(
            f"the Lagrangian {expr} has {strange} besides coordinates q and their velocities qd; "
            f"write numbers for constants, and every velocity with a d at the end."
        )
    mass, potential = mechanics.separable(expr, names)
    return replace(from_potential(potential, mass, name, names), summary=f"L = {expr}")


def _random_motions(system: System, rng: np.random.Generator) -> Trajectories:
    """The first ten motions from random starts that stay finite and do not escape.

    Positions are uniform in |q_i| <= 1. Time is counted in units τ, the power of ten nearest to
    the time in which the force moves a body by 1. Velocities are uniform in |v_i| <= 1/τ, and the
    motion lasts 10 τ.
    """
    mass = np.array(system.mass)
    field = system.acceleration()
    q0 = rng.uniform(-1, 1, (TRIES, len(mass)))
    v0 = rng.uniform(-1, 1, (TRIES, len(mass)))
    tau = _time_unit(system, field, q0)
    t = np.linspace(0, 10 * tau, POINTS)
    kept: list[Array] = []
    # In small batches: as a rule the first is enough.
    for begin in range(0, TRIES, 2 * STARTS):
        some = slice(begin, begin + 2 * STARTS)
        start = np.hstack([q0[some], v0[some] / tau])
        rhs = integrate.first_order(field, len(mass))
        y = dop853.solve(rhs, start, t, max_steps=MAX_STEPS)
        farthest = abs(y[:, :, : len(mass)]).max(axis=(1, 2))
        kept.extend(y[farthest < FARTHEST])  # not true of NaN
        if len(kept) >= STARTS:
            paths = np.array(kept[:STARTS])
            q, v = paths[:, :, : len(mass)], paths[:, :, len(mass) :]
            return Trajectories.from_arrays(system.coordinates, mass, t, q, mass * v)
    raise InputError(
        f"of {TRIES} random starts with |q| <= 1 only {len(kept)} stay finite under "
        f"V = {system.potential}; give trajectories of your own instead."
    )


def _time_unit(system: System, field: integrate.Field, q: Array) -> float:
    """τ = |a|^(-1/2), rounded to a power of ten, for the median acceleration |a| at `q`."""
    with np.errstate(all="ignore"):  # the potential may be singular at some of them
        size = np.linalg.norm(field(q), axis=1)
    size = size[np.isfinite(size) & (size > 0)]
    if not size.size:
        raise InputError(f"V = {system.potential} exerts no force where |q| <= 1.")
    return float(10.0 ** round(-0.5 * math.log10(np.median(size))))
