"""Units: the number that measured numbers are whole multiples of."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from sympy import Expr

from interpret.laws.constants import recognise
from interpret.laws.json_numbers import finite
from interpret.laws.value import with_error
from interpret.reading.poles.pole_fit import ROUND_OFF, Array

SURE: Final = 5.0
"""A number is not zero where it is so many standard errors away."""

WHOLE: Final = 0.15
"""Multiples of a unit lie so close to whole numbers."""

LARGEST_DIVISOR: Final = 12
BASES: Final = 3
CHANCE: Final = 0.01
"""So many sets of random numbers at most would be multiples of something."""


@dataclass(frozen=True)
class Unit:
    """What measured numbers are whole multiples of, its standard error, and its closed form."""

    value: float
    stderr: float
    recognised: Expr | None

    def __str__(self) -> str:
        form = "" if self.recognised is None else f" = {plain(self.recognised)}"
        return f"{with_error(self.value, self.stderr)}{form}"

    def less_certain(self, error: float) -> Unit:
        """The same with another, independent error added to its error bar.

        >>> print(Unit(2.0, 0.003, None).less_certain(0.004))
        2.000(5)
        """
        stderr = math.hypot(self.stderr, error)
        return Unit(self.value, stderr, recognise(self.value, stderr))

    def to_json(self) -> dict[str, Any]:
        """The unit as plain numbers and strings."""
        return {
            "value": self.value,
            "stderr": finite(self.stderr),
            "recognised": None if self.recognised is None else str(self.recognised),
        }


def plain(constant: Expr) -> str:
    """A constant as it is printed.

    >>> import sympy
    >>> plain(4 * sympy.pi**2)
    '4π²'
    """
    return str(constant).replace("**2", "²").replace("*", "").replace("pi", "π")


def find_unit(values: Array, stderr: Array) -> Unit | None:
    """The largest u such that `values` are whole multiples of it, or None.

    Tried are the three smallest values that are not zero, divided by 1, 2, ..., 12. Values whose
    error bar is above 0.03 units have no say. The rest must lie within 0.15 units of whole
    multiples, and be so many that of a hundred sets of random numbers less than one would. The
    error bar is that of a weighted mean, enlarged where values scatter more than theirs tell.

    >>> values = np.array([6.001, 11.999, 8.0, 14.0, 9.999, 24.001, 15.999])
    >>> print(find_unit(values, np.full(7, 1e-3)))
    1.99999(5) = 2
    """
    nonzero = np.abs(values) > SURE * stderr
    # The smallest may be a zero that its error bar does not cover.
    bases = np.sort(np.abs(values[nonzero]))[:BASES]
    divisors = np.arange(1, LARGEST_DIVISOR + 1)
    tried = {float(base / divisor): int(divisor) for base in bases for divisor in divisors}
    for unit, divisor in sorted(tried.items(), reverse=True):
        used = stderr < WHOLE / SURE * unit
        others = np.count_nonzero(used & (np.abs(values) > unit / 2)) - 1
        if len(bases) * divisor * (2 * WHOLE) ** others < CHANCE:
            found = _judged(values[used], stderr[used], unit)
            if found is not None:
                return found
    return None


def refined(values: Array, stderr: Array, unit: Unit) -> Unit:
    """The unit of values that are known to be the same multiples of it as they were of `unit`.

    >>> sixes = Unit(6.0, 0.1, None)
    >>> round(refined(np.array([6.2, 12.2]), np.full(2, 0.1), sixes).value, 9)
    6.12
    """
    multiples = np.rint(values / unit.value)
    true = multiples != 0
    return _averaged(values[true], stderr[true], multiples[true])


def _judged(values: Array, stderr: Array, unit: float) -> Unit | None:
    """The unit refined on ever larger values, None where one of them is no multiple of it."""
    order = np.argsort(np.abs(values))
    values = values[order]
    weights = 1 / np.maximum(stderr[order], ROUND_OFF * np.abs(values[-1])) ** 2
    multiples = np.empty(len(values))
    product = norm = 0.0
    for j, value in enumerate(values):
        multiples[j] = np.rint(value / unit)
        if abs(value - unit * multiples[j]) > WHOLE * unit:
            return None
        product += weights[j] * multiples[j] * value
        norm += weights[j] * multiples[j] ** 2
        if multiples[j] != 0:
            unit = product / norm
    true = multiples != 0
    return _averaged(values[true], stderr[order][true], multiples[true])


def _averaged(values: Array, stderr: Array, multiples: Array) -> Unit:
    """The weighted mean of values/multiples; its error bar grows with the scatter about it."""
    weights = 1 / np.maximum(stderr, ROUND_OFF * np.abs(values)) ** 2
    norm = float(weights @ multiples**2)
    mean = float(weights @ (multiples * values)) / norm
    scatter = float(weights @ (values - mean * multiples) ** 2) / (len(values) - 1)
    error = float(np.sqrt(max(scatter, 1.0) / norm))
    return Unit(mean, error, recognise(mean, error))
