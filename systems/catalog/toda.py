"""A ring of particles on exponential springs: M. Toda, J. Phys. Soc. Japan 22, 431 (1967).

    V = Σ_i exp(q_i - q_{i+1}),   q_{N+1} = q_1,   m = 1

The ring of N has N conserved quantities (M. Hénon, Phys. Rev. B 9, 1921 (1974)), of three the
momentum, the energy, and p1 p2 p3 - p1 exp(q2 - q3) - p2 exp(q3 - q1) - p3 exp(q1 - q2). A last
spring of another exponent leaves the first two; one of another strength would only shift the ring.
"""

import numpy as np
import sympy

from systems.equations import exact
from systems.errors import InputError
from systems.expressions import symbol
from systems.problem import Dataset, Problem
from systems.samples.trajectories import Trajectories
from systems.system import System

FEWEST, MOST = 3, 9
t = 0.1 * np.arange(201)


def make(particles: int = 3, last: float = 1.0) -> Problem:
    """A ring of so many particles, the last spring exp(last (q_N - q_1))."""
    if not FEWEST <= particles <= MOST:
        raise InputError(f"a ring has {FEWEST} to {MOST} particles, not {particles}.")
    names = tuple(f"q{i}" for i in range(1, particles + 1))
    q = list(map(symbol, names))
    springs = [sympy.exp(a - b) for a, b in zip(q, [*q[1:], q[0]], strict=True)]
    lengths = [a - b for a, b in zip(q, [*q[1:], q[0]], strict=True)]
    if last != 1:
        springs[-1] = sympy.exp(exact(last) * lengths[-1])

    def waves(seed: int | list[int]) -> Trajectories:
        """Three motions from random starts, their common momentum 0."""
        rng = np.random.default_rng(seed)
        start, p = rng.uniform(-0.7, 0.7, (2, 3, particles))
        return problem.flow(start, p - p.mean(axis=1, keepdims=True), t)

    problem = System(
        name="toda",
        summary=f"a ring of {particles} particles on springs, V = Σ exp(q_i - q_i+1)",
        reference="M. Toda, J. Phys. Soc. Japan 22, 431 (1967)",
        coordinates=names,
        mass=(1.0,) * particles,
        potential=sympy.Add(*springs),
        candidates=(
            *springs,
            *(1 / spring for spring in springs),
            *(spring**2 for spring in springs),
            *(length**2 for length in lengths),
        ),
        datasets={
            "waves": Dataset(
                summary="3 motions from random starts, 201 points with h = 0.1",
                draw=waves,
                held_out=lambda seed: waves([seed, 1]),
            )
        },
    )
    return problem


SYSTEM = make()
