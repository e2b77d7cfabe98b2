"""Energy levels in boxes by the secular determinant, beside eigenvalues of the Hamiltonian."""

from __future__ import annotations

import time

import numpy as np
import pytest

from systems.physics.finite_volume.models import draw
from systems.physics.finite_volume.spectrum import levels
from tests.systems.diagonalisation import levels_by_diagonalisation

pytestmark = pytest.mark.benchmark(timer=time.process_time)

TITLE = "Energy levels in boxes"
NOTE = """
The ten lowest levels of random systems, each in a box of its own between 9 and 14 fm, by the
secular determinant and by LAPACK's eigenvalues of the Hamiltonian on the same states. CPU time for
one system in one box, the best of the rounds by turns.
"""
SYSTEMS = 2048
DIAGONALISED = 64
"""So many of them are enough to time what is slow."""

LEAST = 20.0


@pytest.mark.timeout(900)
@pytest.mark.parametrize("model", ["A", "B", "C"])
def test_the_secular_determinant_beats_eigenvalues(model, race, record):
    drawn = draw(model, SYSTEMS, seed=0)
    boxes = np.random.default_rng(0).uniform(9, 14, SYSTEMS)
    few = slice(DIAGONALISED)

    mine, other = race(
        lambda _: levels(drawn, boxes),
        lambda _: levels_by_diagonalisation(drawn[few], boxes[few]),
        rounds=5,
    )
    found, truth = mine.results[-1][few], other.results[-1]
    np.testing.assert_allclose(found, truth, rtol=0, atol=1e-6)
    cost, rival = mine.best / SYSTEMS, other.best / DIAGONALISED
    row = {
        "model": model,
        "ours, ms": f"{1e3 * cost:.3g}",
        "eigenvalues, ms": f"{1e3 * rival:.3g}",
        "eigenvalues / ours": f"{rival / cost:.1f}",
        "largest difference, MeV": f"{np.abs(found - truth).max():.0e}",
    }
    record(TITLE, NOTE, row)
    assert rival > LEAST * cost
