"""Duffing's oscillator, driven: G. Duffing, "Erzwungene Schwingungen", Braunschweig 1918.

    x'' = x - x³ - x'/5 + (3/10) cos(6 t/5)

Two wells, V = -x²/2 + x⁴/4, friction R = x'²/10, and a force that works W = (3/10) x cos(6 t/5).
"""

import numpy as np

from systems.expressions import parse
from systems.problem import Dataset
from systems.samples.trajectories import Trajectories
from systems.system import System

t = np.linspace(0, 40, 601)


def motions(seed: int | list[int]) -> Trajectories:
    """Two motions from random starts, seven periods of the drive long."""
    rng = np.random.default_rng(seed)
    return SYSTEM.flow(rng.uniform(-1.5, 1.5, (2, 1)), rng.uniform(-1, 1, (2, 1)), t)


SYSTEM = System(
    name="driven_duffing",
    summary="Duffing's double well with friction and a drive, x'' = x - x³ - x'/5 + 0.3 cos 1.2t",
    reference='G. Duffing, "Erzwungene Schwingungen", Vieweg 1918',
    coordinates=("x",),
    mass=(1.0,),
    potential=parse("-x**2/2 + x**4/4"),
    others={"dissipative": parse("xd**2/10"), "drive": parse("3*x*cos(6*t/5)/10")},
    candidates=tuple(parse(f"x**{k}") for k in range(1, 7)),
    datasets={
        "motions": Dataset(
            summary="2 motions from random starts, 601 points in 40 seconds",
            draw=motions,
            held_out=lambda seed: motions([seed, 1]),
        )
    },
)
