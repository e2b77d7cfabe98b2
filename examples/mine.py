"""A system of one's own: a bead on a wire between two magnets, as `interpret fit` takes it."""

import numpy as np

from systems import Dataset, System
from systems.expressions import parse, parse_list


def slides(seed):
    """Six slides from places drawn at random, at rest, 301 points each."""
    x = np.random.default_rng(seed).uniform(-1.6, 1.6, (6, 1))
    return SYSTEM.flow(x, 0 * x, np.linspace(0, 6, 301))


SYSTEM = System(
    name="bead",
    summary="a bead on a wire between two magnets",
    reference="examples/mine.py",
    coordinates=("x",),
    mass=(1.0,),
    potential=parse("x**4/4 - x**2"),
    candidates=parse_list("x, x**2, x**3, x**4, x**5, x**6"),
    datasets={"slides": Dataset(summary="6 slides", draw=slides)},
)
