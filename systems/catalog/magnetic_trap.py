"""A charge in a flat trap across a magnetic field, as a slice of F. M. Penning's trap.

    x'' = -x/2 + 3 y'/10,    y'' = -y/2 - 3 x'/10

V = (x² + y²)/4, and the field B = 3/10 acts by the vector potential: A·q̇ = B (x y' - y x')/2.
The field does no work: energy alone knows nothing of it.
"""

import numpy as np

from systems.expressions import parse
from systems.problem import Dataset
from systems.samples.trajectories import Trajectories
from systems.system import System

t = 0.1 * np.arange(301)


def orbits(seed: int | list[int]) -> Trajectories:
    """Two orbits from random starts, for thirty seconds."""
    rng = np.random.default_rng(seed)
    return SYSTEM.flow(rng.uniform(-1, 1, (2, 2)), rng.uniform(-1, 1, (2, 2)), t)


SYSTEM = System(
    name="magnetic_trap",
    summary="a charge in a flat trap and a magnetic field, V = (x² + y²)/4 and B = 0.3",
    reference="F. M. Penning, Physica 3, 873 (1936); L. S. Brown, G. Gabrielse, RMP 58, 233 (1986)",
    coordinates=("x", "y"),
    mass=(1.0, 1.0),
    potential=parse("x**2/4 + y**2/4"),
    others={"gyroscopic": parse("3*(x*yd - y*xd)/20")},
    candidates=tuple(
        map(parse, ("x", "y", "x**2", "x*y", "y**2", "x**3", "x**2*y", "x*y**2", "y**3"))
    ),
    datasets={
        "orbits": Dataset(
            summary="2 orbits from random starts, 301 points with h = 0.1",
            draw=orbits,
            held_out=lambda seed: orbits([seed, 1]),
        )
    },
)
