"""One law for all trajectories, or the same terms with coefficients of each trajectory's own."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

import systems
from interpret.judge.forces_account import certify_forces
from interpret.laws.judgement import Origin
from interpret.ledger.accounting import account
from interpret.ledger.candidates import Candidates, frictions
from interpret.ledger.each import each
from interpret.ledger.motion import Courses
from interpret.ledger.statement import stated
from systems.expressions import parse
from training.prepare.noise import estimate

PENDULUM = systems.get("damped_pendulum")


@lru_cache
def swings(lengths, noise, seed=0):
    """Swings of pendulums whose gravity is 4 times the numbers given, one each."""
    drawn = PENDULUM.draw(seed=seed)
    starts = np.concatenate([item.q[:1] for item in drawn])
    rates = np.concatenate([item.p[:1] for item in drawn])
    items = []
    for number, gravity in enumerate(lengths):
        own = replace(PENDULUM.motion(), potential=gravity * parse("-4*cos(theta)"))
        items += own.flow(starts[[number]], rates[[number]], drawn.items[0].t).items
    return replace(drawn, items=tuple(items)).with_noise(noise, seed)


def settled(data):
    candidates = Candidates(data.coordinates, (1.0,))
    candidates = candidates.with_terms("potential", PENDULUM.candidates)
    candidates = candidates.with_terms("dissipative", frictions(data.coordinates))
    return account(Courses.of(data, estimate(data)), candidates, drive=False)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, *(pytest.param(k, marks=pytest.mark.slow) for k in (1, 2))])
def test_pendulums_alike_share_their_coefficients(seed):
    found = each(settled(swings((1, 1, 1), 0.01, seed)))
    assert {str(item.term) for item in found} == {"cos(theta)", "thetad**2/2"}
    assert min(item.probability for item in found) > 1e-3
    gravity = next(item for item in found if str(item.term) == "cos(theta)")
    assert np.all(np.abs(gravity.values + 4) < 4 * gravity.errors)


@pytest.mark.slow
def test_a_longer_pendulum_among_others_is_told():
    """Its own coefficient is found to its own error bar, and the law is not called one law."""
    data = swings((1, 1, 0.97), 0.01)
    found = settled(data)
    worst = each(found)[0]
    assert str(worst.term) == "cos(theta)"
    assert worst.probability < 1e-10
    assert np.all(np.abs(worst.values - [-4, -4, -3.88]) < 5 * worst.errors)

    law = stated(found, Origin(PENDULUM.name))
    checks = {check.name: check for check in certify_forces(law, found).checks}
    assert checks["one law"].verdict == "approximate"
    assert "differs from trajectory to trajectory: cos(theta)" in checks["one law"].sentence


@pytest.mark.slow
def test_one_trajectory_says_nothing_of_others():
    data = swings((1, 1, 1), 0.01)
    assert each(settled(replace(data, items=data.items[:1]))) == []
