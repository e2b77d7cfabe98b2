"""Self-scaled Broyden: a quasi-Newton descent of many starts at once, each with its own matrix.

    d = -H g,    s = α d,    y = g₊ - g,
    H₊ = (H - H y yᵀ H / yᵀHy + φ v vᵀ) / τ + s sᵀ / sᵀy,    v = √(yᵀHy) (s / sᵀy - H y / yᵀHy)

τ scales down what H knew, φ takes the update between BFGS (1) and DFP (0), both chosen from what
the last step has shown of the curvature. H is dense, which thousands of weights can afford; L-BFGS
stalls decades above what it comes to.

Source: J. F. Urbán, P. Stefanou, J. A. Pons, J. Comput. Phys. 523 (2025) 113656 (arXiv:2405.04230),
after M. Al-Baali, Comput. Optim. Appl. 9 (1998) 191.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

import torch
from torch import Tensor

from training.bases.basis import Trainable
from training.optimise.projection import After, Limits, Reduced

T = TypeVar("T", bound=Trainable)
Objective = Callable[[Tensor], tuple[Tensor, Tensor]]
"""Weights (R, P) -> losses (R,) and gradients (R, P), each start by itself."""

DECREASE: Final = 1e-4
CURVATURE: Final = 0.9
"""Wolfe's conditions: the loss falls by a part of what the slope promises, and the slope by a tenth
(J. Nocedal and S. Wright, Numerical Optimization, 2006, section 3.1)."""

MOST_TRIALS: Final = 20
"""Lengths that are tried along a line: it is then a minimum to rounding."""

STALLED: Final = 1e-4
PATIENCE: Final = 15
"""So many steps in a row end the descent that each gain less than the part STALLED of the loss."""

MOST_FAILURES: Final = 1
"""A line along which nothing is gained has H forgotten; a second one in a row ends the descent."""

TINY: Final = 1e-300
TINY_EXCESS: Final = 1e-14
"""yᵀHy sᵀH⁻¹s / (sᵀy)² is above 1 by Cauchy and Schwarz; where it is 1 to rounding, H is as good as
can be, and the update that of BFGS."""


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
    # Where nothing is known the first trial is no longer than one.
    steepest = -gradients / gradients.norm(dim=1, keepdim=True).clamp(min=1)
    direction = _where(fresh, steepest, direction)
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


def _searched(
    descents: Descents, direction: Tensor, objective: Objective
) -> tuple[Tensor, _Points]:
    """The lengths (R,) along the directions that meet Wolfe's weak conditions, by bisection.

    Where none does, the place that was the lowest.
    Source: A. Lewis and M. Overton, Math. Program. 141 (2013) 135, algorithm 2.6.
    """
    slope = _dot(direction, descents.gradients)
    length = torch.ones_like(slope)
    low, high = torch.zeros_like(slope), torch.full_like(slope, torch.inf)
    best = _Points(descents.weights, descents.losses, descents.gradients)
    taken = torch.zeros_like(slope)
    searching = ~descents.ended
    for _ in range(MOST_TRIALS):
        weights = descents.weights + length[:, None] * direction
        losses, gradients = objective(weights)
        too_far = ~(losses <= descents.losses + DECREASE * length * slope)
        too_near = ~too_far & (_dot(gradients, direction) < CURVATURE * slope)
        # The last place that meets both conditions is taken even where another was lower.
        better = searching & ((losses < best.losses) | ~(too_far | too_near))
        best = _Points(
            _where(better, weights, best.weights),
            _where(better, losses, best.losses),
            _where(better, gradients, best.gradients),
        )
        taken = _where(better, length, taken)
        searching = searching & (too_far | too_near)
        if not searching.any():
            break
        high = _where(too_far, length, high)
        low = _where(too_near, length, low)
        length = _where(high.isinf(), 2 * length, (low + high) / 2)
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


def broyden(
    network: T,
    reduced: Reduced,
    limits: Limits,
    after: After,
    memory: Mapping[str, float] | None = None,
) -> T:
    """Minimise L(w) by self-scaled Broyden until L <= tolerance^2 or hardly anything is gained.

    It remembers nothing: H is large, and begun anew when it goes on.
    """
    del memory

    def objective(weights: Tensor) -> tuple[Tensor, Tensor]:
        loss, gradient = reduced.loss_and_gradient(network, weights[0])
        return gradient.new_tensor([loss]), gradient[None]

    state = Descents.begun(objective, network.parameters()[None])
    stalled = 0
    for _ in range(limits.iterations):
        before = float(state.losses)
        state = advance(state, objective)
        loss = float(state.losses)
        after(loss, network.with_parameters(state.weights[0]), {})
        stalled = stalled + 1 if before - loss < STALLED * before else 0
        if loss <= limits.tolerance**2 or stalled >= PATIENCE or state.ended.all():
            break
    return network.with_parameters(state.weights[0])
