"""The public recipe of Lagrangian neural networks, in torch, to set beside ours.

    q̈ = (∂²L/∂q̇∂q̇)⁺ (∂L/∂q - ∂²L/∂q∂q̇ q̇),    L = a network of (q, q̇)

Source: M. Cranmer, S. Greydanus, S. Hoyer, P. Battaglia, D. Spergel and S. Ho, "Lagrangian neural
networks", ICLR 2020 workshop on deep differential equations (arXiv:2003.04630), eq. 6, and the
JAX code published with it, github.com/MilesCranmer/lagrangian_nns: two hidden layers of 128
softplus units, single precision, full Hessians and a pseudo-inverse, Adam at 1e-3, 1e-4 and 1e-5
in the three thirds of the training, the mean square error of the accelerations. Coordinates are
not wrapped: ours are no angles.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.func import grad, hessian, jacrev, vmap
from torch.nn import functional

from systems.samples.phase_space import PhaseSamples

Array = NDArray[np.float64]
Accelerations = Callable[[Tensor, Tensor, list[Tensor]], Tensor]

HIDDEN = (128, 128)
RATES = (1e-3, 1e-4, 1e-5)
CUTOFF = 10 * torch.finfo(torch.float32).eps


@dataclass(frozen=True)
class Trained:
    """The weights after so many steps, and what the loss was in the last of them."""

    weights: list[Tensor]
    steps: int
    loss: float
    accelerations: Accelerations

    def acceleration(self, q: Array, qd: Array) -> Array:
        """q̈ at (q, q̇), all (n, d)."""
        state = torch.from_numpy(q).float(), torch.from_numpy(qd).float()
        with torch.no_grad():
            values: Array = self.accelerations(*state, self.weights).double().numpy()
        return values


def initial(d: int, start: str, seed: int) -> list[Tensor]:
    """Weights (inputs, outputs) and biases of the layers 2d-128-128-1, in turn.

    "script": as the published training has them, Glorot's normal weights and biases of 0.01.
    "paper": the variances that the paper recommends, which the authors found by a search.
    """
    generator = torch.Generator().manual_seed(seed)
    sizes = (2 * d, *HIDDEN, 1)
    last = len(sizes) - 2
    weights = []
    for layer, (before, after) in enumerate(pairwise(sizes)):
        width = max(before, after)
        if start == "paper":
            deviation = {0: 2.2, last: float(width)}.get(layer, 0.58 * layer) / math.sqrt(width)
            offset = 0.0
        else:
            deviation = math.sqrt(2 / (before + after))
            offset = 0.01
        weights.append(deviation * torch.randn(before, after, generator=generator))
        weights.append(offset * torch.randn(after, generator=generator))
    return weights


def lagrangian(q: Tensor, qd: Tensor, weights: list[Tensor]) -> Tensor:
    """L of one sample, q and q̇ (d,)."""
    x = torch.cat([q, qd])
    *hidden, last = zip(weights[::2], weights[1::2], strict=True)
    for matrix, bias in hidden:
        x = functional.softplus(x @ matrix + bias)
    matrix, bias = last
    return (x @ matrix + bias)[0]


def full_hessian(q: Tensor, qd: Tensor, weights: list[Tensor]) -> Tensor:
    """q̈ of the samples q, q̇ (n, d), as published: Hessians written out, and a pseudo-inverse."""

    def one(q: Tensor, qd: Tensor) -> Tensor:
        masses = hessian(lagrangian, argnums=1)(q, qd, weights)
        mixed = jacrev(jacrev(lagrangian, argnums=1), argnums=0)(q, qd, weights)
        force = grad(lagrangian, argnums=0)(q, qd, weights) - mixed @ qd
        solved: Tensor = torch.linalg.pinv(masses, rtol=CUTOFF * len(q)) @ force
        return solved

    all_at_once: Tensor = vmap(one)(q, qd)
    return all_at_once


def train_lnn(
    samples: PhaseSamples,
    seconds: float,
    *,
    batch: int | None = None,
    start: str = "script",
    seed: int = 0,
    accelerations: Accelerations = full_hessian,
) -> Trained:
    """Train for so many CPU seconds, on all samples a step or on a random ``batch`` of them.

    The published code takes the gradient of all samples; its search for hyperparameters takes
    batches. The thirds in which the rate falls are those of the time.
    """
    q, qd, qdd = (torch.from_numpy(x).float() for x in (samples.q, samples.qd, samples.qdd))
    weights = [value.requires_grad_(True) for value in initial(samples.dimension, start, seed)]
    adam = torch.optim.Adam(weights, lr=RATES[0])
    generator = torch.Generator().manual_seed(seed)
    began = time.process_time()
    steps = 0
    while (share := (time.process_time() - began) / seconds) < 1:
        adam.param_groups[0]["lr"] = RATES[int(len(RATES) * share)]
        chosen = torch.arange(len(q))
        if batch is not None:
            chosen = torch.randint(len(q), (batch,), generator=generator)
        missed = accelerations(q[chosen], qd[chosen], weights) - qdd[chosen]
        loss = missed.square().mean()
        adam.zero_grad()
        torch.autograd.backward(loss)
        adam.step()
        steps += 1
    kept = [value.detach() for value in weights]
    return Trained(kept, steps, float(loss.detach()), accelerations)
