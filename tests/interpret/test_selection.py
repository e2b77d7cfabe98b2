"""Which candidates are kept: the true ones, in any units, by every path."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interpret.select.criteria import Plateau, Threshold
from interpret.select.matrix import Compressed
from interpret.select.optimizers import OPTIMIZERS, Optimizer
from interpret.select.supports import elimination_path, stlsq, threshold_path
from systems.errors import InputError
from tests.training.test_linear import of_condition

seeds = st.integers(0, 2**32 - 1)
supports = st.integers(2, 7).flatmap(
    lambda size: st.tuples(st.just(size), st.sets(st.integers(0, size - 1), min_size=1))
)


def regression(design, truth):
    names = tuple(f"c{k}" for k in range(design.shape[1]))
    return Compressed(design, truth, names, len(design))


def sparse(seed, size, support, error=1e-9, rows=40, correlated=False):
    """A regression whose truth uses the columns ``support``, with coefficients of 0.1 to 1."""
    rng = np.random.default_rng(seed)
    design = rng.normal(size=(rows, size))
    if correlated:
        # Powers on [-1, 1]: neighbours of the same parity are nearly parallel.
        x = np.linspace(-1, 1, rows)
        design = x[:, None] ** np.arange(1, size + 1)
    coefficients = np.zeros(size)
    kept = sorted(support)
    coefficients[kept] = rng.uniform(0.1, 1, len(kept)) * rng.choice([-1, 1], len(kept))
    noise = rng.normal(size=rows)
    return regression(design, design @ coefficients + error * noise), coefficients


@given(seeds, st.integers(1, 6), st.data())
def test_solving_on_a_support_is_numpys_least_squares(seed, size, data):
    support = tuple(sorted(data.draw(st.sets(st.integers(0, size - 1)))))
    rng = np.random.default_rng(seed)
    problem = regression(rng.normal(size=(20, size)), rng.normal(size=20))

    coefficients, residual = problem.solve(support)

    expected = np.zeros(size)
    if support:
        columns = problem.design[:, list(support)]
        expected[list(support)] = np.linalg.lstsq(columns, problem.truth, rcond=None)[0]
    np.testing.assert_allclose(coefficients, expected, atol=1e-11)
    left = np.linalg.norm(problem.design @ expected - problem.truth)
    assert residual == pytest.approx(left, rel=1e-10)


@given(supports, seeds, st.booleans())
def test_the_plateau_is_the_true_support(case, seed, correlated):
    size, support = case
    problem, _ = sparse(seed, size, support, correlated=correlated)
    assert Plateau(2.0).choose(problem).support == tuple(sorted(support))


@given(supports, seeds, st.lists(st.floats(-6, 6), min_size=7, max_size=7), st.floats(-6, 6))
def test_units_change_nothing(case, seed, powers, of_truth):
    """Columns and truth in other units: the same paths and the same choice."""
    size, support = case
    problem, _ = sparse(seed, size, support, error=1e-3)
    scale = 10 ** np.array(powers[:size])
    other = regression(problem.design * scale, problem.truth * 10**of_truth)

    assert threshold_path(other) == threshold_path(problem)
    assert elimination_path(other) == elimination_path(problem)
    assert Plateau(2.0).choose(other).support == Plateau(2.0).choose(problem).support


@given(supports, seeds)
def test_paths_go_down_one_by_one_from_all_to_none(case, seed):
    size, support = case
    problem, _ = sparse(seed, size, support, error=0.1)
    for path in (threshold_path(problem), elimination_path(problem)):
        assert path[0] == tuple(range(size))
        assert path[-1] == ()
        assert all(set(b) < set(a) for a, b in itertools.pairwise(path))
    assert [len(step) for step in elimination_path(problem)] == list(range(size, -1, -1))


def test_elimination_drops_what_hurts_least():
    """A small coefficient on a large column stays; a large one on a tiny column goes."""
    rng = np.random.default_rng(0)
    design, _ = np.linalg.qr(rng.normal(size=(30, 3)))
    design = design * np.array([1e4, 1e-4, 1.0])
    problem = regression(design, design @ np.array([1e-3, 10.0, 1.0]))
    assert elimination_path(problem)[1:3] == [(0, 2), (0,)]
    assert threshold_path(problem)[1:3] == [(0, 2), (0,)]


def test_a_term_worth_less_than_the_residual_is_not_kept():
    """And one worth more than the factor allows is: the plateau's edge on both sides."""
    design = np.eye(30)[:, :2]
    rest = np.zeros(30)
    rest[29] = 1.0
    for size, kept in ((1.5, (0,)), (1.9, (0, 1))):
        # Dropping column 1 lifts the residual from 1 to hypot(1, size).
        problem = regression(design, design @ np.array([100.0, size]) + rest)
        assert Plateau(2.0).choose(problem).support == kept


def test_there_is_always_a_term():
    """Where no candidate helps, the best single one is kept and called no law elsewhere."""
    rng = np.random.default_rng(1)
    problem = regression(rng.normal(size=(200, 3)), 1e-3 * rng.normal(size=200))
    assert len(Plateau(2.0).choose(problem).support) == 1


# One threshold


def test_stlsq_keeps_what_exceeds_its_threshold():
    design = np.eye(10)[:, :4]
    problem = regression(design, design @ np.array([1.0, 0.5, -0.2, 0.01]))
    assert stlsq(problem, 0.1) == (0, 1, 2)
    assert stlsq(problem, 0.2) == (0, 1, 2)
    assert stlsq(problem, 0.3) == (0, 1)
    assert stlsq(problem, 2.0) == ()


def test_stlsq_solves_again_after_dropping():
    """Two parallel columns share a coefficient; when one goes, the other takes its part over."""
    x = np.linspace(0, 1, 30)
    design = np.stack([x, x + 1e-3 * np.cos(40 * x)], axis=1)
    problem = regression(design, 0.7 * design[:, 0] + 0.3 * design[:, 1])
    assert stlsq(problem, 0.5) == (0,)
    assert problem.solve((0,))[0][0] == pytest.approx(1.0, abs=1e-2)


def test_a_threshold_that_removes_everything_says_what_to_try():
    problem, coefficients = sparse(0, 3, {0, 2})
    with pytest.raises(InputError) as caught:
        Threshold(5.0).choose(problem)

    message = str(caught.value)
    assert "threshold 5 removed all 3 candidates" in message
    assert f"{np.abs(coefficients).max():.3g}" in message
    suggestion = float(re.search(r"try ([\d.e+-]+)$", message)[1])
    assert Threshold(suggestion).choose(problem).support


def test_the_suggestion_works_for_any_size():
    for size in (1e-12, 3.7e-5, 1.0, 9e8):
        problem = regression(np.eye(5)[:, :2], np.array([size, size / 10, 0, 0, 0]))
        with pytest.raises(InputError) as caught:
            Threshold(10 * size).choose(problem)
        suggestion = float(str(caught.value).rpartition(" ")[2])
        assert 0 < suggestion < size
        assert Threshold(suggestion).choose(problem).support


# PySINDy's optimizers


@pytest.mark.parametrize("optimizer", [name for name in OPTIMIZERS if name != "path"])
@pytest.mark.parametrize("seed", range(3))
def test_pysindys_optimizers_find_the_true_support(optimizer, seed):
    problem, _ = sparse(seed, 5, {1, 3}, error=1e-7)
    assert Optimizer(optimizer, 0.05).choose(problem).support == (1, 3)


@pytest.mark.parametrize("optimizer", ["stlsq", "sr3"])
def test_pysindys_thresholds_are_ours(optimizer):
    """The threshold means the coefficient itself."""
    design = np.eye(10)[:, :4]
    problem = regression(design, design @ np.array([1.0, 0.5, -0.2, 0.01]))
    assert Optimizer(optimizer, 0.1).choose(problem).support == (0, 1, 2)
    assert Optimizer(optimizer, 0.3).choose(problem).support == (0, 1)


@pytest.mark.parametrize("optimizer", ["stlsq", "sr3"])
def test_pysindys_threshold_that_removes_everything_is_one_sentence(optimizer):
    problem, _ = sparse(0, 4, {0, 2})
    with pytest.raises(InputError, match=f"threshold 2 removed all 4 candidates with {optimizer}"):
        Optimizer(optimizer, 2.0).choose(problem)


def test_an_unknown_optimizer_is_refused():
    with pytest.raises(InputError, match=r"no optimizer 'stlq'. Did you mean 'stlsq'"):
        Optimizer("stlq", None)


def test_below_what_the_network_misses_no_term_is_told():
    """Both columns are in the truth, the second by 1e-5 of it."""
    problem = regression(np.eye(3), np.array([1.0, 1e-5, 0.0]))
    assert Plateau(2.0).choose(problem).support == (0, 1)
    assert Plateau(2.0, least=1e-6).choose(problem).support == (0, 1)
    assert Plateau(2.0, least=2e-5).choose(problem).support == (0,)


@pytest.mark.parametrize(("kappa", "missed"), [(30.0, 1e-2), (1e6, 1e-2), (30.0, 0.0)])
def test_rows_may_come_block_by_block(kappa, missed):
    design, truth = (part.numpy() for part in of_condition(kappa, missed=missed))
    both = np.column_stack([truth, design[:, 0] / np.linalg.norm(design[:, 0])])
    asked = []

    def blocks():
        asked.append(True)
        return ((design[i : i + 700], both[i : i + 700]) for i in range(0, len(design), 700))

    names = tuple(map(str, range(design.shape[1])))
    for problem, right in zip(Compressed.streamed(blocks, names), both.T, strict=True):
        whole = Compressed.of(design, right.copy(), names)
        assert problem.rows == len(design)
        found, missing = problem.solve(problem.full)
        expected, residual = whole.solve(whole.full)
        scale = np.linalg.norm(expected * np.linalg.norm(design, axis=0))
        off = np.linalg.norm((found - expected) * np.linalg.norm(design, axis=0)) / scale
        assert off < 1e-14 * max(kappa, 1e3)
        np.testing.assert_allclose(missing, residual, rtol=1e-6, atol=1e-13)
    assert len(asked) == 2  # the second truth is a column itself: nothing is missed


def test_the_elimination_path_of_one_inverse_is_that_of_every_subset(monkeypatch):
    for seed in range(5):
        problem, _ = sparse(seed, 7, {1, 4}, error=0.3)
        assert problem.normal is not None
        one = elimination_path(problem)
        other, _ = sparse(seed, 7, {1, 4}, error=0.3)
        monkeypatch.setattr("interpret.select.matrix.Normal.of", lambda *_: None)
        assert other.normal is None
        assert one == elimination_path(other)
        for support in one:
            found, expected = problem.solve(support)[0], other.solve(support)[0]
            np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9 * abs(expected).max())
        monkeypatch.undo()
