"""The accelerations of a law as functions of numpy and torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import sympy
from numpy.typing import ArrayLike, NDArray
from sympy import Symbol

from interpret.laws.dynamics import Dynamics
from systems.errors import InputError, nearest

Array = NDArray[np.float64]


def function(dynamics: Dynamics, library: str) -> Callable[..., Any]:
    """a(q, v, t, *signals) by numpy or torch, q, v and a (..., d): see `Law.lambdify`.

    Raises InputError for another library.
    """
    if library not in LIBRARIES:
        raise InputError(
            f"functions are made of {' or '.join(LIBRARIES)}, not of {library!r:.60}."
            f"{nearest(str(library), LIBRARIES)}"
        )
    # Names of their own: Python takes some letters for one another, such as ϕ and φ.
    arguments = [Symbol(f"x{i}") for i in range(len(dynamics.arguments))]
    named = dict(zip(map(Symbol, dynamics.arguments), arguments, strict=True))
    written = [a.xreplace(named) for a in dynamics.numeric_accelerations()]
    compiled = sympy.lambdify(arguments, written, library, cse=True)
    return LIBRARIES[library](compiled, len(dynamics.coordinates))


def _by_numpy(compiled: Callable[..., Any], dimension: int) -> Callable[..., Any]:
    def acceleration(q: ArrayLike, v: ArrayLike, t: ArrayLike = 0.0, *signals: ArrayLike) -> Array:
        q, v = np.asarray(q, dtype=np.float64), np.asarray(v, dtype=np.float64)
        others = [np.asarray(part, dtype=np.float64) for part in (t, *signals)]
        columns = [part[..., i] for part in (q, v) for i in range(dimension)]
        shape = np.broadcast_shapes(*(part.shape for part in (*columns, *others)))
        values = compiled(*columns, *others)
        return np.stack([np.broadcast_to(value, shape) for value in values], axis=-1)

    return acceleration


def _by_torch(compiled: Callable[..., Any], dimension: int) -> Callable[..., Any]:
    import torch
    from torch import Tensor

    def acceleration(
        q: Tensor, v: Tensor, t: Tensor | float = 0.0, *signals: Tensor | float
    ) -> Tensor:
        def tensor(value: Any) -> Tensor:
            return torch.as_tensor(value, dtype=q.dtype, device=q.device)

        others = [tensor(part) for part in (t, *signals)]
        columns = [part[..., i] for part in (q, v) for i in range(dimension)]
        shape = np.broadcast_shapes(*(part.shape for part in (*columns, *others)))
        values = [tensor(value).expand(shape) for value in compiled(*columns, *others)]
        return torch.stack(values, dim=-1)

    return acceleration


LIBRARIES: Final[Mapping[str, Callable[[Callable[..., Any], int], Callable[..., Any]]]] = {
    "numpy": _by_numpy,
    "torch": _by_torch,
}
"""What makes of a compiled list of expressions a function of q, v and t."""
