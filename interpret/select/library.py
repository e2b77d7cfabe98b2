"""Candidate libraries: the terms that a law may be made of, with a small algebra to build them.

powers("q", 6) + inverse_powers("r", 3)      # either
powers("x", 2) * powers("y", 2)              # products
inverse_powers("r", 3) - Library([1 / r])    # but not
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Final, TypeAlias

import numpy as np
import sympy
from numpy.typing import NDArray
from sympy import Expr, Symbol

import systems
from interpret.select import library_matrix
from systems.errors import InputError, nearest
from systems.expressions import parse_list, split, symbol

Name: TypeAlias = str | Symbol
Array = NDArray[np.float64]
Domain = Mapping[str, tuple[float, float]]

MOST_MONOMIALS: Final = 40
"""A library nobody wrote stays small enough to search and to print."""


@dataclass(frozen=True)
class Library:
    """The candidates phi_1, ..., phi_k: an ordered set of sympy expressions, without duplicates.

    A law is sought as the sum of c_j phi_j. `a + b` is the union in order, `a * b` all products,
    `a - b` the difference; the library of the constant 1 is the unit of the product. Symbols lose
    their assumptions, so that ``Symbol("r", positive=True)`` is the same variable as any other r.

    Raises InputError for an empty library.

    >>> q = symbol("q")
    >>> list(Library([q, q**2]) + Library([q**2, 1 / q]))
    [q, q**2, 1/q]
    >>> list(Library([q, q**2]) * Library([q, sympy.sin(q)]))
    [q**2, q*sin(q), q**3, q**2*sin(q)]
    """

    candidates: tuple[Expr, ...]

    def __init__(self, candidates: Iterable[Expr | int]) -> None:
        plain = (_plain(candidate) for candidate in candidates)
        object.__setattr__(self, "candidates", tuple(dict.fromkeys(plain)))
        if not self.candidates:
            raise InputError("the candidate library is empty; give it at least one candidate.")

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of the variables that occur, sorted."""
        return tuple(sorted({item.name for c in self.candidates for item in c.free_symbols}))

    def __add__(self, other: Library) -> Library:
        return Library((*self.candidates, *other.candidates))

    def __mul__(self, other: Library) -> Library:
        return Library(a * b for a in self.candidates for b in other.candidates)

    def __sub__(self, other: Library) -> Library:
        return Library(c for c in self.candidates if c not in other.candidates)

    def __len__(self) -> int:
        return len(self.candidates)

    def __iter__(self) -> Iterator[Expr]:
        return iter(self.candidates)

    def __str__(self) -> str:
        return ", ".join(str(candidate) for candidate in self.candidates)

    def without_gauge(self) -> Library:
        """The library without its constants: a constant is gauge, which no data can tell.

        >>> print(Library([1, symbol("q"), sympy.pi]).without_gauge())
        q
        """
        return Library(candidate for candidate in self.candidates if candidate.free_symbols)

    @classmethod
    def of(cls, system: systems.Problem) -> Library:
        """The candidates that a system's paper tried, without constants.

        >>> print(Library.of(systems.get("coulomb")))
        1/r, r**(-2), r**(-3)
        """
        return cls(system.candidates).without_gauge()

    @classmethod
    def default(cls, domain: Domain) -> Library:
        """What is tried when nobody says what to try, from the range of each variable in the data.

        One variable: powers 1 to 6; several: monomials to degree 4 or less. A variable that stays
        positive adds its inverse powers 1 to 3.

        >>> print(Library.default({"r": (0.5, 3.0)}))
        r, r**2, r**3, r**4, r**5, r**6, 1/r, r**(-2), r**(-3)
        """
        library = polynomial(tuple(domain))
        for name, (lowest, _) in domain.items():
            if lowest > 0:
                library = library + inverse_powers(name, 3)
        return library

    @classmethod
    def parse(
        cls, text: str | Sequence[Expr | str], names: Sequence[str], domain: Domain | None = None
    ) -> Library:
        """A library from text or a list: expressions in the variables `names`, or a name.

        Names are those of `NAMED`, "default" (which looks at `domain`, the range of each variable)
        and the systems of the catalog, which stand for their own candidates. Those of `NAMED` may
        also stand in a list. Constants are left out.

        Raises InputError for anything else; text is parsed against a whitelist, never evaluated.

        >>> print(Library.parse("1/r, 1/(10 - r), 1", ["r"]))
        1/r, 1/(10 - r)
        >>> print(Library.parse("inverse_powers", ["r"]))
        1/r, r**(-2), r**(-3)
        """
        name = text.strip() if isinstance(text, str) else ", ".join(map(str, text))
        if not name:
            raise InputError("the library is empty; list candidates such as 'q, q**2, 1/q'.")
        parts = [part.strip() for part in split(name)]
        if len(parts) > 1 and any(part in NAMED and part not in names for part in parts):
            return cls(c for part in parts for c in cls.parse(part, names, domain))
        if name in names or not name.isidentifier():
            return cls(parse_list(name, names)).without_gauge()
        if name in NAMED:
            return NAMED[name](names)
        if name == "default":
            # Without a range nothing is known to stay positive.
            return cls.default(domain or dict.fromkeys(names, (-math.inf, math.inf)))
        motions = [n for n in systems.names() if systems.get(n).mechanics is not None]
        known = (*NAMED, "default", *motions)
        if name not in known:
            raise InputError(
                f"{name!r} is no variable ({', '.join(names)}) and no named library "
                f"({', '.join(known)}).{nearest(name, (*known, *names))}"
            )
        library = cls.of(systems.get(name))
        library_matrix.check_variables(library.candidates, names)
        return library

    def evaluate(self, x: Array, variables: Sequence[str] | None = None) -> Array:
        """The library matrix phi_j(x_i), shape (n, k).

        `x` has shape (n, f); its columns are `variables`, which a library of one variable may
        leave out. Where a candidate is singular the entry is nan or inf; `check` tells it in words.

        Raises InputError when a variable of the library is not among the columns.

        >>> powers("q", 3).evaluate(np.array([[2.0]]))
        array([[2., 4., 8.]])
        """
        return library_matrix.derivatives(self.candidates, self._columns(variables), 0, x)

    def gradients(self, x: Array, variables: Sequence[str] | None = None) -> Array:
        """d phi_j/dx_a at each point, shape (n, f, k); arguments as in `evaluate`."""
        return library_matrix.derivatives(self.candidates, self._columns(variables), 1, x)

    def hessians(self, x: Array, variables: Sequence[str] | None = None) -> Array:
        """d^2 phi_j/dx_a dx_b at each point, shape (n, f, f, k); arguments as in `evaluate`."""
        return library_matrix.derivatives(self.candidates, self._columns(variables), 2, x)

    def check(
        self,
        x: Array,
        variables: Sequence[str] | None = None,
        group: NDArray[np.int64] | None = None,
    ) -> None:
        """Raise InputError, naming the candidates, if the data cannot tell this library's terms.

        That is when a candidate is singular on the data, or when some are collinear on it (see
        `library_matrix.singular` and `collinear`). `group` (n,) numbers the trajectory of each
        point: a pole between two trajectories is no harm, one that a trajectory crosses is.
        """
        library_matrix.check(self.candidates, self._columns(variables), x, group)

    def _columns(self, variables: Sequence[str] | None) -> Sequence[str]:
        """The names of the columns of x, which are never guessed among several."""
        if variables is None and len(self.variables) > 1:
            raise InputError(
                f"the library has the variables {', '.join(self.variables)}; "
                f"say which column of the points is which."
            )
        return self.variables if variables is None else variables


# Families of candidates


def powers(x: Name, highest: int) -> Library:
    """x, x**2, ..., x**highest.

    >>> print(powers("q", 3))
    q, q**2, q**3
    """
    return Library(_variable(x) ** n for n in _count(highest))


def inverse_powers(x: Name, highest: int) -> Library:
    """1/x, 1/x**2, ..., 1/x**highest."""
    return Library(_variable(x) ** -n for n in _count(highest))


def monomials(variables: Sequence[Name], degree: int) -> Library:
    """All products of the variables of total degree 1 to `degree`, by rising degree.

    >>> print(monomials(["x", "y"], 2))
    x, y, x**2, x*y, y**2
    """
    symbols = [_variable(name) for name in variables]
    return Library(
        sympy.Mul(*factors)
        for n in _count(degree)
        for factors in combinations_with_replacement(symbols, n)
    )


def trigonometric(x: Name, highest: int) -> Library:
    """sin(x), cos(x), ..., sin(highest*x), cos(highest*x)."""
    angle = _variable(x)
    return Library(f(n * angle) for n in _count(highest) for f in (sympy.sin, sympy.cos))


def polynomial(names: Sequence[str]) -> Library:
    """Powers up to 6 of one variable; of d variables the monomials up to degree 4 or lower.

    The degree n is the highest up to 4 with C(d + n, n) - 1 <= 40 monomials: 4 in the plane, 3 in
    space, 2 for two particles in space.

    >>> len(polynomial(["x", "y"])), len(polynomial(["x1", "y1", "z1", "x2", "y2", "z2"]))
    (14, 27)
    """
    d = len(names)
    if d == 1:
        return powers(names[0], 6)
    fitting = [n for n in (2, 3, 4) if math.comb(d + n, n) - 1 <= MOST_MONOMIALS]
    return monomials(names, max(fitting, default=1))


def pair(x: Name) -> Library:
    """1/x to 1/x**4, 1/x**6, 1/x**12, log(x), x, x**2: what is common between two particles."""
    r = _variable(x)
    return inverse_powers(x, 4) + Library([r**-6, r**-12, sympy.log(r), r, r**2])


def decays(x: Name) -> Library:
    """exp(-x) and exp(-x)/x, of range 1."""
    decay = sympy.exp(-_variable(x))
    return Library([decay, decay / _variable(x)])


def each(family: Callable[[Name], Library]) -> Callable[[Sequence[str]], Library]:
    """The family of every variable, one after the other."""
    return lambda names: Library(c for x in names for c in family(x))


NAMED: Final[Mapping[str, Callable[[Sequence[str]], Library]]] = {
    "polynomial": polynomial,
    "inverse_powers": each(lambda x: inverse_powers(x, 3)),
    "inverse": each(lambda x: inverse_powers(x, 3)),
    "trigonometric": each(lambda x: trigonometric(x, 3)),
    "logarithm": each(lambda x: Library([sympy.log(_variable(x))])),
    "exponential": each(decays),
    "pair": each(pair),
}
"""Families of any variables, by name; "default" and the systems of the catalog are names too."""


def _plain(candidate: Expr | int) -> Expr:
    """The candidate with its symbols minted anew, without assumptions."""
    if isinstance(candidate, str):
        raise InputError(f"{candidate!r} is text, not an expression; use Library.parse.")
    expression = sympy.sympify(candidate, strict=True)
    return expression.xreplace({item: symbol(item.name) for item in expression.free_symbols})


def _variable(x: Name) -> Symbol:
    return symbol(x if isinstance(x, str) else x.name)


def _count(highest: int) -> range:
    if highest < 1:
        raise InputError(f"the highest power or degree is {highest}; it must be at least 1.")
    return range(1, highest + 1)
