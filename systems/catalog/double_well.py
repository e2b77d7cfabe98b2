"""The double well of H. S. Bhat, arXiv:1907.11806.

    H = p²/2 + q² (q - 2)² - (q - 1)²

The wells are separated by a barrier of height V(1) = 1. Three training sets, 5001 points with
h = 0.001 each: T1, ten trajectories of which one visits both wells; T2, one trajectory in each
well; T3, two trajectories in the left well, from which the right one is to be predicted.

T2 starts at (0.9, 0) and (1.1, 0), as the author's files do. The starts printed in the paper,
(3, 0) and (-1, 0), have E = 5 and would cross the barrier. The starts of T1 and T3 depend on the
seed. How much of the well the faster trajectory of T3 sees decides what noisy data can tell of
q³ and q⁴, so it is drawn to climb nearly to the barrier, E > 0.9. (The author's climbs to 0.23:
with 1 % noise no unbiased estimate from it could then know q⁴ better than to 3e-3.)
"""

import numpy as np

from systems.expressions import symbol
from systems.problem import Dataset
from systems.samples.trajectories import Array, Trajectories
from systems.system import System

q = symbol("q")
t = 0.001 * np.arange(5001)
BARRIER = 1.0
CLEAR = 1.05  # of energies above the barrier: this one is over it well within five seconds
T2_STARTS = np.array([[0.9, 0.0], [1.1, 0.0]])
HIGH = 0.9


def starts(rng: np.random.Generator, count: int, free: int) -> Array:
    """Starts (q, p) uniform on [-1, 1]², all drawn again until exactly `free` of them are free.

    A start is free when its energy clears the barrier, so that it visits both wells; one that
    only just does would spend the five seconds on top of it, and is drawn again.
    """
    while True:
        drawn = rng.uniform(-1, 1, (count, 2))
        energy = energies(drawn)
        if np.sum(energy > CLEAR) == free == np.sum(energy > BARRIER):
            return drawn


def one_visits_both(seed: int | list[int]) -> Trajectories:
    """Ten trajectories from random starts, one of which crosses the barrier."""
    return motion(starts(np.random.default_rng(seed), count=10, free=1))


def energies(starts: Array) -> Array:
    """H at each start (q, p)."""
    x, p = starts.T
    energy: Array = p**2 / 2 + x**2 * (x - 2) ** 2 - (x - 1) ** 2
    return energy


def left_well(seed: int) -> Trajectories:
    """Two trajectories in the left well, at least one of which climbs high."""
    rng = np.random.default_rng(seed)
    drawn = starts(rng, count=2, free=0)
    while energies(drawn).max() < HIGH:
        drawn = starts(rng, count=2, free=0)
    return motion(drawn)


def right_well(seed: int) -> Trajectories:
    """Ten trajectories in the right well, from starts mirrored at the barrier q = 1."""
    x, p = starts(np.random.default_rng([seed, 1]), count=10, free=0).T
    return motion(np.column_stack([2 - x, p]))


def motion(starts: Array) -> Trajectories:
    """The exact flow from each of the starts (q, p)."""
    return SYSTEM.flow(starts[:, :1], starts[:, 1:], t)


SYSTEM = System(
    name="double_well",
    summary="a quartic double well, V = q²(q - 2)² - (q - 1)²",
    reference="H. S. Bhat, arXiv:1907.11806",
    coordinates=("q",),
    mass=(1.0,),
    potential=q**2 * (q - 2) ** 2 - (q - 1) ** 2,
    candidates=(q, q**2, q**3, q**4, q**5, q**6),
    datasets={
        "T1": Dataset(
            summary="10 random trajectories, one of which visits both wells",
            draw=one_visits_both,
            held_out=lambda seed: one_visits_both([seed, 1]),
        ),
        "T2": Dataset(
            summary="2 trajectories, one in each well, the same for every seed",
            draw=lambda seed: motion(T2_STARTS),
            held_out=lambda seed: one_visits_both([seed, 1]),
        ),
        "T3": Dataset(
            summary="2 random trajectories in the left well; 10 in the right one are held out",
            draw=left_well,
            held_out=right_well,
            question="does it predict the right well?",
        ),
    },
)
