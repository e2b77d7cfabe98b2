"""Fit: the potential that was learned of trajectories."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from systems.problem import Problem
from training.bases.basis import Basis
from training.features import Features
from training.learn.learned import LearnedFunction
from training.prepare.preparation import Prepared
from training.prepare.stencils import Array
from training.settings import Settings


@dataclass(frozen=True, repr=False)
class Fit(LearnedFunction):
    """V(q) = sum_k c_k phi_k(x(q)), known up to one constant a connected component.

    ``residuals`` and ``weights`` belong to ``prepared.families``; ``history`` holds the loss after
    each outer iteration (empty when the first linear solve met the tolerance), or those along a
    descent.

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
