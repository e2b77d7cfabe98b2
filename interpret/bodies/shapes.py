"""Shapes φ(s) of what acts along a link: candidates with their slopes, and a flexible reference."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import sympy
from numpy.typing import NDArray
from sympy import Expr

from interpret.select.library import Library
from systems.expressions import differentiate, symbol
from systems.integrate import Field, compile

Array = NDArray[np.float64]

FLEXIBLE: Final = 14
"""Chebyshev polynomials of the reference: those in log r follow r⁻¹² down to r_max/r_min of ten."""

LARGEST: Final = 1e100
"""A slope beyond this on the data is no candidate: sums of squares of it are no numbers."""


@dataclass(frozen=True)
class Shapes:
    """K candidates φ_k of one variable, a link's length or stretch.

    >>> shapes = Shapes("r", (symbol("r") ** 2, 1 / symbol("r")))
    >>> shapes.slopes(np.array([2.0]))
    array([[ 4.  ],
           [-0.25]])
    """

    variable: str
    candidates: tuple[Expr, ...]

    def values(self, s: Array) -> Array:
        """φ_k at s (...): (K, ...)."""
        return self._at(self._values, s)

    def slopes(self, s: Array) -> Array:
        """φ'_k at s (...): (K, ...)."""
        return self._at(self._slopes, s)

    def usable(self, s: Array) -> Shapes:
        """Those that have a slope at all of s, and not the same one as nothing."""
        with np.errstate(all="ignore"):
            sizes = np.abs(self.slopes(s)).reshape(len(self.candidates), -1)
        fine = np.isfinite(sizes).all(axis=1) & (sizes.max(axis=1) > 0)
        fine &= sizes.max(axis=1, initial=0.0, where=np.isfinite(sizes)) < LARGEST
        return Shapes(
            self.variable, tuple(c for c, f in zip(self.candidates, fine, strict=True) if f)
        )

    def renamed(self, variable: str) -> Shapes:
        """The same of a variable that is called otherwise."""
        own = {symbol(self.variable): symbol(variable)}
        return Shapes(variable, tuple(c.xreplace(own) for c in self.candidates))

    def _at(self, field: Field, s: Array) -> Array:
        return field(s.reshape(-1, 1)).T.reshape(-1, *s.shape)

    @cached_property
    def _values(self) -> Field:
        return compile(self.candidates, [self.variable])

    @cached_property
    def _slopes(self) -> Field:
        return compile([differentiate(c, self.variable) for c in self.candidates], [self.variable])


@dataclass(frozen=True)
class Flexible:
    """Chebyshev polynomials of the degrees 1 to K, in log s, or in s where this changes sign."""

    low: float
    high: float
    logarithmic: bool
    count: int = FLEXIBLE

    @staticmethod
    def over(s: Array, count: int = FLEXIBLE) -> Flexible:
        """Those that cover the lengths s."""
        low, high = float(s.min()), float(s.max())
        return Flexible(low, high, low > 0, count)

    def slopes(self, s: Array) -> Array:
        """Their slopes by s (...): (K, ...)."""
        low, high = np.log([self.low, self.high]) if self.logarithmic else (self.low, self.high)
        x = 2 * ((np.log(s) if self.logarithmic else s) - low) / (high - low) - 1
        x = np.clip(x, -1.0, 1.0)
        stretch = 2 / (high - low) / (s if self.logarithmic else 1.0)
        # T'_k = k U_{k-1}, and U_k = 2 x U_{k-1} - U_{k-2}.
        before, second = np.zeros_like(x), np.broadcast_to(stretch, x.shape).copy()
        found = np.empty((self.count, *s.shape))
        for k in range(self.count):
            found[k] = (k + 1) * second
            before, second = second, 2 * x * second - before
        return found


def pair_shapes(variable: str) -> Shapes:
    """What is common between two particles: inverse powers, log, powers and exponentials.

    The usual ones come first: of two that noise does not tell apart the first is taken.

    >>> print(*pair_shapes("r").candidates[:9], sep=", ")
    1/r, r**(-2), r**(-3), r**(-4), r**(-6), r**(-12), r**(-8), r**(-10), log(r)
    """
    r = symbol(variable)
    inverse = [r**-p for p in (1, 2, 3, 4, 6, 12, 8, 10)]
    decays = [sympy.exp(-r), sympy.exp(-r) / r]
    return Shapes(variable, (*inverse, sympy.log(r), *(r**p for p in (1, 2, 3, 4)), *decays))


def bond_shapes(variable: str, highest: int = 4) -> Shapes:
    """Powers of a stretch, from its square.

    >>> bond_shapes("s").candidates
    (s**2, s**3, s**4)
    """
    return Shapes(variable, tuple(symbol(variable) ** p for p in range(2, highest + 1)))


def ring_shapes(variable: str) -> Shapes:
    """What is common of a bond on a line: powers of its stretch, Toda's exponentials, waves.

    >>> print(*ring_shapes("s").candidates, sep=", ")
    s**2, s**3, s**4, exp(s), exp(-s), s, cos(s), s**6
    """
    s = symbol(variable)
    powers = [s**p for p in (2, 3, 4)]
    return Shapes(variable, (*powers, sympy.exp(s), sympy.exp(-s), s, sympy.cos(s), s**6))


def field_shapes(variable: str) -> Shapes:
    """What is common of an external field about the origin: a trap's powers, a sun's 1/d.

    >>> field_shapes("d").candidates
    (d**2, d**4, 1/d)
    """
    return Shapes(variable, tuple(symbol(variable) ** p for p in (2, 4, -1)))


def given_shapes(variable: str, library: Library) -> Shapes:
    """Candidates of one's own in that variable."""
    return Shapes(variable, library.without_gauge().candidates)
