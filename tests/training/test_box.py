"""Boxes of products: known polynomials, true derivatives, the counts and figures of the reports."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.polynomial import chebyshev, polynomial
from torch.func import jvp

import systems
from systems.errors import InputError
from training.bases.box import Box
from training.solve.linear import solve

KINDS = ("monomial", "chebyshev")
kinds = st.sampled_from(KINDS)
seeds = st.integers(0, 2**32 - 1)
shapes = st.tuples(st.integers(1, 3), st.integers(1, 4))


def box(seed, d, highest, kind):
    rng = np.random.default_rng(seed)
    return Box.coupling(rng.uniform(-5, 5, d), rng.uniform(0.1, 3, d), highest, kind)


def points(basis, seed, count=9):
    z = torch.from_numpy(np.random.default_rng(seed).uniform(-1, 1, (count, len(basis.center))))
    return basis.center + basis.half_width * z


@given(seeds, shapes, kinds)
def test_values_are_products_of_polynomials_of_the_scaled_coordinates(seed, shape, kind):
    basis = box(seed, *shape, kind)
    x = points(basis, seed)
    z = ((x - basis.center) / basis.half_width).numpy()
    evaluate = chebyshev.chebval if kind == "chebyshev" else polynomial.polyval

    expected = np.ones((len(x), basis.size))
    for k, order in enumerate(basis.orders):
        for j, m in enumerate(order):
            expected[:, k] *= evaluate(z[:, j], np.eye(m + 1)[m])
    np.testing.assert_allclose(basis.values(x).numpy(), expected, rtol=0, atol=1e-12)


@given(seeds, shapes, kinds)
def test_gradients_are_autograds(seed, shape, kind):
    basis = box(seed, *shape, kind)
    x = points(basis, seed).requires_grad_(True)
    gradients = basis.gradients(x)

    assert gradients.shape == (len(x), shape[0], basis.size)
    for k, column in enumerate(basis.values(x).unbind(dim=1)):
        (expected,) = torch.autograd.grad(column.sum(), x, retain_graph=True)
        torch.testing.assert_close(gradients[:, :, k], expected, rtol=1e-11, atol=1e-10)


@pytest.mark.parametrize("kind", KINDS)
def test_every_derivative_exists_at_the_center(kind):
    """d³/dz³ of z³ and of T_3 = 4z³ - 3z, where powers of zero spoil a product rule."""
    basis = Box.coupling((0.0, 0.0), 1.0, 3, kind)

    def along(t):
        return basis.values(torch.stack([t, torch.zeros_like(t)], dim=1))[0]

    derivative = along
    for _ in range(3):
        derivative = (lambda below: lambda t: jvp(below, (t,), (torch.ones_like(t),))[1])(
            derivative
        )
    third = derivative(torch.zeros(1, dtype=torch.float64))
    cubic = {(3, 0): 6.0 if kind == "monomial" else 24.0}
    # Products with T_2 of the other coordinate, which is -1 there.
    cubic |= {(3, 2): -24.0} if kind == "chebyshev" else {}
    assert dict(zip(basis.orders, third.tolist(), strict=True)) == {
        order: cubic.get(order, 0.0) for order in basis.orders
    }


@given(seeds, shapes)
def test_both_kinds_of_a_coupling_span_the_same(seed, shape):
    """Up to the constant: every function of one is a combination of the other's."""
    first, second = (box(seed, *shape, kind) for kind in KINDS)
    x = points(first, seed, count=3 * first.size + 3)
    constant = torch.ones(len(x), 1, dtype=torch.float64)
    for one, other in ((first, second), (second, first)):
        design = torch.cat([other.values(x), constant], dim=1)
        columns = one.values(x)
        span, _ = torch.linalg.qr(design / design.norm(dim=0))
        rest = columns - span @ (span.T @ columns)
        assert (rest.norm(dim=0) < 1e-9 * columns.norm(dim=0)).all()


def test_the_counts_of_the_reports():
    """Run 2: 81 with the constant. Run 1: of 192 entries c_mnij q_m^i q_n^j, 94 are distinct."""
    entries = [(m, n, i, j) for m, n in ((0, 0), (0, 1), (1, 1)) for i, j in
               product(range(1, 9), repeat=2)]  # fmt: skip
    distinct = set()
    for m, n, i, j in entries:
        order = [0, 0]
        order[m] += i
        order[n] += j
        distinct.add(tuple(order))

    assert len(entries) == 192
    assert set(Box.full((0.0, 0.0), 1.0, 8).orders) == distinct
    assert Box.full((0.0, 0.0), 1.0, 8).size == 94
    assert set(Box.coupling((0.0, 0.0), 1.0, 8).orders) == set(product(range(9), repeat=2)) - {
        (0, 0)
    }


def relative_error(basis, window, known_trap):
    """Of the forces fitted to 3000 samples, on 3000 others."""
    system = systems.get("trapped_charges")
    designs, forces = [], []
    for seed in (0, 1):
        samples = system.draw(window, seed, 3000)
        trap = -system.parameters["k"] * samples.q if known_trap else 0.0
        forces.append(torch.from_numpy((samples.qdd - trap).reshape(-1)))
        gradients = basis.gradients(torch.from_numpy(samples.q))
        designs.append(-gradients.reshape(-1, basis.size))
    coefficients = solve(designs[0], forces[0]).coefficients
    return float((designs[1] @ coefficients - forces[1]).norm() / forces[1].norm())


@pytest.mark.parametrize("kind", KINDS)
def test_run_1_is_limited_by_its_basis(kind):
    """0.71 of the force is missing whatever the coefficients: a pole inside the window."""
    basis = Box.full((0.0, 0.0), 1.0, 8, kind)
    assert relative_error(basis, "origin", known_trap=False) == pytest.approx(0.71, abs=0.04)


def test_run_2_is_smooth_on_one_side():
    """1.5e-2 or so, on one side of q0 = q1, by the same powers."""
    window = systems.get("trapped_charges").window("one_side")
    basis = Box.coupling(window.center, window.width / 2, 8)
    assert 1e-2 < relative_error(basis, "one_side", known_trap=True) < 3e-2


def test_chebyshev_polynomials_are_well_conditioned_where_raw_powers_are_not():
    system = systems.get("trapped_charges")
    window = system.window("one_side")
    q = torch.from_numpy(window.draw(0, 3000)[0])
    centred = Box.coupling(window.center, window.width / 2, 8, "chebyshev")
    raw = Box.coupling((0.0, 0.0), 1.0, 8, "monomial")
    conditions = []
    for basis in (centred, raw):
        design = basis.gradients(q).reshape(-1, basis.size)
        conditions.append(float(torch.linalg.cond(design / design.norm(dim=0))))
    assert conditions[0] < 10
    assert conditions[1] > 1e9


def test_single_precision():
    basis = Box.coupling((0.4, -0.4), 0.35, 3)
    x = points(basis, 0)
    single = basis.to(torch.zeros((), dtype=torch.float32))
    assert single.values(x.float()).dtype == torch.float32
    torch.testing.assert_close(
        single.values(x.float()).double(), basis.values(x), rtol=0, atol=1e-5
    )


@pytest.mark.parametrize("kept", [np.array([1.0, 2.0]), torch.tensor([1.0, 2.0])])
def test_a_box_holds_its_own_doubles(kept):
    """Nothing that happens to the numbers it was built from happens to the box."""
    basis = Box.coupling(kept, kept, 2)
    kept[:] = 7.0
    assert basis.center.dtype == basis.half_width.dtype == torch.float64
    assert basis.center.tolist() == basis.half_width.tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "chebishev"}, "Did you mean 'chebyshev'?"),
        ({"half_width": torch.tensor([1.0, 0.0])}, "half widths above 0"),
        ({"half_width": torch.ones(1)}, "half widths above 0"),
        ({"orders": ((1,),)}, "needs 2 orders"),
        ({"orders": ()}, "needs 2 orders"),
        ({"orders": ((1, -1),)}, "none below 0"),
        ({"orders": ((1, 1), (1, 1))}, "once"),
    ],
)
def test_a_box_that_is_none(change, message):
    good = {
        "center": torch.zeros(2),
        "half_width": torch.ones(2),
        "orders": ((1, 1),),
        "kind": "monomial",
    }
    assert Box(**good).size == 1
    with pytest.raises(InputError) as error:
        Box(**(good | change))
    assert message in str(error.value)
