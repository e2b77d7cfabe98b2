"""Lüscher's zeta function and the phase φ of a box: check values, brute force, independent sums."""

from __future__ import annotations

import itertools

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from systems.errors import InputError
from systems.physics.finite_volume import (
    degeneracies,
    momentum,
    phase,
    zeta00,
    zeta_sum,
    zeta_zeros,
)
from systems.physics.finite_volume.shells import shells
from systems.physics.finite_volume.zeta import near


def slope(function, x, h):
    """df/dx by differences of the fourth order."""
    near = function(x + h) - function(x - h)
    far = function(x + 2 * h) - function(x - 2 * h)
    return (8 * near - far) / (12 * h)


CHECKS = {
    -1: -5.557262180838142,
    -0.1: -0.1380021665838549,
    0.1: -4.843207867396134,
    0.5: 0.3120580474521119,
    1.5: 1.375191534853846,
    2.5: -3.546075174049776,
    5.5: -2.236542028679753,
    7.5: 6.227797194779601,
    9.7: 13.31449580075881,
    20.5: 8.921765388222036,
}
ZEROS = [
    -0.095900719461,
    0.472894247260,
    1.441591312956,
    2.627007611756,
    3.536619946962,
    4.251705973256,
    5.537700774388,
    7.196263201640,
    8.287953654158,
    9.534531427175,
]
AT_THRESHOLD = -8.91363291759


def by_hand(q2, split):
    """S(q²) by the split sum with images, in 30 digits; it does not depend on the split λ."""
    with mpmath.workdps(30):
        x, t = mpmath.mpf(q2), mpmath.mpf(split)
        last = int(80 / split + max(q2, 0))
        counts = degeneracies(last)
        poles = mpmath.fsum(
            int(counts[n]) * mpmath.exp(-t * (n - x)) / (n - x) for n in np.flatnonzero(counts)
        )
        # ∫_0^λ (π/s)^(3/2) e^(s q²) ds, less its divergence: the integral of the 1 from λ to ∞.
        centre = mpmath.quad(lambda s: (mpmath.pi / s) ** 1.5 * mpmath.expm1(s * x), [0, t])
        centre -= 2 * mpmath.pi**1.5 / mpmath.sqrt(t)
        images = mpmath.fsum(
            int(degeneracies(6)[m])
            * mpmath.quad(
                lambda s, m=m: (mpmath.pi / s) ** 1.5 * mpmath.exp(s * x - mpmath.pi**2 * m / s),
                [0, t / 2, t],
            )
            for m in range(1, 7)
        )
        return float(poles + centre + images)


# Shells


def test_the_shells_are_counted_one_vector_after_the_other():
    largest = 60
    edge = int(np.sqrt(largest))
    counts = np.zeros(largest + 1, dtype=int)
    for vector in itertools.product(range(-edge, edge + 1), repeat=3):
        length = sum(component**2 for component in vector)
        if length <= largest:
            counts[length] += 1
    assert degeneracies(largest).tolist() == counts.tolist()
    assert shells(largest).tolist() == np.flatnonzero(counts).tolist()


@pytest.mark.parametrize("largest", [0, 1, 2, 3, 5, 8, 24, 25])
def test_shells_do_not_depend_on_where_they_end(largest):
    assert degeneracies(largest).tolist() == degeneracies(300)[: largest + 1].tolist()


def test_the_caller_owns_the_counts():
    degeneracies(9)[:] = -1
    assert degeneracies(9)[0] == 1


# S and Z00


@pytest.mark.parametrize(("q2", "value"), CHECKS.items())
def test_check_values(q2, value):
    # The last two of the sixteen digits that are printed of them are not certain.
    assert zeta00(q2) == pytest.approx(value, rel=3e-14)


def test_zeros():
    zeros = zeta_zeros(10)
    np.testing.assert_allclose(zeros, ZEROS, rtol=0, atol=1e-12)
    many = zeta_zeros(300)
    assert len(many) == 300
    assert (np.diff(many) > 0).all()
    # One between any two shells.
    assert np.array_equal(np.searchsorted(many, shells(200) + 0.0), np.arange(len(shells(200))) + 1)
    assert (np.abs(zeta_sum(many)) < 1e-10 * slope(zeta_sum, many, 1e-3)).all()


def test_the_value_at_threshold():
    q2 = np.array([-1e-3, 1e-3])
    assert (zeta_sum(q2) + 1 / q2).mean() == pytest.approx(AT_THRESHOLD, abs=1e-4)
    assert near(np.array([0.0])).rest[0] == pytest.approx(AT_THRESHOLD, abs=1e-11)


@pytest.mark.parametrize("q2", [-20.5, -2.3, 0.3, 1.5, 2.9999, 7.0, 14.6, 33.2])
@pytest.mark.parametrize("split", [0.2, 1.0])
def test_no_split_matters(q2, split):
    """λ = 1, where images count as much as poles, is as good as any."""
    assert zeta_sum(q2) == pytest.approx(by_hand(q2, split), rel=1e-13)


@pytest.mark.parametrize("q2", [-1.0, 0.5, 7.0])
def test_the_sum_as_it_was_first_written_down(q2):
    """Σ_v 1/(v² - q²) - 4πΛ over |v| < Λ, with the window w(v) = (1 - v²/Λ²)^4 for a sharp edge.

    The continuum under the window is 4π ∫ w dr = 4πΛ 128/315. What it leaves out is a power series
    in 1/Λ, removed by Richardson's rule.
    """

    def windowed(edge):
        counts = degeneracies(edge**2)
        n = np.flatnonzero(counts)
        terms = counts[n] * (1 - n / edge**2) ** 4 / (n - q2)
        return terms.sum() - 4 * np.pi * edge * 128 / 315

    sums = np.array([windowed(edge) for edge in (40, 80, 160, 320)])
    for order in (1, 2, 3):
        sums = (2**order * sums[1:] - sums[:-1]) / (2**order - 1)
    assert sums[0] == pytest.approx(float(zeta_sum(q2)), abs=1e-4)


@given(st.floats(-100, 1000))
def test_the_sum_rises_between_its_poles(q2):
    n = round(q2)
    gap = abs(q2 - n) if n >= 0 and degeneracies(1001)[n] else 0.5
    if gap > 1e-3:
        assert slope(zeta_sum, q2, 1e-2 * gap) > 0


def test_cells_meet():
    """S is made of pieces about every integer: they agree where they meet."""
    edges = np.arange(-50, 400) + 0.5
    both = [zeta_sum(np.nextafter(edges, side)) for side in (-np.inf, np.inf)]
    between = 2 * np.spacing(np.abs(edges)) * slope(zeta_sum, edges, 1e-2)
    rounding = 1e-13 + 1e-14 * degeneracies(450).max()
    assert (np.abs(both[1] - both[0]) < between + rounding).all()


def test_far_below_the_threshold_only_the_continuum_counts():
    q2 = np.array([-30.0, -100.0, -9999.0])
    np.testing.assert_allclose(zeta_sum(q2), -2 * np.pi**2 * np.sqrt(-q2), rtol=1e-13)


def test_poles_are_infinite():
    assert zeta_sum([0, 1, 6, 8]).tolist() == [np.inf] * 4
    # 7 = 8·0 + 7 is no sum of three squares.
    assert np.isfinite(zeta_sum([7, 15, -1])).all()


def test_any_shape_and_any_number():
    q2 = np.random.default_rng(0).uniform(-100, 1000, 20_000)
    values = zeta_sum(q2)
    assert values.shape == q2.shape
    assert np.array_equal(values[::7919], zeta_sum(q2[::7919]))
    assert zeta_sum(q2[:6].reshape(2, 1, 3)).tolist() == values[:6].reshape(2, 1, 3).tolist()
    assert zeta_sum([]).shape == (0,)
    assert isinstance(float(zeta00(0.5)), float)


# The phase


def test_the_phase_passes_nπ_at_the_shells():
    n = shells(200).astype(float)
    np.testing.assert_allclose(phase(np.sqrt(n)), np.pi * np.arange(len(n)), rtol=1e-14, atol=0)


def test_the_phase_is_half_way_at_the_zeros():
    zeros = zeta_zeros(50)[1:]
    np.testing.assert_allclose(phase(np.sqrt(zeros)), np.pi * (np.arange(49) + 0.5), rtol=1e-13)


def test_the_phase_rises():
    q = np.linspace(0, 12, 200_001)
    assert (np.diff(phase(q)) > 0).all()


@given(st.floats(1e-3, 31))
def test_the_tangent_of_the_phase(q):
    expected = np.arctan(-(np.pi**1.5) * q / zeta00(q**2))
    difference = (phase(q) - expected) / np.pi
    assert difference == pytest.approx(round(float(difference)), abs=1e-11)


@pytest.mark.parametrize("n", [1, 6, 7, 9, 61])
def test_the_phase_next_to_an_integer(n):
    """φ there is a number like any other: a step of one rounding error moves it no more than that.

    δφ = φ'(q) δq, with φ' = 4π² n/C3(n) at a shell.
    """
    q = np.sqrt(n)
    around = q * (1 + 1e-9 * np.arange(-3, 4))
    rate = slope(phase, q, 1e-4)
    if n != 7:
        exact = 4 * np.pi**2 * n / degeneracies(n)[n]
        assert rate == pytest.approx(exact, rel=1e-6)
        rate = exact
    expected = phase(q) + rate * (around - q)
    np.testing.assert_allclose(phase(around), expected, rtol=0, atol=3e-14 * n)


@given(st.floats(1e-4, 20))
def test_momenta_and_back(q):
    assert momentum(phase(q)) == pytest.approx(q, rel=1e-13, abs=1e-13)


@given(st.floats(0, 300 * np.pi))
def test_phases_and_back(phi):
    assert phase(momentum(phi)) == pytest.approx(phi, rel=1e-12, abs=1e-12)


def test_momenta_of_any_shape():
    phi = np.pi * np.arange(12.0).reshape(3, 4)
    np.testing.assert_allclose(momentum(phi).ravel() ** 2, shells(13)[:12], rtol=1e-14)
    assert momentum(0.0) == 0
    assert momentum([]).shape == (0,)
    # φ = 2π² q³ at threshold, where S = -1/q².
    assert momentum(1e-12) == pytest.approx((1e-12 / (2 * np.pi**2)) ** (1 / 3), rel=1e-7)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: degeneracies(-1), "numbered from 0"),
        (lambda: zeta_sum(1.1e4), "served for q²"),
        (lambda: zeta_sum(np.nan), "served for q²"),
        (lambda: zeta_zeros(0), "one or more zeros"),
        (lambda: phase(-1e-9), "lies between 0 and 100"),
        (lambda: phase([1, np.nan]), "lies between 0 and 100"),
        (lambda: phase(101), "lies between 0 and 100"),
        (lambda: momentum(-0.1), "lies between 0 and"),
        (lambda: momentum(np.inf), "lies between 0 and"),
    ],
)
def test_what_cannot_be_used_is_told(make, message):
    with pytest.raises(InputError, match=message):
        make()
