"""A pendulum with friction of its bearing, G. L. Baker and J. A. Blackburn, "The Pendulum", ch. 3.

    θ'' = -4 sin θ - θ'/10

A bob of unit mass, 1/4 of g in length; friction is linear in the velocity: R = θ'²/20.
"""

import numpy as np

from systems.expressions import parse
from systems.problem import Dataset
from systems.samples.trajectories import Trajectories
from systems.system import System

t = 0.05 * np.arange(401)


def swings(seed: int | list[int]) -> Trajectories:
    """Three swings of 1 to 2.2 rad, let go with some velocity, for twenty seconds."""
    rng = np.random.default_rng(seed)
    return SYSTEM.flow(rng.uniform(1, 2.2, (3, 1)), rng.uniform(-1, 1, (3, 1)), t)


SYSTEM = System(
    name="damped_pendulum",
    summary="a pendulum with friction, V = -4 cos θ and R = θ'²/20",
    reference='G. L. Baker, J. A. Blackburn, "The Pendulum", Oxford 2005',
    coordinates=("theta",),
    mass=(1.0,),
    potential=parse("-4*cos(theta)"),
    others={"dissipative": parse("thetad**2/20")},
    candidates=tuple(map(parse, ("cos(theta)", "sin(theta)", "cos(2*theta)", "sin(2*theta)"))),
    datasets={
        "swings": Dataset(
            summary="3 random swings of 1 to 2.2 rad, 401 points with h = 0.05",
            draw=swings,
            held_out=lambda seed: swings([seed, 1]),
        )
    },
)
