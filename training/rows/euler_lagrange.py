"""Euler–Lagrange and mass rows: a general Lagrangian L(q, q̇) = Σ c_k φ_k is linear in c too."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import torch
from torch import Tensor
from torch.func import jvp

from systems.samples.phase_space import PhaseSamples
from training.bases.basis import Basis
from training.device import Movable
from training.features import Features
from training.prepare.stencils import Array
from training.rows.forces import Spread
from training.rows.trajectories import normalised, stretch


@dataclass(frozen=True)
class State(Movable):
    """Points (q, q̇) of phase space as a general Lagrangian sees them.

    ``x`` (n, f) are the features of the state s = (q, q̇), ``jacobian`` (n, 2d, f) and ``hessian``
    (n, 2d, 2d, f) their derivatives in it; ``velocity`` (n, d) is q̇.
    """

    x: Tensor
    jacobian: Tensor
    hessian: Tensor
    velocity: Tensor

    @staticmethod
    def of(features: Features, q: Array, qd: Array) -> State:
        """The states (q, q̇), each (n, d); ``features`` are functions of (q, q̇)."""
        s = np.hstack([q, qd])
        parts = (features.values(s), features.jacobian(s), features.hessian(s), qd)
        return State(*(torch.from_numpy(np.array(part)) for part in parts))

    @property
    def dimension(self) -> int:
        """d, the number of coordinates."""
        return self.velocity.shape[1]

    def __getitem__(self, cut: slice) -> State:
        """A stretch of the states."""
        fields = (self.x, self.jacobian, self.hessian, self.velocity)
        return State(*(field[cut] for field in fields))

    def momentum_rate(self, basis: Basis, acceleration: Tensor) -> Tensor:
        """d/dt ∂φ_k/∂q̇_i along (q̇, q̈), shape (n, d, K).

        The tangent ṡ = (q̇, q̈) is pushed through the gradient: no Hessian of the basis is formed.
        """
        along = torch.cat([self.velocity, acceleration], dim=1)
        rate = torch.einsum("naf,na->nf", self.jacobian, along)
        gradient, change = _pushed(basis, self.x, rate)
        bend = torch.einsum("nabf,nb->naf", self.hessian[:, self.dimension :], along)
        rates: Tensor = bend @ gradient + self.jacobian[:, self.dimension :] @ change
        return rates

    def force(self, basis: Basis) -> Tensor:
        """∂φ_k/∂q_i, shape (n, d, K)."""
        return self.jacobian[:, : self.dimension] @ basis.gradients(self.x)

    def mass(self, basis: Basis) -> Tensor:
        """∂²φ_k/∂q̇_i∂q̇_j, shape (n, d, d, K)."""
        d = self.dimension
        outer = self.jacobian[:, d:]
        gradient = basis.gradients(self.x)
        columns = []
        for j in range(d):
            _, change = _pushed(basis, self.x, outer[:, j])
            columns.append(self.hessian[:, d:, d + j] @ gradient + outer @ change)
        return torch.stack(columns, dim=2)


@dataclass(frozen=True)
class EulerLagrangeRows(Movable):
    """d/dt ∂L/∂q̇ - ∂L/∂q = 0 at the measured accelerations, one row a sample and coordinate.

    The rows alone are satisfied by L = 0 and by every total time derivative; the mass rows fix the
    scale. ``importance`` (n,) makes Σ w² |q̈|² = 1, so that the residual is relative.
    """

    state: State
    acceleration: Tensor
    importance: Tensor
    name: str = "Euler-Lagrange"

    @property
    def truth(self) -> Tensor:
        """Zeros, shape (n * d,)."""
        return torch.zeros_like(self.acceleration).reshape(-1)

    def design(self, basis: Basis) -> Tensor:
        """The weighted Euler–Lagrange expression of every basis function, shape (n * d, K)."""
        rate = self.state.momentum_rate(basis, self.acceleration)
        rows = self.importance[:, None, None] * (rate - self.state.force(basis))
        return rows.reshape(-1, basis.size)

    def part(self, number: int, parts: int) -> EulerLagrangeRows:
        """A stretch of the samples."""
        cut = stretch(len(self.importance), number, parts)
        return replace(
            self,
            state=self.state[cut],
            acceleration=self.acceleration[cut],
            importance=self.importance[cut],
        )

    share = part


@dataclass(frozen=True)
class MassRows(Movable):
    """M_00 = 1, M_ij = 0 off the diagonal, and M_ii the same at all samples, M = ∂²L/∂q̇∂q̇.

    They fix the scale of L and leave the other masses to be found. Each entry's rows are divided by
    the square root of their number.
    """

    state: State
    name: str = "mass"

    @property
    def truth(self) -> Tensor:
        """1 for M_00 and 0 for all others, scaled; shape (n * d * (d + 1) / 2,)."""
        n, d = self.state.velocity.shape
        wanted = self.state.velocity.new_zeros(n, d * (d + 1) // 2)
        wanted[:, 0] = 1 / n**0.5
        return wanted.reshape(-1)

    def design(self, basis: Basis) -> Tensor:
        """The entries of every basis function's M on and above the diagonal, row by row."""
        mass = self.state.mass(basis)
        n, d = self.state.velocity.shape
        entries = []
        for i in range(d):
            for j in range(i, d):
                entry = mass[:, i, j]
                constant = i == j and i > 0
                entries.append(entry - entry.mean(dim=0) if constant else entry)
        rows: Tensor = torch.stack(entries, dim=1) / n**0.5
        return rows.reshape(-1, basis.size)

    def part(self, number: int, parts: int) -> MassRows:
        """A stretch of the samples, centred anew."""
        return replace(self, state=self.state[stretch(len(self.state.x), number, parts)])

    share = part


def _pushed(basis: Basis, x: Tensor, rate: Tensor) -> tuple[Tensor, Tensor]:
    """The gradients of the basis (n, f, K), and how they change as x moves at ``rate`` (n, f)."""
    gradient, change = cast("tuple[Tensor, Tensor]", jvp(basis.gradients, (x,), (rate,)))
    return gradient, change


def euler_lagrange(features: Features, samples: PhaseSamples) -> EulerLagrangeRows:
    """The Euler–Lagrange rows of the samples; ``features`` are functions of (q, q̇)."""
    size = np.linalg.norm(samples.qdd, axis=1)
    weight = normalised(Spread().weights(size), size)
    return EulerLagrangeRows(
        State.of(features, samples.q, samples.qd),
        torch.from_numpy(np.ascontiguousarray(samples.qdd)),
        torch.from_numpy(weight),
    )
