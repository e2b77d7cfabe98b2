"""The loss of two parameters as a surface: exact, naive in some precision, near its minimum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from systems.samples.phase_space import PhaseSamples
from training.learn.acceleration_model import AccelerationModel, quadratic_loss
from training.learn.descents import acceleration_loss

Array = NDArray[np.float64]

CLOSED_FORM = "closed form"
VMAP = "vmap"

ROWS_AT_ONCE = 250_000
"""Accelerations evaluated in one batch: a few megabytes, whatever the grid."""

NARROWEST = 1e-5
"""A valley is not shown narrower than single precision resolves at 1 % of the minimum."""

PROFILE_POINTS = 201
NEAREST = 1 / 50
"""A profile leaves out this inner part of its reach, where the loss vanishes."""


@dataclass(frozen=True, eq=False)
class Surface:
    """The loss as a function of θ: ``exact``, or naively in a precision of one's choice."""

    model: AccelerationModel
    samples: PhaseSamples
    minimum: Array

    @property
    def method(self) -> str:
        """How the exact losses are found: "closed form", or "vmap" where q̈ is not affine."""
        return CLOSED_FORM if self.model.affine else VMAP

    def exact(self, theta: Array) -> Array:
        """The losses (P,) at θ (P, 2), in double precision."""
        if not self.model.affine:
            return self.naive(theta, "float64")
        return quadratic_loss(self.model, self.samples, self.minimum)(theta)

    def naive(self, theta: Array, dtype: str) -> Array:
        """The same by evaluating every row at every θ in ``dtype``, batched by torch.func.vmap."""
        loss = acceleration_loss(self.model, self.samples, dtype)
        chunk = max(1, ROWS_AT_ONCE // self.samples.qdd.size)
        single = torch.from_numpy(theta).to(getattr(torch, dtype))
        losses: Array = torch.func.vmap(loss, chunk_size=chunk)(single).double().numpy()
        return losses

    def axes(self) -> tuple[Array, float]:
        """The directions (2, 2) along and across the valley, as rows, and how narrow it is.

        The second number is the ratio of the loss's half-widths across and along.
        """
        _, design = self.model.linearised(self.samples, self.minimum)
        _, singular, right = np.linalg.svd(design, full_matrices=False)
        directions = right[::-1]
        largest = directions[[0, 1], np.abs(directions).argmax(axis=1)]
        narrowness = max(float(singular[1] / singular[0]), NARROWEST)
        return directions * np.sign(largest)[:, None], narrowness

    def profile(self, length: float) -> Profile:
        """The loss along the valley to ± ``length`` of its minimum."""
        t = np.linspace(-1, 1, PROFILE_POINTS)
        offsets = length * t[np.abs(t) >= NEAREST]
        directions, _ = self.axes()
        theta = self.minimum + offsets[:, None] * directions[0]
        return Profile(
            offsets,
            self.exact(theta),
            self.naive(theta, "float32"),
            self.naive(theta, "float64"),
        )

    def closeup(self, length: float, pixels: int) -> Closeup:
        """The surface in the valley's own axes, in which the exact contours are circles."""
        directions, narrowness = self.axes()
        along = np.linspace(-length, length, pixels)
        across = narrowness * along
        theta = self.minimum + grid((along, across)) @ directions
        shape = (pixels, pixels)
        single = self.naive(theta, "float32").reshape(shape)
        return Closeup(along, across, directions, self.exact(theta).reshape(shape), single)


@dataclass(frozen=True, eq=False)
class Profile:
    """The loss at the offsets t of θ* + t · (weak direction): ``exact`` and naively evaluated."""

    offsets: Array
    exact: Array
    float32: Array
    float64: Array

    def roughness(self) -> tuple[float, float]:
        """The standard deviation of log10(naive / exact) in float32 and in float64, in dex."""
        with np.errstate(divide="ignore", invalid="ignore"):
            single, double = (
                float(np.std(np.log10(naive / self.exact)))
                for naive in (self.float32, self.float64)
            )
        return single, double


@dataclass(frozen=True, eq=False)
class Closeup:
    """``exact`` and ``float32`` (P, P) at θ* + (along[i], across[j]) @ directions."""

    along: Array
    across: Array
    directions: Array
    exact: Array
    float32: Array


def grid(axes: tuple[Array, Array]) -> Array:
    """All pairs (P², 2), the second number running fastest.

    >>> grid((np.array([0.0, 1.0]), np.array([5.0, 6.0]))).tolist()
    [[0.0, 5.0], [0.0, 6.0], [1.0, 5.0], [1.0, 6.0]]
    """
    first, second = np.meshgrid(*axes, indexing="ij")
    return np.stack([first.ravel(), second.ravel()], axis=1)
