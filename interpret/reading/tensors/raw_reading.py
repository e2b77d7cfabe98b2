"""The laws of a series read off raw samples, one order after the other.

An order is read where those below it are known: its candidates' values on the samples beside the
laws found so far, and beside powers of the network's directions for the orders beyond (`raw_rows`).
In the end the coefficients of all laws are solved for together (`raw_numbers`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, cast

import numpy as np

from interpret.laws.integrals import BornIntegral
from interpret.laws.law import Law
from interpret.laws.value import order as in_one_digit
from interpret.reading.tensors.kernel_candidates import Reading, candidates, columns
from interpret.reading.tensors.kernels import PLAIN, Kernel, read_at_knee, read_kernel
from interpret.reading.tensors.measures import Values
from interpret.reading.tensors.raw_numbers import (
    Numbers,
    rest,
    settings_of,
    solve_together,
)
from interpret.reading.tensors.raw_rows import RawSeries, Setting
from interpret.select.knee import Knee
from systems.physics.scattering.symmetric import Array, Packing

SIGNIFICANT: Final = 3.0
"""Error bars; a term within them is none."""

ALARM: Final = 3.0
"""A law may miss the samples so many times as much as the network's own part of its order does."""


def read_raw(series: RawSeries, derivatives: Sequence[Array], system: str) -> tuple[Law, ...]:
    """The laws of the orders 1, 2, ... whose `derivatives` at 0 the network has.

    Which terms a law has is decided by what the samples leave, at the weights and with the orders
    beyond by which samples that are left out one by one are predicted best. Numbers and error bars
    of all identified laws come from one least squares fit.

    - "not in the library" is a law that misses the samples by more than three times what the
      network's own part of this order does;
    - "ambiguous" one that leaves more to the other candidates than all of them leave: noise is
      nearly all outside a library of far fewer candidates than samples.
    """
    columns_of: dict[int, Array] = {}
    kernels: dict[int, Kernel] = {}
    for order, derivative in enumerate(derivatives, start=1):
        measure = Values(Packing(order, series.samples.dimension), series.samples.x)
        columns_of[order] = measure(columns(candidates(order), series.samples.dimension))
        kernels[order] = _read(series, derivative, columns_of[order], system)
        series = _knowing(series, kernels[order], columns_of[order])
    for order, derivative in enumerate(derivatives, start=1):
        # Once those beyond are known: what they leave looks like terms of this one.
        smaller = _significant(series, kernels[order], derivative, columns_of[order])
        if smaller is not None:
            kernels[order] = smaller
            series = _knowing(series, smaller, columns_of[order])
    together = solve_together(series) if series.known else None
    return tuple(
        _numbered(kernel.law, together if order in series.known else _alone(series, kernel, own))
        for (order, kernel), own in zip(kernels.items(), columns_of.values(), strict=True)
    )


def _own(kernel: Kernel, values: Array) -> tuple[int, Array]:
    """The order of a law, and the columns of its terms among all candidates' `values`."""
    order = cast(BornIntegral, kernel.law.form).order
    library = candidates(order)
    return order, values[:, [library.index(powers) for powers in kernel.powers]]


def _knowing(series: RawSeries, kernel: Kernel, values: Array) -> RawSeries:
    """The series with this order known, too, where it is identified."""
    return _with(series, *_own(kernel, values)) if kernel.law.verdict == "identified" else series


def _alone(series: RawSeries, kernel: Kernel, values: Array) -> Numbers | None:
    """The numbers of a law that is not identified, beside those that are."""
    return solve_together(_with(series, *_own(kernel, values)))


def _with(series: RawSeries, order: int, columns: Array) -> RawSeries:
    """The series with the columns of one order known, too."""
    return replace(series, known={**series.known, order: columns})


def _significant(
    series: RawSeries, kernel: Kernel, derivative: Array, values: Array
) -> Kernel | None:
    """The law without terms that its numbers do not tell from 0, if that is the best so small.

    None where it has none. What is left to the candidates is no white noise: a term may halve it
    and be nothing.
    """
    if len(kernel.powers) == 1 or kernel.law.verdict == "not in the library":
        return None
    numbers = _alone(series, kernel, values)
    if numbers is None:
        return None
    part = numbers.parts[derivative.ndim]
    stderr = np.sqrt(np.diag(numbers.covariance)[part])
    told = np.abs(numbers.coefficients[part]) > SIGNIFICANT * stderr
    if told.all() or not told.any():
        return None
    knee = Knee(most=int(told.sum()), enough=True)
    smaller = _read(series, derivative, values, kernel.law.system, knee)
    wanted = {powers for powers, one in zip(kernel.powers, told, strict=True) if one}
    return smaller if set(smaller.powers) == wanted else None


def _read(
    series: RawSeries, derivative: Array, values: Array, system: str, knee: Knee = PLAIN
) -> Kernel:
    """The law of an order, where those below it are known as far as they are.

    Where samples are too few for all columns, it is read off the derivative itself.
    """
    order, library = derivative.ndim, candidates(derivative.ndim)
    settings = settings_of(series, order)[::2]
    if not settings:
        return read_kernel(derivative, system=system)
    setting = min(settings, key=lambda each: _unseen(series, order, values, each))
    rows = series.rows(order, setting)
    target = rows.seen(series.samples.y)
    reading = Reading.by(rows, library, rows.seen(values), target)
    kernel = read_at_knee(reading, system, knee)
    own = rows(rows.packing.pack(derivative) / math.factorial(order))
    missed = kernel.residual * reading.size / float(np.linalg.norm(target - own))
    if missed > ALARM:
        reason = (
            f"the law misses the samples by {in_one_digit(missed)} times what the network's own "
            "part of this order does"
        )
        law = kernel.law.doubted("not in the library", reason)
        return replace(kernel, law=replace(law, recognised=()))
    inside = math.sqrt(max(kernel.residual**2 - kernel.floor**2, 0.0))
    if kernel.law.verdict != "identified" or inside <= kernel.floor or knee.enough:
        return kernel
    reason = "what the law leaves is for the most part not noise, but more of the candidates"
    return replace(kernel, law=kernel.law.doubted("ambiguous", reason))


def _unseen(series: RawSeries, order: int, values: Array, setting: Setting) -> float:
    """What is missed of samples, each left out in its turn, relative to what is seen of them.

    Source: D. M. Allen, Technometrics 16 (1974) 125, for residuals over one minus leverage.
    """
    rows = series.rows(order, setting)
    target = rows.seen(series.samples.y)
    seen = rows.seen(values)
    basis = np.linalg.qr(seen / np.linalg.norm(seen, axis=0))[0]
    left = target - basis @ (basis.T @ target)
    missed = left / rest(np.hstack([basis, rows.beside]))
    return float(np.linalg.norm(missed) / np.linalg.norm(target))


def _numbered(law: Law, numbers: Numbers | None) -> Law:
    """The law with numbers from the fit of all that are known, itself among them."""
    if numbers is None or law.verdict == "not in the library":
        return law
    part = numbers.parts[cast(BornIntegral, law.form).order]
    chi2 = law.judgement.chi2_per_n
    return law.refined(numbers.coefficients[part], numbers.covariance[part, part], chi2)
