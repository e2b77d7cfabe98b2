"""A star in the field of its galaxy: M. Hénon, C. Heiles, Astron. J. 69, 73 (1964).

    V = (x² + y²)/2 + x² y - y³/3,   m = 1

Below the energy 1/6 of its three saddle points every motion stays inside. The energy is the only
quantity that is known to be conserved: much of the motion is chaotic.
"""

import numpy as np

from systems.expressions import parse
from systems.problem import Dataset
from systems.samples.trajectories import Trajectories
from systems.system import System

ESCAPE = 1 / 6
t = 0.1 * np.arange(501)


def stars(seed: int | list[int]) -> Trajectories:
    """Three stars of random starts with at most 0.9 of the energy at which one escapes."""
    rng = np.random.default_rng(seed)
    q, p = np.empty((0, 2)), np.empty((0, 2))
    while len(q) < 3:
        drawn = rng.uniform(-0.5, 0.5, (2, 8, 2))
        energy = (drawn[1] ** 2).sum(axis=1) / 2 + SYSTEM.motion().potential_values(drawn[0])
        # Slow ones far below the saddles see hardly more than the oscillator in the middle.
        kept = (energy > ESCAPE / 2) & (energy < 0.9 * ESCAPE)
        q, p = np.vstack([q, drawn[0][kept]]), np.vstack([p, drawn[1][kept]])
    return SYSTEM.flow(q[:3], p[:3], t)


SYSTEM = System(
    name="henon_heiles",
    summary="a star in its galaxy, V = (x² + y²)/2 + x² y - y³/3, partly chaotic",
    reference="M. Hénon, C. Heiles, Astron. J. 69, 73 (1964)",
    coordinates=("x", "y"),
    mass=(1.0, 1.0),
    potential=parse("x**2/2 + y**2/2 + x**2*y - y**3/3"),
    candidates=tuple(
        parse(f"x**{i} * y**{total - i}") for total in range(1, 5) for i in range(total, -1, -1)
    ),
    datasets={
        "stars": Dataset(
            summary="3 stars of energies between 0.5 and 0.9 of escape, 501 points with h = 0.1",
            draw=stars,
            held_out=lambda seed: stars([seed, 1]),
        )
    },
)
