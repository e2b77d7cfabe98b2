"""Two charges of opposite sign, H. S. Bhat, arXiv:1907.11806.

    V = -1/(4π r),   r = |q1 - q2|   in three dimensions, m1 = 1, m2 = 1/2

Positions and momenta start from the standard normal distribution, h = 0.001. The paper trains on
raw coordinates, with 1000 trajectories of 301 points, 800 of them for training, and then on the
distance alone, with 100 trajectories of 5001 points. Its data are Störmer–Verlet's; the data sets
called exact hold the true flow from the same starts.
"""

from collections.abc import Callable

import numpy as np
import sympy

from systems.expressions import symbol
from systems.problem import Dataset
from systems.samples.trajectories import Array, Trajectories
from systems.system import System

r, x1, y1, z1, x2, y2, z2 = map(symbol, ("r", "x1", "y1", "z1", "x2", "y2", "z2"))
H = 0.001


def starts(seed: int, count: int) -> Array:
    """Positions and momenta of random starts, (2, count, 6)."""
    return np.random.default_rng(seed).standard_normal((2, count, 6))


def verlet(starts: Array, steps: int) -> Trajectories:
    """Störmer–Verlet trajectories from the starts."""
    return SYSTEM.verlet(starts[0], starts[1], H, steps)


def exact(starts: Array, steps: int) -> Trajectories:
    """The exact flow from the same starts, at the same times."""
    return SYSTEM.flow(starts[0], starts[1], H * np.arange(steps + 1))


def pairs(
    follow: Callable[[Array, int], Trajectories], kind: str, shown: int, hidden: int, steps: int
) -> Dataset:
    """So many trajectories of so many steps from random starts, and others held out."""
    count = shown + hidden
    return Dataset(
        f"{shown} {kind} trajectories of {steps + 1} points; {hidden} held out",
        draw=lambda seed: follow(starts(seed, count)[:, :shown], steps),
        held_out=lambda seed: follow(starts(seed, count)[:, shown:], steps),
    )


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
        "verlet": pairs(verlet, "Störmer–Verlet", shown=800, hidden=200, steps=300),
        "exact": pairs(exact, "exact", shown=800, hidden=200, steps=300),
        "long_verlet": pairs(verlet, "Störmer–Verlet", shown=100, hidden=100, steps=5000),
        "long_exact": pairs(exact, "exact", shown=100, hidden=100, steps=5000),
    },
)
