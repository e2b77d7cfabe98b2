"""Bases with hidden weights: all of them in one flat vector, and the basis with others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import torch
from torch import Tensor

from training.bases.stored import Kept


@dataclass(frozen=True, eq=False, repr=False)
class Weighted(Kept):
    """A basis whose weights are the fields ``WEIGHTS``: tensors, tuples of them, or None."""

    WEIGHTS: ClassVar[tuple[str, ...]] = ("weights", "biases")

    def parameters(self) -> Tensor:
        """All weights, field by field, in one flat vector, shape (P,)."""
        return torch.cat([part.reshape(-1) for part in self._parts()])

    def with_parameters(self, flat: Tensor) -> Self:
        """The same functions with other weights; differentiable in ``flat``."""
        pieces = iter(torch.split(flat, [part.numel() for part in self._parts()]))

        def filled(old: Any) -> Any:
            if isinstance(old, tuple):
                return tuple(map(filled, old))
            return None if old is None else next(pieces).reshape(old.shape)

        return replace(self, **{name: filled(getattr(self, name)) for name in self.WEIGHTS})

    def _parts(self) -> list[Tensor]:
        values = (getattr(self, name) for name in self.WEIGHTS)
        parts = (value if isinstance(value, tuple) else (value,) for value in values)
        return [part for some in parts for part in some if part is not None]
