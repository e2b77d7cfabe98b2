"""The last bits decide nothing: other units, other orders of rows, and a unit in the last place."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interpret.select.criteria import (
    LeastChiSquared,
    LeastInformation,
    Plateau,
    Significant,
    SmallestWithin,
    Threshold,
)
from interpret.select.knee import Knee
from interpret.select.matrix import Compressed, ascending, rounding
from interpret.select.optimizers import Optimizer
from interpret.select.supports import elimination_path, ranked, threshold_path
from tests.builders import dear

CRITERIA = {
    "plateau": Plateau(2.0),
    "threshold": Threshold(1e-3),
    "information": LeastInformation(4),
    "chi squared": LeastChiSquared(1e-9, 4),
    "significant": Significant(1e-9),
    "smallest": SmallestWithin(1e-12, 4),
    "knee": Knee(),
    "stlsq": Optimizer("stlsq"),
    "ssr": Optimizer("ssr"),
}
TRUE = (1, 4)


def exact(seed=0, noise=0.0):
    """Powers of x, even and odd ones nearly collinear, and a truth of two of them; unit lengths."""
    rng = np.random.default_rng(seed)
    x = np.sort(rng.uniform(-1, 1, 60))
    design = x[:, None] ** np.arange(1, 7)
    design = design / np.linalg.norm(design, axis=0)
    truth = 0.8 * design[:, 1] - 0.5 * design[:, 4] + noise * rng.standard_normal(60)
    return design, truth / np.linalg.norm(truth)


def disturbed(design, truth, seed):
    """The same numbers as another processor might have them: rows permuted, a last bit off."""
    rng = np.random.default_rng(seed)
    rows = rng.permutation(len(truth))
    ulp = np.finfo(float).eps * rng.choice([-1, 0, 1], size=(len(truth), design.shape[1] + 1))
    return (design * (1 + ulp[:, :-1]))[rows], (truth * (1 + ulp[:, -1]))[rows]


def problem(design, truth):
    return Compressed.of(design, truth, tuple("abcdefghij")[: design.shape[1]])


@pytest.mark.parametrize("name", CRITERIA)
@given(seed=st.integers(0, 10_000))
@dear
def test_exact_data_give_the_true_support_whatever_the_last_bits(name, seed):
    """The residuals of all supports that hold the truth are round-off, in any order."""
    for scale in (1.0, 2.0, 3.0):
        design, truth = disturbed(*exact(seed % 7), seed)
        found = CRITERIA[name].choose(problem(design * scale, truth))
        assert found.support == TRUE


@pytest.mark.parametrize("path", [threshold_path, elimination_path])
@given(seed=st.integers(0, 10_000))
@dear
def test_the_paths_of_exact_data_do_not_depend_on_the_last_bits(path, seed):
    assert path(problem(*disturbed(*exact(), seed))) == path(problem(*exact()))


@given(seed=st.integers(0, 10_000))
@dear
def test_equal_columns_go_in_the_order_of_the_library(seed):
    """x and y play the same part, to the last bit: the later goes first, both or none at once."""
    design = np.eye(20)[:, :4]
    truth = design @ np.array([1.0, 1.0, 1e-3, 1e-3])
    asked = problem(*disturbed(design, truth / np.linalg.norm(truth), seed))
    assert threshold_path(asked) == [(0, 1, 2, 3), (0, 1), ()]
    assert elimination_path(asked) == [(0, 1, 2, 3), (0, 1, 2), (0, 1), (0,), ()]
    assert [support for support, _ in ranked(asked, 1).of_size(1)] == [(0,), (1,), (2,), (3,)]


@given(seed=st.integers(0, 10_000))
@dear
def test_the_same_function_in_other_words_stands_in_the_order_of_the_library(seed):
    """(a, b), (a, a + b) and (b, a + b) span the same: the first of them is the answer."""
    rng = np.random.default_rng(3)
    a, b, other = rng.standard_normal((3, 40))
    design = np.stack([a, b, a + b, other], axis=1)
    design = design / np.linalg.norm(design, axis=0)
    truth = a - 0.3 * b
    asked = problem(*disturbed(design, truth / np.linalg.norm(truth), seed))
    order = [support for support, _ in ranked(asked, 2).of_size(2)]
    assert order[:3] == [(0, 1), (0, 2), (1, 2)]
    assert LeastInformation(3).choose(asked).support == (0, 1)
    assert SmallestWithin(1e-12, 3).choose(asked).support == (0, 1)
    assert Plateau(2.0).choose(asked).support in [(0, 1), (0, 2), (1, 2)]


def test_a_dependent_column_is_the_first_to_go():
    """Of two that say the same neither is missed, whatever the third is worth."""
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 30))
    asked = problem(np.stack([a, b, a], axis=1), a + 0.1 * b)
    assert elimination_path(asked)[:3] == [(0, 1, 2), (0, 1), (0,)]


@pytest.mark.parametrize("terms", [1, 2, 3])
def test_ssr_keeps_what_the_truth_has_and_no_more(terms):
    """Also one term, which PySINDy's own rule never leaves, and errors that a useless term fits."""
    rng = np.random.default_rng(terms)
    design = rng.standard_normal((50, 3))
    truth = design[:, :terms].sum(axis=1) + 1e-11 * rng.standard_normal(50)
    assert Optimizer("ssr").choose(problem(design, truth)).support == tuple(range(terms))


def test_a_coefficient_at_the_threshold_is_kept_whatever_its_last_bits():
    for factor in (1 - 1e-15, 1.0, 1 + 1e-15):
        asked = problem(np.eye(9)[:, :2], np.array([1.0, 0.1 * factor, *np.zeros(7)]))
        assert Threshold(0.1).choose(asked).support == (0, 1)


def test_the_order_is_that_of_the_values_but_for_ties():
    values = np.array([3.0, 1 + 1e-13, 1.0, 2.5, 9.0])
    assert ascending(values).tolist() == [1, 2, 3, 0, 4]
    assert ascending(values, slack=0.6).tolist() == [1, 2, 0, 3, 4]
    assert ascending(values, slack=2.0).tolist() == [0, 1, 2, 3, 4]
    assert ascending(np.array([])).tolist() == []


@pytest.mark.parametrize("small", [1.0, 1e-4])
@pytest.mark.parametrize("apart", [1.0, 1e-3, 1e-6])
def test_the_round_off_of_a_coefficient_is_bounded_by_what_is_foretold(small, apart):
    """Nearly collinear columns, and a term that is small beside the other: 50 last bits each."""
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 200))
    design = np.stack([a, small * (a + apart * b)], axis=1)
    true = np.array([2.0, 1.0])
    errors = []
    for seed in range(50):
        other, truth = disturbed(design, design @ true, seed)
        errors.append(problem(other, truth).solve((0, 1))[0] - true)
    foretold = rounding(design, design @ true, true)
    worst = np.abs(errors).max(axis=0)
    assert (worst < 3 * foretold).all()
    # It is no idle bound: far above the coefficients' own last bits, and not far above the errors.
    assert (worst > foretold / 300).all()
    if apart < 1 and small < 1:
        assert foretold[1] > 100 * np.finfo(float).eps
