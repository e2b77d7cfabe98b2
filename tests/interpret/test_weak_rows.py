"""Weak rows: integrals without accelerations, and what noise does to them."""

from __future__ import annotations

import numpy as np
import pytest

from interpret.weak.lengths import weighed
from interpret.weak.menu import menu
from interpret.weak.observed import Observed
from interpret.weak.rows import Rows
from interpret.weak.windows import weights, windows
from tests.interpret.swings import cart, pendula
from training.prepare.noise import estimate


def ranges(data):
    _, q, _, _ = data.stack()
    return {n: (x.min(), x.max()) for n, x in zip(data.coordinates, q.T, strict=True)}


@pytest.mark.parametrize("bent", [1.0, 1.2])
def test_weights_integrate_polynomials_of_degree_eight_on_any_grid(bent):
    t = np.linspace(0.0, 1.0, 17) ** bent
    slope, weight = weights(t[None], 1), weights(t[None], 0)
    s = 2 * t - 1
    for degree in range(9):
        # ∫ (1 - s²)⁴ s^k ds is a beta function; the slope's is that by parts.
        exact = [0.0 if k % 2 else _beta(k) for k in (degree, degree - 1)]
        assert weight[0] @ s**degree == pytest.approx(exact[0] / 2, abs=1e-13)
        assert slope[0] @ s**degree == pytest.approx(-degree * exact[1], abs=1e-12)


def _beta(k):
    from scipy.special import beta

    return beta((k + 1) / 2, 5) if k >= 0 else 0.0


def test_no_window_crosses_a_gap_or_an_end():
    t = np.concatenate([np.arange(20.0), 30 + np.arange(20.0)])
    found = windows([t, t[:20]], 8, 1, margin=2)

    steps = np.diff(np.concatenate([t, t[:20]])[found.places], axis=1)
    assert np.array_equal(steps, np.ones_like(steps))
    assert (found.places % 20).min() == 2
    assert (found.places % 20).max() == 17


def rows(data, signals=(), angles=("a", "b", "th"), length=32):
    observed = Observed.of(data, estimate(data), signals)
    terms = menu(ranges(data), [x for x in data.coordinates if x in angles], signals)
    return terms, Rows.of(terms.along(observed), terms.coordinates, observed, length)


def truth(terms, values):
    """The coefficients of a law on the menu."""
    c = np.zeros(len(terms))
    for (part, text), value in values.items():
        (k,) = [i for i, t in enumerate(terms.items) if (t.part, str(t.expr)) == (part, text)]
        c[k] = value
    return c


PENDULA = {
    ("kinetic", "ad**2/2"): 1.0,
    ("kinetic", "ad*bd*cos(a - b)"): 0.5,
    ("kinetic", "bd**2/2"): 0.5,
    ("potential", "cos(a)"): -5.0,
    ("potential", "cos(b)"): -3.0,
    ("dissipative", "ad**2/2"): 1 / 20 + 1 / 30,
    ("dissipative", "bd**2/2"): 1 / 30,
    ("dissipative", "ad*bd"): -1 / 30,
}


@pytest.mark.slow
def test_rows_of_the_true_law_vanish_without_noise():
    terms, found = rows(pendula())
    c = truth(terms, PENDULA)

    left = np.abs(found.values @ c).max()
    assert left < 1e-5 * np.abs(found.values * c).max()
    # Without friction they do not.
    c[[item.part == "dissipative" for item in terms.items]] = 0
    assert np.abs(found.values @ c).max() > 1e2 * left


@pytest.mark.parametrize("alone", [False, True], ids=["velocities", "positions"])
def test_noise_of_the_rows_is_as_predicted(alone):
    clean = pendula()
    ratios = []
    for seed in range(2):
        data = clean.with_noise(0.003, seed)
        terms, found = rows(data.positions_alone() if alone else data)
        c = truth(terms, PENDULA)
        ratios.append((found.values @ c) ** 2 / found.variance(c))
    # 2 x 2 x 180 rows, of which windows share three quarters: a mean to some percent.
    assert np.concatenate(ratios).mean() == pytest.approx(1.0, abs=0.15)


def test_the_metric_is_the_variance_summed():
    terms, found = rows(cart(0.01), ["u"])
    c = truth(terms, {("kinetic", "xd**2/2"): 1.0, ("kinetic", "thd*xd*cos(th)"): 0.2})
    weights = 1 + np.random.default_rng(0).random(found.values.shape[:2])

    assert c @ found.noise(weights) @ c == pytest.approx((weights**2 * found.variance(c)).sum())


def test_the_smallest_singular_value_is_an_absolute_test():
    data = pendula(0.01)
    observed = Observed.of(data, estimate(data))
    terms = menu(ranges(data), data.coordinates)
    found = weighed(terms, observed)
    every = range(len(terms))
    assert found.rows.settled().spectrum(every).values[0] == pytest.approx(1.0, abs=0.15)

    # Without its coupling, and without its friction, noise explains the motion no more.
    for left_out in ("cos(a - b)", "dissipative"):
        some = [
            k for k in every if left_out not in (terms.items[k].part + str(terms.items[k].expr))
        ]
        assert found.rows.settled().spectrum(some).values[0] > 1.3


@pytest.mark.slow
def test_windows_are_longer_where_there_is_noise():
    lengths = []
    for data in (pendula(), pendula(0.03)):
        terms = menu(ranges(data), data.coordinates)
        lengths.append(weighed(terms, Observed.of(data, estimate(data))).rows.windows.length)
    assert lengths[0] < lengths[1]


def test_an_equation_that_a_combination_has_no_terms_of_does_not_rule_alone():
    """Its rows have no variance: weighed by that alone they would overflow."""
    terms, found = rows(cart(0.01))
    c = np.zeros(len(terms))
    (alone,) = [k for k, term in enumerate(terms.items) if str(term.expr) == "cos(th)"]
    c[alone] = 1.0
    weights = found.weighted(c)
    assert np.isfinite(weights).all()
    assert np.isfinite(found.pencil(weights).triangle).all()
