"""Accelerations under masses that depend on the position, with the slopes that tangents need.

    M q̈ = F,    M_ij = Σ_k c_k ∂p_ik/∂q̇_j,    F_i = Σ_k c_k (f_ik - Σ_j ∂p_ik/∂q_j q̇_j)

so that with A = M⁻¹

    ∂q̈/∂c_k = A (F_k - M_k q̈),     ∂q̈/∂y = A (∂F/∂y - ∂M/∂y q̈)
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from sympy import Add, Expr, Symbol

from interpret.ledger.field import DRY, Forces
from interpret.weak.terms import Terms
from systems import integrate
from systems.equations import acceleration, velocity
from systems.expressions import differentiate
from systems.forces import TIME, softened

Array = NDArray[np.float64]


@dataclass(frozen=True)
class MovingMasses:
    """The field of a law's terms on the coordinates that are free.

    Those that are `prescribed` are known functions of time: moments hold, after the time and the
    signals, their positions, velocities and accelerations. `speed` is the rms of |q̇|.

    >>> from sympy import Rational, symbols
    >>> from interpret.weak.terms import Term
    >>> r, rd, thd = symbols("r rd thd")
    >>> law = Terms(("r", "th"), (Term("kinetic", rd**2 / 2), Term("kinetic", r**2 * thd**2 / 2)))
    >>> state = np.array([[2.0, 0.0, 0.1, 3.0]])
    >>> MovingMasses(law, 1.0)(state, np.zeros(1), np.array([1.0, 0.5]), np.zeros(0)).total
    array([[ 9. , -0.3]])
    """

    terms: Terms
    speed: float
    prescribed: tuple[str, ...] = ()

    @property
    def free(self) -> tuple[str, ...]:
        """The coordinates that move as the law says."""
        return tuple(name for name in self.terms.coordinates if name not in self.prescribed)

    def __call__(self, state: Array, t: Array, coefficients: Array, inner: Array) -> Forces:
        """The accelerations at states (S, 2d) and moments (S,) or (S, 1 + k)."""
        d, count, points = len(self.free), len(coefficients), len(state)
        given = np.broadcast_to(coefficients, (points, count))
        # Where a law has run off there are no numbers.
        with np.errstate(all="ignore"):
            values = self._compiled(np.column_stack([state, t, given]))
            sizes = np.cumsum([count * d * d, count * d, 2 * d * d * d])
            masses, forces, turning, slopes = np.split(values, sizes, axis=1)
            masses = masses.reshape(points, count, d, d)
            forces = forces.reshape(points, count, d)
            turning, slopes = turning.reshape(points, 2 * d, d, d), slopes.reshape(points, 2 * d, d)
            inverse = _inverse(np.einsum("k,skij->sij", coefficients, masses))
            total = np.einsum("k,ski->si", coefficients, forces)
            moved = (inverse @ total[..., None])[..., 0]
            by_terms = forces - np.einsum("skij,sj->ski", masses, moved)
            by_state = slopes - np.einsum("syij,sj->syi", turning, moved)
            columns = inverse @ by_terms.transpose(0, 2, 1)
            return Forces(moved, inverse @ by_state.transpose(0, 2, 1), columns)

    @cached_property
    def _compiled(self) -> integrate.Field:
        free, rates = self.free, [velocity(name) for name in self.free]
        state = [Symbol(name) for name in free] + rates
        weights = [Symbol(f"_c{k}") for k in range(len(self.terms))]
        every = range(len(self.terms))
        numbers = [self.terms.coordinates.index(name) for name in free]
        masses = [
            [[differentiate(self.terms.momenta[k][i], v) for v in rates] for i in numbers]
            for k in every
        ]
        forces = [[self._force(k, i) for i in numbers] for k in every]
        d = range(len(free))
        mass = [[_sum(weights, [m[i][j] for m in masses]) for j in d] for i in d]
        force = [_sum(weights, [f[i] for f in forces]) for i in d]
        flat = [entry for m in masses for row in m for entry in row]
        flat += [entry for f in forces for entry in f]
        flat += [differentiate(mass[i][j], y) for y in state for i in d for j in d]
        flat += [differentiate(force[i], y) for y in state for i in d]
        moved = [
            symbol
            for name in self.prescribed
            for symbol in (Symbol(name), velocity(name), acceleration(name))
        ]
        variables = [*state, TIME, *map(Symbol, self.terms.signals), *moved, *weights]
        return integrate.compile(flat, variables)

    def _force(self, number: int, coordinate: int) -> Expr:
        """The generalised force of a term on a coordinate, less what moves its momentum along."""
        momentum = self.terms.momenta[number][coordinate]
        force = self.terms.forces[number][coordinate]
        if self.terms.items[number].part == "dissipative":
            force = softened(force, self.terms.coordinates, DRY * self.speed)
        along = [differentiate(momentum, x) * velocity(x) for x in self.terms.coordinates]
        pushed = [differentiate(momentum, velocity(x)) * acceleration(x) for x in self.prescribed]
        return force - Add(*along, *pushed)


def _inverse(masses: Array) -> Array:
    """That of matrices (S, d, d); of one without it there are no numbers."""
    determinant = np.linalg.det(masses)
    fine = np.isfinite(determinant) & (determinant != 0)
    found = np.full_like(masses, np.nan)
    found[fine] = np.linalg.inv(masses[fine])
    return found


def _sum(weights: list[Symbol], entries: list[Expr]) -> Expr:
    return Add(*(w * entry for w, entry in zip(weights, entries, strict=True)))
