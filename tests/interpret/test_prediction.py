"""rollout(): a law is worth what it predicts."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
import sympy

import systems
from interpret.judge.held_out import _quadratic
from interpret.judge.prediction import MOST_TRAJECTORIES, Rollout, rollout
from interpret.pipeline import fit
from systems.errors import InputError
from systems.expressions import symbol
from systems.samples.trajectories import Trajectories, Trajectory
from tests.builders import changed as changed_law
from tests.builders import potential_law

q, r = symbol("q"), symbol("r")
WELL = systems.get("double_well")
COULOMB = systems.get("coulomb")


def law(terms, coefficients, features=None, domain=None):
    size = len(terms)
    return potential_law(
        system="s",
        terms=terms,
        coefficients=coefficients,
        covariance=1e-12 * np.eye(size),
        candidates=(*terms, q**7),
        features=features or {},
        domain=domain or {"q": (-1.0, 1.0)},
        gauge="one constant",
        verdict="identified",
        chi2_per_n=1.0,
    )


TRUE_WELL = law((q, q**2, q**3, q**4), [2.0, 3.0, -4.0, 1.0])


@pytest.fixture(scope="module")
def right_well():
    """The first two of five seconds, which is more than a swing, of two trajectories."""
    data = WELL.held_out("T3", 0)
    items = tuple(Trajectory(i.t[:2001], i.q[:2001], i.p[:2001]) for i in data[:2])
    return Trajectories(data.coordinates, data.mass, items)


def test_the_truth_predicts_to_rounding(right_well):
    found = rollout(TRUE_WELL, right_well)
    assert found.error < 1e-9
    assert found.drift < 1e-10
    assert found.trajectories == 2
    assert found.relative == pytest.approx(found.error / max(item.q.max() for item in right_well))


@pytest.mark.parametrize("wrong", [1e-3, pytest.param(0.1, marks=pytest.mark.slow)])
def test_a_wrong_law_is_told_by_how_far_it_is_off(right_well, wrong):
    """Against an independent integration of the wrong law itself."""
    coefficients = [2.0, 3.0 * (1 + wrong), -4.0, 1.0]
    changed = replace(
        WELL.motion(), potential=sum(c * q**k for k, c in enumerate(coefficients, start=1))
    )
    expected = 0.0
    for item in right_well:
        other = changed.flow(item.q[:1], item.p[:1], item.t)[0]
        expected = max(expected, np.abs(other.q - item.q).max())

    found = rollout(law(TRUE_WELL.terms, coefficients), right_well)

    assert expected > 1e-4
    assert found.error == pytest.approx(expected, rel=1e-3)
    assert found.drift > 1e-4


def test_the_drift_is_of_the_law_along_the_data(right_well):
    """T + V_law in units of the largest T: for V = 0.9 V_true it is 0.1 of the range of T."""
    kinetics = [right_well.kinetic(i) for i in range(len(right_well))]
    weak = law(TRUE_WELL.terms, 0.9 * np.array(TRUE_WELL.coefficients))
    expected = 0.1 * max(np.ptp(k) for k in kinetics) / max(k.max() for k in kinetics)
    assert rollout(weak, right_well).drift == pytest.approx(expected, rel=1e-6)


def test_features_and_masses_count():
    """Two charges, unlike masses, a law in r."""
    data = COULOMB.draw("exact", 0)[:3]
    true = law((1 / r,), [-1 / (4 * np.pi)], COULOMB.motion().features, {"r": (0.1, 5.0)})
    wrong = replace(true, coefficients=[1 / (4 * np.pi)])
    assert rollout(true, data).error < 1e-9
    assert rollout(wrong, data).error > 1e-3


def test_each_trajectory_has_its_own_clock():
    t1, t2 = np.linspace(0, 3, 50), np.cumsum(np.linspace(0.01, 0.1, 30))
    items = [Trajectory(t, np.sin(t + 1)[:, None], np.cos(t + 1)[:, None]) for t in (t1, t2)]
    data = Trajectories(("q",), (1.0,), tuple(items))
    assert rollout(law((q**2,), [0.5]), data).error < 1e-10


def test_at_most_twenty_trajectories_are_tried():
    data = WELL.draw("T1", 0)
    short = [Trajectory(i.t[:30], i.q[:30], i.p[:30]) for i in data] * 3
    many = Trajectories(("q",), (1.0,), tuple(short))
    assert rollout(TRUE_WELL, many).trajectories == MOST_TRAJECTORIES


def test_it_prints_as_a_sentence():
    text = str(Rollout(error=2.0, relative=1e-3, drift=2e-5, trajectories=1))
    assert "1.0e-03 of the largest coordinate" in text
    assert "2.0e-05 of the largest T" in text


def test_a_law_without_terms_predicts_nothing(right_well):
    with pytest.raises(InputError, match="no terms"):
        rollout(
            changed_law(
                TRUE_WELL, terms=(), coefficients=[], covariance=np.zeros((0, 0)), recognised=()
            ),
            right_well,
        )


def test_a_law_of_other_variables_is_refused(right_well):
    stranger = law((1 / r,), [1.0], {"r": sympy.sqrt(symbol("x") ** 2)}, {"r": (1.0, 2.0)})
    with pytest.raises(InputError, match="uses x, which is no coordinate"):
        rollout(stranger, right_well)
    with pytest.raises(InputError, match="r, which is not among q"):
        rollout(law((1 / r,), [1.0], None, {"r": (1.0, 2.0)}), right_well)


@pytest.mark.slow
def test_a_law_that_runs_away_is_told():
    """-q**4 falls to infinity within the time of the data."""
    with pytest.raises(InputError, match="cannot be followed beyond"):
        rollout(law((q**4,), [-30.0]), WELL.draw("T1", 0)[:1])


# The last tenth, held out


def held_out(data, library="q, q**2, q**3, q**4"):
    run = fit(data, library=library, parts="potential")
    (check,) = [check for check in run.certificate.checks if check.name == "held out"]
    return check


def test_measured_motion_is_tested_on_its_own_last_tenth():
    check = held_out(WELL.draw("T2", 0))
    assert check.passed
    assert check.statistic < 1e-6
    assert "the last tenth, held out, is predicted to" in check.sentence


@pytest.mark.slow
@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_the_last_tenth_is_not_fitted(noise):
    """Another law rules there: the fit of the first nine tenths must miss it."""
    t = np.linspace(0, 10, 401)
    items = []
    for size in (1.0, 2.0):
        first = size * np.stack([np.sin(t), np.cos(t)], axis=1)
        # From t = 9 on the spring is twice as stiff; position and momentum are continuous.
        s, c = size * np.sin(9.0), size * np.cos(9.0)
        late, w = t[t > 9.0] - 9.0, np.sqrt(2)
        q_late = s * np.cos(w * late) + c / w * np.sin(w * late)
        p_late = c * np.cos(w * late) - s * w * np.sin(w * late)
        first[t > 9.0] = np.stack([q_late, p_late], axis=1)
        items.append(Trajectory(t, first[:, :1], first[:, 1:]))
    data = Trajectories(("q",), (1.0,), tuple(items)).with_noise(noise, 0)
    check = held_out(data, "q, q**2")
    assert not check.passed
    assert check.missed > 5e-3


@lru_cache
def tumbling(seed):
    """A particle in x²y², a chaotic potential: errors grow e-fold in about a unit of time."""
    system = systems.from_potential("x**2*y**2 + 0.05*x**2 + 0.05*y**2", coordinates=["x", "y"])
    return system.motion().flow([[1.5, 0.8], [0.7, 1.9]], [[0.3, 0.0], [0.0, 0.4]],
                                np.linspace(0, 200, 4001))  # fmt: skip


@pytest.mark.slow
def test_chaos_is_no_evidence_against_a_law():
    """Errors of 1e-4 outgrow the motion before the last tenth is over, and that is said."""
    check = held_out(tumbling(0), "x**2*y**2, x**2, y**2")
    assert check.passed
    assert "cannot be predicted" in check.sentence


def test_the_downdated_prediction_is_that_of_a_second_fit():
    """The formula for χ² without the last tenth, against the linear fits themselves."""
    rng = np.random.default_rng(0)
    design, size = rng.standard_normal((60, 5)), 2
    target = design @ rng.standard_normal(5) + rng.standard_normal(60)
    cut = 54
    both = np.linalg.lstsq(design, target, rcond=None)[0]
    left = target - design @ both
    pull = design[cut:].T @ left[cut:]
    found = left[cut:] @ left[cut:] + _quadratic([design[:cut]], [pull], size)
    first = np.linalg.lstsq(design[:cut], target[:cut], rcond=None)[0]
    missed = target[cut:] - design[cut:] @ first
    spread = (
        np.eye(6) + design[cut:] @ np.linalg.inv(design[:cut].T @ design[:cut]) @ design[cut:].T
    )
    assert found == pytest.approx(missed @ np.linalg.solve(spread, missed), rel=1e-9)
