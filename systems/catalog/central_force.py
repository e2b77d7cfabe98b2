"""The central force of H. S. Bhat, arXiv:1907.11806.

    V = 1/|q| + 1/(10 - |q|)   in three dimensions, m = 1

One trajectory from a start uniform on [-1, 1]⁶ is followed for 20 000 steps of 0.001 and reduced
to its distance r from the center, whose effective potential depends on the angular momentum ℓ:

    H = p_r²/2 + 1/r + 1/(10 - r) + ℓ²/(2 r²),   p_r = q·p/r,   ℓ = |q × p|

The paper's one trajectory has ℓ² = 0.93103091. The data set "reduced" has it too: starts are drawn
until ℓ² is within a tenth of it, and the momentum across q is then scaled onto it. "drawn" takes
the first start there is; where its ℓ² is small, noise soon hides the term ℓ²/(2 r²).
"""

import numpy as np
import sympy

from systems.equations import reduce_central
from systems.expressions import symbol
from systems.mechanics import Mechanics
from systems.problem import Dataset
from systems.samples.trajectories import Array, Trajectories
from systems.system import System

r = symbol("r")
x, y, z = map(symbol, "xyz")
t = 0.001 * np.arange(20001)
POTENTIAL = 1 / r + 1 / (10 - r)
PAPERS_ELL2 = 0.93103091

DISTANCE = sympy.sqrt(x**2 + y**2 + z**2)
IN_SPACE = Mechanics(("x", "y", "z"), (1.0, 1.0, 1.0), POTENTIAL, {"r": DISTANCE})

Start = tuple[Array, Array]


def drawn(seed: int) -> Start:
    """Position (3,) and momentum (3,) at time 0."""
    numbers = np.random.default_rng(seed).uniform(-1, 1, 6)
    return numbers[:3], numbers[3:]


def with_the_papers_ell(seed: int) -> Start:
    """Position and momentum at time 0, with ℓ² = 0.93103091."""
    rng = np.random.default_rng(seed)
    while True:
        position, momentum = rng.uniform(-1, 1, (2, 3))
        stretch = PAPERS_ELL2 / ell2((position, momentum))
        if abs(stretch - 1) < 0.1:
            along = position * (position @ momentum) / (position @ position)
            return position, along + np.sqrt(stretch) * (momentum - along)


def ell2(start: Start) -> float:
    """ℓ² = |q × p|²."""
    return float(np.sum(np.cross(*start) ** 2))


def trajectory(start: Start) -> Trajectories:
    """The motion in space, reduced to r."""
    position, momentum = start
    motion = IN_SPACE.flow([position], [momentum], t)[0]
    distance = np.linalg.norm(motion.q, axis=1)
    along = np.sum(motion.q * motion.p, axis=1) / distance
    items = [(t, distance[:, None], along[:, None])]
    return Trajectories.from_velocities(("r",), (1.0,), items)


def same_ell(seed: int, dataset: str) -> Trajectories:
    """Another motion along r with the same ℓ, from a random start."""
    rng = np.random.default_rng([seed, 1])
    effective = Mechanics(("r",), (1.0,), SYSTEM.truths(dataset, seed)["potential"])
    return effective.flow([[rng.uniform(1, 3)]], [[rng.uniform(-1, 1)]], t)


SYSTEM = System(
    name="central_force",
    summary="a repulsive center inside a repulsive wall, reduced to r",
    reference="H. S. Bhat, arXiv:1907.11806",
    coordinates=("r",),
    mass=(1.0,),
    potential=reduce_central(POTENTIAL, 1, symbol("ell2")),
    candidates=(1 / r, r**-2, r**-3, 1 / (10 - r), (10 - r) ** -2, (10 - r) ** -3),
    datasets={
        "reduced": Dataset(
            summary="one trajectory (r, p_r) of 20001 points, with the paper's ℓ² = 0.931",
            draw=lambda seed: trajectory(with_the_papers_ell(seed)),
            held_out=lambda seed: same_ell(seed, "reduced"),
            parameters=lambda seed: {"ell2": PAPERS_ELL2},
        ),
        "drawn": Dataset(
            summary="the same from the first random start, whatever its ℓ²",
            draw=lambda seed: trajectory(drawn(seed)),
            held_out=lambda seed: same_ell(seed, "drawn"),
            parameters=lambda seed: {"ell2": ell2(drawn(seed))},
        ),
    },
)
