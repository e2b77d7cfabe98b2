"""A pole on a cart: A. G. Barto, R. S. Sutton, C. W. Anderson, IEEE Trans. SMC 13, 834 (1983).

    L = x'²/2 + x' th' cos(th)/10 + th'²/30 - cos(th),     R = f (x'² + th'²/10)/2

The pole is a rod of a tenth of all mass that stands at th = 0; cart and joint have friction.
Without it P = x' + th' cos(th)/10 is conserved, and L + c P² moves everything as L does.
"""

import numpy as np

from systems.expressions import parse
from systems.problem import Dataset, Problem
from systems.samples.trajectories import Trajectories
from systems.system import System

t = 0.02 * np.arange(401)


def make(friction: float = 0.1) -> Problem:
    """The cart and its pole with friction of this strength f."""

    def falls(seed: int | list[int]) -> Trajectories:
        """Four falls of a pole that leans by 0.2 to 2 rad, for eight seconds."""
        rng = np.random.default_rng(seed)
        lean = rng.uniform(0.2, 2, 4) * rng.choice([-1, 1], 4)
        q = np.column_stack([rng.uniform(-1, 1, 4), lean])
        return problem.flow(q, rng.uniform(-1, 1, (4, 2)), t)

    problem = System(
        name="cart_pole",
        summary="a pole that falls on a cart; masses depend on the position",
        reference="A. G. Barto, R. S. Sutton, C. W. Anderson, IEEE Trans. SMC 13, 834 (1983)",
        coordinates=("x", "th"),
        mass=(1.0, 1.0),
        kinetic=parse("xd**2/2 + xd*thd*cos(th)/10 + thd**2/30"),
        potential=parse("cos(th)"),
        others={"dissipative": parse(f"{friction!r}*(xd**2 + thd**2/10)/2")} if friction else {},
        candidates=tuple(map(parse, ("x", "x**2", "cos(th)", "sin(th)", "cos(2*th)", "sin(2*th)"))),
        datasets={
            "falls": Dataset(
                summary="4 falls of a pole that leans, 401 points with h = 0.02",
                draw=falls,
                held_out=lambda seed: falls([seed, 1]),
            )
        },
    )
    return problem


SYSTEM = make()
