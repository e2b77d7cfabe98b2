"""What torch's functions do with jets, by the names of the functions: fills `jets.FOLLOWED`.

elementwise   a function of power series
linear        the function itself, on every coefficient alone
plain         the function itself, on the value: it has no derivatives
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from systems.errors import InputError
from training.taylor import power_series as series
from training.taylor.jets import FOLLOWED, Function, Jet
from training.taylor.power_series import Series
from training.taylor.recurrences import constant

ELEMENTWISE: Mapping[str, Series] = {
    "abs": series.absolute,
    "acos": series.acos,
    "asin": series.asin,
    "atan": series.atan,
    "cos": series.cos,
    "cosh": series.cosh,
    "elu": series.elu,
    "erf": series.erf,
    "exp": series.exp,
    "expm1": series.expm1,
    "gelu": series.gelu,
    "log": series.log,
    "log1p": series.log1p,
    "neg": lambda z: -z,
    "reciprocal": series.reciprocal,
    "relu": series.relu,
    "sigmoid": series.sigmoid,
    "silu": series.silu,
    "sin": series.sin,
    "sinh": series.sinh,
    "softplus": series.softplus,
    "special_erf": series.erf,
    "special_ndtr": series.ndtr,
    "sqrt": series.sqrt,
    "square": series.square,
    "tan": series.tan,
    "tanh": series.tanh,
}
DEFAULTS = {"alpha": 1.0, "approximate": "none", "inplace": False}
"""What elementwise functions are given beside a jet where nothing special is wanted."""

LINEAR = (
    "cat",
    "clone",
    "detach",
    "expand",
    "flatten",
    "flip",
    "index_select",
    "mean",
    "movedim",
    "permute",
    "reshape",
    "split",
    "squeeze",
    "stack",
    "sum",
    "swapaxes",
    "transpose",
    "unbind",
    "unsqueeze",
    "view",
)
PLAIN = ("dim", "ge", "gt", "le", "lt", "ones_like", "sign", "size", "zeros_like")


def _elementwise(function: Function, *args: Any, **kwargs: Any) -> Jet:
    (jet, *others), name = args, function.__name__
    if others or any(DEFAULTS.get(key) != value for key, value in kwargs.items()):
        raise InputError(f"the Taylor series of torch's {name} is known for its defaults alone.")
    return Jet(ELEMENTWISE[name](jet.coefficients))


def _linear(function: Function, first: Any, *rest: Any, **kwargs: Any) -> Any:
    """One jet, or several in a list, some of which may be constant tensors."""
    if isinstance(first, Jet):
        mapped = torch.func.vmap(lambda x: function(x, *rest, **kwargs))(first.coefficients)
    else:
        order = next(item.order for item in first if isinstance(item, Jet))
        parts = [_lifted(item, order) for item in first]
        mapped = torch.func.vmap(lambda *x: function(x, *rest, **kwargs))(*parts)
    return tuple(map(Jet, mapped)) if isinstance(mapped, tuple) else Jet(mapped)


def _plain(function: Function, *args: Any, **kwargs: Any) -> Any:
    values = (item.value if isinstance(item, Jet) else item for item in args)
    return function(*values, **kwargs)


def _binary(forward: Function, backward: Function) -> Function:
    """Arithmetic whose first argument may be a plain tensor."""

    def operate(function: Function, first: Any, second: Any) -> Jet:
        del function
        result: Jet = forward(first, second) if isinstance(first, Jet) else backward(second, first)
        return result

    return operate


def _affine(function: Function, x: Any, weight: Any, bias: Any = None) -> Any:
    """x Wᵀ + b."""
    del function
    return x @ weight.T if bias is None else x @ weight.T + bias


def _addmm(function: Function, bias: Any, x: Any, weight: Any) -> Any:
    """b + x W."""
    del function
    return x @ weight + bias


def _where(function: Function, condition: Tensor, first: Any, second: Any) -> Jet:
    order = next(item.order for item in (first, second) if isinstance(item, Jet))
    parts = (_lifted(item, order) for item in (first, second))
    return Jet(torch.func.vmap(lambda a, b: function(condition, a, b))(*parts))


def _norm(function: Function, x: Jet, dim: Any = None, keepdim: bool = False) -> Any:
    """√Σ x²; of no other power."""
    del function
    squared = x * x
    total = squared.sum() if dim is None else squared.sum(dim=dim, keepdim=keepdim)
    return total.sqrt()


def _lifted(item: Any, order: int) -> Tensor:
    """The coefficients of a jet, or of a constant."""
    if isinstance(item, Jet):
        return item.coefficients
    return constant(item, order)


SPECIAL: Mapping[str, Function] = {
    "add": _binary(Jet.__add__, Jet.__radd__),
    "sub": _binary(Jet.__sub__, Jet.__rsub__),
    "mul": _binary(Jet.__mul__, Jet.__rmul__),
    "div": _binary(Jet.__truediv__, Jet.__rtruediv__),
    "pow": _binary(Jet.__pow__, Jet.__rpow__),
    "matmul": _binary(Jet.__matmul__, Jet.__rmatmul__),
    "dot": _binary(Jet.__matmul__, Jet.__rmatmul__),
    "linear": _affine,
    "addmm": _addmm,
    "where": _where,
    "norm": _norm,
    "linalg_norm": _norm,
}

FOLLOWED.update(dict.fromkeys(ELEMENTWISE, _elementwise))
FOLLOWED.update(dict.fromkeys(LINEAR, _linear))
FOLLOWED.update(dict.fromkeys(PLAIN, _plain))
FOLLOWED.update(SPECIAL)
