"""Several families solved together: the exact one wins, and noise leaves them equal."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from systems.expressions import symbol
from training.bases.candidates import Candidates
from training.rows import trajectories as rows
from training.solve.families import solve_families, stack

q = symbol("q")
BASIS = Candidates(("q",), (q, q**2))
LAW = torch.tensor([2.0, -0.5], dtype=torch.float64)
seeds = st.integers(0, 2**32 - 1)


def family(seed, bias, name="V", count=60):
    """Level rows of the law, off by ``bias`` times a smooth wrong term."""
    x = torch.from_numpy(np.random.default_rng(seed).uniform(-1, 1, (count, 1)))
    level = BASIS.values(x) @ LAW + bias * torch.sin(5 * x[:, 0])
    return rows.levels(x, level, torch.zeros(count, dtype=torch.int64), name)


@given(seeds, st.sampled_from([1e-3, 1e-2, 0.1]))
def test_a_biased_family_fades_beside_an_exact_one(seed, bias):
    """Five passes: the answer is the exact family's; with one pass the bias stays in."""
    families = [family(seed, 0.0), family(seed + 1, bias)]

    once = solve_families(families, BASIS, passes=1)
    often = solve_families(families, BASIS, passes=5)

    assert once.weights == (1.0, 1.0)
    assert float((once.coefficients - LAW).abs().max()) > 1e-2 * bias
    assert float((often.coefficients - LAW).abs().max()) < 1e-9
    assert often.weights[0] == 1.0
    assert often.weights[1] < 1e-5


@given(seeds)
@settings(max_examples=10)
def test_the_order_of_the_families_does_not_matter(seed):
    families = [family(seed, 1e-4), family(seed + 1, 1e-2)]
    there = solve_families(families, BASIS, passes=5)
    back = solve_families(families[::-1], BASIS, passes=5)
    torch.testing.assert_close(there.coefficients, back.coefficients, rtol=1e-9, atol=0)
    assert there.weights == pytest.approx(back.weights[::-1], rel=1e-6)


def test_residuals_are_those_of_each_family_alone():
    families = [family(0, 1e-4), family(1, 1e-2)]
    solved = solve_families(families, BASIS, passes=5)
    for one, residual in zip(families, solved.residuals, strict=True):
        expected = float((one.design(BASIS) @ solved.coefficients - one.truth).norm())
        assert residual == pytest.approx(expected, rel=1e-9)
    assert solved.residual == min(solved.residuals)


def test_weights_are_the_ones_the_solution_was_found_with():
    """The weighted rows, stacked and solved by numpy, give the same coefficients."""
    families = [family(0, 1e-3), family(1, 1e-2)]
    solved = solve_families(families, BASIS, passes=3)
    design, truth = stack(families, solved.weights, BASIS)
    expected = np.linalg.lstsq(design.numpy(), truth.numpy(), rcond=None)[0]
    np.testing.assert_allclose(solved.coefficients.numpy(), expected, rtol=1e-9)


def test_one_family_keeps_weight_one():
    solved = solve_families([family(0, 0.0)], BASIS, passes=5)
    assert solved.weights == (1.0,)
