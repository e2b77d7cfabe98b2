"""Forces of every part, by ours and by PySINDy: friction, a drive, a magnetic field, drag."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np
import pytest

import interpret
from interpret import Motion
from systems import Trajectories
from tests.benchmarks import pysindy_ways
from tests.benchmarks.pysindy_scores import Score, Term, cell
from tests.benchmarks.pysindy_ways import THRESHOLDS, WAYS

pytestmark = pytest.mark.benchmark(timer=time.process_time)

TITLE = "Forces of every part, against PySINDy"
NOTE = """
Each cell: in how many of the rounds the support was exact; the median of the worst relative error
of a true coefficient (1: a true term is missing); the median of the CPU seconds. Clean rounds have
the same data, noisy ones a draw each of 1 or 5 % of each channel's standard deviation. PySINDy gets
(q, v) as time series, the derivatives of our candidates, three frictions and all velocities as its
library, and of the driven system cos ωt and sin ωt of the true ω, which ours has to find. Each way
of PySINDy's is granted the best of 13 thresholds from 1e-3 to 10, which no user could know; the
search is not timed. Plain: its finite differences; smoothed: SmoothedFiniteDifference; weak:
WeakPDELibrary with 200 windows; ensemble: the median of 20 fits of bagged rows. Our time is that of
`interpret.fit` with all parts offered, error bars and certificate included.
"""
NOISES = (0.0, 0.01, 0.05)
CLEAN_ROUNDS = 1
NOISY_ROUNDS = 5
GOOD_ENOUGH = 1e-6


@dataclass(frozen=True)
class Case:
    """A system of the catalog, PySINDy's library for it by name, and each coordinate's true force.

    `drive` is the frequency whose cosine and sine PySINDy is given as control inputs.
    """

    name: str
    terms: Mapping[str, Term]
    forces: tuple[Mapping[str, float], ...]
    drive: float | None = None

    def __str__(self) -> str:
        return self.name


FRICTIONS: dict[str, Term] = {
    "v": lambda q, v: v,
    "|v|v": lambda q, v: abs(v) * v,
    "sign(v)": lambda q, v: np.sign(v),
}
PENDULUM: dict[str, Term] = {
    "sin": lambda q, v: np.sin(q),
    "cos": lambda q, v: np.cos(q),
    "sin2": lambda q, v: np.sin(2 * q),
    "cos2": lambda q, v: np.cos(2 * q),
    **FRICTIONS,
}
DUFFING: dict[str, Term] = {
    "1": lambda q, v, c, s: np.ones_like(q),
    "x": lambda q, v, c, s: q,
    "x^2": lambda q, v, c, s: q**2,
    "x^3": lambda q, v, c, s: q**3,
    "x^4": lambda q, v, c, s: q**4,
    "x^5": lambda q, v, c, s: q**5,
    "v": lambda q, v, c, s: v,
    "|v|v": lambda q, v, c, s: abs(v) * v,
    "sign(v)": lambda q, v, c, s: np.sign(v),
    "cos": lambda q, v, c, s: c,
    "sin": lambda q, v, c, s: s,
}
PLANE: dict[str, Term] = {
    "1": lambda x, y, vx, vy: np.ones_like(x),
    "x": lambda x, y, vx, vy: x,
    "y": lambda x, y, vx, vy: y,
    "vx": lambda x, y, vx, vy: vx,
    "vy": lambda x, y, vx, vy: vy,
    "|v|vx": lambda x, y, vx, vy: np.hypot(vx, vy) * vx,
    "|v|vy": lambda x, y, vx, vy: np.hypot(vx, vy) * vy,
    "vx/|v|": lambda x, y, vx, vy: vx / np.hypot(vx, vy),
    "vy/|v|": lambda x, y, vx, vy: vy / np.hypot(vx, vy),
}
TRAP: dict[str, Term] = {
    **PLANE,
    "x^2": lambda x, y, vx, vy: x**2,
    "xy": lambda x, y, vx, vy: x * y,
    "y^2": lambda x, y, vx, vy: y**2,
}
CASES = (
    Case("damped_pendulum", PENDULUM, ({"sin": -4.0, "v": -0.1},)),
    Case("driven_duffing", DUFFING, ({"x": 1.0, "x^3": -1.0, "v": -0.2, "cos": 0.3},), 1.2),
    Case("magnetic_trap", TRAP, ({"x": -0.5, "vy": 0.3}, {"y": -0.5, "vx": -0.3})),
    Case("falling_with_drag", PLANE, ({"|v|vx": -0.05}, {"1": -9.81, "|v|vy": -0.05})),
)


def fitted(case: Case, data: Trajectories, way: str, threshold: float) -> Any:
    """A pysindy.SINDy of the case's library; a drive comes in as its cosine and sine."""
    controls = None
    if case.drive is not None:
        angles = [case.drive * item.t for item in data]
        controls = [np.column_stack([np.cos(angle), np.sin(angle)]) for angle in angles]
    return pysindy_ways.fitted(data, case.terms, way, threshold, controls)


def score(case: Case, model: Any) -> Score:
    """How near the forces are to the true ones."""
    pairs = zip(pysindy_ways.forces(model), case.forces, strict=True)
    return Score.worst(
        [
            Score.of_forces(dict(zip(case.terms, found, strict=True)), truth)
            for found, truth in pairs
        ]
    )


def tuned(case: Case, draws: list[Trajectories], way: str) -> float:
    """The threshold whose laws are nearest to the truth, over all draws."""

    def badness(threshold: float) -> tuple[int, float]:
        scores = [score(case, fitted(case, data, way, threshold)) for data in draws]
        return sum(not each.exact for each in scores), median(each.error for each in scores)

    return min(THRESHOLDS, key=badness)


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("noise", NOISES, ids=["clean", "1 %", "5 %"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_forces_against_pysindy(case, noise, race, record):
    rounds = NOISY_ROUNDS if noise else CLEAN_ROUNDS
    asked = [Motion(learn="forces", noise=noise, seed=k) for k in range(rounds)]
    data = [interpret.fit(case.name, options).fit.samples for options in asked]
    best = {way: tuned(case, data, way) for way in WAYS}

    watches = race(
        lambda k: interpret.fit(case.name, asked[k]).comparison,
        *(lambda k, way=way: fitted(case, data[k], way, best[way]) for way in WAYS),
        rounds=rounds,
    )
    ours = [Score.of_comparison(comparison) for comparison in watches[0].results]
    theirs = [[score(case, model) for model in watch.results] for watch in watches[1:]]
    cells = [
        cell(scores, watch.usual) for scores, watch in zip([ours, *theirs], watches, strict=True)
    ]
    row = {
        "system": case.name,
        "noise": f"{noise:.0%}" if noise else "none",
        **dict(zip(("ours", *WAYS), cells, strict=True)),
    }
    record(TITLE, NOTE, row)
    assert noise or all(each.exact and each.error <= GOOD_ENOUGH for each in ours)
