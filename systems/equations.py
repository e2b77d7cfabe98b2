"""From T and V, or from a Lagrangian, to the equations of motion, with sympy.

The velocity of the coordinate `q` is the symbol `qd`, its acceleration `qdd`.
Coordinates are given by name, expressions are sympy's.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import sympy
from sympy import Expr, Matrix, Symbol

from systems.errors import InputError
from systems.expressions import differentiate

POINTS = 3
"""Where a determinant is tried for zero: more than one, as functions may vanish in a region."""

ROUNDING = 1e-9
"""A determinant of rows of size 1 that is less may be rounding; then the symbols decide."""


def velocity(coordinate: str) -> Symbol:
    """The symbol of the velocity.

    >>> velocity("q")
    qd
    """
    return Symbol(f"{coordinate}d")


def acceleration(coordinate: str) -> Symbol:
    """The symbol of the acceleration.

    >>> acceleration("q")
    qdd
    """
    return Symbol(f"{coordinate}dd")


def gradient(expr: Expr, coordinates: Sequence[str]) -> tuple[Expr, ...]:
    """(∂f/∂q_1, ..., ∂f/∂q_d), taking every variable to be real.

    >>> q = Symbol("q")
    >>> gradient(q**2 + abs(q), ["q"])
    (2*q + sign(q),)
    """
    return tuple(differentiate(expr, name) for name in coordinates)


def kinetic(coordinates: Sequence[str], mass: Sequence[float]) -> Expr:
    """T = Σ_i m_i q̇_i² / 2.

    >>> kinetic(["x", "y"], [1, 0.5])
    xd**2/2 + yd**2/4
    """
    pairs = zip(coordinates, mass, strict=True)
    return sympy.Add(*(exact(m) * velocity(name) ** 2 / 2 for name, m in pairs))


def lagrangian(potential: Expr, coordinates: Sequence[str], mass: Sequence[float]) -> Expr:
    """L = T - V of a separable system.

    >>> lagrangian(Symbol("q") ** 2 / 2, ["q"], [1])
    -q**2/2 + qd**2/2
    """
    return kinetic(coordinates, mass) - potential


def euler_lagrange(lagrangian: Expr, coordinates: Sequence[str]) -> tuple[Expr, ...]:
    """d/dt ∂L/∂q̇_i - ∂L/∂q_i, which vanish along the motion; in q, qd and qdd.

    >>> q, qd = Symbol("q"), Symbol("qd")
    >>> euler_lagrange(qd**2 / 2 - q**4, ["q"])
    (4*q**3 + qdd,)
    """
    masses = mass_matrix(lagrangian, coordinates)
    rates = Matrix([acceleration(name) for name in coordinates])
    return tuple(masses * rates - Matrix(forcing(lagrangian, coordinates)))


def mass_matrix(lagrangian: Expr, coordinates: Sequence[str]) -> Matrix:
    """M_ij = ∂²L/∂q̇_i∂q̇_j, d × d.

    >>> r, rd, phid = sympy.symbols("r rd phid")
    >>> mass_matrix(rd**2 / 2 + r**2 * phid**2 / 2, ["r", "phi"])
    Matrix([
    [1,    0],
    [0, r**2]])
    """
    rates = [velocity(name) for name in coordinates]
    return Matrix([[differentiate(lagrangian, a, b) for b in rates] for a in rates])


def forcing(lagrangian: Expr, coordinates: Sequence[str]) -> tuple[Expr, ...]:
    """f_i = ∂L/∂q_i - Σ_j ∂²L/∂q̇_i∂q_j q̇_j, so that M q̈ = f.

    >>> r, rd, phid = sympy.symbols("r rd phid")
    >>> forcing(rd**2 / 2 + r**2 * phid**2 / 2, ["r", "phi"])
    (phid**2*r, -2*phid*r*rd)
    """
    momenta = gradient(lagrangian, [velocity(name).name for name in coordinates])
    rates = [velocity(name) for name in coordinates]
    forces = []
    for slope, p in zip(gradient(lagrangian, coordinates), momenta, strict=True):
        transport = zip(gradient(p, coordinates), rates, strict=True)
        forces.append(slope - sympy.Add(*(term * rate for term, rate in transport)))
    return tuple(forces)


def accelerations(
    lagrangian: Expr, coordinates: Sequence[str], beside: Sequence[Expr] = ()
) -> tuple[Expr, ...]:
    """q̈ = M⁻¹ (f + Q), in q and qd; `beside` are other forces Q than those of L.

    Raises `InputError` when M has no inverse, so that L does not determine the motion.

    >>> q, qd = Symbol("q"), Symbol("qd")
    >>> accelerations(qd**2 - q**4, ["q"], beside=[-qd])
    (-2*q**3 - qd/2,)
    """
    masses = mass_matrix(lagrangian, coordinates)
    right = forcing(lagrangian, coordinates)
    if beside:
        right = tuple(map(sympy.Add, right, beside))
    if not _regular(masses) and sympy.simplify(masses.det()) == 0:
        raise InputError(
            f"the Lagrangian {lagrangian} does not determine the accelerations: the matrix "
            f"∂²L/∂q̇∂q̇ has no inverse; every coordinate needs its own kinetic energy."
        )
    return tuple(masses.LUsolve(Matrix(right)))


def _regular(masses: Matrix) -> bool:
    """Whether M has an inverse at one of a few points at random: then its determinant is not zero.

    >>> x, y = sympy.symbols("x y")
    >>> _regular(Matrix([[x, y], [y, x]])), _regular(Matrix([[x, x * y], [1, y]]))
    (True, False)
    """
    random = np.random.default_rng(0)
    names = sorted(masses.free_symbols, key=str)
    for _ in range(POINTS):
        point = dict(zip(names, random.uniform(-2, 2, len(names)).tolist(), strict=True))
        there = np.array(masses.xreplace(point).evalf().tolist())
        if not all(entry.is_number and entry.is_finite for entry in there.flat):
            continue
        numbers = there.astype(complex)
        sizes = np.abs(numbers).max(axis=1, keepdims=True)
        if sizes.all() and abs(np.linalg.det(numbers / sizes)) > ROUNDING:
            return True
    return False


def energy(lagrangian: Expr, coordinates: Sequence[str]) -> Expr:
    """E = Σ_i q̇_i ∂L/∂q̇_i - L, in q and qd.

    >>> q, qd = Symbol("q"), Symbol("qd")
    >>> energy(qd**2 / 2 - q**4, ["q"])
    q**4 + qd**2/2
    """
    momenta = gradient(lagrangian, [velocity(name).name for name in coordinates])
    pairs = zip(coordinates, momenta, strict=True)
    return sympy.expand(sympy.Add(*(velocity(name) * p for name, p in pairs)) - lagrangian)


def reduce_central(potential: Expr, mass: float, ell2: Expr | float, radius: str = "r") -> Expr:
    """V_eff(r) = V(r) + ℓ² / (2 m r²): a central force in 3-D as a motion along r alone.

    ℓ² is the square of the angular momentum, a number or a symbol.

    >>> reduce_central(1 / Symbol("r"), 1, Symbol("ell2"))
    ell2/(2*r**2) + 1/r
    """
    return potential + ell2 / (2 * exact(mass) * Symbol(radius) ** 2)


def exact(number: float) -> Expr:
    """A short decimal as the fraction it means (0.5 as 1/2), any other number as it is.

    >>> exact(0.5), exact(1), exact(1 / 7 + 1e-9).is_Rational
    (1/2, 1, False)
    """
    fraction = sympy.Rational(str(float(number))).limit_denominator(1000)
    return fraction if float(fraction) == float(number) else sympy.Float(float(number))
