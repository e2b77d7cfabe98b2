"""The scattering length, its Born series and the potentials drawn: 50 digits, and algebra."""

from __future__ import annotations

from math import factorial

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from systems.catalog import born
from systems.errors import InputError
from systems.physics.scattering import (
    born_tensor,
    born_terms,
    gradient,
    kernel,
    scattering_length,
    square_well,
)
from systems.physics.scattering.cells import ordered, packed
from systems.physics.scattering.symmetric import Packing
from systems.samples.values import ValueSamples
from systems.system import Supervised

STEPS = np.arange(1, 65)
CHECKS = {
    "1": (np.ones(64), -0.5574077246549022, -1 / 3, -2 / 15, -17 / 315),
    "1/2": (
        np.full(64, 0.5),
        -0.2084602421372715,
        -1 / 6,
        -1 / 30,
        -0.006746031746032,
    ),
    "rising": (
        STEPS / 64,
        -0.3554186872855266,
        -0.252583821614583,
        -0.072945528344765,
        -0.021199108702990,
    ),
    "falling": (
        1 - (STEPS - 0.5) / 64,
        -0.09517867808738301,
        -0.083353678385417,
        -0.010320851656191,
        -0.001312289620111,
    ),
    "wavy": (
        0.5 + 0.5 * np.cos(STEPS),
        -0.2204091287770957,
        -0.174751319782943,
        -0.036110101165590,
        -0.007549290570706,
    ),
}
ENTRIES = {
    (0,): -1.2715657552083333e-6,
    (31,): -3.7854512532552085e-3,
    (63,): -1.5382130940755209e-2,
    (0, 0): -1.241763432820638e-10,
    (0, 63): -1.9712994496027626e-8,
    (10, 40): -4.161614924669266e-6,
    (31, 31): -2.8957736988862327e-5,
    (63, 63): -2.3784221460421834e-4,
    (0, 1, 2): -2.484267935398276e-13,
    (10, 10, 40): -7.922020544086721e-9,
    (10, 40, 40): -4.1036586211433796e-8,
    (5, 20, 50): -5.726427069155895e-9,
    (63, 63, 63): -3.677593680088067e-6,
}
NORMS = {1: 0.0558979084174, 2: 0.00349349364022, 3: 2.19727468130e-4}
TENSORS = {order: born_tensor(order) for order in (1, 2, 3)}


def fifty_digits(heights):
    """a0 by the wave and its slope, in arithmetic of 50 digits."""
    h = mpmath.mpf(1) / len(heights)
    u, v = mpmath.mpf(0), mpmath.mpf(1)
    for height in heights:
        k = mpmath.sqrt(mpmath.mpf(height))
        c = mpmath.cos(k * h)
        s = mpmath.sin(k * h) / k if k else h
        u, v = u * c + v * s, v * c - u * k * k * s
    return mpmath.re(1 - u / v)


def shallow(seed, steps, largest=1.9, count=None):
    """Potentials with steps between 0 and `largest`, some of them 0."""
    rng = np.random.default_rng(seed)
    shape = (steps,) if count is None else (count, steps)
    return largest * rng.random(shape) * (rng.random(shape) < 0.8)


@pytest.fixture(autouse=True)
def digits():
    with mpmath.workdps(50):
        yield


@pytest.mark.parametrize("name", CHECKS)
def test_tabulated_potentials(name):
    heights, length, *terms = CHECKS[name]

    assert scattering_length(heights) == pytest.approx(length, rel=1e-15)
    # The table has 15 decimals.
    np.testing.assert_allclose(born_terms(heights, 3), terms, rtol=1e-13, atol=6e-16)


@pytest.mark.parametrize("index", ENTRIES)
def test_tabulated_entries(index):
    assert TENSORS[len(index)][index] == pytest.approx(ENTRIES[index], rel=1e-14)


@pytest.mark.parametrize("order", NORMS)
def test_tabulated_norms(order):
    assert np.linalg.norm(TENSORS[order]) == pytest.approx(NORMS[order], rel=1e-11)


@pytest.mark.parametrize("steps", [1, 3, 64])
@pytest.mark.parametrize("largest", [1e-9, 1e-3, 1.0, 1.9])
def test_no_digit_is_lost(steps, largest):
    potentials = shallow(steps, steps, largest, count=20)
    exact = [fifty_digits(heights) for heights in potentials]

    for found, truth in zip(scattering_length(potentials).tolist(), exact, strict=True):
        assert abs(found - truth) <= 8e-16 * abs(truth)


@pytest.mark.parametrize(
    "heights", [[-1.0, 2.0, 0.0], [3.0, -20.0, 4.0], [60.0, 1.0], [-1e7, 0.5], [0.0, 30.0, 0.0]]
)
def test_repulsive_deep_and_binding_potentials(heights):
    truth = fifty_digits(heights)
    assert scattering_length(heights) == pytest.approx(float(truth), rel=1e-13)


def test_shapes_follow_those_of_the_potentials():
    potentials = shallow(0, 8, count=12).reshape(3, 4, 8)

    assert scattering_length(potentials).shape == (3, 4)
    assert gradient(potentials).shape == (3, 4, 8)
    assert born_terms(potentials, 2).shape == (3, 4, 2)
    assert scattering_length(potentials[1, 2]) == scattering_length(potentials)[1, 2]
    assert scattering_length(np.empty((0, 8))).shape == (0,)


def test_batches_do_not_mix():
    potentials = shallow(1, 2, count=10_000)
    one_by_one = [scattering_length(heights) for heights in potentials[::999]]
    slopes = [gradient(heights) for heights in potentials[::999]]

    # The highest step sets the number of terms, and with it the last bit.
    np.testing.assert_allclose(scattering_length(potentials)[::999], one_by_one, rtol=4e-16)
    np.testing.assert_allclose(gradient(potentials)[::999], slopes, rtol=4e-15)


@pytest.mark.parametrize(
    "heights",
    [[1.5], [0.0, 0.0], [0.3, 1.9, 0.0, 1e-9], [12.0, 0.5], [-3.0, 5.0, 1.0], shallow(2, 20)],
)
def test_the_gradient_is_that_of_fifty_digits(heights):
    heights = [float(height) for height in heights]
    step = mpmath.mpf(10) ** -15

    def moved(index, by):
        return fifty_digits([h + by * (i == index) for i, h in enumerate(map(mpmath.mpf, heights))])

    slopes = [float((moved(i, step) - moved(i, -step)) / (2 * step)) for i in range(len(heights))]
    np.testing.assert_allclose(gradient(heights), slopes, rtol=2e-14)


@given(st.integers(0, 10**6), st.integers(1, 12))
def test_the_gradient_is_that_of_finite_differences(seed, steps):
    heights = shallow(seed, steps, largest=1.0)
    h = 1e-4
    moves = h * np.eye(steps)
    differences = scattering_length(heights + moves) - scattering_length(heights - moves)

    np.testing.assert_allclose(gradient(heights), differences / (2 * h), rtol=1e-6)
    assert (gradient(heights) < 0).all()


# The Born series


def test_the_square_well():
    expected = ["-1/3", "-2/15", "-17/315", "-62/2835", "-1382/155925", "-21844/6081075"]
    assert [str(term) for term in square_well(6)] == expected
    terms = [float(term) for term in square_well(12)]
    for steps in (1, 7, 64):
        np.testing.assert_allclose(born_terms(np.ones(steps), 12), terms, rtol=3e-14)


@pytest.mark.parametrize("order", [1, 2, 3, 4, 5])
def test_kernels_integrate_to_the_square_well(order):
    """n! times the integral of x_1^p_1 ... over 0 <= x_1 <= x_2 <= ... <= 1, done by hand."""
    total = 0
    for powers, coefficient in kernel(order).items():
        integral = 1
        for rank in range(1, order + 1):
            integral *= sum(powers[:rank]) + rank
        total += factorial(order) * coefficient / integral
    assert total == square_well(order)[-1]
    assert all(sum(powers) == order + 1 for powers in kernel(order))


@pytest.mark.parametrize(("order", "steps"), [(1, 64), (2, 64), (3, 64), (4, 9), (5, 5)])
def test_tensors_are_the_terms(order, steps):
    tensor = TENSORS[order] if steps == 64 else born_tensor(order, steps)
    for heights in shallow(3, steps, count=5):
        contracted = tensor
        for _ in range(order):
            contracted = contracted @ heights
        assert contracted == pytest.approx(born_terms(heights, order)[-1], rel=2e-14)


@given(st.integers(0, 10**6), st.floats(0.05, 2.0))
def test_a_term_of_order_n_scales_with_the_nth_power(seed, factor):
    heights = shallow(seed, 6, largest=1.0)
    powers = factor ** np.arange(1, 7)
    terms = powers * born_terms(heights, 6)
    np.testing.assert_allclose(born_terms(factor * heights, 6), terms, rtol=1e-13, atol=0)


@given(st.integers(0, 10**6), st.integers(2, 4))
def test_smaller_steps_change_nothing(seed, parts):
    heights = shallow(seed, 5)
    finer = np.repeat(heights, parts)

    np.testing.assert_allclose(scattering_length(finer), scattering_length(heights), rtol=1e-14)
    np.testing.assert_allclose(born_terms(finer, 5), born_terms(heights, 5), rtol=1e-13)
    slopes = gradient(finer).reshape(5, parts).sum(axis=1)
    np.testing.assert_allclose(slopes, gradient(heights), rtol=1e-13)


@given(st.integers(0, 10**6), st.integers(2, 4))
def test_lengths_scale_as_lengths(seed, shrink):
    """U(r) -> s² U(s r) shrinks the potential to [0, 1/s], and a0 and all a_n with it."""
    heights = shallow(seed, 5)
    small = np.concatenate([shrink**2 * heights, np.zeros((shrink - 1) * 5)])

    length = scattering_length(heights)
    np.testing.assert_allclose(scattering_length(small), length / shrink, rtol=1e-13)
    terms = born_terms(heights, 4)
    np.testing.assert_allclose(born_terms(small, 4), terms / shrink, rtol=1e-13)


def bargmann(heights):
    """∫ r U dr, which is below 1 where nothing is bound (V. Bargmann, PNAS 38 (1952) 961)."""
    edges = np.linspace(0, 1, heights.shape[-1] + 1)
    return np.maximum(heights, 0) @ (np.diff(edges**2) / 2)


@given(st.integers(0, 10**6), st.floats(0.01, 0.3))
def test_the_series_adds_up(seed, integral):
    heights = shallow(seed, 16) + 1e-3
    heights *= integral / bargmann(heights)
    errors = np.abs(born_terms(heights, 30).cumsum() - scattering_length(heights))

    # Each term is smaller than the one before by the Bargmann integral at least.
    assert (errors[1:] <= integral * errors[:-1] + 1e-15).all()
    assert errors[-1] <= 2e-15
    assert errors[1] > 1e-3 * errors[0] * integral


@pytest.mark.parametrize("powers", [(2,), (2, 1), (2, 1, 1), (2, 2, 0), (0.5,), (1.5, 0.3)])
def test_cells_add_up_to_larger_cells(powers):
    order = len(powers)
    fine = Packing(order, 8).unpack(packed(powers, 8))
    for axis in range(order):
        fine = np.add.reduceat(fine, np.arange(0, 8, 2), axis=axis)
    coarse = Packing(order, 4).unpack(packed(powers, 4))
    np.testing.assert_allclose(fine, coarse, rtol=2e-14)


def test_ordered_integrals_in_narrow_cells():
    """In the last of 1000 cells the closed form of ∫∫∫ x² y z loses six digits; this loses none."""
    n = 1000
    a, h = mpmath.mpf(n - 1) / n, mpmath.mpf(1) / n
    # x = a + h s and so on: the integral of s^i t^j u^k over s <= t <= u <= 1.
    total = mpmath.mpf(0)
    for i, c in ((0, a**2), (1, 2 * a * h), (2, h**2)):
        for j, d in ((0, a), (1, h)):
            for k, e in ((0, a), (1, h)):
                total += c * d * e / ((i + 1) * (i + j + 2) * (i + j + k + 3))
    assert ordered((2, 1, 1), n)[-1] == pytest.approx(float(total * h**3), rel=2e-15)


def test_packing_undoes_unpacking():
    packing = Packing(3, 5)
    values = np.random.default_rng(0).standard_normal(len(packing.indices))
    tensor = packing.unpack(values)

    np.testing.assert_array_equal(tensor, tensor.transpose(2, 0, 1))
    np.testing.assert_allclose(packing.pack(tensor), values, rtol=1e-15)
    assert packing.copies.sum() == 125
    assert (packing.copies * values**2).sum() == pytest.approx((tensor**2).sum(), rel=1e-14)


# The catalog entry


def test_drawn_potentials_bind_nothing_and_are_those_of_the_text():
    samples = born.SYSTEM.draw(seed=1, count=4000)

    assert samples.x.shape == (4000, 64)
    assert (samples.x >= 0).all()
    assert bargmann(samples.x).max() < 1
    np.testing.assert_array_equal(samples.y, scattering_length(samples.x))
    amplitudes = np.log(samples.scale)
    assert 0.02 <= samples.scale.min() < 0.0202
    assert 1.98 < samples.scale.max() <= 2
    assert amplitudes.mean() == pytest.approx(np.log(0.2), abs=0.1)  # log-uniform
    shapes = samples.x / samples.scale[:, None]
    assert shapes.max() > 0.999
    kept = (shapes > 0).mean(axis=1)
    assert kept.mean() == pytest.approx(0.55, abs=0.02)
    assert kept.min() < 0.1
    assert np.quantile(kept, 0.95) > 0.93


def test_the_same_seed_draws_the_same_potentials_and_another_does_not():
    one, again, other = (born.SYSTEM.draw(seed=seed, count=50) for seed in (3, 3, 4))
    assert one.digest() == again.digest() != other.digest()
    assert len(born.SYSTEM.draw()) == 3000


def test_other_numbers_of_the_draw():
    system = born.make(steps=8, smallest=1e-4, largest=1e-3)
    samples = system.draw(count=100)
    assert samples.dimension == len(system.map.inputs) == 8
    assert samples.names == ("U1", "U2", "U3", "U4", "U5", "U6", "U7", "U8", "a0")
    assert system.parameters == {"steps": 8, "smallest": 1e-4, "largest": 1e-3}
    assert samples.x.max() <= 1e-3


def test_noise_is_of_the_size_asked_for():
    samples = born.SYSTEM.draw(count=4000)
    deviation = samples.y.std()
    local = (samples.with_relative_noise(0.01, seed=1).y / samples.y - 1) / 0.01
    white = (samples.with_noise(0.01, seed=2).y - samples.y) / (0.01 * deviation)
    for z in (local, white):
        assert z.mean() == pytest.approx(0, abs=0.06)
        assert z.std() == pytest.approx(1, abs=0.04)
    np.testing.assert_array_equal(samples.with_noise(0.01, seed=2).x, samples.x)


def test_some_of_the_samples():
    samples = born.SYSTEM.draw(count=10)
    weak = samples[samples.scale < 0.3]
    assert 0 < len(weak) < 10
    np.testing.assert_array_equal(samples[2:4].y, samples.y[2:4])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: scattering_length(1.0), "a row of one or more"),
        (lambda: gradient([[]]), "a row of one or more"),
        (lambda: born_terms([1.0, np.nan], 2), "not finite"),
        (lambda: born_terms([1.0], 0), "begins at order 1"),
        (lambda: kernel(0), "begins at order 1"),
        (lambda: born_tensor(5, 64), "does not fit in memory"),
        (lambda: born_tensor(2, 0), "1 or more"),
        (lambda: Packing(2, 3).pack(np.ones((3, 2))), "is not"),
        (lambda: born.make(largest=3.0), "may bind"),
        (lambda: born.make(steps=0), "one step or more"),
        (lambda: ValueSamples(np.ones((2, 1)), np.ones(3), np.ones(2)), "must have the shapes"),
        (lambda: ValueSamples(np.ones((0, 1)), np.ones(0), np.ones(0)), "no samples"),
        (lambda: ValueSamples(np.ones((1, 1)), [np.inf], [1.0]), "not finite"),
        (lambda: ValueSamples(np.ones((1, 1)), [1.0], [0.0]), "positive number"),
        (lambda: born.SYSTEM.draw(count=3).with_noise(-1, 0), "a fraction such as"),
        (lambda: Supervised("x", "", "", (), "y", np.sum, born.SYSTEM.draw), "no inputs"),
    ],
)
def test_what_cannot_be_used_is_told(make, message):
    with pytest.raises(InputError, match=message):
        make()
