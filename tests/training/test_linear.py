"""The one least-squares solver: equal to numpy's, blind to scales, honest about what it saw."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from training.solve import linear
from training.solve.linear import Scaled, compress, solve

seeds = st.integers(0, 2**32 - 1)
columns = st.integers(1, 6)
extra_rows = st.integers(0, 30)


def problem(seed, rows, columns):
    """A well-posed A (rows, columns) and a b that is not in its range."""
    rng = np.random.default_rng(seed)
    left, _ = np.linalg.qr(rng.normal(size=(rows, columns)))
    right, _ = np.linalg.qr(rng.normal(size=(columns, columns)))
    design = left * rng.uniform(0.3, 3.0, columns) @ right
    return torch.from_numpy(design), torch.from_numpy(rng.normal(size=rows))


@given(seeds, columns, extra_rows)
def test_solve_is_numpys_least_squares(seed, columns, more):
    """Few rows go straight to the SVD, many through QR first: one answer."""
    design, truth = problem(seed, columns + more, columns)

    found = solve(design, truth)

    expected, _, rank, _ = np.linalg.lstsq(design.numpy(), truth.numpy(), rcond=None)
    np.testing.assert_allclose(found.coefficients.numpy(), expected, atol=1e-11)
    assert found.rank == rank == columns


@given(seeds, columns, extra_rows)
def test_the_residual_is_that_of_the_coefficients(seed, columns, more):
    design, truth = problem(seed, columns + more, columns)

    found = solve(design, truth)

    residual = float((design @ found.coefficients - truth).norm())
    assert found.residual == pytest.approx(residual, rel=1e-10, abs=1e-12)


@given(seeds, columns, extra_rows, st.floats(0.1, 10.0))
def test_compression_preserves_every_residual(seed, columns, more, size):
    """|A c - b| = |R [c, -1]|, not for the best c alone."""
    design, truth = problem(seed, columns + more, columns)
    c = size * torch.from_numpy(np.random.default_rng(seed + 1).normal(size=columns))

    block = compress(design, truth)

    assert block.shape == (min(columns + more, columns + 1), columns + 1)
    before = (design @ c - truth).norm()
    after = (block[:, :-1] @ c - block[:, -1]).norm()
    torch.testing.assert_close(after, before, rtol=1e-12, atol=1e-12)


@given(seeds, columns, extra_rows)
def test_compressing_in_pieces_changes_nothing(seed, columns, more):
    """Streaming: the block of the stacked blocks solves the whole problem."""
    design, truth = problem(seed, 2 * columns + more, columns)
    half = len(design) // 2
    blocks = [compress(design[:half], truth[:half]), compress(design[half:], truth[half:])]
    stacked = torch.cat(blocks)

    found = solve(stacked[:, :-1], stacked[:, -1])

    whole = solve(design, truth)
    torch.testing.assert_close(found.coefficients, whole.coefficients, rtol=1e-10, atol=1e-11)
    assert found.residual == pytest.approx(whole.residual, rel=1e-9, abs=1e-11)


@given(seeds, st.lists(st.floats(-12, 12), min_size=1, max_size=5), extra_rows)
def test_units_of_the_columns_do_not_matter(seed, powers, more):
    """Columns in units of 10^-12 to 10^12: the same fit, nothing cut off as if it were noise."""
    design, truth = problem(seed, len(powers) + more, len(powers))
    scale = 10 ** torch.tensor(powers, dtype=torch.float64)

    plain, scaled = solve(design, truth), solve(design * scale, truth)

    assert scaled.rank == plain.rank
    torch.testing.assert_close(
        scaled.coefficients * scale, plain.coefficients, rtol=1e-9, atol=1e-10
    )
    torch.testing.assert_close(scaled.singular_values, plain.singular_values)


@given(seeds, st.integers(2, 5), extra_rows)
def test_a_repeated_column_shares_its_coefficient(seed, columns, more):
    """Of all solutions the shortest; what the rows cannot tell is the difference of the two."""
    design, truth = problem(seed, columns + more, columns)
    twice = torch.cat([design, design[:, :1]], dim=1)

    found, once = solve(twice, truth), solve(design, truth)

    assert found.rank == columns
    assert found.coefficients[0] == pytest.approx(float(once.coefficients[0]) / 2, abs=1e-10)
    assert found.coefficients[-1] == pytest.approx(float(found.coefficients[0]), abs=1e-10)
    assert found.residual == pytest.approx(once.residual, rel=1e-9, abs=1e-11)


def test_the_weak_direction_is_what_the_rows_do_not_tell():
    design, truth = problem(0, 20, 3)
    twice = torch.cat([design, design[:, :1]], dim=1)

    weak = solve(twice, truth).scaled.weak_direction

    expected = torch.tensor([1.0, 0.0, 0.0, -1.0], dtype=torch.float64) / np.sqrt(2)
    assert abs(float(weak @ expected)) == pytest.approx(1.0, abs=1e-10)


def test_the_weak_direction_of_too_few_rows_is_one_they_do_not_see():
    design = torch.tensor([[3.0, 4.0]], dtype=torch.float64)

    weak = solve(design, torch.ones(1, dtype=torch.float64)).scaled.weak_direction

    scaled = design / design.norm(dim=0)
    assert abs(float((scaled @ weak)[0])) < 1e-12


@pytest.mark.parametrize(("rcond", "rank"), [(1e-13, 2), (1e-3, 1)])
def test_directions_below_the_cutoff_are_left_out(rcond, rank):
    almost = torch.tensor([[1.0, 1.0], [0.0, 1e-5], [0.0, 0.0]], dtype=torch.float64)
    truth = torch.tensor([1.0, 1.0, 0.0], dtype=torch.float64)

    found = solve(almost, truth, rcond)

    assert found.rank == rank
    largest = float(found.coefficients.abs().max())
    assert largest == pytest.approx(1e5, rel=1e-4) if rank == 2 else largest < 1


def test_a_column_of_zeros_gets_the_coefficient_zero():
    design, truth = problem(1, 10, 2)
    padded = torch.cat([design, torch.zeros(10, 1, dtype=torch.float64)], dim=1)

    found = solve(padded, truth)

    assert found.rank == 2
    assert float(found.coefficients[2]) == 0.0
    torch.testing.assert_close(found.coefficients[:2], solve(design, truth).coefficients)


def test_an_exact_law_comes_back_exactly():
    design, _ = problem(2, 50, 4)
    law = torch.tensor([1.0, -2.0, 0.0, 1e-3], dtype=torch.float64)

    found = solve(design, design @ law)

    torch.testing.assert_close(found.coefficients, law, rtol=0, atol=1e-14)
    assert found.residual < 1e-14


@given(seeds, columns, extra_rows, st.integers(1, 100))
def test_the_covariance_is_that_of_the_normal_equations(seed, columns, more, degrees):
    """Whatever the columns' units are, and whether the rows were compressed on the way or not."""
    design, truth = problem(seed, columns + more, columns)
    units = torch.logspace(-6, 6, columns, dtype=torch.float64)
    found = solve(design * units, truth)
    inverse = torch.linalg.inv(design.T @ design)
    expected = found.residual**2 / degrees * inverse / units / units[:, None]
    sizes = expected.diagonal().sqrt()
    error = (found.covariance(degrees) - expected) / sizes / sizes[:, None]
    assert error.abs().max() < 1e-9 or found.residual < 1e-12


def test_what_no_row_sees_is_not_known_and_spoils_nothing_else():
    design, truth = problem(3, 8, 2)
    design = torch.cat([design, design[:, :1]], dim=1)
    covariance = solve(design, truth).covariance(6)
    alone = solve(design[:, :2], truth).covariance(6)
    assert covariance.diagonal()[[0, 2]].tolist() == [math.inf, math.inf]
    assert covariance[0, [1, 2]].isnan().all()
    torch.testing.assert_close(covariance[1, 1], alone[1, 1])


@given(seeds, columns, st.floats(1e-3, 10.0))
def test_damping_is_a_penalty_on_the_scaled_coefficients(seed, columns, damping):
    design, truth = problem(seed, columns + 3, columns)
    lengths = design.norm(dim=0)
    penalty = math.sqrt(damping) * torch.diag(lengths)
    both = torch.cat([design, penalty]), torch.cat([truth, torch.zeros_like(lengths)])
    found = Scaled.of(design).solve(truth, damping)
    torch.testing.assert_close(found, solve(*both).coefficients, rtol=1e-8, atol=1e-10)


# Ways of compressing


def of_condition(kappa, rows=4000, columns=12, missed=1e-2):
    """A design of this condition, whose columns are of all sizes, and a truth."""
    rng = np.random.default_rng(0)
    q, _ = np.linalg.qr(rng.standard_normal((rows, columns)))
    turn, _ = np.linalg.qr(rng.standard_normal((columns, columns)))
    design = q * np.geomspace(1, 1 / kappa, columns) @ turn
    truth = design.sum(axis=1) / np.linalg.norm(design.sum(axis=1))
    error = rng.standard_normal(rows)
    truth = truth + missed * error / np.linalg.norm(error)
    return torch.from_numpy(design * np.geomspace(1e-8, 1e8, columns)), torch.from_numpy(truth)


@pytest.mark.parametrize("kappa", [1.0, 30.0, 1e3, 1e8])
@pytest.mark.parametrize("missed", [1e-2, 1e-6, 0.0])
def test_every_way_of_compressing_comes_to_what_the_rows_do(kappa, missed, monkeypatch):
    design, truth = of_condition(kappa, missed=missed)
    lengths = design.norm(dim=0)
    expected = torch.linalg.lstsq(design / lengths, truth).solution / lengths
    for few in (32, 0):  # rows together, or in stretches
        monkeypatch.setattr(linear, "FEW", few)
        monkeypatch.setattr(linear, "CACHED", 1 << 12)
        upper = compress(design, truth)
        found = torch.linalg.lstsq(upper[:, :-1] / lengths, upper[:, -1]).solution / lengths
        off = float(((found - expected) * lengths).norm() / (expected * lengths).norm())
        assert off < 1e-14 * (max(kappa, 10.0) ** 2 if kappa <= 1e3 else kappa)
        residual = (design @ expected - truth).norm()
        again = (upper[:, :-1] @ expected - upper[:, -1]).norm()
        torch.testing.assert_close(again, residual, rtol=1e-7, atol=1e-14)


def test_normal_equations_are_for_what_loses_no_digits(monkeypatch):
    def chosen(design, truth):
        used = []
        monkeypatch.setattr(linear, "_triangle", lambda rows: used.append(rows) or rows)
        compress(design, truth)
        return not used

    assert chosen(*of_condition(30.0))
    assert not chosen(*of_condition(1e5))
    assert not chosen(*of_condition(30.0, missed=1e-6))
    design, truth = of_condition(30.0)
    assert not chosen(torch.cat([design, design[:, :1]], dim=1), truth)
    assert not chosen(design.float(), truth.float())
    design[:, 3] *= 1e-200
    assert not chosen(design, truth)
