"""Atoms of a noble gas: J. E. Lennard-Jones, Proc. R. Soc. A 106, 463 (1924).

    V = Σ_{i<j} 4 (1/r_ij¹² - 1/r_ij⁶),   m = 1,   in one to three dimensions

Units are the depth of the well and the distance at which V is 0; it is deepest at r = 2^(1/6).
"""

from itertools import combinations, product

import numpy as np
import sympy

from systems.errors import InputError
from systems.expressions import symbol
from systems.problem import Dataset, Problem
from systems.samples.trajectories import Array, Trajectories
from systems.system import System

DEEPEST = 2 ** (1 / 6)
AXES = "xyz"
PACKED = np.array([[1, 0, 0], [1 / 2, np.sqrt(3 / 4), 0], [1 / 2, np.sqrt(1 / 12), np.sqrt(2 / 3)]])
"""Neighbours in the closest packing of spheres, a line, a plane or all of space."""

r = symbol("r")
t = 0.01 * np.arange(401)


def packed(atoms: int, dimension: int) -> Array:
    """The rest of so many atoms (atoms, dimension): those of the packing nearest to one point."""
    places = np.array(list(product(range(-3, 4), repeat=dimension)))
    lattice = places @ PACKED[:dimension, :dimension]
    far = np.linalg.norm(lattice - 0.3 * PACKED[:dimension, :dimension].sum(axis=0), axis=1)
    chosen: Array = DEEPEST * lattice[np.argsort(far.round(9), kind="stable")[:atoms]]
    return chosen


def make(atoms: int = 2, dimension: int = 2) -> Problem:
    """The cluster of so many atoms."""
    if atoms < 2 or dimension not in (1, 2, 3):
        raise InputError(
            f"there must be two or more atoms in 1, 2 or 3 dimensions, not {atoms} in {dimension}."
        )
    points = [[symbol(f"{axis}{i}") for axis in AXES[:dimension]] for i in range(1, atoms + 1)]
    distances = tuple(
        sympy.sqrt(sympy.Add(*((a - b) ** 2 for a, b in zip(one, other, strict=True))))
        for one, other in combinations(points, 2)
    )

    def clusters(seed: int | list[int]) -> Trajectories:
        """Four clusters near their rest, too slow to lose an atom soon."""
        rng = np.random.default_rng(seed)
        q = packed(atoms, dimension).ravel() + rng.uniform(-0.05, 0.05, (4, atoms * dimension))
        return problem.flow(q, rng.uniform(-0.8, 0.8, q.shape), t)

    problem = System(
        name="lennard_jones",
        summary=f"{atoms} atoms in {dimension}-D, V = Σ 4 (1/r^12 - 1/r^6)",
        reference="J. E. Lennard-Jones, Proc. R. Soc. A 106, 463 (1924)",
        coordinates=tuple(str(x) for point in points for x in point),
        mass=(1.0,) * (atoms * dimension),
        potential=4 * r**-12 - 4 * r**-6,
        candidates=tuple(r**-k for k in (1, 2, 3, 6, 9, 12)),
        # One distance is a function of the coordinates, several are summed over.
        features={"r": distances[0]} if atoms == 2 else {},
        sums={} if atoms == 2 else {"r": distances},
        datasets={
            "clusters": Dataset(
                summary="4 clusters near their rest, 401 points with h = 0.01",
                draw=clusters,
                held_out=lambda seed: clusters([seed, 1]),
            )
        },
    )
    return problem


SYSTEM = make()
