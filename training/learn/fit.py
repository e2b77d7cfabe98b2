"""Fit: what was learned."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from systems.problem import Problem
from training.bases.basis import Basis
from training.bases.composite import hidden_units
from training.features import Features
from training.potential import Potential
from training.prepare.preparation import Prepared
from training.prepare.stencils import Array
from training.settings import Settings


class Learned:
    """What every basis times coefficients has that was learned, and watched while it was."""

    basis: Basis
    coefficients: Tensor
    history: tuple[float, ...]
    provenance: dict[str, Any]

    @property
    def features(self) -> Features:
        """What the learned function is a function of."""
        raise NotImplementedError

    @property
    def potential(self) -> Potential:
        """The learned function by itself."""
        return Potential(self.basis, self.coefficients, self.features)

    def state(self) -> dict[str, Any]:
        """What is kept of it in a file: the potential."""
        return self.potential.state()

    @property
    def iterations(self) -> int:
        """Outer iterations on the hidden weights; 0: the first linear solve was enough."""
        return int(self.provenance.get("steps", len(self.history)))

    @property
    def neurons(self) -> int:
        """Hidden units of the network; 0 for a basis without any."""
        return hidden_units(self.basis)


@dataclass(frozen=True, repr=False)
class Fit(Learned):
    """V(q) = sum_k c_k phi_k(x(q)), known up to one constant a connected component.

    ``residuals`` and ``weights`` belong to ``prepared.families``; ``history`` holds the loss after
    each outer iteration (empty when the first linear solve met the tolerance).

    Called on coordinates (n, d) it returns V (n,); ``gradient`` returns dV/dq (n, d).
    """

    system: Problem
    basis: Basis
    coefficients: Tensor
    prepared: Prepared
    residuals: tuple[float, ...]
    weights: tuple[float, ...]
    settings: Settings
    history: tuple[float, ...] = ()
    provenance: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return (
            f"Fit({self.system.name}: {self.basis.size} basis functions of "
            f"{', '.join(self.features.names)}, relative residuals "
            f"{', '.join(f'{residual:.1e}' for residual in self.residuals)})"
        )

    @property
    def features(self) -> Features:
        """What V is a function of."""
        return self.prepared.features

    def __call__(self, q: Array) -> Array:
        """V(q): (n, d) -> (n,)."""
        return self.potential(q)

    def gradient(self, q: Array) -> Array:
        """dV/dq: (n, d) -> (n, d)."""
        return self.potential.gradient(q)
