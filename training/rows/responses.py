"""What motion does in answer to a force f(x), as rows that are linear in f: A φ(x) c = b.

x is the speed of a drag, or what a drive was measured as. Each stretch of motion sums the forces at
its points up to what they have moved; what other forces and starts explain is projected out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from training.bases.basis import Basis
from training.device import Movable


@dataclass(frozen=True, eq=False)
class ResponseRows(Movable):
    """Rows of several stretches: ``blocks`` (rows_j, points_j) sum forces at ``x`` (points, 1).

    ``others`` (rows, m) are orthonormal columns that are projected out of all, ``target`` (rows,)
    has length one.

    >>> x = torch.linspace(0, 1, 5, dtype=torch.float64)[:, None]
    >>> none = torch.zeros(5, 0, dtype=torch.float64)
    >>> rows = ResponseRows.of(x, [torch.eye(5, dtype=torch.float64)], none, 3 * x[:, 0])
    >>> round(float(rows.truth.norm()), 9)
    1.0
    """

    x: Tensor
    blocks: tuple[Tensor, ...]
    others: Tensor
    target: Tensor
    scale: float
    name: str = "response"
    cut: tuple[int, int | None] = (0, None)

    @staticmethod
    def of(x: Tensor, blocks: Sequence[Tensor], others: Tensor, target: Tensor) -> ResponseRows:
        """Rows that are scaled so that what is to be explained has length one."""
        left = target - others @ (others.T @ target)
        scale = 1 / max(float(left.norm()), 1e-300)
        return ResponseRows(x, tuple(blocks), others, scale * left, scale)

    @property
    def truth(self) -> Tensor:
        """b, shape (rows,)."""
        return self.target[slice(*self.cut)]

    def design(self, basis: Basis) -> Tensor:
        """A, shape (rows, K)."""
        forces = torch.split(basis.values(self.x), [block.shape[1] for block in self.blocks])
        pairs = zip(self.blocks, forces, strict=True)
        moved = self.scale * torch.cat([block @ force for block, force in pairs])
        left: Tensor = moved - self.others @ (self.others.T @ moved)
        return left[slice(*self.cut)]

    def part(self, number: int, parts: int) -> ResponseRows:
        """A contiguous part of the rows."""
        ends = torch.linspace(0, len(self.target), parts + 1).long().tolist()
        return replace(self, cut=(ends[number], ends[number + 1]))

    share = part
