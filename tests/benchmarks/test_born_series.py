"""The Born series off networks, beside the plain recipe, least squares and kernel ridge."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from interpret.reading.tensors import chosen_ridge, fit_kernel, fit_polynomial
from systems.catalog import born
from systems.physics.scattering import born_tensor
from systems.samples.values import ValueSamples
from training.learn.series import perturb, relative_error
from training.prepare.stencils import Array
from training.recipes.paper_series import perturb_by_paper

pytestmark = pytest.mark.benchmark(timer=time.process_time)

TITLE = "The Born series"
NOTE = """
The first three derivatives J, H, T of the scattering length at U = 0, from so many potentials of 64
steps with amplitudes from 0.02 to 2: relative errors in Frobenius' norm. Noise is local, 0.1 % of
each value. Ours: two networks, the second of functions that begin at second order. The plain
recipe: Adam, GELU 64-64-64-1, the leading order subtracted. Least squares: a polynomial of second
degree; with amplitudes of one's own choosing, all of them 0.001, it is free of the higher orders,
and then wins by decades in J and H, unless there is noise, which small amplitudes drown in. It has
no third order: that would be 45760 more unknowns. An error of 1 or more is that of knowing nothing.
"""
NOISE = 1e-3
TINY = 1e-3
UNKNOWNS = 64 * 67 // 2
TRUTH = tuple(math.factorial(order) * born_tensor(order) for order in (1, 2, 3))

Method = Callable[[ValueSamples], tuple[Array, ...]]


def ours(samples: ValueSamples, noisy: bool) -> tuple[Array, ...]:
    found = perturb(samples, orders=3, noisy=noisy)
    return found.derivatives


def plain(samples: ValueSamples) -> tuple[Array, ...]:
    return perturb_by_paper(samples).derivatives


def errors(found: tuple[Array, ...]) -> list[float]:
    pairs = zip(found, TRUTH, strict=False)
    return [relative_error(tensor, truth) for tensor, truth in pairs]


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("noise", [0.0, NOISE], ids=["clean", "noisy"])
@pytest.mark.parametrize("count", [1500, 3000])
def test_the_born_series(benchmark, record, count, noise):
    system = born.make()
    samples = system.draw(seed=0, count=count).with_relative_noise(noise, seed=1)
    small = (
        born.make(smallest=TINY, largest=TINY)
        .draw(seed=0, count=count)
        .with_relative_noise(noise, 1)
    )
    power = 1.0 if noise else 2.0
    few = samples[:3000]
    ridge = chosen_ridge(few) if noise else 1e-10
    methods: dict[str, tuple[Method, ValueSamples]] = {
        "ours": (partial(ours, noisy=noise > 0), samples),
        "the plain recipe": (plain, samples),
        "kernel ridge": (partial(fit_kernel, order=3, ridge=ridge), few),
    }
    if count > UNKNOWNS:
        squares = partial(fit_polynomial, order=2, weight=power)
        methods["least squares"] = (squares, samples)
        methods["least squares, amplitudes chosen"] = (squares, small)

    def all_of_them() -> dict[str, list[float]]:
        told = {}
        for name, (method, given) in methods.items():
            started = time.process_time()
            told[name] = errors(method(given))
            seconds = time.process_time() - started
            numbers = [f"{error:.1e}" for error in told[name]] + ["", ""]
            row = {"potentials": str(count), "noise": f"{noise:g}", "": name}
            row |= dict(zip("JHT", numbers, strict=False))
            record(TITLE, NOTE, {**row, "CPU s": f"{seconds:.1f}"})
        return told

    told = benchmark.pedantic(all_of_them, rounds=1)
    # Under noise the first derivative is no better than what kernel ridge has of it.
    compared = slice(1 if noise else 0, 2)
    for rival in ("the plain recipe", "kernel ridge"):
        assert np.all(np.array(told["ours"][compared]) < np.array(told[rival][compared])), rival
    assert told["ours"][2] < told["kernel ridge"][2]
