"""The forces at some samples, and how much of them functions of given features explain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import sympy
import torch

from interpret.select.library import polynomial, powers
from systems.samples.trajectories import Trajectories
from training.bases.basis import Basis
from training.bases.candidates import Candidates
from training.bases.network import placed
from training.features import Features
from training.prepare.fingerprint import is_verlet
from training.prepare.selection import Indices, select
from training.prepare.stencils import Array, slopes
from training.solve.linear import solve

SAMPLES: Final = 600
FELT: Final = 1e-6
"""Weaker forces, in parts of the strongest, have no direction to speak of."""

WIDTH: Final = 96
"""Neurons of a refit: a sixth of the samples, so that it cannot follow them all."""

GOOD: Final = 0.2
"""The typical error is that of the best fifth: a hundred samples, which are enough alone."""

WIDTHS: Final = (7, 5)
"""Samples that a derivative is made of, and that its error is told by."""

CUTOFF: Final = 1e-10
"""Directions of a refit below this are left out: the forces are not known any better."""

EPS: Final = float(np.finfo(float).eps)


class Variables(Protocol):
    """What a potential may be a function of: values x(q) (n, f) and slopes dx_j/dq_a (n, d, f)."""

    @property
    def names(self) -> tuple[str, ...]: ...

    def values(self, q: Array) -> Array: ...

    def jacobian(self, q: Array) -> Array: ...


@dataclass(frozen=True)
class Forces:
    """Samples ``q`` (n, d) and dV/dq there, ``gradient`` (n, d).

    ``error`` (n,) of each sample's gradient in parts of it, and its ``weight`` 1/(error + typical
    error), the largest 1: what a coarse passage of the centre has spoilt counts for little.
    """

    coordinates: tuple[str, ...]
    q: Array
    gradient: Array
    error: Array

    @property
    def unit(self) -> Array:
        """The directions of the forces (n, d)."""
        size = np.linalg.norm(self.gradient, axis=1, keepdims=True)
        unit: Array = self.gradient / size
        return unit

    @property
    def weight(self) -> Array:
        """(n,); see above."""
        typical = float(np.quantile(self.error, GOOD))
        weight: Array = (self.error.min() + typical) / (self.error + typical)
        return weight

    @property
    def typical_error(self) -> float:
        """The weighted root mean square of the relative errors."""
        weight = self.weight**2
        return float(np.sqrt((weight * self.error**2).sum() / weight.sum()))

    @property
    def bent(self) -> float:
        """What linear functions of the coordinates miss of the forces (rms)."""
        weight = (self.weight / np.linalg.norm(self.gradient, axis=1))[:, None]
        design = weight * np.column_stack([self.q, np.ones(len(self.q))])
        truth = weight * self.gradient
        left = truth - design @ np.linalg.lstsq(design, truth, rcond=None)[0]
        return float(np.linalg.norm(left) / np.linalg.norm(truth))

    def unexplained(self, features: Features) -> float:
        """The part of the force that no function of the features can have: what is across their
        gradients, by mean squares, of the coordinate that is worst off.

        Each coordinate is measured by its own forces, so that no heavy particle hides a light one.
        What the forces' own error explains is none of it.
        """
        jacobian = features.jacobian(self.q)
        unit = self.unit
        along = np.linalg.pinv(jacobian) @ unit[:, :, None]
        across = unit - (jacobian @ along)[:, :, 0]
        weight = self.weight[:, None] ** 2
        own = (weight * self.error[:, None] ** 2).sum()
        missed = (weight * across**2).sum(axis=0)
        whole = (weight * unit**2).sum(axis=0)
        felt = whole > SIGNIFICANT * own
        share = np.maximum(missed[felt] - SIGNIFICANT * own, 0.0) / whole[felt]
        return float(share.max(initial=0.0))

    def misfit(self, features: Variables) -> float:
        """What functions of the features, refitted to the forces, miss of them (rms), at best.

        Tried are a network whose output layer is solved for, and a polynomial.
        """
        x = torch.from_numpy(np.ascontiguousarray(features.values(self.q)))
        powers = Candidates(features.names, polynomial(features.names).candidates)
        return min(self._left(features, basis) for basis in (placed(x, WIDTH, seed=0), powers))

    def simplest(self, features: Features, bound: float) -> Features:
        """The features; the coordinates where the one feature is a product of these and V, to this
        bound, of second degree in it: made of monomials, which are candidates as they are."""
        ((name, what), *others) = features.definitions.items()
        factors = sympy.Mul.make_args(what)
        if others or len(factors) < 2 or not all(x.is_Symbol or x.is_number for x in factors):
            return features
        second = Candidates((name,), powers(name, 2).candidates)
        made = self._left(features, second) <= bound
        return Features.identity(self.coordinates) if made else features

    def _left(self, features: Variables, basis: Basis) -> float:
        x = torch.from_numpy(np.ascontiguousarray(features.values(self.q)))
        jacobian = torch.from_numpy(np.ascontiguousarray(features.jacobian(self.q)))
        size = np.linalg.norm(self.gradient, axis=1)
        weight = torch.from_numpy(self.weight / size)[:, None]
        truth = (weight * torch.from_numpy(self.gradient)).reshape(-1)
        design = weight[:, :, None] * (jacobian @ basis.gradients(x))
        residual = solve(design.reshape(len(truth), -1), truth, CUTOFF).residual
        return residual / float(truth.norm())


SIGNIFICANT: Final = 10.0
"""Mean squares ten times those of the forces' own error are more than that error."""


def forces(trajectories: Trajectories) -> Forces:
    """dV/dq = -dp/dt at some samples, by the seven-point derivative, and its error.

    The error is the difference from the five-point derivative, an upper bound. Störmer-Verlet data
    have exact second differences, but for the rounding of the positions.
    """
    identity = Features.identity(trajectories.coordinates)
    chosen = [
        np.unique(index.clip(1, len(item) - 2))
        for item, index in zip(trajectories, select(trajectories, identity, SAMPLES), strict=True)
    ]
    parts = (
        _verlet(trajectories, chosen) if is_verlet(trajectories) else _flow(trajectories, chosen)
    )
    q = np.concatenate([item.q[i] for item, i in zip(trajectories, chosen, strict=True)])
    gradient, error = (np.concatenate(part) for part in zip(*parts, strict=True))
    size = np.linalg.norm(gradient, axis=1)
    felt = size > FELT * size.max()
    relative = error[felt] / size[felt] + EPS
    return Forces(trajectories.coordinates, q[felt], gradient[felt], relative)


def _flow(trajectories: Trajectories, chosen: Indices) -> list[tuple[Array, Array]]:
    clocks: dict[bytes, list[int]] = {}
    for number, item in enumerate(trajectories):
        clocks.setdefault(item.t.tobytes(), []).append(number)
    parts = [(np.empty(0), np.empty(0))] * len(trajectories)
    for numbers in clocks.values():
        at = np.concatenate([chosen[k] for k in numbers])
        owner = np.repeat(np.arange(len(numbers)), [len(chosen[k]) for k in numbers])[:, None]
        p = np.stack([trajectories.items[k].p for k in numbers])
        slope, other = (
            np.einsum("mw,mwd->md", weights, p[owner, window])
            for window, weights in (slopes(trajectories.items[numbers[0]].t, at, w) for w in WIDTHS)
        )
        error = np.linalg.norm(slope - other, axis=1)
        ends = np.cumsum([len(chosen[k]) for k in numbers])[:-1]
        pairs = zip(numbers, np.split(-slope, ends), np.split(error, ends), strict=True)
        for k, own, off in pairs:
            parts[k] = own, off
    return parts


def _verlet(trajectories: Trajectories, chosen: Indices) -> list[tuple[Array, Array]]:
    parts = []
    for item, i in zip(trajectories, chosen, strict=True):
        h = (item.t[-1] - item.t[0]) / (len(item) - 1)
        second = (item.q[i + 1] - 2 * item.q[i] + item.q[i - 1]) / h**2
        rounding = 4 * EPS * np.abs(item.q[i]) / h**2
        parts.append(
            (
                -trajectories.mass * second,
                np.linalg.norm(trajectories.mass * rounding, axis=1),
            )
        )
    return parts
