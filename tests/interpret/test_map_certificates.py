"""The certificates of maps and general Lagrangians: what was not learned is not identified."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from interpret import Motion, fit
from interpret.judge.convergence import convergence
from interpret.judge.map_values import certify_values
from interpret.judge.predicted_levels import certify_levels
from interpret.judge.series import certify_series
from interpret.laws.judgement import Origin
from interpret.laws.law import Law
from interpret.laws.parts import MAP, Part, Variables
from interpret.reading.poles.pole_laws import read_laws as read_integers
from interpret.reading.poles.pole_reading import PoleTable
from interpret.reading.poles.scores import Score
from interpret.reading.tensors.kernels import read_laws
from systems.expressions import parse
from systems.physics.scattering import born_tensor
from systems.samples.values import ValueSamples
from training.bases.ridge import RidgeFunctions
from training.learn.maps import learn_values
from training.learn.series import ITERATIONS, Perturbation, Stage


def failed(certificate):
    """Which checks were not passed."""
    return {check.name for check in certificate.checks if not check.passed}


def law_of(terms, samples):
    """The least squares law of these terms."""
    x = samples.x[:, 0]
    design = np.stack([x**k for k in terms], axis=1)
    found = tuple(parse(f"x**{k}") if k else parse("1") for k in terms)
    coefficients = np.linalg.lstsq(design, samples.y, rcond=None)[0]
    return Law(
        origin=Origin("own"),
        parts=(Part(MAP, found, found),),
        coefficients=coefficients,
        covariance=np.eye(len(terms)) * 1e-4,
        variables=Variables({"x": (-1.0, 2.0)}, {}),
    )


def noisy(function, count=200, noise=0.02, seed=0):
    """Values of a function of one variable with noise."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 2, (count, 1))
    y = function(x[:, 0]) + noise * rng.standard_normal(count)
    return ValueSamples(x, y, np.ones(count), ("x", "y"))


class TestValues:
    def test_a_right_law_passes_every_check(self):
        samples = noisy(lambda x: x + x**2)
        certificate = certify_values(
            law_of((1, 2), samples), samples, learn_values(samples, iterations=10), 0.4
        )
        assert [check.name for check in certificate.checks] == [
            *("reading", "noise", "neighbours", "held out", "support", "samples", "agreement")
        ]
        assert not failed(certificate), certificate.table()

    def test_a_term_too_few_is_seen_by_the_network_and_by_the_neighbours(self):
        samples = noisy(lambda x: x + x**2)
        certificate = certify_values(
            law_of((2,), samples), samples, learn_values(samples, iterations=10), 0.2
        )
        assert {"noise", "neighbours"} <= failed(certificate)
        assert certificate.verdict == "not in the library"

    def test_terms_too_many_fail_on_what_was_held_out(self):
        samples = noisy(lambda x: x + x**2, count=60)
        law = law_of(range(0, 31), samples)
        assert "held out" in failed(
            certify_values(law, samples, learn_values(samples, iterations=10), 0.0)
        )

    def test_a_network_that_knows_less_than_the_law_bears_no_witness(self):
        samples = noisy(lambda x: x + x**2)
        learned = learn_values(samples, iterations=10)
        ignorant = type(learned)(learned.potential, learned.constant, learned.misfit, 0.5)
        certificate = certify_values(law_of((1, 2), samples), samples, ignorant, 0.4)
        assert failed(certificate) == {"agreement"}
        assert certificate.verdict == "ambiguous"
        assert "train longer" in certificate.reasons[0]

    def test_an_exact_law_needs_no_witness(self):
        samples = noisy(lambda x: x + x**2, count=30, noise=0)
        learned = learn_values(samples, iterations=1)
        ignorant = type(learned)(learned.potential, learned.constant, learned.misfit, 0.5)
        assert not failed(certify_values(law_of((1, 2), samples), samples, ignorant, 1.0))


class TestSeries:
    CELLS = 8

    def learned(self, history, factor=1.0):
        """The true derivatives, times a factor, of a network whose training went so."""
        derivatives = tuple(
            factor * math.factorial(order) * born_tensor(order, self.CELLS) for order in (1, 2)
        )
        basis = RidgeFunctions.start(
            self.CELLS, 2, "exponential", seed=0, biased=False, linear=True
        )
        stage = Stage(2, basis, torch.zeros(basis.size), 0.0, tuple(history))
        return Perturbation(derivatives, (stage,))

    @pytest.mark.parametrize(
        ("history", "factor", "missing"),
        [
            ([1e-9] * ITERATIONS, 1.0, set()),
            ([1e-9] * 200, 1.0, set()),  # it ended by itself
            ([0.9**k for k in range(ITERATIONS)], 1.0, {"training"}),
            ([1e-9] * ITERATIONS, 3.0, {"agreement"}),
        ],
    )
    def test_the_network_is_a_witness(self, history, factor, missing):
        learned = self.learned(history, factor)
        for law in read_laws(*self.learned(history).derivatives):
            certificate = certify_series(law, learned, ITERATIONS)
            assert failed(certificate) == missing
            assert certificate.verdict == ("ambiguous" if missing else "identified")

    def test_within_its_warm_up_nothing_has_converged(self):
        learned = self.learned([1e-9] * 30)
        (law, _) = read_laws(*learned.derivatives)
        certificate = certify_series(law, learned, 30)
        assert failed(certificate) == {"training"}
        assert "warm-up" in certificate.reasons[0]


class TestLevels:
    GOOD = Score(100, 0, 0.1, 0.1, 0.1, 0.5, 1.0)
    BAD = Score(100, 0, 2.0, 1.5, 1.5, 9.0, 0.4)

    def law(self, *errors):
        """The integers 1, 6, 12, 8 with these error bars."""
        table = PoleTable((1.0, 6.0, 12.0, 8.0), errors, 1e-3, 100, 0, 3.2)
        return read_integers(table)[0]

    @pytest.mark.parametrize(
        ("errors", "score", "missing", "verdict"),
        [
            ((0.01,) * 4, GOOD, set(), "identified"),
            ((0.01,) * 4, BAD, {"held out"}, "ambiguous"),
            ((0.01, 0.01, 5.0, 5.0), GOOD, {"integers"}, "ambiguous"),
            ((9.0,) * 4, BAD, {"reading", "integers", "held out"}, "not in the library"),
        ],
    )
    def test_levels_and_integers_are_asked(self, errors, score, missing, verdict):
        certificate = certify_levels(self.law(*errors), {"A": self.GOOD, "C": score})
        assert failed(certificate) == missing
        assert certificate.verdict == verdict

    def test_a_zero_alone_is_no_law(self):
        """That 7 is no sum of three squares was all that a network of 200 steps knew."""
        table = PoleTable((40.0, 0.01), (90.0, 0.01), 1e-3, 100, 0, 1.2)
        (law,) = read_integers(table)
        assert certify_levels(law, {"A": self.GOOD}).verdict == "not in the library"


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("steps", [10, 20, 30])
def test_a_general_lagrangian_of_a_few_steps_is_not_identified(steps):
    run = fit("trapped_charges", Motion(learn="general", steps=steps))
    assert run.law.verdict != "identified"


def test_a_training_cut_off_while_it_fell_is_told():
    # The losses of a general Lagrangian of trapped charges at seed 0, in the middle of its fall.
    history = [0.31, 0.23, 0.12, 3.8e-2, 2.3e-3, 3.2e-5, 1.8e-6, 6.2e-7, 1.5e-8, 1.6e-10, 2e-11]
    assert convergence(history, len(history), 1e-7).verdict == "ambiguous"
    assert convergence([*history, *[2e-11] * 8], len(history) + 8, 1e-7).passed
