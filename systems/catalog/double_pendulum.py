"""A pendulum on a pendulum: D. Bernoulli, Comm. Acad. Petrop. 6, 108 (1738).

    L = a'²/2 + b'²/4 + a' b' cos(a - b)/2 + 9 cos a + 9/2 cos b,   a = th1, b = th2

Two equal bobs on equal rods, at the angles a and b to the vertical; masses, lengths and gravity are
such that (m1 + m2) l1² = 1 and g/l1 = 9. Both joints have friction: R = f (a'² + (b' - a')²)/2.
"""

import numpy as np

from systems.expressions import parse
from systems.problem import Dataset, Problem
from systems.samples.phase_space import Window
from systems.samples.trajectories import Trajectories
from systems.system import System

t = 0.02 * np.arange(401)


def make(friction: float = 0.0) -> Problem:
    """The pendula with friction of this strength f in their joints."""
    rubbed = {"dissipative": parse(f"{friction!r}*(th1d**2 + (th2d - th1d)**2)/2")}

    def swings(seed: int | list[int]) -> Trajectories:
        """Four swings of up to 2 rad, let go with some velocity, for eight seconds."""
        rng = np.random.default_rng(seed)
        return problem.flow(rng.uniform(-2, 2, (4, 2)), rng.uniform(-1, 1, (4, 2)), t)

    problem = System(
        name="double_pendulum",
        summary="a pendulum on a pendulum, two angles; masses depend on the position",
        reference="D. Bernoulli, Comm. Acad. Petrop. 6, 108 (1738)",
        coordinates=("th1", "th2"),
        mass=(1.0, 1.0),
        kinetic=parse("th1d**2/2 + th2d**2/4 + th1d*th2d*cos(th1 - th2)/2"),
        potential=parse("-9*cos(th1) - 9*cos(th2)/2"),
        others=rubbed if friction else {},
        candidates=tuple(
            parse(f"{wave}({angle})")
            for angle in ("th1", "th2", "th1 - th2", "th1 + th2")
            for wave in ("cos", "sin")
        ),
        datasets={
            "swings": Dataset(
                summary="4 swings of up to 2 rad, 401 points with h = 0.02",
                draw=swings,
                held_out=lambda seed: swings([seed, 1]),
            )
        },
        # Friction has no Lagrangian: points of phase space alone would tell none.
        windows={} if friction else {"points": Window("4 wide around rest", (0.0, 0.0), 4.0, 0.0)},
    )
    return problem


SYSTEM = make()
