"""The scattering length of shallow potentials, B. Kaspschak, U.-G. Meißner, arXiv:2009.03192.

    u'' + U u = 0 on 0 <= r <= 1,   u(0) = 0,   a0 = 1 - u(1)/u'(1)

The inputs are the heights U_i >= 0 of the steps of an attractive potential, in units of its range
(U = -2μρ²V), the value is its S-wave scattering length a0. Drawn potentials bind nothing, so their
Born series converges; its terms and tensors are in `systems.physics.scattering`.

Each sample keeps a step with a probability of its own, uniform in [0.1, 1]; the steps kept are
uniform in [0, A], where the amplitude A is log-uniform. Steps of their own, rather than smooth
curves, are what tells the single ones apart.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from systems.errors import InputError
from systems.physics.scattering import density, scattering_length
from systems.problem import Dataset, Map, Problem, Report
from systems.samples.values import ValueSamples

COUNT = 3000
FEWEST_KEPT = 0.1
BINDING = 2.0
"""Steps up to this height bind nothing, wherever they are: ∫ r U dr <= 1."""


def mask(seed: int, count: int, steps: int, smallest: float, largest: float) -> ValueSamples:
    """Potentials (count, steps) with their a0; the scale of each is its amplitude A.

    >>> samples = mask(seed=0, count=100, steps=64, smallest=0.02, largest=2.0)
    >>> samples, bool((samples.x <= samples.scale[:, None]).all()), bool((samples.y < 0).all())
    (100 samples of 64 inputs, True, True)
    """
    rng = np.random.default_rng(seed)
    keep = rng.uniform(FEWEST_KEPT, 1, (count, 1))
    shapes = rng.random((count, steps)) * (rng.random((count, steps)) < keep)
    amplitudes = np.exp(rng.uniform(np.log(smallest), np.log(largest), count))
    potentials = shapes * amplitudes[:, None]
    return ValueSamples(potentials, scattering_length(potentials), amplitudes)


def make(steps: int = 64, smallest: float = 0.02, largest: float = BINDING) -> Problem:
    """Potentials of so many steps, with amplitudes between `smallest` and `largest`."""
    if steps < 1:
        raise InputError(f"a potential has one step or more, not {steps}.")
    if not 0 < smallest <= largest <= BINDING:
        raise InputError(
            f"amplitudes run from a positive smallest to a largest of {BINDING:g} at most, beyond "
            f"which a potential may bind, not from {smallest:g} to {largest:g}."
        )
    inputs = tuple(f"U{step}" for step in range(1, steps + 1))

    def draw(seed: int, count: int | None = None, report: Report | None = None) -> ValueSamples:
        samples = mask(seed, COUNT if count is None else count, steps, smallest, largest)
        return replace(samples, names=(*inputs, "a0"))

    return Problem(
        name="born",
        summary="the S-wave scattering length a0 of shallow attractive potentials of equal steps",
        reference="B. Kaspschak, U.-G. Meißner, arXiv:2009.03192",
        datasets={"mask": Dataset(f"{COUNT} potentials, some of their steps left out", draw)},
        experiment="born",
        map=Map(
            inputs,
            "a0",
            truths={f"a{order}": density(order) for order in (1, 2, 3)},
            parameters={"steps": steps, "smallest": smallest, "largest": largest},
        ),
    )


SYSTEM = make()
