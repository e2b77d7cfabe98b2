"""Levenberg and Marquardt's descent of hidden weights, the output layer projected out.

    J = ∂(A(w) c)/∂w,    A = Q R,    J_p = (1 - Q Qᵀ) J,
    (J_pᵀ J_p + λ mean(diag J_pᵀ J_p)) dw = -J_pᵀ r

The normal equations are added up block by block of rows: a Jacobian larger than the cache is never
there as a whole.

Sources: G. H. Golub and V. Pereyra, SIAM J. Numer. Anal. 10 (1973) 413; the Jacobian's second term
is dropped after L. Kaufman, BIT 15 (1975) 49.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeVar

import torch
from torch import Tensor

from training import processes
from training.bases.basis import Trainable
from training.bases.tangent import Tangent
from training.optimise.projection import After, Limits, Reduced
from training.rows.trajectories import Rows
from training.solve.linear import squared

T = TypeVar("T", bound=Trainable)
Block = tuple[float, Rows]
"""Rows with the weight of their family."""

MOST_REJECTIONS = 20
STALLED = 1e-3
PATIENCE = 15
FIRST_DAMPING = 1e-2
LEAST_DAMPING = 1e-17

BLOCK: Final = 1 << 22
"""Bytes of the Jacobian at a time: rows enough for products at full speed, and no more."""

LEFT_OVER: Final = 4
"""Times as many rows as basis functions has a block at least: QR leaves a quarter of them."""


def levenberg_marquardt(
    network: T,
    reduced: Reduced,
    limits: Limits,
    after: After,
    memory: Mapping[str, float] | None = None,
) -> T:
    """Damped Gauss-Newton on the hidden weights with the output layer projected out.

    λ falls fivefold on success, grows fourfold on rejection. Stops at L <= tolerance^2, after 15
    steps that gain under 0.1 %, or when 20 dampings in a row are rejected. It remembers λ and the
    number of steps that gained little.
    """
    remembered = {"damping": FIRST_DAMPING, "stalled": 0.0} | dict(memory or {})
    damping, stalled = remembered["damping"], remembered["stalled"]
    flat = network.parameters()
    loss = reduced.loss(network)
    for _ in range(limits.iterations):
        normal, gradient = normal_equations(network.with_parameters(flat), reduced)
        scale = float(normal.diagonal().mean())
        for _ in range(MOST_REJECTIONS):
            step = _step(normal, gradient, damping * scale)
            trial = math.inf if step is None else reduced.loss(network.with_parameters(flat + step))
            if step is not None and trial < loss:
                break
            damping *= 4
        else:
            break
        gain = (loss - trial) / loss
        flat, loss = flat + step, trial
        damping = max(damping / 5, LEAST_DAMPING)
        stalled = stalled + 1 if gain < STALLED else 0
        after(loss, network.with_parameters(flat), {"damping": damping, "stalled": stalled})
        if loss <= limits.tolerance**2 or stalled >= PATIENCE:
            break
    return network.with_parameters(flat)


def _step(normal: Tensor, gradient: Tensor, damping: float) -> Tensor | None:
    """-(N + damping)⁻¹ g (P,); None where so little damping leaves N indefinite by round-off."""
    damped = normal.clone()
    damped.diagonal().add_(damping)
    lower, failed = torch.linalg.cholesky_ex(damped)
    if int(failed):
        return None
    return -torch.cholesky_solve(gradient[:, None], lower)[:, 0]


def normal_equations(network: Trainable, reduced: Reduced) -> tuple[Tensor, Tensor]:
    """J_pᵀ J_p (P, P) and J_pᵀ r (P,)."""
    with torch.no_grad():
        coefficients = reduced.eliminate(network)[1]
        tangent = Tangent(network, coefficients)
        blocks = _blocks(reduced, network)
        designs = [weight * rows.design(network) for weight, rows in blocks]
        penalty = reduced.penalty(network)
        *spans, rest = _spans([*designs, penalty])
        # A single block is small enough to be kept; of several each is computed twice.
        kept = list(_each(blocks, tangent)) if len(blocks) == 1 else []
        seen = coefficients.new_zeros(network.size, tangent.size)
        for span, jacobian in zip(spans, kept or _each(blocks, tangent), strict=True):
            seen += span.T @ jacobian
        seen = processes.summed(seen)
        below = rest @ seen
        normal = squared(below)
        gradient = -below.T @ (penalty @ coefficients)
        jacobians = kept or _each(blocks, tangent)
        for block, design, span, jacobian in zip(blocks, designs, spans, jacobians, strict=True):
            weight, rows = block
            projected = torch.addmm(jacobian, span, seen, alpha=-1)
            normal += squared(projected)
            gradient += projected.T @ (design @ coefficients - weight * rows.truth)
    return processes.summed(normal), processes.summed(gradient)


def _each(blocks: Sequence[Block], tangent: Tangent) -> Iterator[Tensor]:
    """The weighted Jacobians of the blocks, one at a time."""
    return (weight * rows.design(tangent) for weight, rows in blocks)


def _blocks(reduced: Reduced, network: Trainable) -> list[Block]:
    """This process's rows with their weights, in blocks whose Jacobian is small."""
    hidden = network.parameters().numel()
    at_once = max(LEFT_OVER * network.size, BLOCK // (8 * hidden))
    blocks: list[Block] = []
    for weight, rows in zip(reduced.weights, reduced.own, strict=True):
        parts = math.ceil(len(rows.truth) / at_once)
        cut = [rows] if parts <= 1 else [rows.share(number, parts) for number in range(parts)]
        blocks += [(weight, part) for part in cut if len(part.truth)]
    return blocks


def _spans(designs: Sequence[Tensor]) -> Sequence[Tensor]:
    """The rows of Q, A = Q R, of the blocks that are A one below the other: see `processes.span`."""
    factors = [torch.linalg.qr(design) for design in designs]
    joint = processes.span(torch.cat([upper for _, upper in factors]))
    pieces = torch.split(joint, [len(upper) for _, upper in factors])
    return [own @ piece for (own, _), piece in zip(factors, pieces, strict=True)]
