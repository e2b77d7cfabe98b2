"""Residuals that are linear in V, as rows of a least-squares problem: A(basis) c = b."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from systems.samples.trajectories import Trajectories
from training.bases.basis import Basis
from training.device import Movable
from training.features import Features
from training.prepare.selection import Indices
from training.prepare.stencils import Array

FLAT = 1e-3


class Rows(Protocol):
    """A family of rows, scaled so that |b| is about one."""

    @property
    def name(self) -> str:
        """What the family is called: "energy" or "force"."""

    @property
    def truth(self) -> Tensor:
        """b, shape (rows,)."""

    def design(self, basis: Basis) -> Tensor:
        """A, shape (rows, K)."""

    def part(self, number: int, parts: int) -> Rows:
        """The ``number``-th of ``parts`` contiguous stretches of the samples, scaled as before."""

    def share(self, number: int, parts: int) -> Rows:
        """The ``number``-th of ``parts`` that are all the rows together, each as it was."""

    def to(self, like: Tensor) -> Rows:
        """The same rows on the device and in the precision of ``like``."""


@dataclass(frozen=True)
class LevelRows(Movable):
    """V(q_i) = level_i + const_j, the constant of trajectory j removed by centring.

    With level = -T these are the energy rows, T(p_i) + V(q_i) - E_j = 0: no time derivative, so any
    time grid will do. They assume a conservative system with known kinetic energy, and say nothing
    where T does not change (a circular orbit). With level = V of a trained network they are the
    question put to it.

    Shapes: ``x`` (n, f), ``level`` (n,), ``group`` (n,) trajectory numbers.
    """

    x: Tensor
    level: Tensor
    group: Tensor
    scale: float
    name: str

    @property
    def truth(self) -> Tensor:
        """level_i - mean_j level, scaled."""
        return self.scale * centre(self.level[:, None], self.group)[:, 0]

    def design(self, basis: Basis) -> Tensor:
        """phi_k(x_i) - mean_j phi_k, scaled; shape (n, K)."""
        return self.scale * centre(basis.values(self.x), self.group)

    def part(self, number: int, parts: int) -> LevelRows:
        """A stretch of the samples, centred anew."""
        cut = stretch(len(self.x), number, parts)
        return self._at(cut)

    def share(self, number: int, parts: int) -> LevelRows:
        """Whole trajectories, about as many samples in each share, for a part of one has no mean
        of its own."""
        middle = torch.arange(len(self.x), device=self.x.device)
        ends = torch.zeros(int(self.group.max()) + 1, dtype=middle.dtype, device=middle.device)
        ends = ends.scatter_reduce(0, self.group, middle, "amax")
        owner = torch.div(parts * ends, len(self.x), rounding_mode="floor")
        return self._at(owner[self.group] == number)

    def _at(self, some: slice | Tensor) -> LevelRows:
        return replace(self, x=self.x[some], level=self.level[some], group=self.group[some])


def levels(x: Tensor, level: Tensor, group: Tensor, name: str) -> LevelRows:
    """Level rows scaled so that |b| = 1, or less where the level hardly changes."""
    changing = float(centre(level[:, None], group).norm())
    scale = 1 / max(changing, FLAT * float(level.norm()), 1e-300)
    return LevelRows(x, level, group, scale, name)


@dataclass(frozen=True)
class ForceRows(Movable):
    """sum_s w_s dV/dq(node_s) = force, one row a point and coordinate.

    One class serves every rule that averages the force over nodes near a sample: Hermite-Simpson
    (three nodes), Verlet's second difference, a smoother's own force and the paper's forward
    difference (one node).

    Shapes: ``x`` (s, n, f), ``jacobian`` (s, n, d, f), ``weights`` (s,), ``force`` (n, d) the
    right-hand side dV/dq, ``importance`` (n,).
    """

    x: Tensor
    jacobian: Tensor
    weights: Tensor
    force: Tensor
    importance: Tensor
    name: str = "force"

    @property
    def truth(self) -> Tensor:
        """The weighted force, shape (n * d,)."""
        return (self.importance[:, None] * self.force).reshape(-1)

    def design(self, basis: Basis) -> Tensor:
        """The weighted mean gradient of every basis function, shape (n * d, K)."""
        mean = None
        for weight, x, jacobian in zip(self.weights, self.x, self.jacobian, strict=True):
            term = weight * (jacobian @ basis.gradients(x))
            mean = term if mean is None else mean + term
        assert mean is not None, "a rule has at least one node"
        rows: Tensor = (self.importance[:, None, None] * mean).reshape(-1, mean.shape[-1])
        return rows

    def part(self, number: int, parts: int) -> ForceRows:
        """A stretch of the samples."""
        cut = stretch(len(self.force), number, parts)
        return replace(
            self,
            x=self.x[:, cut],
            jacobian=self.jacobian[:, cut],
            force=self.force[cut],
            importance=self.importance[cut],
        )

    share = part


def centre(values: Tensor, group: Tensor) -> Tensor:
    """values_i - mean of the values of i's group; shapes (n, K) and (n,)."""
    groups = int(group.max()) + 1 if len(group) else 0
    total = torch.zeros(groups, values.shape[1], dtype=values.dtype, device=values.device)
    total = total.index_add(0, group, values)
    count = torch.bincount(group, minlength=groups).clamp(min=1).to(values)
    return values - (total / count[:, None])[group]


def energy(trajectories: Trajectories, features: Features, chosen: Indices) -> LevelRows:
    """The energy rows of the chosen samples."""
    q, p = (
        np.concatenate([part[index] for part, index in zip(parts, chosen, strict=True)])
        for parts in ([item.q for item in trajectories], [item.p for item in trajectories])
    )
    kinetic = np.asarray((p**2 / (2 * trajectories.mass)).sum(axis=1))
    group = np.repeat(np.arange(len(chosen)), [len(index) for index in chosen])
    x = torch.from_numpy(np.ascontiguousarray(features.values(q)))
    return levels(x, torch.from_numpy(-kinetic), torch.from_numpy(group), "energy")


def hermite_simpson(trajectories: Trajectories, features: Features, chosen: Indices) -> ForceRows:
    """(p_+ - p)/h + [g(q) + 4 g(q_m) + g(q_+)]/6 = 0, g = dV/dq, on the chosen intervals.

    q_m = (q + q_+)/2 + h (v - v_+)/8 is the cubic Hermite midpoint. Irregular grids welcome; the
    error is of order h^4. Source: C. R. Hargraves and S. W. Paris, J. Guidance 10 (1987) 338.
    """
    t, q, p, _ = trajectories.stack()
    first = np.cumsum([0, *map(len, trajectories)])[:-1]
    pairs = zip(first, trajectories, chosen, strict=True)
    start = np.concatenate([k + np.unique(np.minimum(i, len(item) - 2)) for k, item, i in pairs])
    h = (t[start + 1] - t[start])[:, None]
    place, ahead = q[start], q[start + 1]
    v, v_ahead = p[start] / trajectories.mass, p[start + 1] / trajectories.mass
    middle = (place + ahead) / 2 + h * (v - v_ahead) / 8
    force = -(p[start + 1] - p[start]) / h
    return _force_rows(features, [place, middle, ahead], [1 / 6, 4 / 6, 1 / 6], force)


def given(
    trajectories: Trajectories, features: Features, chosen: Indices, gradient: Sequence[Array]
) -> ForceRows:
    """dV/dq known at the chosen samples (from a smoother, say); shapes (n_j, d)."""
    q = np.concatenate([item.q[i] for item, i in zip(trajectories, chosen, strict=True)])
    return _force_rows(features, [q], [1.0], np.concatenate(gradient))


def verlet(trajectories: Trajectories, features: Features, chosen: Indices) -> ForceRows:
    """dV/dq(q_i) = -m (q_{i+1} - 2 q_i + q_{i-1})/h^2: exact for Störmer-Verlet data."""
    gradient = []
    inner = []
    for item, index in zip(trajectories, chosen, strict=True):
        i = np.unique(index.clip(1, len(item.t) - 2))
        h = (item.t[-1] - item.t[0]) / (len(item.t) - 1)
        second = (item.q[i + 1] - 2 * item.q[i] + item.q[i - 1]) / h**2
        gradient.append(-trajectories.mass * second)
        inner.append(i)
    return given(trajectories, features, inner, gradient)


def forward(trajectories: Trajectories, features: Features, chosen: Indices) -> ForceRows:
    """dV/dq(q_i) = -(p_{i+1} - p_i)/h: the paper's own rule, biased at order h.

    Source: H. S. Bhat, arXiv:1907.11806, section 2.
    """
    gradient = []
    starts = []
    for item, index in zip(trajectories, chosen, strict=True):
        i = np.unique(np.minimum(index, len(item.t) - 2))
        h = (item.t[i + 1] - item.t[i])[:, None]
        gradient.append(-(item.p[i + 1] - item.p[i]) / h)
        starts.append(i)
    return given(trajectories, features, starts, gradient)


def _force_rows(
    features: Features, nodes: list[Array], weights: list[float], gradient: Array
) -> ForceRows:
    x = np.stack([features.values(q) for q in nodes])
    jacobian = np.stack([features.jacobian(q) for q in nodes])
    return ForceRows(
        torch.from_numpy(x),
        torch.from_numpy(jacobian),
        torch.tensor(weights, dtype=torch.float64),
        torch.from_numpy(gradient),
        torch.from_numpy(importance(gradient)),
    )


def compact(family: ForceRows) -> ForceRows:
    """The same least-squares problem in fewer rows, where the features are fewer than coordinates.

    The forces of all functions of x lie in the span of the columns of dx/dq at the rule's nodes;
    what the data have across it no potential can explain. With Q an orthonormal basis of that
    span, |J g - F|^2 = |Q^T J g - Q^T F|^2 + a constant: for two particles at a distance one row a
    point instead of six.
    """
    nodes, _, d, f = family.jacobian.shape
    if nodes * f >= d:
        return family
    wide = torch.cat(list(family.jacobian), dim=2)
    span = torch.linalg.qr(wide).Q.transpose(1, 2)
    force = (span @ family.force[:, :, None])[:, :, 0]
    return replace(family, jacobian=span @ family.jacobian, force=force)


def importance(force: Array) -> Array:
    """w_i = 1/(|F_i| + median |F|), scaled so that sum_i w_i^2 |F_i|^2 = 1.

    A close encounter has forces a thousand times the median; unweighted, its discretisation error
    would drown the rest. Shape (n, d) to (n,).
    """
    size = np.linalg.norm(force, axis=1)
    return normalised(relative(size, 1.0), size)


def relative(size: Array, floor: float) -> Array:
    """1/(|b_i| + floor · median |b|), (n,): relative errors count alike, down to the floor."""
    typical = float(np.median(size)) or float(size.max()) or 1.0
    return 1 / (size + floor * typical)


def normalised(weight: Array, size: Array) -> Array:
    """w_i/√Σ w² |b|², (n,), so that all right-hand sides b together are 1 long, or are 0."""
    total = float(np.linalg.norm(weight * size))
    return weight / total if total > 0 else weight


def stretch(count: int, number: int, parts: int) -> slice:
    """The ``number``-th of ``parts`` contiguous stretches of ``count`` samples."""
    return slice(number * count // parts, (number + 1) * count // parts)
