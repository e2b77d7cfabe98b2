"""From a Lagrangian and generalized forces to the parts of a motion.

    d/dt ∂L/∂q̇ - ∂L/∂q = -∂R/∂q̇ + Q(q, q̇, t),     L = T(q, q̇) + A(q)·q̇ - V(q) + W(q, t)

What of L is free of velocities is -V, or the work W of a drive where it holds the time; what is
linear in them is A·q̇, and all else T. Forces Q that have a potential, a Rayleigh function or a work
of their own are added to these.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import sympy
from sympy import Expr, Matrix, Symbol

from systems import equations, integrate
from systems.equations import gradient, velocity
from systems.errors import InputError
from systems.expressions import symbol
from systems.forces import TIME, generalized_force
from systems.mechanics import Mechanics

Forces = Sequence[Expr]

TRIED = 20
"""Random points at which a mass matrix is looked at."""

SMALLEST_MASS = 1e-9
"""Of the largest of its size, the least eigenvalue of a mass matrix that has an inverse."""


def split(
    lagrangian: Expr, coordinates: Sequence[str], rayleigh: Expr = sympy.S.Zero, forces: Forces = ()
) -> Mechanics:
    """The motion of L in coordinates q and velocities qd, of Rayleigh's R and of forces Q.

    Raises `InputError` where L does not determine the motion, its kinetic energy is negative or
    holds the time, and for forces that are none of the parts of a motion.

    >>> r, rd, phid, w = sympy.symbols("r rd phid w")
    >>> found = split(rd**2 / 2 + r**2 * phid**2 / 2 + 1 / r, ["r", "phi"])
    >>> found.kinetic, found.potential
    (phid**2*r**2/2 + rd**2/2, -1/r)
    >>> x, xd, y, yd = sympy.symbols("x xd y yd")
    >>> found = split(xd**2 + yd**2 + x * yd + x * sympy.cos(TIME), ["x", "y"], xd**2 / 5)
    >>> found.mass, dict(found.others)
    ((2.0, 2.0), {'gyroscopic': x*yd, 'drive': x*cos(t), 'dissipative': xd**2/5})
    """
    lagrangian = sympy.expand(lagrangian, power_base=False, power_exp=False, log=False)
    rates = [velocity(name) for name in coordinates]
    at_rest = dict.fromkeys(rates, sympy.S.Zero)
    still, work = sympy.expand(lagrangian.xreplace(at_rest)).as_independent(TIME, as_Add=True)
    slopes = [p.xreplace(at_rest) for p in gradient(lagrangian, [rate.name for rate in rates])]
    linear = sympy.Add(*(a * rate for a, rate in zip(slopes, rates, strict=True)))
    kinetic = sympy.expand(lagrangian - lagrangian.xreplace(at_rest) - sympy.expand(linear))
    timed = next((part for part in (kinetic, linear) if part.has(TIME)), None)
    if timed is not None:
        raise InputError(
            f"{timed} holds the time t beside velocities; a drive is written as a term of "
            f"positions and t, such as x*cos(2*t)."
        )
    potential, others = -still, {"gyroscopic": linear, "drive": work, "dissipative": rayleigh}
    # A term A(q)·q̇ exerts no force if A is a gradient: then it is a total time derivative.
    if not any(map(sympy.simplify, generalized_force("gyroscopic", linear, coordinates))):
        others["gyroscopic"] = sympy.S.Zero
    for part, more in functions(forces, coordinates).items():
        if part == "potential":
            potential += more
        else:
            others[part] += more
    acting = {part: formula for part, formula in others.items() if formula != 0}
    mass = _constant_masses(kinetic, coordinates)
    if mass is not None:
        return Mechanics(tuple(coordinates), mass, potential, others=acting)
    ones = (1.0,) * len(rates)
    return Mechanics(tuple(coordinates), ones, potential, others=acting, kinetic=kinetic)


def _constant_masses(kinetic: Expr, coordinates: Sequence[str]) -> tuple[float, ...] | None:
    """m of T = Σ m q̇²/2; None where masses vary or are coupled."""
    masses = equations.mass_matrix(kinetic, coordinates)
    _check_positive(masses, kinetic, coordinates)
    simple = masses if masses.is_diagonal() else masses.applyfunc(sympy.simplify)
    diagonal = [sympy.simplify(m) for m in simple.diagonal()]
    if simple.is_diagonal() and all(m.is_number for m in diagonal):
        return tuple(map(float, diagonal))
    return None


def _check_positive(masses: Matrix, kinetic: Expr, coordinates: Sequence[str]) -> None:
    """Raise `InputError` where M = ∂²L/∂q̇∂q̇ has an eigenvalue that is not positive wherever."""
    d = len(coordinates)
    names = [*coordinates, *(velocity(name).name for name in coordinates)]
    # Slow: the masses of fast bodies may have an end, such as at the speed of light.
    points = np.random.default_rng(0).uniform(-1, 1, (TRIED, 2 * d)) * ([1.0] * d + [0.1] * d)
    with np.errstate(all="ignore"):
        values = integrate.compile([*masses], names)(points).reshape(-1, d, d)
    real = values[np.isfinite(values).all(axis=(1, 2))]
    eigenvalues = np.linalg.eigvalsh(real)
    if len(real) and (eigenvalues[:, 0] > SMALLEST_MASS * abs(eigenvalues[:, -1])).any():
        return
    raise InputError(
        f"the kinetic energy {kinetic} is not positive for every motion of "
        f"{', '.join(coordinates)}: its masses ∂²L/∂q̇∂q̇ are {masses.tolist()}; every coordinate "
        f"needs a velocity, with a d at its end, and a mass above 0."
    )


def functions(forces: Forces, coordinates: Sequence[str]) -> dict[str, Expr]:
    """V, R and W whose forces are Q: of the terms of Q those with velocities are friction.

    Raises `InputError` for forces that come from no such function.

    >>> x, xd, y = sympy.symbols("x xd y")
    >>> functions([-3 * xd - x + y * sympy.cos(TIME), x * sympy.cos(TIME)], ["x", "y"])
    {'dissipative': 3*xd**2/2, 'drive': x*y*cos(t), 'potential': x**2/2}
    """
    rates = [velocity(name) for name in coordinates]
    places = [symbol(name) for name in coordinates]
    pairs = [sympy.expand(force).as_independent(*rates, as_Add=True) for force in forces]
    slow = [still.as_independent(TIME, as_Add=True) for still, _ in pairs]
    found = {}
    for part, some, along, sign in (
        ("dissipative", [fast for _, fast in pairs], rates, -1),
        ("drive", [driven for _, driven in slow], places, 1),
        ("potential", [resting for resting, _ in slow], places, -1),
    ):
        if any(some):
            found[part] = sign * _primitive(some, along)
            left = zip(some, generalized_force(part, found[part], coordinates), strict=True)
            if any(sympy.simplify(force - its) for force, its in left):
                raise InputError(
                    f"the forces {', '.join(map(str, some))} on {', '.join(coordinates)} have no "
                    f"{part} function; forces across the motion belong into the Lagrangian, as "
                    f"terms A(q)·q̇."
                )
    return found


def _primitive(forces: Forces, along: Sequence[Symbol]) -> Expr:
    """F with ∂F/∂x_i = Q_i, if there is one: each integrated along x_i, less what F has already."""
    whole = sympy.S.Zero
    for force, variable in zip(forces, along, strict=True):
        rest = sympy.expand(force - equations.gradient(whole, [variable.name])[0])
        real = Symbol(variable.name, real=True)
        more = sympy.integrate(rest.xreplace({variable: real}), real)
        whole += more.xreplace({real: variable})
    return sympy.expand(whole)
