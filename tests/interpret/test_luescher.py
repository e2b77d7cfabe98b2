"""Lüscher's formula read off points: exact ones, noisy ones, those of models, and wrong ones."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
import sympy

import systems
from interpret.laws import kept
from interpret.laws.comparison import compare
from interpret.laws.poles import pole
from interpret.reading.poles import (
    PoleTable,
    blind_poles,
    collapse,
    find_unit,
    integers,
    read_laws,
    read_poles,
)
from interpret.reading.poles.common_error import Witnesses
from interpret.reading.poles.level_reading import read as read_levels
from systems.errors import InputError
from systems.expressions import symbol
from systems.physics.finite_volume import degeneracies, phase, zeta_sum
from systems.physics.finite_volume.points import LevelPoints

TWO_PI = 2 * np.pi


def points(count, reach, noise=0.0, seed=0):
    """q² at random and δ of Lüscher's formula, with noise in rad."""
    rng = np.random.default_rng([seed, count])
    q2 = rng.uniform(0.02, reach, count)
    return q2, -phase(np.sqrt(q2)) + noise * rng.standard_normal(count)


def boxed(q2, seed=0):
    """k and L of points q²: the boxes are drawn."""
    boxes = np.random.default_rng(seed).uniform(9, 14, len(q2))
    return TWO_PI * np.sqrt(q2) / boxes, boxes


LUESCHER = systems.get("luescher")


def judged(table, blind=None):
    """The law of a table of poles beside the truth."""
    return compare(read_laws(table, blind)[0], LUESCHER)


def correct(found):
    """How many integers are resolved and true."""
    return sum(term.identical for term in found.terms)


def phases_of(sum_over_poles, q2):
    """δ of 2π² q cot δ = Σ."""
    return np.arctan2(2 * np.pi**2 * np.sqrt(q2), sum_over_poles)


# Integers


def test_exact_points_give_all_integers():
    table = read_poles(*points(1000, 60.9), largest=60)

    assert table.integers == tuple(degeneracies(60).tolist())
    assert all(table.resolved)
    assert table.first_unresolved is None
    assert table.reading == "all integers resolved, n = 0 to 60"
    np.testing.assert_allclose(table.coefficients, degeneracies(60), rtol=0, atol=1e-5)
    assert judged(table).verdict == "IDENTICAL"


def test_phases_count_modulo_pi():
    q2, delta = points(300, 6.5)
    turned = delta + np.pi * np.arange(300)
    assert read_poles(q2, turned).coefficients == pytest.approx(
        read_poles(q2, delta).coefficients, abs=1e-6
    )


@pytest.mark.parametrize(
    "seeds", [(0, 1), pytest.param((2, 3, 4, 5), marks=pytest.mark.slow)], ids=["two", "others"]
)
@pytest.mark.parametrize(
    ("noise", "fewest", "most"),
    [
        pytest.param(1e-4, 61, 61, marks=pytest.mark.slow),
        (1e-3, 61, 61),
        (1e-2, 8, 40),
        pytest.param(1e-1, 0, 4, marks=pytest.mark.slow),
    ],
)
def test_what_is_called_resolved_is_right(noise, fewest, most, seeds):
    """At every level of noise integers stop somewhere, and none is wrong before or beyond."""
    truth = degeneracies(60)
    for seed in seeds:
        table = read_poles(*points(1000, 60.9, noise, seed), largest=60)
        resolved = np.array(table.resolved)
        assert (np.array(table.integers)[resolved] == truth[resolved]).all()
        assert fewest <= resolved.sum() <= most
        end = table.first_unresolved
        if end is None:
            assert resolved.all()
        else:
            assert resolved[:end].all()
            assert not resolved[end]
            assert f"at n = {end} " in table.reading


@pytest.mark.slow
def test_error_bars_are_those_of_the_noise():
    pulls = []
    for seed in range(30):
        table = read_poles(*points(600, 10.9, 3e-3, seed))
        assert table.residual == pytest.approx(3e-3, rel=0.2)
        pulls += list((np.array(table.coefficients) - degeneracies(10)) / table.stderr)
    assert 0.85 < np.sqrt(np.mean(np.square(pulls))) < 1.2
    assert np.abs(pulls).max() < 5


def test_outliers_count_little():
    q2, delta = points(1000, 10.9, 1e-3)
    wild = np.arange(1000) % 20 == 0
    delta[wild] += np.random.default_rng(1).uniform(-1.5, 1.5, wild.sum())
    table = read_poles(q2, delta)
    assert table.integers == tuple(degeneracies(10).tolist())
    assert all(table.resolved)
    assert np.abs(np.array(table.coefficients) - degeneracies(10))[:10].max() < 0.05


def test_points_at_the_threshold_are_left_out_and_told():
    q2, delta = points(200, 4.5)
    table = read_poles(np.append(q2, [-0.3, 0.0]), np.append(delta, [0.1, 0.0]))
    assert (table.points, table.below) == (200, 2)
    assert "2 points at or below the threshold were left out" in str(table)


def test_a_pole_on_a_point_does_no_harm():
    q2 = np.append(points(300, 4.5)[0], [1.0, 2.0, 4.0])
    table = read_poles(q2, -phase(np.sqrt(q2)))
    assert table.integers == (1, 6, 12, 8, 6)


def test_no_integer_is_known_beforehand():
    """Any coefficients are read, also those of no lattice."""
    c = np.array([3.0, 0.0, 7.5, 20.0, 1.0])
    q2 = points(400, 4.9, seed=3)[0]
    total = (c / (np.arange(5) - q2[:, None])).sum(axis=1) + 4 - q2 / 3
    table = read_poles(q2, phases_of(total, q2), largest=4)
    np.testing.assert_allclose(table.coefficients, c, atol=1e-6)
    assert table.resolved == (True, True, False, True, True)
    assert table.reading == (
        "integers resolved up to n = 1; at n = 2 the coefficient, 7.50, is no integer; "
        "beyond, 2 of 2 resolved"
    )


# Wrong laws


def test_a_constant_phase_has_no_poles():
    q2 = points(600, 10.9)[0]
    (law,) = read_laws(read_poles(q2, np.full(600, 0.7)))
    found = compare(law, LUESCHER)
    assert integers(law) == {}
    assert law.statement().equations == ("2π² q cot δ = 0 + smooth",)
    assert found.verdict == "DIFFERENT"
    assert found.reason.startswith("the law misses -1/q**2")


def test_a_plane_is_no_space():
    """Vectors of two dimensions: 1, 4, 4, 0, 4, 8."""
    q2 = points(800, 9.9)[0]
    edge = np.arange(-60, 61)
    lengths = np.add.outer(edge**2, edge**2).ravel()
    n, counts = np.unique(lengths[lengths <= 3600], return_counts=True)
    total = (counts / (n - q2[:, None])).sum(axis=1) - np.pi * np.log(3600)
    table = read_poles(q2, phases_of(total, q2))
    assert table.integers[:6] == (1, 4, 4, 0, 4, 8)
    found = judged(table)
    assert found.verdict == "DIFFERENT"
    row = next(term for term in found.terms if term.term == pole(1))
    assert (row.recognised, row.truth) == (4, 6)


def test_one_missing_vector_is_seen():
    q2, _ = points(800, 10.9)
    total = zeta_sum(q2) - 1 / (9 - q2)
    found = judged(read_poles(q2, phases_of(total, q2)))
    assert found.verdict == "DIFFERENT"
    assert found.reason.startswith("the coefficient of 1/(9 - q²) is off by")


def test_another_scale_is_no_agreement():
    """q off by 2 %: poles stand beside the integers, and no integers come out."""
    q2, delta = points(800, 10.9, 1e-4)
    assert judged(read_poles(1.02 * q2, delta)).verdict == "DIFFERENT"


def test_too_few_integers_prove_nothing():
    q2, delta = points(400, 10.9, 5e-2)
    table = read_poles(q2, delta)
    assert table.first_unresolved is not None
    assert sum(table.resolved) < 5
    assert judged(table).verdict == "UNDETERMINED"


def test_unresolved_integers_agree_within_error_at_best():
    table = read_poles(*points(600, 10.9, 1e-2))
    found = judged(table)
    assert found.verdict == "EQUAL WITHIN ERROR"
    assert found.reason.startswith("the data do not determine 1/(")
    assert 6 <= correct(found) < 11


def test_an_unresolved_coefficient_refutes_nothing():
    """Where no level is near a pole, the coefficient is an extrapolation beyond its error bar."""
    c, stderr = [-3.84, 6.0, 12.0, 8.0, 6.0, 24.0], [0.3, *[0.01] * 5]
    found = judged(PoleTable(tuple(c), tuple(stderr), 1e-3, 100, 0, 5.2))
    assert found.verdict == "EQUAL WITHIN ERROR"
    assert correct(found) == 5
    wrong = PoleTable((1.0, 5.0, *c[2:]), (0.01,) * 6, 1e-3, 100, 0, 5.2)
    assert judged(wrong).verdict == "DIFFERENT"


def test_points_far_beyond_the_last_pole_are_left_out():
    q2, phases = points(3000, 40.0)
    table = read_poles(q2, phases, largest=10)
    assert table.integers == tuple(degeneracies(10).tolist())
    assert table.points < 0.4 * len(q2)
    assert table.first_unresolved is None


def test_noise_alone_is_no_law():
    q2 = points(800, 10.9)[0]
    table = read_poles(q2, np.random.default_rng(0).uniform(0, np.pi, 800))
    assert judged(table).verdict == "DIFFERENT"


# Blind poles


# In the fast tests `laws` below are blind poles'.
@pytest.mark.slow
@pytest.mark.parametrize("noise", [0.0, 1e-8, 1e-6, 1e-4])
def test_blind_poles_find_both_constants(noise):
    """1e-6 and 1e-4 for the accuracy of levels in boxes of 18 fm, 1e-8 to 1e-6 rad."""
    q2, delta = points(400, 10.9, noise)
    found = blind_poles(*boxed(q2), delta)

    assert found.pole_unit.recognised == 4 * sympy.pi**2
    assert found.residue_unit.recognised == 4 * sympy.pi
    assert found.pole_unit.value == pytest.approx(4 * np.pi**2, rel=max(1e-6, noise / 10))
    assert found.residue_unit.value == pytest.approx(4 * np.pi, rel=1e-4)
    assert abs(found.pole_unit.value - 4 * np.pi**2) < 4 * found.pole_unit.stderr
    assert abs(found.residue_unit.value - 4 * np.pi) < 4 * found.residue_unit.stderr
    assert found.integers == {n: c for n, c in enumerate(degeneracies(10).tolist()) if c}
    assert found.residual < 3 * noise + 1e-9


@pytest.mark.slow
def test_blind_poles_do_not_assume_the_scale():
    """In boxes measured in yards both are others, and are found, and not recognised."""
    q2, delta = points(400, 10.9)
    k, boxes = boxed(q2)
    found = blind_poles(k, boxes / 0.9144, delta)
    assert found.pole_unit.value == pytest.approx(4 * np.pi**2 / 0.9144**2, rel=1e-9)
    assert found.residue_unit.value == pytest.approx(4 * np.pi / 0.9144**3, rel=1e-9)
    assert found.residue_unit.recognised is None
    poles, spacing, residue = read_laws(read_poles(q2, delta), found)
    assert compare(poles, LUESCHER).verdict == "IDENTICAL"
    assert compare(spacing, LUESCHER).verdict == "DIFFERENT"
    assert "the coefficient of n/L**2 is off by" in compare(spacing, LUESCHER).reason
    assert compare(residue, LUESCHER).verdict == "DIFFERENT"


def test_blind_poles_need_no_even_spacing():
    """Poles at 1, √2 · 2, ... are found where they are, and are multiples of nothing."""
    at = np.array([1.0, 2 * np.sqrt(2), 5.1, 7.3, np.pi**2, 13.7])
    x = np.random.default_rng(0).uniform(0.1, 15, 500)
    total = (3.0 / (at - x[:, None])).sum(axis=1)
    k, boxes = np.sqrt(x) / 10, 10.0
    found = blind_poles(k, boxes, np.arctan2(np.sqrt(x), total))
    np.testing.assert_allclose(found.poles, at, rtol=1e-8)
    assert found.pole_unit is None
    assert found.integers == {}
    assert str(found) == "6 poles of kL cot δ, not multiples of one number"


@pytest.mark.slow
def test_blind_poles_survive_outliers():
    q2, delta = points(400, 10.9, 1e-6)
    delta[::25] += 0.3
    found = blind_poles(*boxed(q2), delta)
    assert found.pole_unit.recognised == 4 * sympy.pi**2
    assert found.integers == {n: c for n, c in enumerate(degeneracies(10).tolist()) if c}


@pytest.mark.parametrize("unit", [0.37, 1.0, 12.566])
def test_units_of_random_multiples(unit):
    rng = np.random.default_rng(0)
    multiples = np.concatenate([[1, 2, 3], rng.integers(1, 60, 7)])
    found = find_unit(unit * multiples * (1 + 1e-5 * rng.standard_normal(10)), 1e-5 * multiples)
    assert found.value == pytest.approx(unit, rel=2e-5)
    assert abs(found.value - unit) < 4 * found.stderr


def test_random_numbers_have_no_unit():
    rng = np.random.default_rng(0)
    found = [find_unit(rng.uniform(1, 40, 10), np.full(10, 1e-4)) for _ in range(200)]
    assert sum(unit is not None for unit in found) <= 6


# The law


@pytest.fixture(scope="module")
def laws():
    q2, delta = points(500, 10.9, 1e-5)
    return read_laws(read_poles(q2, delta), blind_poles(*boxed(q2), delta))


def test_the_law_as_it_is_written(laws):
    poles, spacing, residue = laws
    said = poles.statement()
    assert said.closed == (
        "1/(0 - q²) + 6/(1 - q²) + 12/(2 - q²) + 8/(3 - q²) + 6/(4 - q²) + ... + 24/(10 - q²) "
        "+ smooth",
    )
    assert re.match(r"2π² q cot δ = (1\.0000|0\.9999)\d*\(\d\)/\(0 - q²\) \+ ", said.equations[0])
    assert any(line.startswith("residues u c,  u = 12.566") for line in said.remarks)
    assert r"k \cot\delta = \frac{4 \pi}{L^3}" in poles.latex
    assert r"\frac{24}{10 p^2 - k^2}" in poles._repr_latex_()
    assert spacing.statement().closed == ("4π**2*n/L**2",)
    assert residue.statement().closed == ("4π c/L**3",)


def test_the_expression_is_the_sum(laws):
    """Against S itself: what is left of k cot δ is smooth, without poles."""
    k, box = symbol("k"), symbol("L")
    value = sympy.lambdify((k, box), laws[0].expr, "numpy")
    q = np.linspace(0.3, 2.9, 4001)
    exact = zeta_sum(q**2) / (np.pi * 11.0)
    rest = exact - value(TWO_PI * q / 11.0, 11.0)
    assert np.abs(exact).max() > 10
    assert np.abs(np.diff(rest)).max() < 2e-3
    assert laws[0].expr.has(sympy.pi)
    # The same as numbers, in q, whose slope is that of the sum.
    step = 1e-6
    ahead, behind = (laws[0](q[:5] + sign * step) for sign in (1, -1))
    np.testing.assert_allclose(
        laws[0].gradient(q[:5])[:, 0], (ahead - behind) / (2 * step), rtol=1e-6
    )


def test_the_comparison_tables(laws):
    poles, spacing, residue = (compare(law, LUESCHER) for law in laws)
    lines = str(poles).splitlines()
    assert poles.verdict == "IDENTICAL"
    assert correct(poles) == 10
    assert lines[1].split() == ["term", "recovered", "truth", "error"]
    assert lines[10].split()[:3] == ["1/(9", "-", "q²)"]
    assert float(lines[10].split()[4]) == 30
    assert max(abs(t.recovered - float(t.truth)) for t in poles.terms) < 0.01
    assert spacing.verdict == residue.verdict == "IDENTICAL"
    assert (spacing.terms[0].recognised, residue.terms[0].recognised) == (
        4 * sympy.pi**2,
        4 * sympy.pi,
    )


def test_json_holds_all_of_it(laws):
    written = json.loads(json.dumps(kept.to_json(laws), allow_nan=False))
    assert kept.laws(written) == laws
    for law in laws:
        found = compare(law, LUESCHER)
        again = kept.comparison(json.loads(json.dumps(found.to_json(), allow_nan=False)))
        assert again == found


def test_a_law_without_blind_poles_is_compared_by_its_integers():
    table = read_poles(*points(500, 10.9, 1e-4))
    (law,) = read_laws(table)
    assert compare(law, LUESCHER).verdict == "IDENTICAL"


def test_a_table_without_integers_is_no_law():
    table = PoleTable((1.3, 5.0), (0.4, 0.5), 0.1, 50, 0, 1.2)
    assert table.reading == "at n = 0 the error bar is 0.4, too wide to tell 1 from 2"
    (law,) = read_laws(table)
    assert law.verdict == "not in the library"
    assert law.reasons == (f"no integer is resolved: {table.reading}",)
    assert "no law found" in str(law)
    assert judged(table).verdict == "UNDETERMINED"


# The collapse


@pytest.mark.slow
@pytest.mark.parametrize("noise", [0.0, 1e-3, 1e-2])
def test_all_boxes_collapse_at_one(noise):
    rng = np.random.default_rng(0)
    k, boxes = rng.uniform(0.15, 1.3, 2500), rng.uniform(9, 14, 2500)
    values = phase(k * boxes / TWO_PI) + noise * rng.standard_normal(2500)
    found = collapse(k, boxes, values)

    assert found.exponent == pytest.approx(1, abs=1e-3)
    assert abs(found.exponent - 1) < 4 * found.stderr + 1e-4
    assert found.smallest == pytest.approx(noise, rel=0.15, abs=2e-3)
    beside = np.interp([0.9, 1.1], found.exponents, found.scatter)
    assert (beside > 5 * found.smallest + 0.03).all()
    assert str(found).startswith("nπ - δ is a function of k L^β for β = ")
    assert json.loads(json.dumps(found.to_json()))["exponent"] == found.exponent


def test_another_exponent_is_found():
    """Values made from k √L collapse at a half."""
    rng = np.random.default_rng(0)
    k, boxes = rng.uniform(0.2, 1.2, 1500), rng.uniform(9, 14, 1500)
    found = collapse(k, boxes, np.sin(3 * k * np.sqrt(boxes)), np.linspace(0, 1, 21))
    assert found.exponent == pytest.approx(0.5, abs=1e-3)


# Levels of the models


def levels_as_points(models, systems, boxes, count, reach):
    """k, L and δ at the levels of models, below 1 GeV and above threshold."""
    from systems.physics.finite_volume.models import draw as draw_couplings
    from systems.physics.finite_volume.shifts import bound_states, phase_shifts
    from systems.physics.finite_volume.spectrum import levels
    from systems.physics.finite_volume.wave_numbers import wave_number

    rows = []
    for model in models:
        couplings = draw_couplings(model, systems, 0)
        couplings = couplings[np.flatnonzero(bound_states(couplings) == 0)]
        for box in boxes:
            energies = levels(couplings, box, count)
            for j, row in enumerate(energies):
                shown = row[(row > 277.1) & (row < 1000)]
                k = wave_number(shown)
                near = k * box / TWO_PI < np.sqrt(reach)
                delta = phase_shifts(couplings[[j]], shown[near])[0]
                rows.append((k[near], np.full(near.sum(), box), delta))
    return tuple(np.concatenate(parts) for parts in zip(*rows, strict=True))


@pytest.mark.slow
def test_levels_in_large_boxes_give_61_integers():
    k, boxes, delta = levels_as_points("ABC", 12, np.arange(18, 26, 0.5), 75, 61.5)
    table = read_poles((k * boxes / TWO_PI) ** 2, delta, largest=60)
    found = judged(table)
    assert found.verdict == "IDENTICAL"
    assert correct(found) == sum(c != 0 for c in degeneracies(60).tolist())
    assert max(abs(t.recovered - float(t.truth)) for t in found.terms) < 0.01


@pytest.mark.slow
def test_levels_in_large_boxes_give_the_constants_blind():
    k, boxes, delta = levels_as_points("ABC", 12, np.arange(18, 26), 30, 10.95)
    found = blind_poles(k, boxes, delta)
    assert found.pole_unit.value == pytest.approx(4 * np.pi**2, rel=1e-6)
    assert found.residue_unit.value == pytest.approx(4 * np.pi, rel=1e-4)
    assert found.pole_unit.recognised == 4 * sympy.pi**2
    assert found.residue_unit.recognised == 4 * sympy.pi
    assert found.integers == {n: c for n, c in enumerate(degeneracies(10).tolist()) if c}


# Mistakes

SOME = np.linspace(0.1, 3.9, 100)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: read_poles(SOME, SOME[1:]), "do not go with"),
        (lambda: read_poles(SOME, np.full(100, np.nan)), "not finite"),
        (lambda: read_poles(-SOME, SOME), "no point lies above the threshold"),
        (lambda: read_poles(SOME[:9], SOME[:9]), "too few for the poles"),
        (lambda: read_poles(SOME, SOME, largest=9), "tell nothing of a pole at 9"),
        (lambda: read_poles(SOME, SOME, largest=-1), "tell nothing of a pole at -1"),
        (lambda: blind_poles(SOME, np.ones(7), SOME), "do not go together"),
        (lambda: blind_poles(SOME, 10.0, np.full(100, np.inf)), "not finite"),
        (lambda: blind_poles(SOME[:5], 10.0, SOME[:5]), "too few for poles"),
        (lambda: blind_poles(SOME, 1.0, np.arctan2(SOME, 1 + SOME**2)), "no pole of kL cot δ"),
        (lambda: collapse(SOME, 10.0, SOME), "different, positive sizes"),
        (lambda: collapse(SOME[:20], SOME[:20], SOME[:20]), "too few for a collapse"),
        (lambda: collapse(SOME, np.nan, SOME), "not finite"),
        (lambda: collapse(SOME, np.ones(3), SOME), "do not go together"),
        (lambda: collapse(SOME, SOME, SOME, [1.0]), "three exponents or more"),
    ],
)
def test_what_cannot_be_used_is_told(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_what_maps_disagree_on_is_in_the_error_bars():
    """Points on one wrong curve scatter by nothing; another curve shows how wrong it is."""
    q2, delta = points(600, 4.5)
    k, boxes = boxed(q2)

    def by(shift):
        return LevelPoints(k, boxes, delta + shift * np.sin(q2), np.ones(len(q2), dtype=int))

    alone = read_levels(by(1e-3)).table
    told = read_levels(by(1e-3), witnesses=Witnesses(by(1e-3), pairs=[(by(1e-3), by(0.0))])).table
    off = np.abs(np.array(told.coefficients) - degeneracies(4))
    assert told.coefficients == alone.coefficients
    assert (off / alone.stderr).max() > 5
    assert (off < 2 * np.array(told.stderr)).all()


def test_a_mean_of_two_is_as_uncertain_as_its_parts_differ():
    q2, delta = points(600, 4.5)
    k, boxes = boxed(q2)
    whole, one, other = (
        LevelPoints(k, boxes, delta + shift * np.sin(q2), np.ones(len(q2), dtype=int))
        for shift in (0.0, 1e-3, -1e-3)
    )
    error = Witnesses(whole, parts=[one, other]).common_error(4)
    assert Witnesses(whole).common_error(4).max() == 0
    alike = Witnesses(whole, pairs=[(one, whole)]).common_error(4)
    np.testing.assert_allclose(error, alike, rtol=0.5)
