"""A learned potential by itself: callable, saved and loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from systems.errors import InputError, damage
from systems.expressions import parse, text
from training.bases.basis import Basis
from training.bases.stored import restored, state
from training.features import Features
from training.optimise.checkpoint import load_tensors
from training.prepare.stencils import Array

CHUNK = 5000


@dataclass(frozen=True)
class Potential:
    """V(q) = sum_k c_k phi_k(x(q)), up to one constant a connected component.

    Called on coordinates (n, d) it returns V (n,); ``gradient`` returns dV/dq (n, d).
    """

    basis: Basis
    coefficients: Tensor
    features: Features

    def __call__(self, q: Array) -> Array:
        """V(q): (n, d) -> (n,)."""
        return self.values(_tensor(self.features.values(q))).numpy()

    def gradient(self, q: Array) -> Array:
        """dV/dq: (n, d) -> (n, d)."""
        slope = self.slope(_tensor(self.features.values(q))).numpy()
        result: Array = np.einsum("ndf,nf->nd", self.features.jacobian(q), slope)
        return result

    def values(self, x: Tensor) -> Tensor:
        """V as a function of the features: (n, f) -> (n,)."""
        with torch.no_grad():
            parts = torch.split(x.to(self.coefficients), CHUNK)
            values = [self.basis.values(part) @ self.coefficients for part in parts]
            return torch.cat(values).cpu().double()

    def slope(self, x: Tensor) -> Tensor:
        """dV/dx: (n, f) -> (n, f)."""
        with torch.no_grad():
            parts = torch.split(x.to(self.coefficients), CHUNK)
            slopes = [self.basis.gradients(part) @ self.coefficients for part in parts]
            return torch.cat(slopes).cpu().double()

    def state(self) -> dict[str, Any]:
        """Everything of it, as plain values and tensors; ``restored`` reads it."""
        return {
            "basis": state(self.basis),
            "coefficients": self.coefficients.cpu(),
            "coordinates": list(self.features.coordinates),
            "features": {n: text(e) for n, e in self.features.definitions.items()},
        }

    @staticmethod
    def restored(kept: Mapping[str, Any]) -> Potential:
        """The potential whose `state` it is; InputError for what is none."""
        if "basis" not in kept:
            raise InputError("what was learned here is no potential; ask the run's law instead.")
        definitions = {name: parse(code) for name, code in kept["features"].items()}
        features = Features.of(tuple(kept["coordinates"]), definitions)
        return Potential(restored(kept["basis"]), kept["coefficients"], features)

    @staticmethod
    def load(path: Path) -> Potential:
        """The potential whose `state` torch.save wrote; raises InputError where there is none."""
        if not path.exists():
            raise InputError(f"there are no weights at {path}; the run was not finished.")
        kept = load_tensors(path)
        with damage(path):
            potential = Potential.restored(kept)
            # A point that shows whether all parts have the sizes that fit together.
            with np.errstate(all="ignore"):
                point = np.ones((1, len(potential.features.coordinates)))
                potential(point)
                potential.gradient(point)
        return potential


def _tensor(values: Array) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values))
