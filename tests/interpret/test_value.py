"""Numbers with their error in parentheses read back as the same number and error."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interpret.laws.value import last_place, order, plain, to_place, with_error


@pytest.mark.parametrize(
    ("value", "stderr", "shown"),
    [
        (-0.0795774715, 3e-10, "-0.0795774715(3)"),
        (0.46551545501, 3.4e-10, "0.4655154550(3)"),
        (1.0, 9.6e-3, "1.00(1)"),
        (1.0, 0.096, "1.0(1)"),
        (12.0, 3.0, "12(3)"),
        (1234.5, 47.0, "1230(50)"),
        (0.3, 0.5, "0.3(5)"),
        (0.0, 0.02, "0.00(2)"),
        (6.2e-9, 1e-11, "6.20(1)e-09"),
        (3.25e8, 1e6, "3.25(1)e+08"),
        (1.0, 1e-20, "1.00000000000000(1)"),
        (0.5, 0.0, "0.5"),
        (0.5, math.nan, "0.5"),
        (0.5, math.inf, "0.5"),
        (math.nan, 0.1, "nan"),
    ],
)
def test_value_with_error(value, stderr, shown):
    assert with_error(value, stderr) == shown


@given(
    mantissa=st.floats(1, 10, exclude_max=True),
    exponent=st.integers(-12, 12),
    relative=st.floats(1e-12, 0.5),
    sign=st.sampled_from([-1, 1]),
)
def test_value_and_error_can_be_read_back(mantissa, exponent, relative, sign):
    value = sign * mantissa * 10.0**exponent
    stderr = relative * abs(value)

    digits, error, power = re.fullmatch(
        r"(-?[\d.]+)\((\d+)\)(e[+-]\d+)?", with_error(value, stderr)
    ).groups()

    read = float(digits + (power or ""))
    decimals = len(digits.partition(".")[2])
    read_error = float(error) * 10.0**-decimals * float("1" + (power or ""))
    # One digit of the error: off by half a unit of it, at most 50 %.
    assert read == pytest.approx(value, abs=0.51 * 10.0 ** last_place(value, stderr))
    assert read_error == pytest.approx(stderr, rel=0.51)


def test_digits_end_at_the_given_place():
    assert to_place(-1 / (4 * math.pi), -10) == "-0.0795774715"
    assert to_place(2.0, -3) == "2.000"
    assert to_place(1234.5, 1) == "1230"
    assert to_place(0.5, None) == "0.5"
    assert to_place(0.01, 0) == "0.01"


def test_plain_and_order():
    assert plain(1 / 3) == "0.3333333333"
    assert order(5.77e-10) == "6e-10"
    assert order(math.inf) == "inf"
