"""A thrown ball in air: Newton's drag, which grows with the square of the speed.

    v' = (0, -9.81) - 0.05 |v| v

V = 9.81 y for a unit mass, and R = |v|³/60 of Rayleigh's functions.
"""

import numpy as np

from systems.expressions import parse
from systems.problem import Dataset
from systems.samples.trajectories import Trajectories
from systems.system import System

t = 0.01 * np.arange(301)


def throws(seed: int | list[int]) -> Trajectories:
    """Three throws of 8 to 20 m/s, at 20° to 70°, for three seconds."""
    rng = np.random.default_rng(seed)
    speed, angle = rng.uniform(8, 20, 3), np.radians(rng.uniform(20, 70, 3))
    velocity = np.column_stack([speed * np.cos(angle), speed * np.sin(angle)])
    return SYSTEM.flow(np.zeros((3, 2)), velocity, t)


SYSTEM = System(
    name="falling_with_drag",
    summary="a thrown ball in air, V = 9.81 y and the drag 0.05 |v| v",
    reference='I. Newton, "Principia", book II, section 2 (1687)',
    coordinates=("x", "y"),
    mass=(1.0, 1.0),
    potential=parse("9.81*y"),
    others={"dissipative": parse("(xd**2 + yd**2)**(3/2)/60")},
    candidates=tuple(map(parse, ("x", "y", "x**2", "x*y", "y**2"))),
    datasets={
        "throws": Dataset(
            summary="3 random throws of 8 to 20 m/s, 301 points in three seconds",
            draw=throws,
            held_out=lambda seed: throws([seed, 1]),
        )
    },
)
