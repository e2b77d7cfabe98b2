"""A planet about its sun: J. Kepler, "Astronomia nova" (1609); J. Hermann, Giornale 2, 447 (1710).

    V = -1/r + b/(2 r²),   r = |q|,   m = 1,   in two or three dimensions

Units are those in which the sun's mass and the gravitational constant are 1. Without b every orbit
is an ellipse that closes, and points along the conserved vector A = v × (q × v) - q/r; b turns it.
"""

import numpy as np
import sympy

from systems.errors import InputError
from systems.expressions import symbol
from systems.problem import Dataset, Problem
from systems.samples.trajectories import Trajectories
from systems.system import System

AXES = "xyz"
r = symbol("r")
t = 0.05 * np.arange(401)


def make(dimension: int = 2, b: float = 0.0) -> Problem:
    """The orbits in a plane (2) or in space (3), with b/(2 r²) beside -1/r."""
    if dimension not in (2, 3):
        raise InputError(f"orbits are in 2 or 3 dimensions, not in {dimension}.")
    barrier = symbol("b") / (2 * r**2) if b else sympy.Integer(0)

    def orbits(seed: int | list[int]) -> Trajectories:
        """Four orbits from pericentres of 0.5 to 1, eccentricities of 0.1 to 0.6."""
        rng = np.random.default_rng(seed)
        inner, eccentric = rng.uniform(0.5, 1, 4), rng.uniform(0.1, 0.6, 4)
        # Two random directions at right angles: of the pericentre, and of the velocity there.
        out, along = np.linalg.qr(rng.normal(size=(4, dimension, 2)))[0].transpose(2, 0, 1)
        speed = np.sqrt((1 + eccentric) / inner)
        return problem.flow(inner[:, None] * out, speed[:, None] * along, t)

    problem = System(
        name="kepler",
        summary=f"planets about a sun in {dimension} dimensions, V = -1/r",
        reference='J. Kepler, "Astronomia nova", 1609',
        coordinates=tuple(AXES[:dimension]),
        mass=(1.0,) * dimension,
        potential=-1 / r + barrier,
        candidates=(1 / r, r**-2, r**-3, sympy.log(r), r, r**2),
        features={"r": sympy.sqrt(sympy.Add(*(symbol(x) ** 2 for x in AXES[:dimension])))},
        parameters={"b": b} if b else {},
        datasets={
            "orbits": Dataset(
                summary="4 orbits of eccentricities 0.1 to 0.6, 401 points with h = 0.05",
                draw=orbits,
                held_out=lambda seed: orbits([seed, 1]),
            )
        },
    )
    return problem


SYSTEM = make()
