"""How a constant enters a candidate, and so which of its values are worth a try.

1/(c - r), log(c - r)     a pole or branch point: outside the range of the data
r**p                      an exponent
cos(k q)                  a wave number: from a quarter of a wave across the data to few samples
exp(-r/l), tanh(k q)      a rate: from a fraction across the data to one of their steps
exp(-(q - a)**2)          a place: among the data and around them
1/(1 + (r/a)**2)          a scale: around that of the data
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import sympy
from numpy.typing import NDArray
from sympy import Expr, Symbol

from systems.expressions import differentiate
from systems.integrate import compile

Array = NDArray[np.float64]

EXPONENTS: Final = np.arange(-12.0, 12.25, 0.25)
"""Whole, half and quarter powers: of the pairs of atoms the steepest is r**-12."""

BEYOND: Final = np.geomspace(0.01, 30.0, 24)
"""Distances of a pole from the data in their range: nearer ones double from one to the next after
three, and of one further off than 30 ranges only the first terms of its series are felt."""

RATES: Final = 24
SLOWEST: Final = 0.1
FASTEST: Final = 200.0
"""Decays over the data, in e-folds: at a tenth the exponential is a polynomial of few terms."""

SCALES: Final = np.geomspace(1e-2, 1e2, 17)

PLACES: Final = 25
PHASES: Final = 8

A_WAVE: Final = np.pi / 2
MOST_WAVES: Final = 1500
OF_NYQUIST: Final = 0.25
"""Waves of space are followed as those of time are: see `scan.frequencies`."""

WAVES: Final = (sympy.sin, sympy.cos, sympy.tan)
GROWING: Final = (sympy.exp, sympy.sinh, sympy.cosh, sympy.tanh, sympy.atan)


@dataclass(frozen=True)
class Data:
    """What terms are written in: ``columns`` (n,) of numbers by name, as they follow in time."""

    columns: Mapping[str, Array]

    def values(self, expr: Expr) -> Array:
        """An expression without constants, at every sample (n,)."""
        names = sorted(item.name for item in expr.free_symbols)
        if not names:
            return np.full(len(next(iter(self.columns.values()))), float(expr))
        table = np.column_stack([self.columns[name] for name in names])
        with np.errstate(all="ignore"):
            return np.asarray(compile([expr], names)(table)[:, 0])


def values(term: Expr, constant: Symbol, others: Mapping[Symbol, float], data: Data) -> Array:
    """Values of a constant in a term that are worth a try, ascending; none for a mere factor.

    `others` are numbers for the other constants in it.

    >>> r, c = sympy.symbols("r c")
    >>> data = Data({"r": np.linspace(1.0, 3.0, 50)})
    >>> tried = values(1 / (c - r), c, {}, data)
    >>> bool(((tried < 1) | (tried > 3)).all()), len(values(c * r, c, {}, data))
    (True, 0)
    """
    known = term.xreplace({symbol: sympy.Float(x) for symbol, x in others.items()})
    found = [np.asarray(tried, dtype=float) for tried in _tried(known, constant, data)]
    every = np.concatenate([np.zeros(0), *found])
    return np.unique(every[np.isfinite(every)])


def _tried(term: Expr, constant: Symbol, data: Data) -> Iterator[Array]:
    for node in sympy.preorder_traversal(term):
        if node.is_Pow and node.exp.has(constant) and not node.base.has(constant):
            yield _solved(node.exp, constant, EXPONENTS)
        elif node.is_Pow and node.base.has(constant):
            singular = not (node.exp.is_integer and node.exp.is_positive)
            yield from _inside(node.base, constant, data, "pole" if singular else "place")
        elif isinstance(node, sympy.log):
            yield from _inside(node.args[0], constant, data, "pole")
        elif isinstance(node, WAVES):
            yield from _inside(node.args[0], constant, data, "wave")
        elif isinstance(node, GROWING):
            yield from _inside(node.args[0], constant, data, "rate")


def _inside(base: Expr, constant: Symbol, data: Data, kind: str) -> Iterator[Array]:
    """What is tried of a constant in g(q) + h(c), or in g(q) + f(q) h(c)."""
    rest, held = base.as_independent(constant, as_Add=True)
    factor, own = held.as_independent(constant, as_Add=False)
    if own.free_symbols != {constant}:
        return
    if not factor.free_symbols:
        if not rest.free_symbols:
            return
        yield _solved(factor * own, constant, _added(data.values(rest), kind))
        return
    along = data.values(factor)
    along = along[np.isfinite(along)]
    if not len(along) or np.ptp(along) == 0:
        return
    if kind in ("wave", "rate"):
        yield _solved(own, constant, _multiplied(along, kind))
    elif rest != 0:
        size = float(np.sqrt((along**2).mean()))
        yield _solved(own, constant, np.concatenate([SCALES, -SCALES]) / size)


def _added(rest: Array, kind: str) -> Array:
    """What may be added to numbers of this range."""
    low, high = float(np.nanmin(rest)), float(np.nanmax(rest))
    span = (high - low) or abs(high) or 1.0
    if kind == "pole":
        return np.concatenate([-low + span * BEYOND, -high - span * BEYOND])
    if kind == "wave":
        return 2 * np.pi * np.arange(PHASES) / PHASES
    return np.linspace(-high - span / 2, -low + span / 2, PLACES)


def _multiplied(along: Array, kind: str) -> Array:
    """Factors of numbers in the argument of a wave, or of a growth."""
    span, far = float(np.ptp(along)), float(np.abs(along).max())
    steps = np.abs(np.diff(along))
    step = float(np.median(steps[steps > 0])) if (steps > 0).any() else span
    if kind == "wave":
        top = max(OF_NYQUIST * np.pi / step, 2 * A_WAVE / span)
        count = int(np.clip((top - A_WAVE / span) * far, 8, MOST_WAVES))
        return A_WAVE / span + np.arange(count) / far
    rates = np.geomspace(SLOWEST, float(np.clip(span / step, 10.0, FASTEST)), RATES) / span
    return np.concatenate([-rates, rates])


def _solved(held: Expr, constant: Symbol, wanted: Array) -> Array:
    """The values of a constant c at which s c + b, or s c**n, takes the wanted values."""
    slope = differentiate(held, constant)
    if not slope.free_symbols:
        return (wanted - float(held.xreplace({constant: sympy.Integer(0)}))) / float(slope)
    factor, power = held.as_coeff_exponent(constant)
    if factor.free_symbols or not power.is_number:
        return np.zeros(0)
    with np.errstate(all="ignore"):
        root: Array = (wanted / float(factor)) ** (1 / float(power))
    return root
