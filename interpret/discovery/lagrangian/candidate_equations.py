"""The Euler–Lagrange equations of every candidate, as numbers on samples.

    E_p = d/dt ∂φ_p/∂q̇ - ∂φ_p/∂q = M_p(q, q̇) q̈ - f_p(q, q̇)

Linear in φ, they add up: L = Σ c_p φ_p has M = Σ c_p M_p and f = Σ c_p f_p.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sympy import Expr

from systems import equations, integrate, motion
from systems.errors import InputError, nearest

Array = NDArray[np.float64]
Indices = Sequence[int] | NDArray[np.intp]


@dataclass(frozen=True)
class CandidateEquations:
    """`masses` M_p (n, d, d, K) and `forces` f_p (n, d, K) of K candidates on n samples."""

    masses: Array
    forces: Array

    @staticmethod
    def of(
        candidates: Sequence[Expr], coordinates: Sequence[str], q: Array, qd: Array
    ) -> CandidateEquations:
        """The equations at the points q, q̇ (n, d); not finite where a candidate has a pole.

        >>> from systems.expressions import symbol
        >>> x, xd = symbol("x"), symbol("xd")
        >>> q, qd, qdd = np.array([[[1.0]], [[0.0]], [[3.0]]])
        >>> CandidateEquations.of([xd**2, x**2], ["x"], q, qd).residuals(qdd)
        array([[[ 6., -2.]]])
        """
        d = len(coordinates)
        entries: list[Expr] = []
        for candidate in candidates:
            masses, forces = motion.mass_and_forcing(candidate, coordinates)
            entries += [*masses, *forces]
        names = [*coordinates, *(equations.velocity(name).name for name in coordinates)]
        with np.errstate(all="ignore"):
            values = integrate.compile(entries, names)(np.hstack([q, qd]))
        values = values.reshape(len(q), len(candidates), d * d + d).transpose(0, 2, 1)
        return CandidateEquations(
            masses=np.ascontiguousarray(values[:, : d * d]).reshape(len(q), d, d, -1),
            forces=np.ascontiguousarray(values[:, d * d :]),
        )

    @property
    def size(self) -> int:
        """K, the number of candidates."""
        return int(self.forces.shape[2])

    def residuals(self, qdd: Array) -> Array:
        """E_p with the accelerations q̈ (n, d): (n, d, K)."""
        pushed: Array = np.einsum("nijk,nj->nik", self.masses, qdd)
        return pushed - self.forces

    def combined(self, coefficients: Array) -> tuple[Array, Array]:
        """M (n, d, d) and f (n, d) of Σ c_p φ_p."""
        return self.masses @ coefficients, self.forces @ coefficients

    def finite(self) -> NDArray[np.bool_]:
        """Which samples have finite numbers for every candidate, (n,)."""
        forces = np.isfinite(self.forces).all(axis=(1, 2))
        return np.asarray(forces & np.isfinite(self.masses).all(axis=(1, 2, 3)))

    def samples(self, chosen: Indices | NDArray[np.bool_]) -> CandidateEquations:
        """Some of the samples."""
        return CandidateEquations(self.masses[chosen], self.forces[chosen])

    def candidates(self, chosen: Indices) -> CandidateEquations:
        """Some of the candidates."""
        return replace(self, masses=self.masses[..., chosen], forces=self.forces[..., chosen])


def check_candidates(candidates: Sequence[Expr], coordinates: Sequence[str]) -> None:
    """Raise `InputError` when there are none, or one holds an unknown variable."""
    if not candidates:
        raise InputError(
            "there are no candidates; give the terms that the Lagrangian may have, such as qd**2."
        )
    known = [*coordinates, *(equations.velocity(name).name for name in coordinates)]
    for candidate in candidates:
        unknown = sorted({item.name for item in candidate.free_symbols} - set(known))
        if unknown:
            raise InputError(
                f"the candidate {candidate} has the variable {unknown[0]}, which is not among "
                f"{', '.join(known)}.{nearest(unknown[0], known)}"
            )


def check_finite(equations: CandidateEquations, candidates: Sequence[Expr]) -> None:
    """Raise `InputError`, naming candidate and sample, where a number is not finite."""
    if equations.finite().all():
        return
    sample = int(np.argmin(equations.finite()))
    one = equations.samples([sample])
    broken = next(k for k in range(one.size) if not one.candidates([k]).finite().all())
    raise InputError(
        f"the candidate {candidates[broken]} or its slope is not a finite number on sample "
        f"{sample}; leave the candidate or such samples out."
    )
