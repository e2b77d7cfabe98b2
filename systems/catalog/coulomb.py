"""Two charges of opposite sign, H. S. Bhat, arXiv:1907.11806.

    V = -1/(4π r),   r = |q1 - q2|   in three dimensions, m1 = 1, m2 = 1/2

Positions and momenta start from the standard normal distribution, h = 0.001. The paper trains on
raw coordinates, with 1000 trajectories of 301 points, 800 of them for training, and then on the
distance alone, with 100 trajectories of 5001 points. Its data are Störmer–Verlet's; the data sets
called exact hold the true flow from the same starts.
"""

import numpy as np
import sympy

from systems.data import Trajectories
from systems.expressions import symbol
from systems.system import Dataset, System

r, x1, y1, z1, x2, y2, z2 = map(symbol, ("r", "x1", "y1", "z1", "x2", "y2", "z2"))
H = 0.001


def verlet(seed: int, count: int, steps: int, part: slice) -> Trajectories:
    """Störmer–Verlet trajectories from a part of `count` random starts."""
    q0, p0 = np.random.default_rng(seed).standard_normal((2, count, 6))
    return SYSTEM.verlet(q0[part], p0[part], H, steps)


def exact(seed: int, count: int, steps: int, part: slice) -> Trajectories:
    """The exact flow from the same starts, at the same times."""
    q0, p0 = np.random.default_rng(seed).standard_normal((2, count, 6))
    return SYSTEM.flow(q0[part], p0[part], H * np.arange(steps + 1))


SYSTEM = System(
    name="coulomb",
    summary="two charges attracting each other, V = -1/(4π r)",
    reference="H. S. Bhat, arXiv:1907.11806",
    coordinates=("x1", "y1", "z1", "x2", "y2", "z2"),
    mass=(1.0, 1.0, 1.0, 0.5, 0.5, 0.5),
    potential=-1 / (4 * sympy.pi * r),
    candidates=(1 / r, r**-2, r**-3),
    features={"r": sympy.sqrt((x1 - x2) ** 2 + (y1 - y2) ** 2 + (z1 - z2) ** 2)},
    datasets={
        "verlet": Dataset(
            summary="800 Störmer–Verlet trajectories of 301 points; 200 held out",
            draw=lambda seed: verlet(seed, 1000, 300, slice(0, 800)),
            held_out=lambda seed: verlet(seed, 1000, 300, slice(800, 1000)),
        ),
        "exact": Dataset(
            summary="800 exact trajectories of 301 points; 200 held out",
            draw=lambda seed: exact(seed, 1000, 300, slice(0, 800)),
            held_out=lambda seed: exact(seed, 1000, 300, slice(800, 1000)),
        ),
        "long_verlet": Dataset(
            summary="100 Störmer–Verlet trajectories of 5001 points; 100 held out",
            draw=lambda seed: verlet(seed, 200, 5000, slice(0, 100)),
            held_out=lambda seed: verlet(seed, 200, 5000, slice(100, 200)),
        ),
        "long_exact": Dataset(
            summary="100 exact trajectories of 5001 points; 100 held out",
            draw=lambda seed: exact(seed, 200, 5000, slice(0, 100)),
            held_out=lambda seed: exact(seed, 200, 5000, slice(100, 200)),
        ),
    },
)
