"""Several starts at once, of which the one that comes furthest goes on: successive halving.

Source: K. Jamieson, A. Talwalkar, AISTATS 2016 (arXiv:1502.07943), algorithm 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

import torch
from torch import Tensor
from torch.func import vmap

from training.bases.basis import Trainable
from training.optimise.broyden_batched import Descents, Objective, advance
from training.optimise.projection import Limits, Reduced
from training.solve.batched import solve_each
from training.solve.families import stack

T = TypeVar("T", bound=Trainable)

STEPS: Final = 40
"""Of every start before half of them are given up: then the ranks hardly change any more."""


def seeds(seed: int, count: int) -> range:
    """The seeds of so many starts, other ones for every seed: of a single start the seed itself.

    >>> seeds(3, 1), seeds(1, 4)
    (range(3, 4), range(4, 8))
    """
    return range(seed * count, (seed + 1) * count)


def furthest(
    starts: Sequence[T],
    reduced: Reduced,
    limits: Limits,
    after: Callable[[float], None] = lambda _: None,
) -> T:
    """The start that has come furthest down, of bases that differ in their hidden weights alone.

    All take the limits' iterations of self-scaled Broyden together, in one batch; the better half
    of them as many again, until one is left or meets the tolerance. ``after`` is told the lowest
    loss after every step.

    >>> from training.bases.network import glorot
    >>> from training.rows.trajectories import levels
    >>> x = torch.linspace(-1, 1, 20, dtype=torch.float64)[:, None]
    >>> rows = levels(x, torch.exp(x[:, 0]), torch.zeros(20, dtype=torch.int64), "V")
    >>> reduced = Reduced([rows], [1.0])
    >>> starts = [glorot(x, (3,), seed) for seed in range(4)]
    >>> best = furthest(starts, reduced, Limits(2, 0.0))
    >>> reduced.loss(best) < min(map(reduced.loss, starts))
    True
    """
    objective = together(starts[0], reduced)
    state = Descents.begun(objective, torch.stack([start.parameters() for start in starts]))
    while len(state.losses) > 1:
        for _ in range(limits.iterations):
            if float(state.losses.min()) <= limits.tolerance**2 or state.ended.all():
                break
            state = advance(state, objective)
            after(float(state.losses.min()))
        state = state.kept(torch.argsort(state.losses)[: (len(state.losses) + 1) // 2])
    return starts[0].with_parameters(state.weights[0])


def together(network: Trainable, reduced: Reduced) -> Objective:
    """L(w) and dL/dw of many weights (R, P) in one call: `Reduced.loss_and_gradient` of each."""
    truth = torch.cat(
        [w * rows.truth for w, rows in zip(reduced.weights, reduced.own, strict=True)]
    )
    penalty = reduced.penalty(network)
    below = torch.cat([truth, truth.new_zeros(len(penalty))])

    def design(flat: Tensor) -> Tensor:
        rows, _ = stack(reduced.own, reduced.weights, network.with_parameters(flat))
        return torch.cat([rows, penalty])

    designs = vmap(design)

    def objective(weights: Tensor) -> tuple[Tensor, Tensor]:
        weights = weights.detach().requires_grad_(True)
        rows = designs(weights)
        with torch.no_grad():
            coefficients = solve_each(rows, below)[:, :, None]
        losses = (rows @ coefficients - below[:, None])[:, :, 0].square().sum(dim=1)
        (gradients,) = torch.autograd.grad(losses.sum(), weights)
        return losses.detach(), gradients

    return objective
