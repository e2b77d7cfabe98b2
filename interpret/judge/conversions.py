"""What a constant ratio of p/m and dq/dt most likely is: a unit, an angle's measure, a mass."""

from __future__ import annotations

import math
from typing import Final

CONVERSIONS: Final[tuple[tuple[float, str], ...]] = (
    (math.pi / 180, "degrees against radians: {q} is in degrees, its velocity in radians"),
    (180 / math.pi, "degrees against radians: {q} is in radians, its velocity in degrees"),
    (2 * math.pi, "turns against radians: {q} is in turns, its velocity in radians"),
    (1 / (2 * math.pi), "turns against radians: {q} is in radians, its velocity in turns"),
    (30 / math.pi, "turns a minute against radians a second"),
    (4.740470, "km/s against au a year"),
    (1 / 4.740470, "au a year against km/s"),
    (1731.4568, "km/s against au a day"),
    (1 / 1731.4568, "au a day against km/s"),
    (3.6, "km/h against m/s"),
    (1 / 3.6, "m/s against km/h"),
    (0.3048, "metres against feet"),
    (1 / 0.3048, "feet against metres"),
    (2.54, "centimetres against inches"),
    (1 / 2.54, "inches against centimetres"),
    *(
        (factor**sign, f"a unit of length or of time ({words})")
        for sign in (1, -1)
        for factor, words in (
            (10.0, "a factor of 10"),
            (100.0, "as metres and centimetres are"),
            (1e3, "as metres and millimetres, or seconds and milliseconds are"),
            (1e6, "as metres and micrometres are"),
            (60.0, "as minutes and seconds are, or frames at 60 a second"),
            (3600.0, "as hours and seconds are"),
            (24.0, "as days and hours are, or frames at 24 a second"),
            (86400.0, "as days and seconds are"),
            (365.25, "as years and days are"),
            (31557600.0, "as years and seconds are"),
            (25.0, "frames at 25 a second"),
            (29.97, "frames at 29.97 a second"),
            (30.0, "frames at 30 a second"),
            (120.0, "frames at 120 a second"),
            (240.0, "frames at 240 a second"),
        )
    ),
)
"""(p/m)/(dq/dt) and what it is called. au: 149597870.7 km; the year: 365.25 days (IAU 2012)."""

NEAR = 0.01
"""How far off, in parts, a ratio may lie to be given a name: neighbours lie farther apart.

(1/29.97 and 1/30 do not: the nearest counts.)"""


def conversion(ratio: float, error: float, name: str) -> str:
    """The known conversion that the ratio is within its error and 1 %, "" where there is none.

    >>> conversion(0.017453, 1e-6, "theta")
    'degrees against radians: theta is in degrees, its velocity in radians'
    >>> conversion(-1.0, 1e-3, "x")
    'the other sign'
    >>> conversion(0.5, 1e-6, "x")
    ''
    """
    if abs(ratio + 1) < NEAR:
        return "the other sign"
    distance, words = min(
        (abs(math.log(abs(ratio) / factor)), words) for factor, words in CONVERSIONS
    )
    allowed = min(NEAR, max(5 * error / abs(ratio), 1e-3))
    if distance > allowed:
        return ""
    sign = "" if ratio > 0 else " and the other sign"
    return words.format(q=name) + sign
