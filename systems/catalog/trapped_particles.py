"""N identical particles in a harmonic trap, with any law between pairs of them.

    L = Σ_i (m |ẋ_i|² - k |x_i|²)/2 - α Σ_{i<j} w(|x_i - x_j|)   in one to three dimensions

E. Bigwood's two charges (weekly reports of 14 and 30 May 2025) are N = 2 with w = 1/r. Samples are
random points of phase space with their exact accelerations, no two particles closer than the gap.
Potential and candidates are written in x, which stands for every coordinate, and r, which stands
for every distance: each term is summed over all of them.
"""

from dataclasses import dataclass
from inspect import signature
from itertools import combinations
from typing import Any

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


@dataclass(frozen=True)
class Trapped:
    """So many particles of mass m in a trap of stiffness k, with one law for every pair of them.

    Without a gap a pair keeps 0.1, in lennard_jones 0.35, and more than two particles 0.15.

    >>> Trapped().coordinates, Trapped(dimension=2).coordinates
    (('q0', 'q1'), ('x0', 'y0', 'x1', 'y1'))
    >>> Trapped().distances
    (sqrt((q0 - q1)**2),)
    """

    law: str = "coulomb"
    particles: int = 2
    dimension: int = 1
    k: float = 4.0
    alpha: float = 1.0
    m: float = 1.0
    gap: float = 0.0

    def __post_init__(self) -> None:
        if self.law not in PAIR_LAWS:
            raise InputError(
                f"there is no pair law {self.law!r}; there are {', '.join(PAIR_LAWS)}."
                f"{nearest(self.law, PAIR_LAWS)}"
            )
        if self.particles < 2 or self.dimension not in (1, 2, 3):
            raise InputError(
                f"there must be two or more particles in 1, 2 or 3 dimensions, not "
                f"{self.particles} in {self.dimension}."
            )

    @property
    def coordinates(self) -> tuple[str, ...]:
        """q0, q1, ... in one dimension, else x0, y0, x1, y1, ..."""
        axes = "q" if self.dimension == 1 else AXES[: self.dimension]
        return tuple(f"{axis}{i}" for i in range(self.particles) for axis in axes)

    @property
    def distances(self) -> tuple[Expr, ...]:
        """The distance of every pair."""
        places = list(map(symbol, self.coordinates))
        points = [places[i : i + self.dimension] for i in range(0, len(places), self.dimension)]
        return tuple(
            sqrt(sympy.Add(*((a - b) ** 2 for a, b in zip(one, other, strict=True))))
            for one, other in combinations(points, 2)
        )

    @property
    def window(self) -> Window:
        """Wide enough to hold them all, with their gap."""
        width = 2.0 if self.dimension == 3 or self.particles == 2 else float(self.particles)
        gap = self.gap or CLOSEST.get(self.law, 0.1 if self.particles == 2 else 0.15)
        center = (0.0,) * len(self.coordinates)
        summary = f"{width:g} wide around the origin"
        return Window(summary, center, width, gap, dimension=self.dimension)

    def problem(self) -> Problem:
        """The motion, with its window."""
        trap = symbol("k") * x**2 / 2
        what = f"{self.particles} particles in a harmonic trap, {self.dimension}-D"
        return System(
            name="trapped_particles",
            summary=f"{what}, pair law {self.law}",
            reference="after E. Bigwood, weekly reports of 14 and 30 May 2025",
            coordinates=self.coordinates,
            mass=(self.m,) * len(self.coordinates),
            potential=trap + symbol("alpha") * PAIR_LAWS[self.law](r),
            candidates=(log(r), *(r**p for p in POWERS), *(x**p for p in (1, 2, 3, 4))),
            sums={"x": tuple(map(symbol, self.coordinates)), "r": self.distances},
            parameters={"k": self.k, "alpha": self.alpha},
            known=trap,
            windows={"origin": self.window},
        )


def make(**given: Any) -> Problem:
    """The problem of other particles than two charges: what may be given are `Trapped`'s fields."""
    return Trapped(**given).problem()


# What `--set` gives is read as the kinds that these defaults have.
vars(make)["__signature__"] = signature(Trapped)
SYSTEM = make()
