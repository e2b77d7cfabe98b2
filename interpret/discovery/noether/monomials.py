"""Functions of phase space that may be conserved: q^a v^b F(q), F a term of the law or 1."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations_with_replacement
from typing import Final

import numpy as np
import sympy
from numpy.typing import NDArray
from sympy import Expr

from systems import integrate
from systems.equations import gradient, velocity
from systems.expressions import symbol

Array = NDArray[np.float64]
Powers = NDArray[np.int64]

HIGHEST: Final = ((4, (4, 2, 2, 1)), (6, (2, 1, 1, 0)), (99, (1, 1, 0, 0)))
"""Up to so many coordinates, the highest degree in q beside the degrees 0, 1, 2, 3 in v: a
Runge–Lenz vector is q v², an angular momentum q v, and the libraries stay below 500 functions."""


MOST_PRODUCTS: Final = 400
"""Of terms of the law with q and v; many pairs of particles leave their terms alone."""


@dataclass(frozen=True, eq=False)
class Monomials:
    """K functions of q and v, each F_f q^a v^b with f (K,), a and b (K, d); F_0 = 1.

    >>> x, y = map(symbol, "xy")
    >>> some = Monomials.of(("x", "y"), [1 / x], degree=1)
    >>> some.expr(0), some.expr(len(some) - 1)
    (x, y/x)
    """

    coordinates: tuple[str, ...]
    factors: tuple[Expr, ...]
    f: Powers
    a: Powers
    b: Powers

    @staticmethod
    def of(
        coordinates: Sequence[str], terms: Sequence[Expr], shapes: Sequence[Expr] = (),
        degree: int = 3,
    ) -> Monomials:  # fmt: skip
        """Polynomials of at most this degree in v, and products with terms of the law.

        A term of the potential goes with two powers of v less; `shapes`, which masses have, go
        with two powers.
        """
        d = len(coordinates)
        highest = next(caps for most, caps in HIGHEST if d <= most)
        factors = (sympy.S.One, *dict.fromkeys((*terms, *shapes)))
        rows: list[tuple[int, tuple[int, ...], tuple[int, ...]]] = []
        for power in range(degree + 1):
            cap = highest[min(power, len(highest) - 1)]
            rows += [(0, a, b) for b in _exactly(d, power) for a in _up_to(d, cap) if any(a + b)]
        for k, factor in enumerate(factors[1:], start=1):
            powers, linear = ([2], 0) if factor in shapes else _room(len(terms), d, degree)
            rows += [(k, a, b) for n in powers for b in _exactly(d, n) for a in _up_to(d, linear)]
        f, a, b = zip(*rows, strict=True)
        return Monomials(tuple(coordinates), factors, np.array(f), np.array(a), np.array(b))

    def __len__(self) -> int:
        return len(self.f)

    def __getitem__(self, some: Powers | list[int]) -> Monomials:
        """Some of the functions, by their numbers."""
        f, a, b = (each[some] for each in (self.f, self.a, self.b))
        return Monomials(self.coordinates, self.factors, f, a, b)

    @property
    def degrees(self) -> Powers:
        """The degree of each in v (K,)."""
        return np.asarray(self.b.sum(axis=1))

    @property
    def complexity(self) -> Powers:
        """How much there is to write of each (K,)."""
        return np.asarray(self.a.sum(axis=1) + self.b.sum(axis=1) + 2 * (self.f > 0))

    def expr(self, k: int) -> Expr:
        """The function of that number, in q and qd."""
        places = [symbol(name) for name in self.coordinates]
        rates = [velocity(name) for name in self.coordinates]
        pairs = [*zip(places, self.a[k], strict=True), *zip(rates, self.b[k], strict=True)]
        return self.factors[self.f[k]] * sympy.Mul(*(x ** int(power) for x, power in pairs))

    def values(self, q: Array, v: Array) -> Array:
        """At the points q and v (n, d): (n, K)."""
        known = self._factors(q)[:, : len(self.factors)]
        return known[:, self.f] * _product(q, self.a) * _product(v, self.b)

    def gradients(self, q: Array, v: Array) -> Array:
        """By q and v at the points: (n, K, 2d)."""
        d = len(self.coordinates)
        table = self._factors(q)
        known, slopes = table[:, : len(self.factors)], table[:, len(self.factors) :]
        slopes = slopes.reshape(len(q), len(self.factors), d)
        in_q, in_v, factor = _product(q, self.a), _product(v, self.b), known[:, self.f]
        parts = [
            slopes[:, self.f, i] * in_q * in_v + factor * _slope(q, self.a, i) * in_v
            for i in range(d)
        ]
        parts += [factor * in_q * _slope(v, self.b, i) for i in range(d)]
        return np.stack(parts, axis=2)

    @cached_property
    def _factors(self) -> integrate.Field:
        slopes = [slope for f in self.factors for slope in gradient(f, self.coordinates)]
        return integrate.compile([*self.factors, *slopes], self.coordinates)


def _room(terms: int, d: int, degree: int) -> tuple[Sequence[int], int]:
    """With which powers of v, and with how many of q, terms of a potential are multiplied."""
    for highest, linear in ((degree - 2, 1), (degree - 2, 0), (0, 0)):
        if terms * (d + 1) ** (max(highest, 0) + linear) <= MOST_PRODUCTS:
            break
    return range(max(highest, 0) + 1), linear


def _exactly(d: int, degree: int) -> Iterator[tuple[int, ...]]:
    """The exponents of every monomial of that degree in d variables."""
    for chosen in combinations_with_replacement(range(d), degree):
        yield tuple(chosen.count(i) for i in range(d))


def _up_to(d: int, degree: int) -> Iterator[tuple[int, ...]]:
    for each in range(degree + 1):
        yield from _exactly(d, each)


def _product(x: Array, powers: Powers) -> Array:
    """Π_i x_i^p_i of points x (n, d) and exponents (K, d): (n, K)."""
    table = x[:, :, None] ** np.arange(powers.max(initial=0) + 1)
    total = np.ones((len(x), len(powers)))
    for i, column in enumerate(powers.T):
        total *= table[:, i, column]
    return total


def _slope(x: Array, powers: Powers, i: int) -> Array:
    """∂/∂x_i of the same: (n, K)."""
    lower = powers.copy()
    lower[:, i] = np.maximum(lower[:, i] - 1, 0)
    return powers[:, i] * _product(x, lower)
