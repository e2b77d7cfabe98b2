"""The paper's SINDy: values alone, the constant thresholded too, absolute thresholds."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import interpret
import systems
from interpret.reading.paper import probe_paper, regress_paper
from interpret.reading.probes import Probes
from interpret.select.library import Library, inverse_powers, powers
from systems import InputError, Trajectories
from systems.expressions import symbol
from training.features import Features
from training.recipes.paper import differences, train_paper
from training.rows import trajectories as rows
from training.settings import Settings

q, r = symbol("q"), symbol("r")
COULOMB = ("x1", "y1", "z1", "x2", "y2", "z2")


def samples(x, potential, name="r", system="pendulum"):
    """What a network that learned exactly ``potential`` would have answered."""
    x = torch.from_numpy(np.asarray(x, dtype=float)[:, None])
    level = torch.from_numpy(np.asarray(potential, dtype=float))
    group = torch.zeros(len(x), dtype=torch.int64)
    features = Features.identity((name,))
    moved = Trajectories.from_arrays([name], [1.0], np.arange(3.0), *np.ones((2, 1, 3, 1)))
    return Probes(
        features=features,
        levels=rows.levels(x, level, group, "V"),
        gradients=None,
        weights=(1.0, 1.0),
        residuals=(1.0,),
        misfit=0.0,
        prepared=SimpleNamespace(features=features, trajectories=moved),
        system=system,
    )


def trained(name, data, features=None):
    features = features or Features.identity(data.coordinates)
    return train_paper(systems.get(name), data, Settings(recipe="paper", iterations=1), features)


DISTANCE = np.linspace(0.4, 4.0, 500)
COULOMB_POTENTIAL = -1 / (4 * math.pi * DISTANCE)


# SINDy


def test_an_exact_potential_gives_the_exact_law_and_no_constant():
    x = np.linspace(-1, 3, 400)
    found = regress_paper(
        samples(x, x**2 * (x - 2) ** 2 - (x - 1) ** 2 + 7, "q"), powers("q", 6), threshold=0.5
    )

    assert found.terms == (q, q**2, q**3, q**4)
    np.testing.assert_allclose(found.coefficients, [2, 3, -4, 1], rtol=1e-9)
    assert found.absent == (q**5, q**6)
    assert found.domain == {"q": (-1.0, 3.0)}


def test_a_constant_below_the_threshold_spoils_the_law():
    """The reason why ours never thresholds the gauge: V + 0.03 comes back as another 1/r."""
    above = regress_paper(samples(DISTANCE, COULOMB_POTENTIAL + 0.08), inverse_powers("r", 3), 0.04)
    below = regress_paper(samples(DISTANCE, COULOMB_POTENTIAL + 0.03), inverse_powers("r", 3), 0.04)

    assert above.terms == below.terms == (1 / r,)
    assert above.coefficients[0] == pytest.approx(-0.0795774715, rel=1e-9)
    phi = 1 / DISTANCE
    expected = phi @ (COULOMB_POTENTIAL + 0.03) / (phi @ phi)
    assert below.coefficients[0] == pytest.approx(expected, rel=1e-12)
    assert abs(below.coefficients[0] / -0.0795774715 - 1) > 0.1


def test_the_threshold_acts_on_the_coefficients_as_they_are():
    x = np.linspace(-2, 2, 100)
    potential = 0.45 * x**2 + 0.55 * x**4 + 1

    assert regress_paper(samples(x, potential, "q"), powers("q", 4), 0.5).terms == (q**4,)
    assert regress_paper(samples(x, potential, "q"), powers("q", 4), 0.4).terms == (q**2, q**4)


@pytest.mark.parametrize(
    ("system", "threshold"),
    [("oscillator", 0.04), ("double_well", 0.5), ("central_force", 0.15), ("coulomb", 0.05)],
)
def test_the_default_threshold_is_the_papers_own(system, threshold):
    x = np.linspace(0.5, 2, 100)

    def terms(size):
        potential = size * 1.01 * x**2 + 3 * x + 1
        return regress_paper(samples(x, potential, "q", system), powers("q", 2)).terms

    assert terms(threshold) == (q, q**2)
    assert terms(threshold / 1.1) == (q,)


def test_the_errors_are_those_of_the_regression():
    rng = np.random.default_rng(0)
    potential = 3 - 2 / DISTANCE + 0.01 * rng.standard_normal(len(DISTANCE))
    found = regress_paper(samples(DISTANCE, potential), inverse_powers("r", 1), 0.5)

    design = np.column_stack([np.ones_like(DISTANCE), 1 / DISTANCE])
    solved, (rss,), *_ = np.linalg.lstsq(design, potential, rcond=None)
    covariance = rss / (len(DISTANCE) - 2) * np.linalg.inv(design.T @ design)
    assert found.coefficients[0] == pytest.approx(solved[1], rel=1e-10)
    assert found.stderr[0] == pytest.approx(math.sqrt(covariance[1, 1]), rel=1e-8)


def test_a_dropped_constant_leaves_the_errors_in_their_places():
    x = np.linspace(-1, 1, 300)
    rng = np.random.default_rng(1)
    potential = 2 * x + x**2 + 0.01 * rng.standard_normal(len(x))
    found = regress_paper(samples(x, potential, "q"), powers("q", 2), 0.3)

    design = np.column_stack([x, x**2])
    rss = ((potential - design @ found.coefficients) ** 2).sum()
    covariance = rss / (len(x) - 2) * np.linalg.inv(design.T @ design)
    np.testing.assert_allclose(found.covariance, covariance, rtol=1e-8, atol=1e-18)


def test_a_threshold_that_leaves_only_the_constant_is_refused():
    with pytest.raises(InputError, match=r"0\.5 removed all 3 .* library is 0\.0796: try 0\.04"):
        regress_paper(samples(DISTANCE, COULOMB_POTENTIAL + 9), inverse_powers("r", 3), 0.5)


def test_it_says_that_it_makes_no_test():
    found = regress_paper(samples(DISTANCE, COULOMB_POTENTIAL), inverse_powers("r", 3), 0.04)

    assert found.verdict == "identified"
    assert "no test" in found.reasons[0]
    assert math.isnan(found.chi2_per_n)


def test_a_singular_library_is_refused():
    with pytest.raises(InputError, match="singular"):
        regress_paper(samples(np.linspace(-1, 1, 41), np.ones(41)), inverse_powers("r", 1), 0.1)


# Where V is asked for


def test_the_central_force_is_read_on_its_grid():
    t = 0.01 * np.arange(30)
    data = Trajectories.from_velocities(("r",), (1.0,), [(t, 2 + t[:, None], np.cos(t)[:, None])])
    fit = trained("central_force", data)

    found = probe_paper(fit)

    grid = np.linspace(1, 9.5, 20001)[:, None]
    assert found.domain == {"r": (1.0, 9.5)}
    np.testing.assert_array_equal(found.levels.x.numpy(), grid)
    np.testing.assert_array_equal(found.levels.level.numpy(), fit(grid))
    np.testing.assert_array_equal(found.gradients.force.numpy(), fit.gradient(grid))


def test_all_other_systems_are_read_at_every_sample():
    t = 0.05 * np.arange(40)
    wave = np.array([1.0, 2.0])[:, None, None] * np.sin(t)[None, :, None]
    data = Trajectories.from_arrays(("q",), (1.0,), t, wave, np.roll(wave, 5, axis=1))
    fit = trained("oscillator", data)

    found = probe_paper(fit)

    assert len(found.levels.x) == data.points
    np.testing.assert_array_equal(found.levels.level.numpy(), fit(wave.reshape(-1, 1)))
    assert found.levels.group.tolist() == [0] * 40 + [1] * 40


def test_a_network_of_differences_is_read_as_a_function_of_the_distance():
    system = systems.get("coulomb")
    starts = np.random.default_rng(5).standard_normal((2, 3, 6))
    data = system.motion().verlet(starts[0], starts[1], 0.01, 40)
    fit = trained("coulomb", data)
    assert fit.features == differences(COULOMB)

    found = probe_paper(fit)

    points = np.concatenate([item.q for item in data])
    distance = np.linalg.norm(points[:, :3] - points[:, 3:], axis=1)
    assert found.features.names == ("r",)
    np.testing.assert_allclose(found.levels.x[:, 0].numpy(), distance, rtol=1e-12)
    np.testing.assert_array_equal(found.levels.level.numpy(), fit(points))
    law = regress_paper(found, Library.of(system), threshold=1e-9)
    assert set(law.features) == {"r"}


# The whole of it


def test_a_law_of_the_papers_recipe_is_judged_without_energy_rows():
    run = interpret.fit("oscillator", recipe="paper", steps=20)
    checks = {check.name for check in run.certificate.checks}
    assert {"agreement", "remainder"} <= checks
    assert "energy" not in checks
    assert run.law.verdict == "not in the library"
