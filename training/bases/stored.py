"""Bases as plain dictionaries of tensors and text, for torch.save without pickled code.

A basis that can be kept has ``state()`` and ``restored(kept)``, and says by ``@kept_as`` under
which name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Protocol, Self, TypeVar

from torch import Tensor

from systems.errors import InputError
from training.bases.basis import Basis
from training.device import Movable


class Keepable(Basis, Protocol):
    """A basis that can be taken apart and put together again."""

    def state(self) -> dict[str, Any]:
        """Everything of it, as tensors, numbers, text, lists and dictionaries of these."""

    @classmethod
    def restored(cls, kept: Mapping[str, Any]) -> Self:
        """The basis that ``state`` took apart."""


K = TypeVar("K", bound=type[Keepable])
KINDS: dict[str, type[Keepable]] = {}
"""Name in the file -> the basis that is kept under it."""


def kept_as(kind: str) -> Callable[[K], K]:
    """Register a class of bases under the name that its kept states carry."""

    def register(cls: K) -> K:
        KINDS[kind] = cls
        return cls

    return register


def state(basis: Basis) -> dict[str, Any]:
    """What ``restored`` needs to build the basis again; InputError for one that cannot be kept."""
    for kind, cls in KINDS.items():
        if type(basis) is cls:
            return {"kind": kind, **cls.state(basis)}
    raise InputError(f"a {type(basis).__name__} basis cannot be saved")


def restored(kept: Mapping[str, Any]) -> Basis:
    """The basis that ``state`` took apart; InputError for a kind that is none."""
    if kept["kind"] not in KINDS:
        raise InputError(
            f"there is no basis of the kind {kept['kind']!r}; it is of a newer version."
        )
    return KINDS[kept["kind"]].restored(kept)


HIGHEST = 1000
"""No basis has polynomials of a higher order."""


def orders(kept: Sequence[Sequence[int]]) -> tuple[tuple[int, ...], ...]:
    """The multi-indices of a basis of polynomials; ValueError for what are none."""
    found = tuple(map(tuple, kept))
    if not all(order in range(HIGHEST + 1) for orders in found for order in orders):
        raise ValueError("an order of a polynomial is none")
    return found


@dataclass(frozen=True, eq=False, repr=False)
class Kept(Movable):
    """A record of tensors, plain values, other bases and tuples of these, kept field by field."""

    def state(self) -> dict[str, Any]:
        """Everything of it, as plain values."""
        return {part.name: _plain(getattr(self, part.name)) for part in fields(self)}

    @classmethod
    def restored(cls, kept: Mapping[str, Any]) -> Self:
        """The basis whose ``state`` it is."""
        return cls(**{part.name: _whole(kept[part.name]) for part in fields(cls)})


def _plain(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.detach().cpu()
    if isinstance(value, tuple):
        return list(map(_plain, value))
    return state(value) if hasattr(value, "gradients") else value


def _whole(kept: Any) -> Any:
    if isinstance(kept, list):
        return tuple(map(_whole, kept))
    return restored(kept) if isinstance(kept, dict) else kept
