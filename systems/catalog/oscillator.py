"""The simple harmonic oscillator of H. S. Bhat, arXiv:1907.11806.

    H = p²/2 + q²/2

Ten exact circles in phase space, through (q, p) = (0, i) for i = 1, ..., 10, in 1000 steps of 0.01.
"""

import numpy as np
from numpy.typing import ArrayLike

from systems.expressions import symbol
from systems.problem import Dataset
from systems.samples.trajectories import Trajectories
from systems.system import System

q = symbol("q")
t = 0.01 * np.arange(1001)


def circles(amplitude: ArrayLike, phase: ArrayLike) -> Trajectories:
    """q = A sin(t + φ), p = A cos(t + φ), for amplitudes A (R,) and phases φ (R,)."""
    angle = t + np.atleast_1d(phase)[:, None]
    size = np.atleast_1d(amplitude)[:, None]
    position = (size * np.sin(angle))[:, :, None]
    momentum = (size * np.cos(angle))[:, :, None]
    return Trajectories.from_arrays(("q",), (1.0,), t, position, momentum)


def other_circles(seed: int) -> Trajectories:
    """Ten circles of random amplitude and phase."""
    rng = np.random.default_rng([seed, 1])
    return circles(rng.uniform(0.5, 9.5, 10), rng.uniform(0, 2 * np.pi, 10))


SYSTEM = System(
    name="oscillator",
    summary="a mass on a spring, V = q²/2",
    reference="H. S. Bhat, arXiv:1907.11806",
    coordinates=("q",),
    mass=(1.0,),
    potential=q**2 / 2,
    candidates=(q, q**2, q**3),
    datasets={
        "circles": Dataset(
            summary="10 exact circles of radius 1 to 10, the same for every seed",
            draw=lambda seed: circles(np.arange(1, 11), np.zeros(10)),
            held_out=other_circles,
        )
    },
)
