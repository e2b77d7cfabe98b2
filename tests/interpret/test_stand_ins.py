"""Laws that come near the true one without being it, and data that hold two laws."""

from __future__ import annotations

import numpy as np
import pytest

import interpret
import systems
from interpret.experiments.motion import Motion
from interpret.judge.remainder import remainder
from systems.dop853 import solve
from systems.samples.trajectories import Trajectories, Trajectory

TIMES = np.linspace(0, 12, 150)
LIBRARY = "x, x**2, x**3, x**4, x**5, x**6"


def motion(slopes, starts, names=("x",), noise=0.0):
    """q'' = -slopes[j](q) from start j (q, v), each trajectory under a slope of its own."""
    d = len(names)
    items = []
    for slope, start in zip(slopes, starts, strict=True):

        def rate(y, slope=slope):
            return np.hstack([y[:, d:], -slope(y[:, :d])])

        (path,) = solve(rate, np.array([start], dtype=float), TIMES)
        items.append(Trajectory(TIMES, path[:, :d].copy(), path[:, d:].copy()))
    return Trajectories(names, np.ones(d), tuple(items)).with_noise(noise, 0)


def soft(q):
    """dV/dx of V = -1/√(1 + x²): x²/2 - 3 x⁴/8 + 5 x⁶/16 - ... near the centre."""
    return q / (1 + q**2) ** 1.5


STARTS = ((0.2, 0.0), (0.1, 0.1))


def test_a_stand_in_of_exact_data_is_approximate_however_near():
    run = interpret.fit(motion([soft, soft], STARTS), library=LIBRARY)
    assert run.law.verdict != "identified"
    (failed,) = (check for check in run.certificate.checks if check.name == "remainder")
    assert failed.verdict == "approximate"
    assert failed.missed < 1e-5


def test_what_is_no_potential_or_too_small_leaves_nothing_smooth():
    """Rounding to eight digits is left by the right law, and no polynomial makes it smaller."""
    exact = motion([lambda q: q + q**3] * 2, STARTS)
    items = tuple(Trajectory(i.t, i.q.round(8), i.p.round(8)) for i in exact)
    rounded = Trajectories(exact.coordinates, exact.mass, items)
    problem = systems.observed(rounded)
    fit = interpret.learn(problem, rounded, Motion(library=LIBRARY))
    (law,) = interpret.read(fit)
    found = remainder(interpret.refine(law, fit), fit.rows)
    assert found.passed
    assert found.statistic == pytest.approx(1, abs=0.3)


@pytest.mark.slow
@pytest.mark.parametrize("parts", ["potential", "auto"])
@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_two_springs_in_one_file_are_no_law(noise, parts):
    def second(q):
        return 1.3 * q + q**3

    pair = motion([lambda q: q + q**3, second], ((1.0, 0.0), (0.6, 0.5)), noise=noise)
    run = interpret.fit(pair, library=LIBRARY, parts=parts)
    assert run.law.verdict != "identified"
    if noise:
        assert "number of the trajectory" in " ".join(run.law.reasons)


@pytest.mark.slow
def test_an_uneven_trap_is_a_sum_of_squares():
    """Numbers measured off forces would be in the feature, where no error bar knows of them."""

    def slope(q):
        return q * np.array([1.234, 0.777])

    starts = ((1.0, 0.3, 0.0, 0.4), (0.2, 0.8, 0.5, 0.0), (0.5, 0.5, 0.3, -0.2))
    run = interpret.fit(motion([slope] * 3, starts, ("x", "y")))
    assert {str(term) for term in run.law.terms} == {"x**2", "y**2"}
    assert run.law.verdict == "identified", run.certificate.table()
    assert run.law.coefficients == pytest.approx([0.617, 0.3885], abs=1e-6)


@pytest.mark.slow
def test_error_bars_of_positions_alone_hold_the_curve_they_were_derived_by():
    exact = motion([lambda q: q + q**3] * 2, ((1.0, 0.0), (0.6, 0.5)))
    alone = exact.positions_alone()
    law = interpret.fit(alone, library=LIBRARY).law
    assert {str(term) for term in law.terms} == {"x**2", "x**4"}
    off = np.abs(law.coefficients - [0.5, 0.25]) / law.stderr
    assert off.max() < 3.3
    assert law.stderr.max() < 1e-3
