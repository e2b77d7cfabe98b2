"""Friction of bodies beside what acts between them, linear in the velocity of each.

R = Σ_i γ_i q̇_i²/2,     F_i = -γ_i q̇_i
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import sympy
from numpy.typing import NDArray
from sympy import Expr

from interpret.bodies.swarm import Swarm
from systems.equations import velocity

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Drag:
    """The friction of bodies at `velocities` (N, n, D); those of one group have one γ."""

    velocities: Array
    groups: tuple[tuple[int, ...], ...]

    @staticmethod
    def of(swarm: Swarm, groups: Sequence[Sequence[int]]) -> Drag:
        """That of bodies in groups."""
        velocities = swarm.p / swarm.mass[:, None, None]
        return Drag(velocities, tuple(map(tuple, groups)))

    def __len__(self) -> int:
        return len(self.groups)

    def on(self, some: Sequence[int]) -> Drag:
        """That of some of the groups alone."""
        return replace(self, groups=tuple(self.groups[k] for k in some))

    @property
    def forces(self) -> Array:
        """The force of γ = 1 of each group (K, N, n, D)."""
        found = np.zeros((len(self), *self.velocities.shape))
        for k, group in enumerate(self.groups):
            found[k, list(group)] = -self.velocities[list(group)]
        return found

    def terms(self, swarm: Swarm) -> tuple[Expr, ...]:
        """Rayleigh's functions of γ = 1."""
        return tuple(
            sympy.Add(*(velocity(name) ** 2 / 2 for body in group for name in swarm.names[body]))
            for group in self.groups
        )
