"""`broyden` of many starts at once, on any device, each with a matrix of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from training.optimise.broyden import (
    CURVATURE,
    DECREASE,
    MOST_FAILURES,
    MOST_TRIALS,
    NEAREST,
    TINY_EXCESS,
)

Objective = Callable[[Tensor], tuple[Tensor, Tensor]]
"""Weights (R, P) -> losses (R,) and gradients (R, P), each start by itself."""

TINY: Final = 1e-300


@dataclass(frozen=True, eq=False)
class Descents:
    """R starts under way: ``weights`` (R, P), their ``losses`` (R,) and ``gradients`` (R, P).

    H is ``scale`` (R,) times ``inverse`` (R, P, P), and knows nothing yet where ``fresh`` (R,).
    ``failures`` (R,) counts the steps in a row that gained nothing.
    """

    weights: Tensor
    losses: Tensor
    gradients: Tensor
    inverse: Tensor
    scale: Tensor
    fresh: Tensor
    failures: Tensor

    @staticmethod
    def begun(objective: Objective, weights: Tensor) -> Descents:
        """At the starts (R, P)."""
        losses, gradients = objective(weights)
        unit = torch.eye(weights.shape[1]).to(weights).repeat(len(weights), 1, 1)
        one = torch.ones_like(losses)
        return Descents(weights, losses, gradients, unit, one, one > 0, torch.zeros_like(losses))

    def kept(self, some: Tensor) -> Descents:
        """Some of them, by a mask or by their numbers."""
        return Descents(*(part[some] for part in vars(self).values()))

    @property
    def ended(self) -> Tensor:
        """Those that gain nothing any more, (R,)."""
        return self.failures > MOST_FAILURES


def advance(descents: Descents, objective: Objective) -> Descents:
    """One step of each.

    >>> size = torch.tensor([1.0, 100.0], dtype=torch.float64)
    >>> bowl = lambda w: ((size * w * w).sum(dim=1), 2 * size * w)
    >>> state = Descents.begun(bowl, torch.ones(1, 2, dtype=torch.float64))
    >>> for _ in range(12):
    ...     state = advance(state, bowl)
    >>> bool(state.losses < 1e-12)
    True
    """
    gradients = descents.gradients
    direction = -descents.scale[:, None] * _times(descents.inverse, gradients)
    fresh = descents.fresh | ~(_dot(direction, gradients) < 0)
    slope = gradients.norm(dim=1).clamp(min=TINY)
    reach = (descents.losses / slope).clamp(max=1) / slope
    direction = _where(fresh, -reach[:, None] * gradients, direction)
    lengths, found = _searched(descents, direction, objective)
    moved = found.losses < descents.losses
    step, change = found.weights - descents.weights, found.gradients - gradients
    inverse, scale = descents.inverse, descents.scale
    forgotten = (fresh & ~descents.fresh) | ~moved
    if forgotten.any():
        unit = torch.eye(step.shape[1]).to(step)
        inverse, scale = inverse.clone(), scale.clone()
        inverse[forgotten], scale[forgotten] = unit, 1.0
    curved = -lengths * _dot(step, gradients)
    inverse, scale = _updated((inverse, scale), fresh, curved, step, change)
    return Descents(
        _where(moved, found.weights, descents.weights),
        _where(moved, found.losses, descents.losses),
        _where(moved, found.gradients, gradients),
        inverse,
        scale,
        ~moved,
        _where(moved, torch.zeros_like(lengths), descents.failures + 1),
    )


@dataclass(frozen=True, eq=False)
class _Points:
    """Places with what was found there."""

    weights: Tensor
    losses: Tensor
    gradients: Tensor

    def replaced(self, which: Tensor, others: _Points) -> _Points:
        """The others where ``which`` (R,), these elsewhere."""
        pairs = zip(vars(others).values(), vars(self).values(), strict=True)
        return _Points(*(_where(which, other, own) for other, own in pairs))


def _searched(
    descents: Descents, direction: Tensor, objective: Objective
) -> tuple[Tensor, _Points]:
    """Of each, what `broyden.searched` finds: lengths (R,) and the places there."""
    start = _Points(descents.weights, descents.losses, descents.gradients)
    slope = low_slope = _dot(direction, start.gradients)
    low, low_loss = torch.zeros_like(slope), start.losses
    high = high_loss = torch.full_like(slope, torch.inf)
    best, taken, length = start, torch.zeros_like(slope), torch.ones_like(slope)
    searching = ~descents.ended
    for _ in range(MOST_TRIALS):
        weights = start.weights + length[:, None] * direction
        there = _Points(weights, *objective(weights))
        here = _dot(direction, there.gradients)
        falls = there.losses <= start.losses + DECREASE * length * slope
        met = falls & (here.abs() <= -CURVATURE * slope)
        # The first place that meets both conditions is taken even where another was lower.
        better = searching & (met | (there.losses < best.losses))
        best, taken = best.replaced(better, there), torch.where(better, length, taken)
        searching = searching & ~met
        if not searching.any():
            break
        near = falls & (here < 0)
        low = torch.where(near, length, low)
        low_loss = torch.where(near, there.losses, low_loss)
        low_slope = torch.where(near, here, low_slope)
        high = torch.where(near, high, length)
        high_loss = torch.where(near, high_loss, there.losses)
        width = high - low
        bend = high_loss - low_loss - low_slope * width
        share = torch.where((bend > 0) & bend.isfinite(), -low_slope * width / bend / 2, 0.5)
        between = low + share.clamp(NEAREST, 1 - NEAREST) * width
        length = torch.where(high.isinf(), 2 * length, between)
    return taken, best


def _updated(
    known: tuple[Tensor, Tensor], fresh: Tensor, curved: Tensor, step: Tensor, change: Tensor
) -> tuple[Tensor, Tensor]:
    """H₊, as a matrix and its scale, after steps s with changes y; ``curved`` (R,) is sᵀ H⁻¹ s.

    Where sᵀy is not positive H stays what it was.
    """
    inverse, scale = known
    along = _dot(step, change)
    convex = along > 0
    along = _where(convex, along, torch.ones_like(along))
    # The first H is a number, of the size that the first step shows.
    scale = _where(fresh & convex, along / _dot(change, change), scale)
    curved = _where(fresh, _dot(step, step) / scale, curved)
    moved = scale[:, None] * _times(inverse, change)
    across = _dot(change, moved).clamp(min=TINY)
    b, h = curved / along, across / along
    phi, tau = _taken(b, h, step.shape[1])
    # All of it in three outer products: of s, of H y, and of the two with one another.
    of_step = phi * across / along**2 / tau + 1 / along
    mixed = -phi / along / tau
    of_moved = (phi - 1) / across / tau
    weights = torch.stack([of_step, mixed, mixed, of_moved], dim=1).reshape(-1, 2, 2)
    weights = _where(convex, weights * (tau / scale)[:, None, None], torch.zeros_like(weights))
    pair = torch.stack([step, moved], dim=2)
    updated = torch.baddbmm(inverse, pair @ weights, pair.mT)
    return updated, _where(convex, scale / tau, scale)


def _taken(b: Tensor, h: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """φ and τ (R,) of b = sᵀH⁻¹s / sᵀy and h = yᵀHy / sᵀy: as the source chooses them."""
    one = torch.ones_like(b)
    excess = b * h - 1
    plain = ~(excess > TINY_EXCESS)
    a = _where(plain, one, excess)
    low = torch.minimum(one, h * (1 - torch.sqrt(a / (1 + a))))
    theta = torch.maximum((low - 1) / a, torch.minimum(1 / low, (1 - b) / b))
    sigma = 1 + theta * a
    least = torch.minimum(one, 1 / b)
    evened = least * sigma.abs() ** (-1 / max(size - 1, 1))
    shrunk = _where(theta > 0, torch.minimum(evened, least / theta), torch.minimum(evened, sigma))
    return _where(plain, one, (1 - theta) / sigma), _where(plain, least, shrunk)


def _times(matrices: Tensor, vectors: Tensor) -> Tensor:
    return (matrices @ vectors[:, :, None])[:, :, 0]


def _dot(a: Tensor, b: Tensor) -> Tensor:
    return (a * b).sum(dim=1)


def _where(which: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """a where ``which`` (R,), else b."""
    return torch.where(which.reshape(-1, *[1] * (a.dim() - 1)), a, b)
