"""The structured model φ_θ(q) + δ(E_n) = nπ: what is learned is one curve, the same for all.

φ_θ is a cubic spline in q = kL/2π, fitted to nπ - δ(E_n) at the levels of the training set. A few
levels miss the curve where a narrow resonance hides between the energies that δ is tabled at, or
where the box is small: they are weighted down, so that the curve is that of most.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.interpolate import BSpline, make_lsq_spline

from systems.errors import InputError
from systems.physics.finite_volume.level_samples import LevelSamples
from systems.physics.finite_volume.points import LevelPoints
from training.prepare.stencils import Array

KNOTS = 240
DEGREE = 3
ROUNDS = 8
NORMAL = 1.4826
"""The standard deviation of normal errors over their median size."""


@dataclass(frozen=True, eq=False)
class KinematicPhase:
    """φ_θ(q) in rad between ``lowest`` and ``highest`` q, NaN beyond; ``scatter`` is the median
    distance (rad) of the levels that it was fitted to."""

    spline: BSpline
    scatter: float

    @property
    def lowest(self) -> float:
        """The smallest q that a level of the training set had."""
        return float(self.spline.t[0])

    @property
    def highest(self) -> float:
        """The largest."""
        return float(self.spline.t[-1])

    def __call__(self, q: Array) -> Array:
        inside = (q >= self.lowest) & (q <= self.highest)
        return np.where(inside, self.spline(np.clip(q, self.lowest, self.highest)), np.nan)

    def state(self) -> dict[str, Any]:
        """Everything of it, as plain values and tensors."""
        return {
            "knots": torch.from_numpy(self.spline.t),
            "coefficients": torch.from_numpy(self.spline.c),
            "scatter": self.scatter,
        }

    @staticmethod
    def of_state(state: Mapping[str, Any]) -> KinematicPhase:
        """The curve whose `state` it is; raises KeyError for what lacks a part of one."""
        spline = BSpline(state["knots"].numpy(), state["coefficients"].numpy(), DEGREE)
        return KinematicPhase(spline, float(state["scatter"]))


def learn_phase(samples: Sequence[LevelSamples], knots: int = KNOTS) -> KinematicPhase:
    """φ_θ by least squares, each level weighted anew by w = min(1, s/|miss|) until that settles.

    Raises InputError when there are fewer than four levels a knot.
    """
    levels = LevelPoints.joined([LevelPoints.of(part) for part in samples])
    q, phases = levels.q, levels.turns
    if len(q) < 4 * knots:
        raise InputError(
            f"{len(q)} levels are too few for a curve of {knots} knots; draw more systems."
        )
    order = np.argsort(q)
    q, phases = q[order], phases[order]
    inner = np.quantile(q, np.linspace(0, 1, knots)[1:-1])
    ends = [q[0]] * (DEGREE + 1), [q[-1]] * (DEGREE + 1)
    vector = np.concatenate([ends[0], np.unique(inner), ends[1]])
    weights = np.ones(len(q))
    for _ in range(ROUNDS):
        # Splines are so well conditioned that their normal equations, of four diagonals, lose
        # nothing, and cost a tenth.
        root = np.sqrt(weights)
        spline = make_lsq_spline(q, phases, vector, DEGREE, w=root, method="norm-eq")
        missed = np.abs(spline(q) - phases)
        typical = NORMAL * np.median(missed)
        weights = np.minimum(1.0, typical / np.maximum(missed, 1e-300))
    return KinematicPhase(spline, float(np.median(missed)))
