"""Closed forms of measured numbers: -0.0795774715(3) is -1/(4*pi), 0.4655154550(3) is nothing.

A number with few digits lies close to many closed forms, so a hit alone proves nothing. A form is
accepted only when it lies within the error bar and when a hit by chance is improbable, given how
many forms of its complexity or simpler there are.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from functools import lru_cache
from typing import Final, NamedTuple

import sympy
from sympy import Expr, Rational, pi, sqrt

GENERATORS: Final[tuple[tuple[Expr, int], ...]] = (
    (sympy.Integer(1), 1),
    (pi, 4),
    (1 / pi, 4),
    (sqrt(2), 8),
    (sqrt(3), 8),
    (pi**2, 8),
    (1 / pi**2, 8),
    (sqrt(pi), 16),
    (1 / sqrt(pi), 16),
)
"""What a rational number p/q may be multiplied by, with its weight w."""

MAX_HEIGHT: Final = 256
"""Forms (p/q)*g are listed up to the height p*q*w."""

WINDOW: Final = 3.0
"""A form must lie within so many standard errors; 99.7 % of true ones do."""

CHANCE: Final = 0.0018
"""The largest accepted number of forms expected in the window by chance."""

DECADES: Final = 6.0
"""Where no form is preferred, log|value| is taken as uniform over so many decades, 1e-3 to 1e3."""

ROUND_OFF: Final = 1e-15
"""Relative error of a value whose error bar is smaller than double precision can carry."""


class _Form(NamedTuple):
    """The closed form (p/q)*g, without its sign."""

    value: float
    rank: int
    p: int
    q: int
    generator: Expr

    @property
    def expression(self) -> Expr:
        return Rational(self.p, self.q) * self.generator


def recognise(value: float, stderr: float) -> Expr | None:
    """The simplest vetted closed form of `value` within its error bar, or None.

    The vetted forms are ±(p/q)*g with p, q coprime whole numbers and g one of 1, pi, 1/pi,
    pi**2, 1/pi**2, sqrt(2), sqrt(3), sqrt(pi), 1/sqrt(pi), of height p*q*w(g) <= 256. They are
    ranked by height, only that 1/2 comes first: the form of rank N has N - 1 simpler ones. A form
    F of rank N is accepted if

        |value - F| <= 3 stderr   and   N * 6 stderr/|value| / ln(10**6) < 0.0018.

    The second left-hand side is the number of forms of rank <= N that a window of 6 standard
    errors holds by chance, when the value is log-uniform over six decades. Of such reals fewer
    than 0.18 % are recognised, whatever their error bar (of reals uniform in ±10, fewer than 1 %);
    a form in the list is found 99.7 % of the time once the relative error bar is below 1e-6.

    Units: `value` and `stderr` in the same, any unit. An unknown error bar (nan, inf, negative)
    or a value of 0 gives None. An error bar of 0 stands for double precision.

    >>> recognise(-0.0795774715, 3e-10)
    -1/(4*pi)
    >>> recognise(0.498, 0.002)
    1/2
    >>> print(recognise(0.4655154550, 3e-10), recognise(-0.0795774715, 1e-3))
    None None
    """
    if not (math.isfinite(value) and math.isfinite(stderr)) or value == 0 or stderr < 0:
        return None
    size = abs(value)
    error = max(stderr, ROUND_OFF * size)
    chance_per_form = 2 * WINDOW * error / size / (DECADES * math.log(10))
    values, forms = _forms()
    first = bisect_left(values, size - WINDOW * error)
    last = bisect_right(values, size + WINDOW * error)
    best = min(forms[first:last], key=lambda form: form.rank, default=None)
    if best is None or best.rank * chance_per_form >= CHANCE:
        return None
    return best.expression if value > 0 else -best.expression


@lru_cache(maxsize=1)
def _forms() -> tuple[list[float], list[_Form]]:
    """All vetted forms in increasing order of value, and these values alone."""
    listed = [
        (p * q * weight, p + q, order, p, q)
        for order, (_, weight) in enumerate(GENERATORS)
        for p in range(1, MAX_HEIGHT // weight + 1)
        for q in range(1, MAX_HEIGHT // (weight * p) + 1)
        if math.gcd(p, q) == 1
    ]
    listed.sort(key=_complexity)
    sizes = [float(generator) for generator, _ in GENERATORS]
    forms = [
        _Form(p / q * sizes[order], rank, p, q, GENERATORS[order][0])
        for rank, (_, _, order, p, q) in enumerate(listed, start=1)
    ]
    forms.sort(key=lambda form: form.value)
    return [form.value for form in forms], forms


def _complexity(listed: tuple[int, int, int, int, int]) -> tuple[bool, int, int, int, int, int]:
    """The order 1/2, 1, 2, 1/3, 3, pi, 1/pi, ...

    1/2 leads, as the commonest coefficient in mechanics: m*v**2/2, k*q**2/2. Of two forms of one
    height the smaller number comes first.
    """
    height, _, _, p, q = listed
    is_half = height == p * q == 2 and q == 2
    return (not is_half, *listed)
