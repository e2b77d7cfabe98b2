"""From potentials and their scattering lengths to the laws of the Born series."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, cast

import numpy as np

from interpret.experiments.born import Born
from interpret.experiments.verbs import Findings, Fit, as_concluded, as_read, drawn, traced, whole
from interpret.judge.certificate import Certificate
from interpret.judge.series import certify_series
from interpret.keep.session import Session
from interpret.laws.comparison import Comparison
from interpret.laws.law import Law
from interpret.laws.value import order as in_one_digit
from interpret.reading.tensors.baselines import RIDGES, chosen_ridge, fit_kernel, fit_polynomial
from interpret.reading.tensors.kernels import read_laws
from interpret.reading.tensors.proxy import Proxy
from interpret.reading.tensors.raw_reading import read_raw
from interpret.reading.tensors.raw_rows import RawSeries
from systems.physics.scattering import born_tensor, born_terms
from systems.problem import Problem, Samples
from systems.samples.values import ValueSamples
from systems.seeds import other_stream
from training.learn.series import ITERATIONS, Perturbation, perturb, relative_error
from training.prepare.stencils import Array
from training.recipes.paper_series import perturb_by_paper

BornFit = Fit[Born, Perturbation]

HELD_OUT: Final = 2000
MOST_KERNEL: Final = 3000
"""Kernel ridge solves a matrix of so many rows at most, in seconds."""

MOST_INPUTS: Final = 1000
MOST_SAMPLES: Final = 6000
"""Laws are read off so many samples at most, in seconds."""

FEWEST_READ: Final = 2
"""Orders that are read, were fewer asked for: the first beyond the laws weighs most on them."""

NAMES: Final = ("J", "H", "T")
TENSORS: Final = "tensors.npz"


def settled(problem: Problem, samples: Samples | None, options: Born) -> Born:
    """All orders, by our own recipe."""
    recipe = options.recipe or "default"
    return replace(options, orders=options.orders or len(NAMES), recipe=recipe)


def draw(problem: Problem, options: Born, session: Session) -> Samples:
    """Potentials with their scattering lengths."""
    samples = cast(ValueSamples, drawn(problem, options, session))
    if not options.relative_noise:
        return samples
    return samples.with_relative_noise(options.relative_noise, other_stream(options.seed))


def learn(problem: Problem, samples: Samples, options: Born, session: Session) -> BornFit:
    """Train order by order, and read the derivatives at U = 0."""
    learned = RECIPES[str(options.recipe)].learn(cast(ValueSamples, samples), options, session)
    return Fit(problem, samples, options, learned)


def read(fit: BornFit) -> tuple[Law, ...]:
    """The law of each order."""
    laws = RECIPES[str(fit.options.recipe)].read(fit)[: fit.options.orders]
    return traced(laws, fit.options.dataset, fit.options.seed)


# Its numbers are those of least squares on the samples, or all that a plain network knows.
refine = as_read
reconsidered = as_concluded
compared = whole


def judge(law: Law, fit: BornFit) -> Certificate:
    """The checks of an order, its network a witness."""
    return certify_series(law, fit.learned, fit.options.steps or ITERATIONS)


def findings(fit: BornFit, laws: Sequence[Law], comparisons: Sequence[Comparison]) -> Findings:
    """Errors of the tensors beside those of least squares and kernel ridge on the same samples.

    Where these do better the network is not needed.
    """
    samples = cast(ValueSamples, fit.samples)
    learned = fit.learned
    cells = samples.dimension
    derivatives = learned.derivatives[: fit.options.orders]
    errors = {"network": _errors(derivatives, cells)}
    errors |= _baselines(samples, fit.options)
    proxy = _proxy(derivatives, fit)
    notes = [f"a0[U] by {len(samples)} potentials of {cells} steps"]
    notes += [f"{name:20s} {_told(each)}".rstrip() for name, each in errors.items()]
    if proxy is not None:
        notes.append(f"held-out second Born approximation: median relative error {proxy:.1e}")
    notes += _effect(learned.before, derivatives, cells)
    numbers = {
        "errors": errors["network"],
        "baselines": {name: each for name, each in errors.items() if name != "network"},
        "proxy_median_error": proxy,
    }
    return Findings(tuple(notes), numbers, {TENSORS: _npz(derivatives)})


def _by_network(samples: ValueSamples, options: Born, session: Session) -> Perturbation:
    return perturb(
        samples,
        orders=max(options.orders or len(NAMES), FEWEST_READ),
        noisy=bool(options.noise or options.relative_noise),
        seed=options.seed,
        iterations=options.steps,
        monitor=session.monitor,
    )


def _by_paper(samples: ValueSamples, options: Born, session: Session) -> Perturbation:
    return perturb_by_paper(
        samples,
        orders=options.orders or len(NAMES),
        seed=options.seed,
        epochs=options.steps,
        monitor=session.monitor,
    )


def _off_samples(fit: BornFit) -> tuple[Law, ...]:
    """The laws off the samples themselves, with the directions of both networks."""
    first, second = (stage.basis.weights.numpy() for stage in fit.learned.stages)
    series = RawSeries(cast(ValueSamples, fit.samples)[:MOST_SAMPLES], second, first)
    return read_raw(series, fit.learned.derivatives, fit.problem.name)


def _off_derivatives(fit: BornFit) -> tuple[Law, ...]:
    """The laws off the derivatives, which are all that there is of a plain network."""
    samples = cast(ValueSamples, fit.samples)[:MOST_INPUTS]
    inputs = samples.x / samples.scale[:, None]
    return read_laws(*fit.learned.derivatives, inputs=inputs, system=fit.problem.name)


@dataclass(frozen=True)
class Recipe:
    """How a series is learned, and how its laws are read."""

    learn: Callable[[ValueSamples, Born, Session], Perturbation]
    read: Callable[[BornFit], tuple[Law, ...]]


RECIPES: Final[Mapping[str, Recipe]] = {
    "default": Recipe(_by_network, _off_samples),
    "paper": Recipe(_by_paper, _off_derivatives),
}


def _errors(derivatives: tuple[Array, ...], cells: int) -> dict[str, float]:
    """The relative Frobenius error of every derivative, n! times the Born tensor being true."""
    factorial = 1
    errors = {}
    for order, (name, tensor) in enumerate(zip(NAMES, derivatives, strict=False), start=1):
        factorial *= order
        errors[name] = relative_error(tensor, factorial * born_tensor(order, cells))
    return errors


def _baselines(samples: ValueSamples, options: Born) -> dict[str, dict[str, float]]:
    """Least squares of a quadratic, and power-series kernel ridge, on the same samples."""
    cells = samples.dimension
    few = samples[:MOST_KERNEL]
    noisy = options.noise or options.relative_noise
    ridge = chosen_ridge(few) if noisy else RIDGES[0]
    kernel = fit_kernel(few, order=max(options.orders or 0, 2), ridge=ridge)
    found = {"kernel ridge": _errors(kernel, cells)}
    unknowns = cells * (cells + 3) // 2
    if len(samples) > unknowns:
        found["least squares"] = _errors(fit_polynomial(samples, order=2), cells)
    return found


def _effect(before: Array | None, derivatives: tuple[Array, ...], cells: int) -> list[str]:
    """What subtracting the leading order has done to the Hessian, in words, or nothing."""
    if before is None or len(derivatives) == 1:
        return []
    truth = 2 * born_tensor(2, cells)
    then, now = (relative_error(hessian, truth) for hessian in (before, derivatives[1]))
    return [
        f"the Hessian is off by {then:.0%} in the network trained on a0 itself, and by "
        f"{now:.0%} once the leading order is subtracted"
    ]


def _proxy(derivatives: tuple[Array, ...], fit: BornFit) -> float | None:
    """The learned second Born approximation against the exact one, on potentials held out."""
    if len(derivatives) == 1:
        return None
    held_out = fit.problem.draw(fit.options.dataset, other_stream(fit.options.seed), HELD_OUT)
    potentials = cast(ValueSamples, held_out).x
    potentials = potentials[potentials.any(axis=1)]
    exact = born_terms(potentials, 2).sum(axis=-1)
    return float(np.median(np.abs(Proxy.of(*derivatives[:2])(potentials) / exact - 1)))


def _told(errors: Mapping[str, float]) -> str:
    return "   ".join(f"{name} {in_one_digit(error)}" for name, error in errors.items())


def _npz(derivatives: tuple[Array, ...]) -> bytes:
    stream = io.BytesIO()
    named: dict[str, Any] = dict(zip(NAMES, derivatives, strict=False))
    np.savez_compressed(stream, **named)
    return stream.getvalue()
