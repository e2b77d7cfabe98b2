"""Numbers for people: -0.0795774715(3) is -0.0795774715 with a standard error of 3e-10."""

from __future__ import annotations

import math
from typing import Final

MAX_DIGITS: Final = 15
"""Significant digits that a double surely carries."""

PLAIN_DIGITS: Final = 10
"""Significant digits shown of a value without an error bar."""

SMALLEST_PLAIN: Final = 1e-4
LARGEST_PLAIN: Final = 1e7
"""Outside these two, numbers are written as a mantissa and a power of ten."""


def with_error(value: float, stderr: float) -> str:
    """`value` to the digit where its error begins, with that digit of the error in parentheses.

    The error has one significant digit, rounded to nearest, and the value ends at the same
    decimal place. Without a known error bar (nan, inf, 0) the value stands alone.

    Source: the concise notation of uncertainties, JCGM 100:2008 (GUM), section 7.2.2.

    >>> with_error(-0.07957747154, 3.2e-10)
    '-0.0795774715(3)'
    >>> with_error(0.498, 0.0021), with_error(1234.5, 47.0), with_error(6.2e-9, 1e-11)
    ('0.498(2)', '1230(50)', '6.20(1)e-09')
    >>> with_error(0.5, 0.0)
    '0.5'
    """
    place = last_place(value, stderr)
    if place is None or not math.isfinite(value):
        return plain(value)
    shift = _exponent(value, stderr)
    step = 10.0 ** (place - shift)
    digits = _fixed(value / 10.0**shift, place - shift)
    leading = max(round(stderr / 10.0**place), 1)
    # At or above the unit the error is written with its zeros: 1230(50).
    error = leading * round(step) if place > shift else leading
    return f"{digits}({error}){_power(shift)}"


def to_place(value: float, place: int | None) -> str:
    """`value` rounded at 10**place; None gives ten significant digits.

    >>> to_place(-1 / (4 * math.pi), -10), to_place(0.5, None)
    ('-0.0795774715', '0.5')
    """
    if place is None or not math.isfinite(value):
        return plain(value)
    shift = _exponent(value, 0.0)
    if 10.0**place > abs(value):
        # The error hides every digit; the value is still told, by its leading one.
        return f"{value:.1g}"
    return f"{_fixed(value / 10.0**shift, place - shift)}{_power(shift)}"


def last_place(value: float, stderr: float) -> int | None:
    """The power of ten of the first digit of the error bar, None without a known error bar.

    It never lies below the digits that a double carries.

    >>> last_place(-0.0795774715, 3e-10), last_place(1.0, 0.0098), last_place(1.0, float("nan"))
    (-10, -2, None)
    """
    if not math.isfinite(stderr) or stderr <= 0:
        return None
    # Written with one digit, 9.8e-3 becomes 1e-2: the place is read after rounding.
    place = int(f"{stderr:.0e}".partition("e")[2])
    if value == 0 or not math.isfinite(value):
        return place
    return max(place, math.floor(math.log10(abs(value))) + 1 - MAX_DIGITS)


def plain(value: float) -> str:
    """`value` to ten significant digits.

    >>> plain(2.0), plain(1 / 3), plain(float("nan"))
    ('2', '0.3333333333', 'nan')
    """
    return f"{value:.{PLAIN_DIGITS}g}"


def order(value: float) -> str:
    """The size of an error in one digit.

    >>> order(1.04e-10), order(0.0), order(0.3), order(float("inf"))
    ('1e-10', '0', '0.3', 'inf')
    """
    return f"{value:.1g}"


def _exponent(value: float, stderr: float) -> int:
    """The power of ten to take out of a number, 0 where it can be written plainly."""
    size = max(abs(value), stderr)
    if size == 0 or SMALLEST_PLAIN <= size < LARGEST_PLAIN:
        return 0
    return math.floor(math.log10(size))


def _fixed(value: float, place: int) -> str:
    """`value` rounded at 10**place, without a power of ten."""
    if place >= 0:
        return f"{round(value / 10**place) * 10**place:d}"
    return f"{value:.{-place}f}"


def _power(exponent: int) -> str:
    return "" if exponent == 0 else f"e{exponent:+03d}"
