"""Features: the quantities x(q) that a potential is a function of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import sympy

from systems import alike
from systems.errors import InputError
from systems.expressions import differentiate, parse, symbol
from systems.integrate import Field, compile
from training.prepare.stencils import Array


@dataclass(frozen=True)
class Features:
    """x_j(q), j = 1..f, with their first and second derivatives in closed form.

    V(q) = W(x(q)) has the gradient dV/dq_a = sum_j dW/dx_j dx_j/dq_a. The identity x = q is the
    case of no features at all.

    Shapes: ``q`` (n, d); ``values`` (n, f), ``jacobian`` (n, d, f), ``hessian`` (n, d, d, f).

    >>> radius = Features(("x", "y"), ("r",), (sympy.sqrt(symbol("x")**2 + symbol("y")**2),))
    >>> radius.values(np.array([[3.0, 4.0]]))
    array([[5.]])
    """

    coordinates: tuple[str, ...]
    names: tuple[str, ...]
    expressions: tuple[sympy.Expr, ...]

    @staticmethod
    def identity(coordinates: Sequence[str]) -> Features:
        """The coordinates themselves."""
        names = tuple(coordinates)
        return Features(names, names, tuple(symbol(name) for name in names))

    @staticmethod
    def of(coordinates: Sequence[str], expressions: Mapping[str, sympy.Expr]) -> Features:
        """Named functions of the coordinates (none: the identity).

        Raises InputError for an expression in anything but the coordinates.
        """
        if not expressions:
            return Features.identity(coordinates)
        if not isinstance(expressions, Mapping):
            raise InputError(f"features are expressions by name, not {expressions!r:.60}.")
        expressions = {
            symbol(name).name: what if isinstance(what, sympy.Expr) else parse(what)
            for name, what in expressions.items()
        }
        known = {symbol(name) for name in coordinates}
        for name, expression in expressions.items():
            strangers = sorted(str(item) for item in expression.free_symbols - known)
            if strangers:
                raise InputError(
                    f"the feature {name} = {expression} uses {', '.join(strangers)}, which is no "
                    f"coordinate of the data; the coordinates are {', '.join(coordinates)}"
                )
        return Features(tuple(coordinates), tuple(expressions), tuple(expressions.values()))

    @cached_property
    def trivial(self) -> bool:
        """Whether the features are the coordinates themselves."""
        return self.names == self.coordinates

    @property
    def definitions(self) -> dict[str, sympy.Expr]:
        """name -> expression; empty for the identity."""
        if self.trivial:
            return {}
        return dict(zip(self.names, self.expressions, strict=True))

    @property
    def distances(self) -> tuple[str, ...]:
        """The names of those that are never negative by their form: roots and absolute values.

        >>> x, y = symbol("x"), symbol("y")
        >>> Features.of(["x", "y"], {"r": sympy.sqrt(x**2 + y**2), "u": x + y}).distances
        ('r',)
        """
        return tuple(
            name
            for name, what in self.definitions.items()
            if isinstance(what, sympy.Abs) or (what.is_Pow and what.exp == sympy.Rational(1, 2))
        )

    def values(self, q: Array) -> Array:
        """x(q), shape (n, f)."""
        if self.trivial:
            return q
        return self._values(q)

    def jacobian(self, q: Array) -> Array:
        """dx_j/dq_a, shape (n, d, f)."""
        n, d = q.shape
        if self.trivial:
            return np.broadcast_to(np.eye(d), (n, d, d))
        return self._jacobian(q).reshape(n, d, len(self.names))

    def hessian(self, q: Array) -> Array:
        """d^2 x_j/dq_a dq_b, shape (n, d, d, f)."""
        n, d = q.shape
        if self.trivial:
            return np.zeros((n, d, d, d))
        return self._hessian(q).reshape(n, d, d, len(self.names))

    @cached_property
    def _alike(self) -> tuple[alike.Kind, ...]:
        return alike.kinds(self.expressions, self.coordinates)

    @cached_property
    def _values(self) -> Field:
        if len(self.expressions) > alike.FEW:
            return partial(alike.values, self._alike)
        return compile(self.expressions, self.coordinates)

    @cached_property
    def _jacobian(self) -> Field:
        if len(self.expressions) > alike.FEW:
            return partial(alike.slopes, self._alike)
        slopes = [differentiate(x, a) for a in self.coordinates for x in self.expressions]
        return compile(slopes, self.coordinates)

    @cached_property
    def _hessian(self) -> Field:
        # ∂²x/∂a∂b is ∂²x/∂b∂a: half of them are differentiated, each slope but once.
        known: dict[tuple[str, str], list[sympy.Expr]] = {}
        for number, a in enumerate(self.coordinates):
            slopes = [differentiate(x, a) for x in self.expressions]
            for b in self.coordinates[number:]:
                known[a, b] = known[b, a] = [differentiate(slope, b) for slope in slopes]
        pairs = [(a, b) for a in self.coordinates for b in self.coordinates]
        return compile([each for pair in pairs for each in known[pair]], self.coordinates)
