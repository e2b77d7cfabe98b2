"""Jets: numbers that carry their Taylor series in t along, and that torch calculates with.

    x(t) = Σ_k x_k t^k + O(t^(K+1))

Whatever is written for tensors, a basis, a compiled expression or a function of one's own, takes
jets as well: torch hands its functions on to `follow`, which looks them up in the table that
`following` fills.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from systems.errors import InputError
from training.taylor import power_series as series
from training.taylor import recurrences

Function = Callable[..., Any]

FOLLOWED: dict[str, Function] = {}
"""Name of a function of torch, or of a tensor's method -> what it does with jets."""


@dataclass(frozen=True, eq=False, repr=False)
class Jet:
    """A tensor of truncated power series: ``coefficients`` (K + 1, *shape).

    Jets of the same order add, multiply, divide and take powers with each other and with plain
    numbers and tensors, and broadcast like tensors. Raises InputError for a function of torch that
    is not followed.

    >>> t = Jet.line(torch.tensor(0.0), torch.tensor(1.0), order=3)
    >>> (torch.exp(t) / (1 - t)).coefficients
    tensor([1.0000, 2.0000, 2.5000, 2.6667])
    """

    coefficients: Tensor

    @staticmethod
    def line(start: Tensor, step: Tensor, order: int) -> Jet:
        """x + t v for x and v that broadcast to one shape."""
        return Jet(recurrences.line(start, step, order))

    def __repr__(self) -> str:
        return f"Jet({self.coefficients!r})"

    @property
    def order(self) -> int:
        """K."""
        return len(self.coefficients) - 1

    @property
    def value(self) -> Tensor:
        """x(0)."""
        return self.coefficients[0]

    @property
    def derivatives(self) -> Tensor:
        """d^k x/dt^k at t = 0, shape (K + 1, *shape)."""
        return recurrences.factorials(self.coefficients) * self.coefficients

    @property
    def shape(self) -> torch.Size:
        """The shape of the value."""
        return self.value.shape

    @property
    def ndim(self) -> int:
        """The number of axes of the value."""
        return self.coefficients.ndim - 1

    @property
    def dtype(self) -> torch.dtype:
        """The precision."""
        return self.coefficients.dtype

    @property
    def device(self) -> torch.device:
        """Where the coefficients are."""
        return self.coefficients.device

    def __len__(self) -> int:
        return len(self.value)

    def __getitem__(self, key: Any) -> Jet:
        inside = key if isinstance(key, tuple) else (key,)
        return Jet(self.coefficients[(slice(None), *inside)])

    def __neg__(self) -> Jet:
        return Jet(-self.coefficients)

    def __abs__(self) -> Jet:
        return Jet(series.absolute(self.coefficients))

    def __add__(self, other: Any) -> Jet:
        if isinstance(other, Jet):
            a, b = aligned(self, other)
            return Jet(a + b)
        value = self.value + other
        higher = aligned(self, value)[0][1:].expand(-1, *value.shape)
        return Jet(torch.cat([value[None], higher]))

    def __sub__(self, other: Any) -> Jet:
        return Jet.__add__(self, -other)

    def __mul__(self, other: Any) -> Jet:
        a, b = aligned(self, other)
        return Jet(recurrences.product(a, b) if isinstance(other, Jet) else a * b)

    def __truediv__(self, other: Any) -> Jet:
        a, b = aligned(self, other)
        return Jet(
            recurrences.product(a, series.reciprocal(b)) if isinstance(other, Jet) else a / b
        )

    def __rtruediv__(self, other: Any) -> Jet:
        return Jet.__mul__(Jet(series.reciprocal(self.coefficients)), other)

    def __pow__(self, exponent: Any) -> Jet:
        if isinstance(exponent, Jet):
            logarithm = Jet(series.log(self.coefficients))
            return Jet(series.exp((exponent * logarithm).coefficients))
        return Jet(series.power(aligned(self, exponent)[0], exponent))

    def __rpow__(self, base: Any) -> Jet:
        logarithm = torch.as_tensor(base, dtype=self.dtype).log()
        return Jet(series.exp((self * logarithm).coefficients))

    def __matmul__(self, other: Any) -> Jet:
        if isinstance(other, Jet):
            return _contracted(self, other)
        return Jet(torch.func.vmap(torch.matmul, (0, None))(self.coefficients, other))

    def __rmatmul__(self, other: Any) -> Jet:
        return Jet(torch.func.vmap(torch.matmul, (None, 0))(other, self.coefficients))

    def __gt__(self, other: Any) -> Tensor:
        return torch.gt(self.value, _value(other))

    def __lt__(self, other: Any) -> Tensor:
        return torch.lt(self.value, _value(other))

    def __rsub__(self, other: Any) -> Jet:
        return Jet.__add__(-self, other)

    __radd__ = __add__
    __rmul__ = __mul__

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """The methods of tensors that are followed: jet.sin(), jet.sum(dim=1)."""
        if name not in FOLLOWED:
            raise AttributeError(f"a jet has no attribute {name!r}")
        return partial(follow, getattr(torch.Tensor, name), self)

    @classmethod
    def __torch_function__(
        cls, function: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        """Torch asks here for what its functions do with jets."""
        del types
        return follow(function, *args, **(kwargs or {}))


def follow(function: Function, *args: Any, **kwargs: Any) -> Any:
    """The function of torch, some of whose arguments are jets, as a jet.

    Raises InputError for a function that is not followed, and for options of one that are not.

    >>> jet = Jet.line(torch.tensor([0.0, 1.0]), torch.tensor([1.0, 1.0]), order=2)
    >>> torch.sum(jet**2).coefficients
    tensor([1., 2., 2.])
    """
    name = function.__name__
    if name not in FOLLOWED:
        raise InputError(
            f"the Taylor series of torch's {name} is not known; write it with "
            f"{', '.join(sorted(FOLLOWED))}."
        )
    return FOLLOWED[name](function, *args, **kwargs)


def aligned(a: Jet, b: Any) -> tuple[Tensor, Any]:
    """Coefficients that broadcast behind their first axis, as the values do; plain b as it is."""
    ndim = max(a.ndim, b.ndim) if isinstance(b, Jet | Tensor) else a.ndim
    return _padded(a, ndim), _padded(b, ndim) if isinstance(b, Jet) else b


def _padded(jet: Jet, ndim: int) -> Tensor:
    return jet.coefficients.reshape(-1, *(1,) * (ndim - jet.ndim), *jet.shape)


def _contracted(a: Jet, b: Jet) -> Jet:
    """(a @ b)_k = Σ_j a_j @ b_{k-j}."""
    rows = [
        sum(a.coefficients[j] @ b.coefficients[k - j] for j in range(1, k + 1))
        + a.coefficients[0] @ b.coefficients[k]
        for k in range(a.order + 1)
    ]
    return Jet(torch.stack(rows))


def _value(other: Any) -> Any:
    return other.value if isinstance(other, Jet) else other
