"""Maps of one's own: y = f(x) goes in, the law, its verdict and its Taylor tensors come out."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
import sympy
from numpy.typing import NDArray

import systems
from interpret import Values, compare, fit
from interpret.run import Run
from systems.errors import InputError
from systems.expressions import parse
from systems.samples.values import ValueSamples

Array = NDArray[np.float64]


def inputs(dimension: int, count: int = 400, seed: int = 0) -> Array:
    """Uniform in (-1, 2), so that no mean is at the origin."""
    return np.random.default_rng(seed).uniform(-1, 2, (count, dimension))


def problem(truth: str, dimension: int, count: int = 400) -> systems.Problem:
    """The map that an expression is, with itself as the truth."""
    names = tuple(f"x{i}" for i in range(dimension))
    expression = parse(truth, names)
    function = sympy.lambdify([sympy.Symbol(name) for name in names], expression, modules="numpy")

    def exact(x: Array) -> Array:
        return np.broadcast_to(function(*x.T), len(x)).astype(float)

    def draw(seed: int, number: int) -> ValueSamples:
        x = inputs(dimension, number, seed)
        return ValueSamples(x, exact(x), np.ones(number))

    return systems.Supervised("own", "", "", names, "y", exact, draw, count=count, truth=truth)


CASES = [("x0 + x1**2", 2, {"x0", "x1**2"}), ("3*x0*x1 - x2", 3, {"x0*x1", "x2"})]


@pytest.mark.parametrize(("truth", "dimension", "terms"), CASES)
def test_a_polynomial_is_found_to_the_last_digits(truth, dimension, terms):
    run = fit(problem(truth, dimension))
    assert {str(term) for term in run.law.terms} == terms
    assert run.law.expr == parse(truth)
    assert run.law.verdict == "identified"
    assert run.comparison.verdict == "IDENTICAL"
    assert (run.comparison.support_precision, run.comparison.support_recall) == (1, 1)
    assert (run.law.stderr < 1e-9).all()


@pytest.mark.parametrize(
    ("truth", "dimension", "terms"),
    [CASES[0], *(pytest.param(*case, marks=pytest.mark.slow) for case in CASES[1:])],
)
@pytest.mark.parametrize(
    "seed", [0, pytest.param(1, marks=pytest.mark.slow), pytest.param(2, marks=pytest.mark.slow)]
)
def test_with_noise_the_terms_are_found_and_the_error_bars_hold(truth, dimension, terms, seed):
    run = fit(problem(truth, dimension), noise=0.01, seed=seed)
    assert {str(term) for term in run.law.terms} == terms
    assert run.law.verdict == "identified"
    true = {sympy.Symbol("x0"): 1.0, **dict.fromkeys(map(parse, ["x1**2"]), 1.0)}
    if dimension == 3:
        true = {parse("x0*x1"): 3.0, parse("x2"): -1.0}
    for term, value, error in zip(run.law.terms, run.law.coefficients, run.law.stderr, strict=True):
        # 1 % noise on 400 values leaves errors of about 0.01/20 of the values' spread.
        assert 1e-5 < error < 0.01
        assert abs(value - float(true[term])) < 5 * error
    assert run.comparison.verdict in ("IDENTICAL", "EQUAL WITHIN ERROR")


def test_another_truth_is_told_apart():
    run = fit(problem("x0 + x1**2", 2))
    own = run.fit.problem
    for truth in ("x0 + 2*x1**2", "x0 + x1**2 + x0*x1", "x0", "x0 + x1**2 + sin(x0)"):
        assert compare(run.law, own, truth).verdict == "DIFFERENT"


@pytest.mark.parametrize("constant", [5, 100])
def test_the_constant_is_a_term_like_any_other(constant):
    """A large one leaves round-off that is not small beside the other terms."""
    run = fit(problem(f"x0**2 + {constant}", 1))
    assert run.law.expr == parse(f"x0**2 + {constant}")
    assert run.law.gauge == ""
    assert run.comparison.verdict == "IDENTICAL"


def test_a_sine_is_no_polynomial():
    run = fit(problem("sin(3*x0)", 1))
    assert run.law.verdict == "not in the library"
    assert "no law found" in run.text()
    assert run.comparison.verdict == "DIFFERENT"
    assert "times what the network misses of held-out ones" in run.law.reasons[0]


def test_a_sine_is_found_where_it_is_a_candidate():
    run = fit(problem("sin(x0)", 1), library="sin(x0), x0")
    assert run.law.expr == sympy.sin(sympy.Symbol("x0"))
    assert run.law.absent == (sympy.Symbol("x0"),)
    assert run.comparison.verdict == "IDENTICAL"


@pytest.mark.slow
def test_ten_inputs():
    truth = "x0 - 2*x3*x7 + x9**2/2"
    run = fit(problem(truth, 10, count=400), steps=10)
    assert run.law.expr == parse(truth)
    assert run.comparison.verdict == "IDENTICAL"


def test_measured_values_have_no_truth():
    x = inputs(2)
    samples = ValueSamples(x, x[:, 0] + x[:, 1] ** 2, np.ones(len(x)), ("a", "b", "height"))
    run = fit(samples, name="bench")
    assert run.comparisons == ()
    assert run.law.expr == parse("a + b**2")
    assert run.text().startswith("bench   height(a, b) = ")
    with pytest.raises(InputError, match="leave out the samples"):
        fit(samples, samples=10)


def test_stlsq_and_a_threshold_of_ones_own():
    run = fit(problem("x0 + x1**2/100", 2), Values(optimizer="stlsq", threshold=0.1))
    assert run.law.terms == (sympy.Symbol("x0"),)


def test_the_law_is_kept_as_a_map_and_predicts(tmp_path):
    run = fit(problem("x0 + x1**2", 2), out=tmp_path / "run")
    (law,) = json.loads((tmp_path / "run/law.json").read_text())["laws"]
    assert {row["part"] for row in law["terms"]} == {"map"}
    assert set(law["candidates"]) == {"map"}
    assert law["form"]["kind"] == "sum"
    again = Run.load(tmp_path / "run").law
    x = inputs(2, 50, seed=5)
    np.testing.assert_allclose(again(x), x[:, 0] + x[:, 1] ** 2, atol=1e-12)
    np.testing.assert_allclose(
        again.gradient(x), np.stack([np.ones(50), 2 * x[:, 1]], axis=1), atol=1e-12
    )
    assert again == run.law


def test_the_taylor_tensors_are_those_of_the_map(tmp_path):
    """y = x0 + x1²: gradient (1, 2 m), hessian diag(0, 2), nothing beyond, about the mean m."""
    run = fit(problem("x0 + x1**2", 2), out=tmp_path / "run")
    arrays = np.load(io.BytesIO((tmp_path / "run/tensors.npz").read_bytes()))
    center = run.samples.x.mean(axis=0)
    np.testing.assert_allclose(arrays["center"], center)
    np.testing.assert_allclose(arrays["order1"], [1, 2 * center[1]], atol=1e-4)
    np.testing.assert_allclose(arrays["order2"], [[0, 0], [0, 2]], atol=1e-2)
    assert arrays["order3"].shape == (2, 2, 2)
    assert np.abs(arrays["order3"]).max() < 0.3
    assert "Taylor tensors about" in run.text()


def test_too_few_values_and_constant_ones_are_refused():
    x = inputs(1, 10)
    with pytest.raises(InputError, match="10 samples are too few to learn a map from"):
        fit(ValueSamples(x, x[:, 0], np.ones(10)))
    x = inputs(1, 30)
    with pytest.raises(InputError, match="there is no map to learn"):
        fit(ValueSamples(x, np.full(30, 2.0), np.ones(30)))


@pytest.mark.parametrize("function", [lambda x: (1 - np.exp(-x)) ** 2, lambda x: np.tanh(2 * x)])
@pytest.mark.parametrize("noise", [0.0, 0.05])
def test_few_points_of_what_is_no_polynomial_identify_none(function, noise):
    x = inputs(1, 20)
    run = fit(ValueSamples(x, function(x[:, 0]), np.ones(20)), noise=noise, steps=10)
    assert run.law.verdict != "identified"
    assert run.law.reasons


@pytest.mark.slow
@pytest.mark.parametrize("noise", [0.0, 0.01, 0.05])
@pytest.mark.parametrize("seed", range(10))
def test_a_polynomial_is_identified_at_every_seed(noise, seed):
    run = fit(problem("x0 + x1**2", 2), noise=noise, seed=seed)
    assert run.law.verdict == "identified"


@pytest.mark.slow
@pytest.mark.parametrize("noise", [0.0, 0.01, 0.05])
@pytest.mark.parametrize("seed", range(3))
def test_an_expansion_is_no_law(noise, seed):
    x = inputs(1, 60, seed)
    run = fit(ValueSamples(x, np.sin(3 * x[:, 0]), np.ones(60)), noise=noise, seed=seed)
    assert run.law.verdict != "identified"
