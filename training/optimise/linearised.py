"""The residual near some weights, the output layer projected out, and damped steps to its minimum.

    J = ∂(A(w) c)/∂w,    A = Q R,    J_p = (1 - Q Qᵀ) J,
    (J_pᵀ J_p + λ mean(diag J_pᵀ J_p)) dw = -J_pᵀ r,    r = A c - b

The normal equations are added up block by block of rows: a Jacobian larger than the cache is never
there as a whole.

Sources: G. H. Golub and V. Pereyra, SIAM J. Numer. Anal. 10 (1973) 413; the Jacobian's second term
is dropped after L. Kaufman, BIT 15 (1975) 49.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

import torch
from torch import Tensor

from training import processes
from training.bases.basis import Trainable
from training.bases.tangent import Tangent
from training.optimise.projection import Reduced
from training.rows.trajectories import Rows
from training.solve.families import stack
from training.solve.linear import definite, squared

Block = tuple[float, Rows]
"""Rows with the weight of their family."""

BLOCK: Final = 1 << 22
"""Bytes of the Jacobian at a time: rows enough for products at full speed, and no more."""

MOST_LOST: Final = 1e-4
"""A smaller part of a column's square that is not projected out would be left with few digits."""

LEFT_OVER: Final = 4
"""Times as many rows as basis functions has a block at least: QR leaves a quarter of them."""


@dataclass(frozen=True, eq=False)
class Place:
    """A network with its best c (K,), this process's rows of the residual r and of Q (n, K)."""

    network: Trainable
    reduced: Reduced
    coefficients: Tensor
    residual: Tensor
    span: Tensor

    def outside(self, vector: Tensor) -> Tensor:
        """(1 - Q Qᵀ) v (n,): what no change of c makes of a vector."""
        return vector - self.span @ processes.summed(self.span.T @ vector)

    def pulled(self, outside: Tensor) -> Tensor:
        """J_pᵀ v = Jᵀ (1 - Q Qᵀ) v (P,) of what of a vector is outside, by one pass back."""
        flat = self.network.parameters().detach().requires_grad_(True)
        rows, _ = stack(self.reduced.own, self.reduced.weights, self.network.with_parameters(flat))
        # The ridge's rows below do not depend on the weights.
        along = (rows @ self.coefficients) @ outside[: len(rows)]
        return processes.summed(torch.autograd.grad(along, flat)[0])


@dataclass(frozen=True, eq=False)
class Linearised:
    """What the residual is near a place: of many rows J_pᵀ J_p (P, P), of few J_p itself.

    ``gradient`` (P,) is J_pᵀ r, ``scale`` the mean of the diagonal of J_pᵀ J_p, ``matrix`` J_pᵀ J_p
    or, where there are fewer rows than weights, J_p J_pᵀ (n, n): then ``jacobian`` (n, P) is J_p.
    """

    place: Place
    matrix: Tensor
    gradient: Tensor
    scale: float
    jacobian: Tensor | None = None

    @property
    def residual_side(self) -> Tensor:
        """``side`` of the residual, which is known."""
        return self.gradient if self.jacobian is None else self.place.residual

    def side(self, vector: Tensor) -> Tensor:
        """Of a vector with a number for each row what ``damped`` takes: J_pᵀ v, or (1 - Q Qᵀ) v."""
        outside = self.place.outside(vector)
        return self.place.pulled(outside) if self.jacobian is None else outside

    def damped(self, damping: float) -> Callable[[Tensor], Tensor] | None:
        """side of v -> (J_pᵀ J_p + λ)⁻¹ J_pᵀ v = J_pᵀ (J_p J_pᵀ + λ)⁻¹ v, λ = ``damping`` scale.

        None where so little damping leaves the matrix indefinite by round-off.
        """
        damped = self.matrix.clone()
        damped.diagonal().add_(damping * self.scale)
        solve = definite(damped)
        if solve is None or self.jacobian is None:
            return solve
        jacobian = self.jacobian
        return lambda side: solve(side) @ jacobian


def linearised(network: Trainable, reduced: Reduced, coefficients: Tensor) -> Linearised:
    """The residual near the weights of a network, whose best c is given."""
    with torch.no_grad():
        tangent = Tangent(network, coefficients)
        blocks = _blocks(reduced, network)
        designs = [weight * rows.design(network) for weight, rows in blocks]
        penalty = reduced.penalty(network)
        *spans, rest = _spans([*designs, penalty])
        # What is small enough is kept; else each block is computed twice.
        count = sum(map(len, designs))
        kept = list(_each(blocks, tangent)) if 8 * count * tangent.size <= BLOCK else []
        residuals = [
            design @ coefficients - weight * rows.truth
            for (weight, rows), design in zip(blocks, designs, strict=True)
        ]
        shrunk = penalty @ coefficients
        residual = torch.cat([*residuals, shrunk])
        place = Place(network, reduced, coefficients, residual, torch.cat([*spans, rest]))
        seen = coefficients.new_zeros(network.size, tangent.size)
        gradient = coefficients.new_zeros(tangent.size)
        inside = shrunk @ rest
        for span, missed, jacobian in zip(
            spans, residuals, kept or _each(blocks, tangent), strict=True
        ):
            seen += span.T @ jacobian
            gradient += missed @ jacobian
            inside += missed @ span
        seen = processes.summed(seen)
        gradient = processes.summed(gradient) - processes.summed(inside) @ seen
        quick = _subtracted(reduced, tangent, seen)
        if quick is not None:
            return Linearised(place, quick, gradient, float(quick.diagonal().mean()))
        # The ridge's rows do not change with the weights: what is projected out is all of theirs.
        projected = chain(
            (
                torch.addmm(jacobian, span, seen, alpha=-1)
                for span, jacobian in zip(spans, kept or _each(blocks, tangent), strict=True)
            ),
            [-rest @ seen],
        )
        if kept and processes.count() == 1 and count + network.size < tangent.size:
            jacobian = torch.cat(list(projected))
            scale = float(jacobian.square().sum()) / tangent.size
            return Linearised(place, jacobian @ jacobian.T, gradient, scale, jacobian)
        normal = processes.summed(sum(map(squared, projected), torch.zeros(())))
        return Linearised(place, normal, gradient, float(normal.diagonal().mean()))


def _subtracted(reduced: Reduced, tangent: Tangent, seen: Tensor) -> Tensor | None:
    """JᵀJ - (QᵀJ)ᵀ QᵀJ (P, P), where all rows know JᵀJ and little is lost by the difference."""
    squares = []
    for weight, rows in zip(reduced.weights, reduced.own, strict=True):
        square = getattr(rows, "square", lambda _: None)(tangent)
        if square is None:
            return None
        squares.append(weight**2 * square)
    whole = processes.summed(sum(squares[1:], squares[0]))
    normal = whole - squared(seen)
    left = normal.diagonal() / whole.diagonal()
    return normal if float(left.min()) > MOST_LOST else None


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
    """The rows of Q, A = Q R, of blocks that are A one below the other: see `processes.span`."""
    factors = [torch.linalg.qr(design) for design in designs]
    joint = processes.span(torch.cat([upper for _, upper in factors]))
    pieces = torch.split(joint, [len(upper) for _, upper in factors])
    return [own @ piece for (own, _), piece in zip(factors, pieces, strict=True)]
