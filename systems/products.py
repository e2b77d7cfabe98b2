"""Many terms at many points: each is a product of two that are there already.

    c Π g_i^(n_i),    the g_i whatever is no product: variables, 1/r, cos θ, sums

numpy takes x³ as a power, which costs as much as a dozen products. Values are held to a few units
in the last place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import sympy
from numpy.typing import NDArray

from systems.integrate import Field, compile

Array = NDArray[np.float64]
Product = tuple[tuple[int, int], ...]
"""(number of a factor, how often), in the order of the factors; none is 1."""

HIGHEST = 64
"""Beyond this a power is left to numpy: so many products would round more than it does."""


def compile_products(expressions: Sequence[sympy.Expr], variables: Sequence[str]) -> Field:
    """The numpy function x (n, k) -> (n, m), as `systems.integrate.compile` gives it, but quicker.

    Raises `InputError` as that does.

    >>> x, y = sympy.symbols("x y")
    >>> terms = compile_products([x**2 * y, 3 * x**3, 1 / y], ["x", "y"])
    >>> terms(np.array([[2.0, 5.0]]))
    array([[20. , 24. ,  0.2]])
    """
    factors: dict[sympy.Expr, int] = {}
    taken = [_taken_apart(expression, factors) for expression in expressions]
    steps, copies, size = _planned(len(factors), [product for _, product in taken])
    scales = [(row, scale) for row, (scale, _) in enumerate(taken) if scale != 1.0]
    of_factors = compile(list(factors), variables)
    wanted = len(expressions)

    def evaluate(x: Array) -> Array:
        values = np.empty((wanted + size, len(x)))
        rows = [*of_factors(x).T, np.ones(()), *values]
        for row, left, right in steps:
            np.multiply(rows[left], rows[right], out=rows[row])
        for row, other in copies:
            rows[row][:] = rows[other]
        for place, scale in scales:
            values[place] *= scale
        return values[:wanted].T

    return evaluate


def _taken_apart(expression: sympy.Expr, factors: dict[sympy.Expr, int]) -> tuple[float, Product]:
    """c and the product, of an expression whose factors are numbered as they come up."""
    number, rest = expression.as_coeff_Mul()
    counted: dict[int, int] = {}
    for factor in sympy.Mul.make_args(rest):
        base, exponent = factor.as_base_exp()
        if not (exponent.is_Integer and abs(int(exponent)) <= HIGHEST):
            base, exponent = factor, sympy.Integer(1)
        if exponent < 0:
            base, exponent = 1 / base, -exponent
        if base != 1:
            place = factors.setdefault(base, len(factors))
            counted[place] = counted.get(place, 0) + int(exponent)
    return float(number), tuple(sorted(counted.items()))


def _planned(
    factors: int, wanted: Sequence[Product]
) -> tuple[list[tuple[int, int, int]], list[tuple[int, int]], int]:
    """Steps (row, left, right), then copies (row, other), and how many more rows they need.

    The rows are the factors, 1, what is wanted, and what is only needed on the way.
    """
    known: dict[Product, int] = {((place, 1),): place for place in range(factors)} | {(): factors}
    first = factors + 1
    free = first + len(wanted)
    steps: list[tuple[int, int, int]] = []

    def row_of(product: Product, own: int | None = None) -> int:
        nonlocal free
        if product not in known:
            left, right = map(row_of, _split(product, known))
            if own is None:
                own, free = free, free + 1
            steps.append((own, left, right))
            known[product] = own
        return known[product]

    # From low degree to high, so that most are one product away from another.
    order = sorted(range(len(wanted)), key=lambda place: sum(n for _, n in wanted[place]))
    found = [(first + place, row_of(wanted[place], first + place)) for place in order]
    return steps, [(row, other) for row, other in found if row != other], free - first - len(wanted)


def _split(product: Product, known: Mapping[Product, int]) -> tuple[Product, Product]:
    """Two that make up a product of two factors or more: a known one and a factor, or halves."""
    whole = dict(product)
    for place in whole:
        rest = _without(whole, {place: 1})
        if rest in known:
            return rest, ((place, 1),)
    half = {place: n // 2 for place, n in product}
    if not any(half.values()):
        half = dict(product[: len(product) // 2])
    lower = tuple((place, n) for place, n in half.items() if n)
    return lower, _without(whole, half)


def _without(whole: Mapping[int, int], part: Mapping[int, int]) -> Product:
    left = ((place, n - part.get(place, 0)) for place, n in whole.items())
    return tuple((place, n) for place, n in left if n)
