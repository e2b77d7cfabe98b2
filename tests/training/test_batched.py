"""Many least-squares problems at once, also by products alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from training.solve.batched import by_products, solve_each


def designs(condition: float, count: int = 3, rows: int = 400, columns: int = 7) -> torch.Tensor:
    """Of random directions, with singular values from 1 down to 1/condition."""
    generator = torch.Generator().manual_seed(0)
    wide = torch.randn(count, rows, columns, generator=generator, dtype=torch.float64)
    left, _, right = torch.linalg.svd(wide, full_matrices=False)
    singular = torch.logspace(0, -np.log10(condition), columns, dtype=torch.float64)
    return left * singular @ right


@pytest.mark.parametrize("condition", [1.0, 1e4, 1e8, 1e12])
@pytest.mark.parametrize("solved", [by_products, solve_each])
def test_the_residual_is_the_least(solved, condition):
    """Beyond a condition of 1e8 the Gram matrix is singular, and the residual is still right."""
    a = designs(condition)
    truth = torch.linspace(-1, 2, a.shape[1], dtype=torch.float64).sin()
    found = solved(a, truth)
    missed = ((a @ found[:, :, None])[:, :, 0] - truth).norm(dim=1)
    for one, size in zip(a, missed, strict=True):
        left = np.linalg.svd(one.numpy(), full_matrices=False)[0]
        least = np.linalg.norm(truth.numpy() - left @ (left.T @ truth.numpy()))
        # The designs themselves are rounded, which turns their weakest directions.
        assert float(size) == pytest.approx(least, rel=max(1e-9, 1e-18 * condition))


def test_coefficients_are_those_that_made_the_truth():
    a = designs(1e6)
    wanted = torch.arange(1.0, 8.0, dtype=torch.float64)
    found = by_products(a[:1], a[0] @ wanted)
    torch.testing.assert_close(found[0], wanted, rtol=1e-8, atol=0)


def test_columns_of_very_different_lengths():
    a = designs(10.0) * torch.logspace(-150, 100, 7, dtype=torch.float64)
    wanted = torch.logspace(150, -100, 7, dtype=torch.float64)
    found = by_products(a[:1], a[0] @ wanted)
    torch.testing.assert_close(found[0] / wanted, torch.ones(7, dtype=torch.float64))


def test_what_is_no_number_spoils_no_other():
    a = designs(10.0)
    a[1, 5, 2] = torch.nan
    truth = torch.ones(a.shape[1], dtype=torch.float64)
    found = by_products(a, truth)
    assert found[[0, 2]].isfinite().all()
    assert not found[1].isfinite().any()
