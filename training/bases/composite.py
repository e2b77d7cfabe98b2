"""Bases put together: one function of several groups of features, and several functions added."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from training.bases.basis import Basis, is_trainable
from training.bases.stored import Kept, kept_as


@kept_as("shared")
@dataclass(frozen=True)
class Shared(Kept):
    """psi_k(x) = sum_g phi_k(x_g): the same functions of every group g of features, added up.

    A law w(r) between all pairs of identical particles is one group a distance, a trap u(q) that
    all of them sit in is one group a coordinate; one group alone picks out some of the features.
    The weights, where there are any, are those of the one basis.

    Shapes: ``groups`` are equally long tuples of column numbers of x (n, f).

    >>> from training.bases.candidates import Candidates
    >>> from systems.expressions import symbol
    >>> square = Shared(((0,), (1,)), Candidates(("q",), (symbol("q") ** 2,)))
    >>> square.values(torch.tensor([[1.0, 2.0]], dtype=torch.float64))
    tensor([[5.]], dtype=torch.float64)
    """

    groups: tuple[tuple[int, ...], ...]
    basis: Basis

    @property
    def size(self) -> int:
        """K."""
        return self.basis.size

    def values(self, x: Tensor) -> Tensor:
        """psi_k(x_i), shape (n, K)."""
        values = self.basis.values(self._points(x))
        return values.reshape(len(x), len(self.groups), -1).sum(dim=1)

    def gradients(self, x: Tensor) -> Tensor:
        """d psi_k/d x_j, shape (n, f, K)."""
        slopes = self.basis.gradients(self._points(x))
        slopes = slopes.reshape(len(x), -1, slopes.shape[-1])
        everywhere = slopes.new_zeros(len(x), x.shape[1], slopes.shape[-1])
        return everywhere.index_add(1, self._columns(x), slopes)

    def parameters(self) -> Tensor:
        """The weights of the one basis, shape (P,); none if it has none to train."""
        return parameters(self.basis)

    def with_parameters(self, flat: Tensor) -> Shared:
        """The same functions with other weights; differentiable in ``flat``."""
        if not is_trainable(self.basis):
            return self
        return replace(self, basis=self.basis.with_parameters(flat))

    @property
    def hidden_units(self) -> int:
        """Those of the one basis."""
        return hidden_units(self.basis)

    def _columns(self, x: Tensor) -> Tensor:
        flat = [column for group in self.groups for column in group]
        return torch.tensor(flat, device=x.device)

    def _points(self, x: Tensor) -> Tensor:
        """x_g of every sample and group, one below the other: (n * groups, g)."""
        return x[:, self._columns(x)].reshape(-1, len(self.groups[0]))


@kept_as("sum")
@dataclass(frozen=True)
class Sum(Kept):
    """All functions of several bases side by side, so that V = V_1 + V_2 + ...

    >>> from training.bases.candidates import Candidates
    >>> from systems.expressions import symbol
    >>> q = symbol("q")
    >>> both = Sum((Candidates(("q",), (q,)), Candidates(("q",), (q**2, q**3))))
    >>> both.values(torch.tensor([[2.0]], dtype=torch.float64))
    tensor([[2., 4., 8.]], dtype=torch.float64)
    """

    parts: tuple[Basis, ...]

    @property
    def size(self) -> int:
        """K, of all parts together."""
        return sum(part.size for part in self.parts)

    def values(self, x: Tensor) -> Tensor:
        """The values of all parts, shape (n, K)."""
        return torch.cat([part.values(x) for part in self.parts], dim=-1)

    def gradients(self, x: Tensor) -> Tensor:
        """The gradients of all parts, shape (n, f, K)."""
        return torch.cat([part.gradients(x) for part in self.parts], dim=-1)

    def parameters(self) -> Tensor:
        """The weights of all parts in one flat vector, shape (P,)."""
        return torch.cat([parameters(part) for part in self.parts])

    def with_parameters(self, flat: Tensor) -> Sum:
        """The same functions with other weights; differentiable in ``flat``."""
        sizes = [parameters(part).numel() for part in self.parts]
        pieces = torch.split(flat, sizes)
        changed = [
            part.with_parameters(piece) if is_trainable(part) else part
            for part, piece in zip(self.parts, pieces, strict=True)
        ]
        return Sum(tuple(changed))

    @property
    def hidden_units(self) -> int:
        """Those of all parts."""
        return sum(hidden_units(part) for part in self.parts)


def parameters(basis: Basis) -> Tensor:
    """The weights of a basis, shape (P,); an empty vector for one that has none to train."""
    if is_trainable(basis):
        return basis.parameters()
    return torch.zeros(0, dtype=torch.float64)


def hidden_units(basis: Basis) -> int:
    """The number of hidden units of all networks in a basis; 0 for one without any."""
    units: int = getattr(basis, "hidden_units", 0)
    return units


def on(columns: Sequence[int], basis: Basis) -> Shared:
    """The basis on some columns of the features alone."""
    return Shared((tuple(columns),), basis)
