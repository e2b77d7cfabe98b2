"""Two like charges in a harmonic trap, E. Bigwood, weekly reports of 14 and 30 May 2025.

    L = (m0 q̇0² + m1 q̇1²)/2 - k (q0² + q1²)/2 - α/|q0 - q1|   in one dimension

Samples are random points of phase space with their exact accelerations; points with |q0 - q1| under
0.1 are left out. The windows are those of the reports. Particles at rest at a fixed point
q0 = -q1 = (α/4k)^(1/3) stay there.
"""

import sympy
from sympy import Expr

from systems.errors import InputError
from systems.expressions import symbol
from systems.problem import Problem
from systems.samples.phase_space import Window
from systems.system import System

q0, q1, r = map(symbol, ("q0", "q1", "r"))
DISTANCE = sympy.sqrt((q0 - q1) ** 2)
MONOMIALS = [(i, j) for i in range(7) for j in range(i + 1) if 0 < i + j <= 6]


def candidates(identical: bool) -> tuple[Expr, ...]:
    """log r, powers of r, and monomials in q0, q1 to degree 6.

    Identical particles may be exchanged: each monomial is then summed with its mirror image.
    """
    pair = [sympy.log(r), *(r**p for p in (-4, -3, -2, -1, 1, 2, 3, 4))]
    if identical:
        tied = [q0**i * q1**j + (q1**i * q0**j if i != j else 0) for i, j in MONOMIALS]
        return (*pair, *tied)
    free = [q0**i * q1**j for i in range(5) for j in range(5) if 0 < i + j <= 4]
    return (*pair, *free)


def make(
    k: float = 4.0, alpha: float = 1.0, m0: float = 1.0, m1: float = 1.0, gap: float = 0.1
) -> Problem:
    """Two charges of masses m0, m1 and product α > 0 of charges, in a trap of stiffness k > 0."""
    if not (k > 0 and alpha > 0):
        raise InputError(f"k and alpha must be positive, not {k:g} and {alpha:g}.")
    a = (alpha / (4 * k)) ** (1 / 3)
    trap = symbol("k") * (q0**2 + q1**2) / 2
    return System(
        name="trapped_charges",
        summary="two like charges in a harmonic trap, V = k (q0² + q1²)/2 + α/|q0 - q1|",
        reference="E. Bigwood, weekly reports of 14 and 30 May 2025",
        coordinates=("q0", "q1"),
        mass=(m0, m1),
        potential=trap + symbol("alpha") / r,
        candidates=candidates(identical=m0 == m1),
        features={"r": DISTANCE},
        parameters={"k": k, "alpha": alpha},
        known=trap,
        windows={
            "origin": Window("2 wide around the origin", (0.0, 0.0), 2.0, gap),
            "far": Window("2 wide, both displaced to the same side", (10.0, 10.0), 2.0, gap),
            "far_opposite": Window("2 wide, displaced to two sides", (10.0, -10.0), 2.0, gap),
            "fixed_point": Window("0.1 wide at a fixed point", (a, -a), 0.1, gap),
            "narrow": Window("0.0002 wide at a fixed point", (a, -a), 0.0002, gap),
            "one_side": Window(
                "0.7 wide at a fixed point, q0 > q1", (a, -a), 0.7, gap, ordered=True
            ),
            "pinhole": Window("0.0003 wide at a fixed point", (a, -a), 0.0003, gap, count=2000),
        },
    )


SYSTEM = make()
