"""N identical particles in a harmonic trap, with any law between pairs of them.

    L = Σ_i (m |ẋ_i|² - k |x_i|²)/2 - α Σ_{i<j} w(|x_i - x_j|)   in one to three dimensions

E. Bigwood's two charges (weekly reports of 14 and 30 May 2025) are N = 2 with w = 1/r. Samples are
random points of phase space with their exact accelerations, no two particles closer than the gap.
Potential and candidates are written in x, which stands for every coordinate, and r, which stands
for every distance: each term is summed over all of them.
"""

from itertools import combinations

import sympy
from sympy import Expr, Rational, exp, log, sqrt

from systems.errors import InputError, nearest
from systems.expressions import symbol
from systems.problem import Problem
from systems.samples.phase_space import Window
from systems.system import System

PAIR_LAWS = {
    "coulomb": lambda r: 1 / r,
    "yukawa": lambda r: exp(-2 * r) / r,
    "log": lambda r: -log(r),
    "soft_coulomb": lambda r: 1 / sqrt(r**2 + Rational(9, 100)),
    "inverse_cube": lambda r: r**-3,
    "lennard_jones": lambda r: (2 * r) ** -12 * 4 - (2 * r) ** -6 * 4,
    "morse": lambda r: (1 - exp(-3 * (r - Rational(3, 5)))) ** 2,
    "spring": lambda r: (r - Rational(7, 10)) ** 2 / 2,
}
x, r = map(symbol, "xr")
AXES = "xyz"
CLOSEST = {"lennard_jones": 0.35}
POWERS = (-12, -6, -4, -3, -2, -1, 1, 2, 3, 4)


def names(particles: int, dimension: int) -> tuple[str, ...]:
    """q0, q1, ... in one dimension, else x0, y0, x1, y1, ...

    >>> names(2, 1), names(2, 2)
    (('q0', 'q1'), ('x0', 'y0', 'x1', 'y1'))
    """
    if dimension == 1:
        return tuple(f"q{i}" for i in range(particles))
    return tuple(f"{axis}{i}" for i in range(particles) for axis in AXES[:dimension])


def distances(particles: int, dimension: int) -> tuple[Expr, ...]:
    """The distance of every pair.

    >>> distances(2, 1)
    (sqrt((q0 - q1)**2),)
    """
    places = [symbol(name) for name in names(particles, dimension)]
    points = [places[i : i + dimension] for i in range(0, len(places), dimension)]
    return tuple(
        sqrt(sympy.Add(*((a - b) ** 2 for a, b in zip(one, other, strict=True))))
        for one, other in combinations(points, 2)
    )


def make(
    law: str = "coulomb",
    particles: int = 2,
    dimension: int = 1,
    k: float = 4.0,
    alpha: float = 1.0,
    m: float = 1.0,
    gap: float = 0.0,
) -> Problem:
    """N particles of mass m with one law for every pair of them.

    Without a gap the pair keeps 0.1, in lennard_jones 0.35, and more than two particles 0.15.
    """
    if law not in PAIR_LAWS:
        raise InputError(
            f"there is no pair law {law!r}; there are {', '.join(PAIR_LAWS)}."
            f"{nearest(law, PAIR_LAWS)}"
        )
    if particles < 2 or dimension not in (1, 2, 3):
        raise InputError(
            f"there must be two or more particles in 1, 2 or 3 dimensions, not {particles} in "
            f"{dimension}."
        )
    coordinates = names(particles, dimension)
    width = 2.0 if dimension == 3 or particles == 2 else float(particles)
    closest = gap or CLOSEST.get(law, 0.1 if particles == 2 else 0.15)
    trap = symbol("k") * x**2 / 2
    return System(
        name="trapped_particles",
        summary=f"{particles} particles in a harmonic trap, {dimension}-D, pair law {law}",
        reference="after E. Bigwood, weekly reports of 14 and 30 May 2025",
        coordinates=coordinates,
        mass=(m,) * len(coordinates),
        potential=trap + symbol("alpha") * PAIR_LAWS[law](r),
        candidates=(log(r), *(r**p for p in POWERS), *(x**p for p in (1, 2, 3, 4))),
        sums={"x": tuple(map(symbol, coordinates)), "r": distances(particles, dimension)},
        parameters={"k": k, "alpha": alpha},
        known=trap,
        windows={
            "origin": Window(
                f"{width:g} wide around the origin",
                (0.0,) * len(coordinates),
                width,
                closest,
                dimension=dimension,
            )
        },
    )


SYSTEM = make()
