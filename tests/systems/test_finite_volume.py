"""Phase shifts and levels of the ππ models: tables, independent solutions, Lüscher's formula."""

from __future__ import annotations

import numpy as np
import pytest

from systems.errors import InputError
from systems.physics.finite_volume import momentum, phase
from systems.physics.finite_volume.level_samples import BOXES, ENERGIES, LevelSamples, draw_levels
from systems.physics.finite_volume.models import (
    HBARC,
    MASS,
    PION_MASS,
    RANGES,
    THRESHOLD,
    Couplings,
    draw,
)
from systems.physics.finite_volume.quantisation import (
    k_cot_delta,
    luescher_levels,
    phases_from_levels,
)
from systems.physics.finite_volume.resonances import resolved
from systems.physics.finite_volume.roots import zeros
from systems.physics.finite_volume.shells import degeneracies, shells
from systems.physics.finite_volume.shifts import (
    bound_states,
    phase_shifts,
)
from systems.physics.finite_volume.spectrum import levels, levels_below
from systems.physics.finite_volume.wave_numbers import pair_energy, wave_number
from tests.systems.diagonalisation import levels_by_diagonalisation

MODELS = ("A", "B", "C")
TABLED = [300.0, 400.0, 500.0, 605.0, 700.0, 800.0, 900.0]
PHASES = {
    "A": [
        51.58282825,
        92.61506889,
        94.51464978,
        97.51313181,
        105.14173727,
        118.52159508,
        134.23085328,
    ],
    "B": [
        15.42391873,
        32.73636004,
        33.65224627,
        47.11582057,
        140.82930475,
        172.21010729,
        177.28160211,
    ],
    "C": [
        18.83159225,
        52.44398229,
        51.40004820,
        47.42371704,
        68.00737412,
        165.35115446,
        177.96295750,
    ],
}
"""In degrees."""

NUMBERS = [0, 1, 2, 5, 9]
LEVELS = {
    ("A", 10): [272.290025, 331.598353, 405.554648, 580.117921, 809.124227],
    ("A", 12): [274.005917, 319.052119, 371.869485, 507.396559, 693.657753],
    ("A", 14): [274.979587, 310.669873, 350.197167, 457.779553, 612.184908],
    ("B", 10): [274.811665, 357.782480, 430.444233, 597.422990, 796.491274],
    ("B", 12): [275.682920, 336.424532, 390.308446, 524.807180, 689.693440],
    ("B", 14): [276.147610, 322.646918, 364.216378, 472.305132, 617.287521],
    ("C", 10): [274.635573, 351.006237, 421.305445, 596.116557, 798.629460],
    ("C", 12): [275.569520, 332.811683, 383.983864, 518.762380, 698.627813],
    ("C", 14): [276.070903, 320.629728, 360.003937, 466.224279, 617.862744],
}
MISSES = {
    ("A", 10): 8.9e-4,
    ("B", 10): 1.0e-2,
    ("C", 10): 1.4e-3,
    ("A", 14): 1.4e-5,
    ("B", 14): 7.3e-6,
    ("C", 14): 4.8e-6,
}
"""What Lüscher's formula misses the levels 1 to 9 by, at most, in MeV."""


def reference(model, **changes):
    numbers = {"bare_mass": 600.0, "g": 1.2, "c": 0.8, "G": 0.4, "d": 0.7}
    return Couplings(model, **numbers | changes)


def free_levels(box, count):
    n = shells(2 * count + 8)[:count]
    return 2 * np.sqrt(PION_MASS**2 + n * (2 * np.pi * HBARC / box) ** 2)


# The models


def test_couplings_are_drawn_in_their_ranges_and_by_their_seed():
    drawn = draw("B", 4000, seed=1)

    assert len(drawn) == 4000
    for name, (low, high) in RANGES.items():
        values = getattr(drawn, name)
        assert low <= values.min() < low + 0.01 * (high - low)
        assert high - 0.01 * (high - low) < values.max() <= high
    np.testing.assert_array_equal(draw("B", 9, seed=2).G, draw("B", 9, seed=2).G)
    assert (draw("B", 9, seed=2).G != draw("B", 9, seed=3).G).all()


def test_couplings_are_sliced_together():
    drawn = draw("C", 6, seed=0)
    some = drawn[drawn.g > np.median(drawn.g)]

    assert (len(drawn[1:3]), len(some), some.model) == (2, 3, "C")
    for name in RANGES:
        np.testing.assert_array_equal(getattr(drawn[[4, 0]], name), getattr(drawn, name)[[4, 0]])


@pytest.mark.parametrize(
    ("model", "f"),
    [
        ("A", lambda x: 1 / (1 + x**2)),
        ("B", lambda x: (1 + x**2) ** -2),
        ("C", lambda x: np.exp(-(x**2))),
    ],
)
def test_vertices(model, f):
    k = np.array([0.0, 0.3, 2.0])
    g, h = reference(model).vertices(k)

    np.testing.assert_allclose(g[0], 1.2 * np.sqrt(HBARC / PION_MASS) * f(0.8 * k), rtol=1e-14)
    np.testing.assert_allclose(h[0], f(0.7 * k) ** 2, rtol=1e-14)


@pytest.mark.parametrize(
    ("model", "changes", "message"),
    [
        ("a", {}, "'a' is none of them. Did you mean 'A'?"),
        ("D", {}, "the models are A, B and C; 'D'"),
        ("A", {"g": np.nan}, "g is not finite"),
        ("A", {"G": [0.1, np.inf]}, "G is not finite"),
        ("A", {"c": 0.0}, "c is a positive number, not 0"),
        ("A", {"bare_mass": -600.0}, "bare_mass is a positive number, not -600"),
        ("A", {"g": [1.0, 2.0], "d": [1.0, 1.0, 1.0]}, r"shape \(N,\)"),
        ("A", {"g": [[1.0]]}, r"shape \(N,\)"),
    ],
)
def test_couplings_that_are_none(model, changes, message):
    with pytest.raises(InputError, match=message):
        reference(model, **changes)


# Phase shifts


@pytest.mark.parametrize("model", MODELS)
def test_tabled_phase_shifts(model):
    phases = np.degrees(phase_shifts(reference(model), TABLED))[0]
    np.testing.assert_allclose(phases, PHASES[model], rtol=0, atol=0.6e-8)


def phase_shifts_by_inversion(couplings, energies, nodes):
    """δ(E) modulo π from the K matrix on a grid of momenta, K = V + PV ∫ q² dq V K/(E - 2ω_q).

    One linear system for the nodes and k itself; tan δ = -(π k E/4) K(k, k). An even number of
    nodes lies on both sides of k up to 2k, the rest beyond.
    """
    inside, weights = np.polynomial.legendre.leggauss(2 * (nodes // 4))
    x, beyond = np.polynomial.legendre.leggauss(nodes - len(inside))
    phases = np.empty((len(couplings), len(energies)))
    for column, k in enumerate(wave_number(energies)):
        q = np.append(k * (1 + inside), 2 * k + 1.5 * (1 + x) / (1 - x))
        inverse = np.append(k * weights, 3 * beyond / (1 - x) ** 2) / ((k - q) * (k + q))
        energy = pair_energy(k)
        measure = inverse * q**2 * (energy + pair_energy(q)) / 4
        subtracted = inverse.sum() * k**2 * energy / 2
        g, h = couplings.vertices(np.append(q, k))
        sigma = 1 / (energy - couplings.bare_mass[:, None, None] / HBARC)
        contact = couplings.G[:, None, None] / MASS**2
        V = sigma * g[:, :, None] * g[:, None, :] + contact * h[:, :, None] * h[:, None, :]
        K = np.linalg.solve(np.eye(len(q) + 1) - V * np.append(measure, -subtracted), V[:, :, -1:])
        phases[:, column] = np.arctan(-np.pi / 4 * k * energy * K[:, -1, 0])
    return phases


@pytest.mark.parametrize(
    "model", ["B", *(pytest.param(model, marks=pytest.mark.slow) for model in "AC")]
)
def test_phase_shifts_are_those_of_the_matrix(model):
    drawn = draw(model, 60, seed=11)
    random = np.random.default_rng(0).uniform(278, 1000, 15)
    energies = np.sort(np.append(random, [277.01, 277.5, 1500.0]))
    phases = phase_shifts(drawn, energies)

    for nodes in (120, 160):
        independent = phase_shifts_by_inversion(drawn, energies, nodes)
        assert np.abs(np.sin(phases - independent)).max() <= 1e-12


def test_phase_shifts_do_not_depend_on_the_energies_asked_for():
    drawn = draw("C", 50, seed=4)
    table = phase_shifts(drawn, ENERGIES)

    assert (table[:, 0] == 0).all()
    for column in (1, 40, 99):
        alone = phase_shifts(drawn, ENERGIES[column : column + 1])
        np.testing.assert_allclose(alone[:, 0], table[:, column], rtol=0, atol=1e-12)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("g", [1e-2, 1e-5])
def test_a_phase_shift_rises_by_pi_at_a_narrow_resonance(model, g):
    far_and_near = reference(model, bare_mass=[5000.0, 600.0], g=g)
    without, narrow = phase_shifts(far_and_near, [500.0, 560.0, 640.0, 700.0])
    np.testing.assert_allclose(narrow - without, [0, 0, np.pi, np.pi], rtol=0, atol=20 * g**2)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("g", [0.0, 1.2])
def test_nothing_happens_where_the_contact_passes_through_zero(model, g):
    below, zero, above = phase_shifts(reference(model, g=g, G=[-1e-9, 0.0, 1e-9]), TABLED)

    np.testing.assert_allclose(zero, (below + above) / 2, rtol=0, atol=1e-12)
    assert 0 < np.abs(above - below).max() < 1e-7
    spectra = levels(reference(model, g=g, G=[-1e-9, 0.0, 1e-9]), 10.0)
    np.testing.assert_allclose(spectra[1], (spectra[0] + spectra[2]) / 2, rtol=0, atol=1e-7)


@pytest.mark.parametrize("model", MODELS)
def test_bound_states_are_the_levels_that_stay_bound_in_a_huge_box(model):
    drawn = draw(model, 300, seed=5)
    binding = THRESHOLD - levels(drawn, 100.0, count=3)
    clear = ((binding > 1.0) | (binding < 0.1)).all(axis=1)
    expected = (binding > 1.0).sum(axis=1)

    assert clear.mean() > 0.9
    assert 0 < expected.mean() < 1
    np.testing.assert_array_equal(bound_states(drawn)[clear], expected[clear])


def test_two_states_may_be_bound():
    twice = Couplings("A", 350.0, 3.0, 0.5, -10.0, 0.5)

    assert bound_states(twice).tolist() == [2]
    assert levels_below(twice, 60.0, [THRESHOLD - 1.0]).tolist() == [[2]]


@pytest.mark.parametrize(
    ("energies", "message"),
    [
        ([300.0, 290.0], "must increase"),
        ([300.0, 300.0], "must increase"),
        ([276.0, 300.0], "276 MeV is below the threshold of two pions, 277 MeV"),
        ([300.0, np.nan], "not finite"),
        ([], "row of numbers"),
        (300.0, "row of numbers"),
    ],
)
def test_energies_that_are_none(energies, message):
    one = reference("A")
    with pytest.raises(InputError, match=message):
        phase_shifts(one, energies)
    with pytest.raises(InputError, match=message):
        luescher_levels(energies, np.zeros((1, np.size(energies))), 10.0)
    with pytest.raises(InputError, match=message):
        resolved(one, np.zeros((1, np.size(energies))), energies)


# Levels


@pytest.mark.parametrize(("model", "box"), LEVELS)
def test_tabled_levels(model, box):
    for solve in (levels, levels_by_diagonalisation):
        found = solve(reference(model), float(box))[0, NUMBERS]
        np.testing.assert_allclose(found, LEVELS[model, box], rtol=0, atol=0.6e-6)


@pytest.mark.parametrize("model", MODELS)
def test_levels_are_eigenvalues(model):
    drawn = draw(model, 40, seed=21)
    boxes = np.exp(np.random.default_rng(1).uniform(np.log(3), np.log(60), 40))

    exact = levels_by_diagonalisation(drawn, boxes)
    np.testing.assert_allclose(levels(drawn, boxes), exact, rtol=0, atol=5e-8)
    for row in (0, 17):
        alone = levels(drawn[row : row + 1], boxes[row], count=4)
        np.testing.assert_allclose(alone[0], exact[row, :4], rtol=0, atol=5e-8)
    some = levels_by_diagonalisation(drawn[:5], boxes[:5], count=30)
    np.testing.assert_allclose(levels(drawn[:5], boxes[:5], count=30), some, rtol=0, atol=5e-8)


@pytest.mark.parametrize("box", [9.0, 14.0])
def test_levels_are_those_of_a_plain_sum_over_shells(box):
    """A Gaussian cuts the sum off by itself: no window, and no integral."""
    n = shells(400)
    k = 2 * np.pi * HBARC / box * np.sqrt(n)
    weights = (2 * np.pi / box) ** 3 * degeneracies(400)[n] / (4 * np.pi)
    g = 1.2 / np.sqrt(PION_MASS / HBARC) * np.exp(-((0.8 * k / HBARC) ** 2)) * np.sqrt(weights)
    h = np.exp(-2 * (0.7 * k / HBARC) ** 2) * np.sqrt(weights)
    H = np.zeros((len(n) + 1, len(n) + 1))
    H[0, 0] = 600.0
    H[0, 1:] = H[1:, 0] = HBARC * g
    H[1:, 1:] = 0.4 * HBARC**3 / PION_MASS**2 * np.outer(h, h)
    H[1:, 1:] += 2 * np.diag(np.hypot(k, PION_MASS))

    expected = np.linalg.eigvalsh(H)[:10]
    np.testing.assert_allclose(levels(reference("C"), box)[0], expected, rtol=0, atol=5e-8)


@pytest.mark.parametrize("g", [0.0, 1e-9, 1e-4])
def test_a_state_that_hardly_couples_sits_among_the_free_ones(g):
    crossing = np.append(free_levels(10.0, 6), [500.0, 350.0])
    for mass in crossing:
        found = levels(reference("C", bare_mass=mass, g=g, G=0.0), 10.0)[0]
        expected = np.sort(np.append(free_levels(10.0, 10), mass))[:10]
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-7 + 100 * g)


@pytest.mark.parametrize("model", MODELS)
def test_levels_far_below_threshold(model):
    strong = reference(model, c=0.4, g=[4.0, 8.0, 8.0], G=[-0.5, -4.0, 2.0])

    found = levels(strong, 10.0)
    assert found.min() < 0
    exact = levels_by_diagonalisation(strong, 10.0)
    np.testing.assert_allclose(found, exact, rtol=1e-9, atol=1e-8)


@pytest.mark.parametrize("model", MODELS)
def test_counts_are_those_of_the_levels(model):
    drawn = draw(model, 30, seed=8)
    boxes = np.tile([9.0, 11.5, 14.0], 10)
    energies = np.array([100.0, 276.0, 300.0, 444.0, 610.0, 580.0])

    found = levels(drawn, boxes, count=12)
    assert (found[:, -1] > energies.max()).all()
    expected = (found[:, :, None] < energies).sum(axis=1)
    np.testing.assert_array_equal(levels_below(drawn, boxes, energies), expected)


def test_counts_at_a_free_level_are_those_just_below_it():
    free = free_levels(10.0, 6)
    drawn = draw("A", 20, seed=1)
    just_below = levels_below(drawn, 10.0, free - 1e-7)
    np.testing.assert_array_equal(levels_below(drawn, 10.0, free), just_below)


@pytest.mark.parametrize(
    ("box", "message"),
    [
        (-10.0, "positive number of fm"),
        (np.nan, "positive number of fm"),
        ([10.0, 0.0], "positive number of fm"),
        ([10.0, 11.0, 12.0], r"shape \(2,\), not \(3,\)"),
    ],
)
def test_boxes_that_are_none(box, message):
    two = reference("A", g=[1.0, 2.0])
    for call in (
        lambda: levels(two, box),
        lambda: levels_below(two, box, [300.0]),
        lambda: luescher_levels(ENERGIES, np.zeros((2, 100)), box),
        lambda: phases_from_levels(np.full((2, 3), 300.0), box),
        lambda: k_cot_delta(np.full((2, 3), 300.0), box),
    ):
        with pytest.raises(InputError, match=message):
            call()


def test_counts_that_are_none():
    with pytest.raises(InputError, match="one level or more"):
        levels(reference("A"), 10.0, count=0)
    with pytest.raises(InputError, match="one level or more"):
        luescher_levels(ENERGIES, np.zeros((1, 100)), 10.0, count=0)
    with pytest.raises(InputError, match="finite numbers"):
        levels_below(reference("A"), 10.0, [300.0, np.nan])
    with pytest.raises(InputError, match="finite numbers"):
        levels_below(reference("A"), 10.0, [])
    with pytest.raises(InputError, match="one system or more"):
        draw("A", 0, seed=0)


def test_zeros_where_a_secant_creeps():
    powers = np.array([1.0, 9.0, 31.0])
    found = zeros(lambda x: x**powers - 1e-3, np.zeros(3), np.full(3, 4.0), 1e-13)
    np.testing.assert_allclose(found, 1e-3 ** (1 / powers), rtol=1e-11)


# The filter


@pytest.mark.parametrize("model", MODELS)
def test_phase_shifts_count_the_levels(model):
    drawn = draw(model, 400, seed=31)
    drawn = drawn[bound_states(drawn) == 0]
    phases = phase_shifts(drawn, ENERGIES)[:, 1:]
    # Where a phase shift is steep, Lüscher's formula misses more.
    flat = np.abs(np.gradient(phases, axis=1)) < 0.5
    narrow = (np.abs(np.diff(phases, axis=1)) > 1.5).any(axis=1)
    turns = (phases + phase(wave_number(ENERGIES[1:]) * 14.0 / (2 * np.pi))) / np.pi
    clear = flat & (np.abs(turns - turns.round()) > 0.05)
    counts = levels_below(drawn, 14.0, ENERGIES[1:])

    assert narrow.any() or model == "A"
    np.testing.assert_array_equal(counts[clear], np.floor(turns[clear]) + 1)


def test_bound_states_and_narrow_resonances_are_removed():
    kinds = reference("C", g=[1.2, 0.05, 1e-4, 1.2], G=[0.4, 0.4, 0.4, -1.0])
    phases = phase_shifts(kinds, ENERGIES)

    assert bound_states(kinds).tolist() == [0, 0, 0, 1]
    assert resolved(kinds, phases, ENERGIES).tolist() == [True, False, False, False]


def test_a_narrow_resonance_that_its_table_does_not_show_is_removed():
    kinds = reference("C", g=[1.2, 1e-3])
    phases = phase_shifts(kinds, ENERGIES)
    # A table that was followed modulo π only: smooth, and without the resonance.
    phases[1, ENERGIES > 600] -= np.pi

    assert np.abs(np.diff(phases[1, 1:])).max() < 0.1
    assert resolved(kinds, phases, ENERGIES).tolist() == [True, False]
    assert resolved(kinds, phases, ENERGIES, boxes=()).tolist() == [True, True]


@pytest.mark.parametrize(
    ("phases", "message"),
    [
        (np.zeros((2, 100)), r"must have the shape \(1, 100\)"),
        (np.full((1, 100), np.nan), "phase shift is not finite"),
    ],
)
def test_tables_that_are_none(phases, message):
    with pytest.raises(InputError, match=message):
        resolved(reference("A"), phases, ENERGIES)


# Lüscher's formula


@pytest.mark.parametrize(("model", "box"), MISSES)
def test_what_luescher_s_formula_misses(model, box):
    one = reference(model)
    energies = np.linspace(THRESHOLD, 1000, 2000)
    misses = luescher_levels(energies, phase_shifts(one, energies), box) - levels(one, box)

    assert np.isnan(misses[0, 0])
    assert np.abs(misses[0, 1:]).max() == pytest.approx(MISSES[model, box], rel=0.05)


@pytest.mark.parametrize("model", MODELS)
def test_hundred_energies_are_enough_for_resolved_systems(model):
    samples = draw_levels(model, systems=200, boxes_per_system=5, seed=3)
    phases = samples.phases[samples.system]
    misses = np.abs(luescher_levels(ENERGIES, phases, samples.boxes) - samples.levels)[:, 1:]

    assert np.isfinite(misses).all()
    assert np.median(misses) < 0.005
    # An unseen resonance is off by tens of MeV.
    assert misses.max() < 10


@pytest.mark.parametrize("delta", [-1.0, -0.3, 0.5, 2.0])
def test_levels_of_a_constant_phase_shift(delta):
    boxes = np.linspace(9, 14, 7)
    found = luescher_levels(ENERGIES, np.full((7, 100), delta), boxes)

    n = np.arange(10)[None]
    expected = np.full((7, 10), np.nan)
    exists = np.broadcast_to(n * np.pi - delta > 0, (7, 10))
    q = momentum((n * np.pi - delta)[n * np.pi - delta > 0])
    k = 2 * np.pi * HBARC / boxes[:, None] * q
    expected[exists] = (2 * np.hypot(k, PION_MASS)).ravel()
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-7)


@pytest.mark.parametrize("length", [-0.6, 0.4, 1.5])
def test_levels_and_phases_go_round(length):
    energies = np.linspace(THRESHOLD, 1000, 2000)
    phases = np.arctan(length * wave_number(energies))[None].repeat(3, axis=0)
    boxes = np.array([9.0, 11.0, 14.0])

    found = luescher_levels(energies, phases, boxes, count=8)
    back = phases_from_levels(found, boxes)
    first = 0 if length < 0 else 1
    assert np.isnan(found[:, :first]).all()
    expected = np.arctan(length * wave_number(found[:, first:]))
    np.testing.assert_allclose(back[:, first:], expected, rtol=0, atol=1e-7)
    sloped = k_cot_delta(found, boxes)[:, first:]
    np.testing.assert_allclose(sloped, 1 / length, rtol=2e-6)
    np.testing.assert_array_equal(phases_from_levels(found[1], 11.0), back[1])


def test_levels_beyond_the_table_are_none():
    short = ENERGIES[ENERGIES < 600]
    phases = phase_shifts(reference("B"), ENERGIES)
    whole = luescher_levels(ENERGIES, phases, 10.0)[0]
    part = luescher_levels(short, phases[:, : len(short)], 10.0)[0]

    inside = whole < short[-1]
    np.testing.assert_allclose(part[inside], whole[inside], rtol=0, atol=1e-3)
    assert np.isnan(part[whole > short[-1]]).all()
    assert np.isnan(part).sum() > 3


def test_of_several_crossings_the_first_upward_one_is_the_level():
    energies = np.linspace(THRESHOLD, 1000, 400)
    k = wave_number(energies)
    kinematic = phase(k * 10.0 / (2 * np.pi))
    # δ + φ rises through π at 0.6, falls at 0.7, rises again at 0.8, in 1/fm.
    total = np.pi + 40 * (k - 0.6) * (k - 0.7) * (k - 0.8)
    found = luescher_levels(energies, (total - kinematic)[None], 10.0, count=2)[0]
    expected = 2 * np.hypot(0.6 * HBARC, PION_MASS)
    assert found[1] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("model", MODELS)
def test_phase_shifts_are_read_off_levels(model):
    samples = draw_levels(model, systems=20, boxes_per_system=1, seed=6)
    levels_14 = levels(samples.couplings, 14.0)
    found = phases_from_levels(levels_14, 14.0)

    table = 0
    for row, energies in enumerate(levels_14):
        above = energies > THRESHOLD
        assert (np.isnan(found[row]) == ~above).all()
        exact = phase_shifts(samples.couplings[row : row + 1], energies[above])[0]
        table = max(table, np.median(np.abs(found[row, above] - exact)))
    assert table < 2e-3


def test_k_cot_delta_goes_on_below_threshold():
    """The level n = 0 on the analytic continuation of the phase shifts above threshold."""
    one = reference("C")
    energies = np.linspace(280, 330, 40)
    k = wave_number(energies)
    continued = np.polynomial.Polynomial.fit(k**2, k / np.tan(phase_shifts(one, energies)[0]), 6)

    ground = levels(one, 14.0, count=1)
    k2 = (ground[0, 0] ** 2 / 4 - PION_MASS**2) / HBARC**2
    assert k2 < 0
    assert k_cot_delta(ground, 14.0)[0, 0] == pytest.approx(continued(k2), rel=1e-4)


def test_k_cot_delta_is_that_of_the_phase_shift():
    found = levels(reference("A"), 12.0)
    phases = phases_from_levels(found, 12.0)[0, 1:]
    expected = wave_number(found[0, 1:]) / np.tan(phases)
    np.testing.assert_allclose(k_cot_delta(found, 12.0)[0, 1:], expected, rtol=1e-9)
    assert np.isnan(k_cot_delta([np.nan], 12.0)).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: luescher_levels(ENERGIES, np.zeros(100), 10.0), "phases are a table"),
        (lambda: luescher_levels(ENERGIES, np.zeros((1, 99)), 10.0), r"shape \(1, 100\)"),
        (lambda: luescher_levels(ENERGIES, np.full((1, 100), np.nan), 10.0), "not finite"),
        (lambda: luescher_levels(ENERGIES[:3], np.zeros((1, 3)), 10.0), "too short for a spline"),
        (lambda: phases_from_levels(300.0, 10.0), "not a number"),
        (lambda: phases_from_levels([300.0, np.inf], 10.0), "infinite"),
    ],
)
def test_levels_and_tables_that_are_none(call, message):
    with pytest.raises(InputError, match=message):
        call()


# Samples


@pytest.fixture(scope="module")
def samples():
    return draw_levels("A", systems=30, boxes_per_system=4, seed=9)


def test_samples_are_levels_of_their_systems_in_their_boxes(samples):
    assert (len(samples), samples.levels.shape) == (120, (120, 10))
    assert len(samples.couplings) == len(samples.phases) == 30
    assert np.bincount(samples.system).tolist() == [4] * 30
    assert np.isin(samples.boxes, BOXES).all()
    for system in range(30):
        assert len(set(samples.boxes[samples.system == system])) == 4

    assert resolved(samples.couplings, samples.phases, samples.energies).all()
    again = phase_shifts(samples.couplings, samples.energies)
    np.testing.assert_allclose(samples.phases, again, rtol=0, atol=1e-11)
    exact = levels_by_diagonalisation(samples.couplings[samples.system[:20]], samples.boxes[:20])
    np.testing.assert_allclose(samples.levels[:20], exact, rtol=0, atol=1e-7)


def test_samples_of_several_batches_are_numbered_through():
    samples = draw_levels("C", systems=170, boxes_per_system=1, seed=2)

    assert samples.system.tolist() == list(range(170))
    late = samples[-3:]
    exact = levels(samples.couplings[late.system], late.boxes)
    np.testing.assert_allclose(late.levels, exact, rtol=0, atol=1e-8)


def test_samples_are_those_of_their_seed(samples):
    told = []
    again = draw_levels("A", 30, 4, seed=9, watch=lambda done, total: told.append((done, total)))

    assert again.digest() == samples.digest()
    assert told[-1] == (120, 120)
    assert draw_levels("A", 30, 4, seed=10).digest() != samples.digest()


def test_samples_are_sliced(samples):
    some = samples[samples.boxes > 12]

    assert 0 < len(some) < len(samples)
    assert (some.boxes > 12).all()
    assert len(some.phases) == 30
    np.testing.assert_array_equal(samples[5:7].levels, samples.levels[5:7])
    np.testing.assert_array_equal(samples[np.array([8, 3])].system, samples.system[[8, 3]])
    assert some.digest() != samples.digest()


def test_samples_are_kept_in_a_file(samples, tmp_path):
    (tmp_path / "levels.npz").write_bytes(samples.to_bytes())
    loaded = LevelSamples.load(tmp_path / "levels.npz")
    assert loaded.digest() == samples.digest()
    assert repr(loaded) == "120 sets of 10 levels, of 30 systems of model A"

    bare = LevelSamples(*(getattr(samples, name) for name in FIELDS))
    assert bare.digest() != samples.digest()
    assert LevelSamples.from_bytes(bare.to_bytes()).digest() == bare.digest()
    assert repr(bare) == "120 sets of 10 levels, of 30 systems"


FIELDS = ("energies", "phases", "system", "boxes", "levels")


def test_files_that_hold_no_samples(samples, tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        LevelSamples.load(tmp_path / "none.npz")
    content = samples.to_bytes()
    for broken in (b"", b"words", content[: len(content) // 2]):
        with pytest.raises(InputError, match="hold no samples of levels"):
            LevelSamples.from_bytes(broken)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"levels": np.full((120, 10), np.nan)}, "a level is not finite"),
        ({"levels": np.ones((119, 10))}, "must have the shapes"),
        ({"boxes": np.full(120, -9.0)}, "positive number of fm"),
        ({"system": np.full(120, 30)}, "none of 0 to 29"),
        ({"phases": np.zeros((29, 100))}, r"shape \(30, 100\)"),
        ({"energies": np.linspace(200, 1000, 100)}, "below the threshold"),
    ],
)
def test_samples_that_are_none(samples, changes, message):
    held = {name: getattr(samples, name) for name in (*FIELDS, "couplings")}
    with pytest.raises(InputError, match=message):
        LevelSamples(**held | changes)
    with pytest.raises(InputError, match="there are no samples"):
        samples[:0]


def test_draws_that_are_none():
    with pytest.raises(InputError, match="Did you mean 'B'"):
        draw_levels("b", 1, 1, seed=0)
    with pytest.raises(InputError, match="one system or more"):
        draw_levels("A", 0, 1, seed=0)
    with pytest.raises(InputError, match="1 to 41 of them, not 42"):
        draw_levels("A", 1, 42, seed=0)
