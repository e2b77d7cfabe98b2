"""Levels in large boxes, by the Hamiltonian: what poles can be seen in blindly."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from systems.physics.finite_volume import levels, phase_shifts
from systems.physics.finite_volume.level_samples import ENERGIES, LevelSamples
from systems.physics.finite_volume.models import THRESHOLD
from systems.physics.finite_volume.points import LevelPoints
from systems.physics.finite_volume.wave_numbers import wave_number
from systems.problem import Problem

BOXES = tuple(np.arange(24.0, 32.0).tolist())
"""In fm: what Lüscher's formula leaves out falls like exp(-m_π L), and is below 1e-7 here."""

SYSTEMS = 6
COUNT = 12
"""Levels of every box: those with q² up to eleven or so."""

ABOVE = 0.5
"""MeV above threshold, from which on levels are taken."""


def large_boxes(
    problem: Problem, seed: int = 0, boxes: Sequence[float] = BOXES, count: int = COUNT
) -> LevelPoints:
    """So many levels of six systems of every model in each of the boxes, with their exact δ."""
    parts = []
    for model in problem.datasets:
        drawn = problem.draw(model, seed, SYSTEMS)
        assert isinstance(drawn, LevelSamples), "levels in boxes"
        couplings = drawn.couplings
        assert couplings is not None, "drawn systems have couplings"
        for box in boxes:
            energies = levels(couplings, box, count)
            for system, row in enumerate(energies):
                inside = (row > THRESHOLD + ABOVE) & (row < ENERGIES[-1])
                phases = phase_shifts(couplings[np.array([system])], row[inside])[0]
                k = wave_number(row[inside])
                parts.append(LevelPoints(k, np.full(len(k), box), phases, np.flatnonzero(inside)))
    return LevelPoints.joined(parts)
