"""A candidate library as a basis: sympy expressions, evaluated by torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sympy
import torch
from torch import Tensor

from systems.expressions import differentiate, parse, symbol, text
from training.bases.stored import kept_as


@kept_as("candidates")
@dataclass(frozen=True)
class Candidates:
    """phi_k(x) = the k-th candidate, with d phi_k/d x_j in closed form.

    >>> square = Candidates(("q",), (symbol("q") ** 2,))
    >>> square.gradients(torch.tensor([[3.0]], dtype=torch.float64))
    tensor([[[6.]]], dtype=torch.float64)
    """

    variables: tuple[str, ...]
    expressions: tuple[sympy.Expr, ...]

    @property
    def size(self) -> int:
        """K, the number of candidates."""
        return len(self.expressions)

    def values(self, x: Tensor) -> Tensor:
        """phi_k(x_i), shape (n, K)."""
        return _columns(self._values, x)

    def gradients(self, x: Tensor) -> Tensor:
        """d phi_k/d x_j, shape (n, f, K)."""
        return _columns(self._gradients, x).reshape(len(x), len(self.variables), self.size)

    def keep(self, support: Sequence[int]) -> Candidates:
        """The candidates with these numbers alone."""
        return Candidates(self.variables, tuple(self.expressions[k] for k in support))

    def state(self) -> dict[str, Any]:
        """Everything of it, as plain values."""
        terms = [text(expression) for expression in self.expressions]
        return {"variables": list(self.variables), "terms": terms}

    @classmethod
    def restored(cls, kept: Mapping[str, Any]) -> Candidates:
        """The basis whose ``state`` it is."""
        return cls(tuple(kept["variables"]), tuple(parse(term) for term in kept["terms"]))

    def to(self, like: Tensor) -> Candidates:
        """Expressions live on no device: the same basis."""
        del like
        return self

    @cached_property
    def _values(self) -> Callable[..., Sequence[Tensor | float]]:
        return _compile(self.variables, self.expressions)

    @cached_property
    def _gradients(self) -> Callable[..., Sequence[Tensor | float]]:
        slopes = [
            differentiate(expression, variable)
            for variable in self.variables
            for expression in self.expressions
        ]
        return _compile(self.variables, slopes)


def _compile(
    variables: Sequence[str], expressions: Sequence[sympy.Expr]
) -> Callable[..., Sequence[Tensor | float]]:
    arguments = [symbol(variable) for variable in variables]
    # evalf: torch has no exact rationals, and pi must be a number of the right precision.
    numeric = [sympy.nfloat(expression, n=17, exponent=False) for expression in expressions]
    function: Callable[..., Sequence[Tensor | float]] = sympy.lambdify(
        arguments, numeric, modules="torch", cse=True
    )
    return function


def _columns(function: Callable[..., Sequence[Tensor | float]], x: Tensor) -> Tensor:
    """Stack the outputs as columns; constants are spread over all points."""
    columns = []
    for column in function(*x.unbind(dim=1)):
        value = torch.as_tensor(column, dtype=x.dtype, device=x.device)
        columns.append(value.expand(len(x)))
    return torch.stack(columns, dim=1)
