"""rollout(): a law is worth what it predicts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import sympy

import systems
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


@pytest.mark.parametrize("wrong", [1e-3, 0.1])
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


def test_a_law_that_runs_away_is_told():
    """-q**4 falls to infinity within the time of the data."""
    with pytest.raises(InputError, match="cannot be followed beyond"):
        rollout(law((q**4,), [-30.0]), WELL.draw("T1", 0)[:1])


# The last tenth of measured data


def held_out_note(data, library):
    (note,) = [note for note in fit(data, library=library).notes if "held out" in note]
    return note


def test_measured_motion_is_tested_on_its_own_last_tenth():
    note = held_out_note(WELL.draw("T2", 0), "q, q**2, q**3, q**4")
    relative = float(note.split("predicted to ")[1].split()[0])
    assert "the last tenth of every trajectory" in note
    assert relative < 1e-8


def test_the_last_tenth_is_not_fitted():
    """Another law rules there: the fit of the first nine tenths must miss it."""
    t = np.linspace(0, 10, 2001)
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
    data = Trajectories(("q",), (1.0,), tuple(items))
    from interpret.judge.prediction import held_out
    from interpret.reading.probes import probe
    from training import Settings, train

    fitted = train(systems.observed(data), data)
    spring = law((q**2,), [0.5])
    found = held_out(changed_law(spring, candidates=(q**2,)), probe(fitted), Settings())
    expected = rollout(
        spring,
        Trajectories(
            ("q",), (1.0,), tuple(Trajectory(i.t[1801:], i.q[1801:], i.p[1801:]) for i in items)
        ),
    )
    assert found.relative == pytest.approx(expected.relative, rel=0.05)
    assert found.relative > 1e-2
