"""A map of one's own: learned by a network, expanded, and read by a candidate library."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import Any, Final, cast

import numpy as np

from interpret.experiments.chosen import way_down
from interpret.experiments.values import Values
from interpret.experiments.verbs import (
    Findings,
    Fit,
    as_concluded,
    as_read,
    drawn,
    refuse_drawing,
    whole,
)
from interpret.judge.certificate import Certificate
from interpret.judge.map_values import ROUND_OFF, certify_values
from interpret.keep.session import Session
from interpret.laws.comparison import Comparison
from interpret.laws.forms import Sum
from interpret.laws.judgement import Judgement, Origin
from interpret.laws.law import Law
from interpret.laws.parts import MAP, Part, Variables
from interpret.laws.value import order as in_one_digit
from interpret.reading.regression import criterion
from interpret.select.library import Library, monomials
from interpret.select.matrix import Compressed, Support
from systems.problem import Problem, Samples
from systems.samples.values import ValueSamples
from training.learn.maps import ValueFit, learn_values
from training.prepare.stencils import Array

MapFit = Fit[Values, ValueFit]

BLOCK: Final = 2048
"""Samples whose candidates are in memory at a time: they stay in the processor's cache."""

MOST_CANDIDATES: Final = 300
"""A library of monomials grows no larger than that; the samples must tell them apart."""

MOST_DEGREE: Final = 4
SAMPLES_A_CANDIDATE: Final = 3
HIGHEST: Final = 3
MOST_ENTRIES: Final = 100_000
"""Taylor tensors larger than that are not written down."""

TENSORS: Final = "tensors.npz"


def settled(problem: Problem, samples: Samples | None, options: Values) -> Values:
    """The options as they are; measured samples are not drawn."""
    if samples is not None:
        refuse_drawing(options)
    return options


def draw(problem: Problem, options: Values, session: Session) -> Samples:
    """Inputs with the values of the map there."""
    return drawn(problem, options, session)


def learn(problem: Problem, samples: Samples, options: Values, session: Session) -> MapFit:
    """Learn the map by a network, which knows no candidates."""
    values = cast(ValueSamples, samples)
    learned = learn_values(values, options.seed, options.steps, session.monitor)
    return Fit(problem, samples, options, learned)


def read(fit: MapFit) -> tuple[Law, ...]:
    """The smallest law of the library that misses the samples no more than all of it.

    The constant is a candidate like any other: y = f(x) has no gauge.
    """
    samples = cast(ValueSamples, fit.samples)
    learned = fit.learned
    names = samples.names[:-1]
    library = _library(fit, names)
    problem = _compressed(library, samples, names)
    # What all candidates together leave is noise where the network leaves as much.
    rule = criterion(True, fit.options.threshold, fit.options.optimizer or "path")
    support = rule.choose(problem).support
    kept = list(support)
    solved, residual = problem.solve(support)
    law = Law(
        origin=Origin(fit.problem.name, fit.options.dataset, fit.options.seed),
        parts=(Part(MAP, tuple(library.candidates[k] for k in kept), library.candidates),),
        coefficients=solved[kept],
        covariance=_covariance(problem, support, residual),
        variables=Variables(_domain(samples, names), {}),
        judgement=Judgement(chi2_per_n=(residual / max(learned.held_out, ROUND_OFF)) ** 2),
        form=Sum(samples.names[-1]),
    )
    return (law,)


# Its numbers are those of least squares on the samples already.
refine = as_read
reconsidered = as_concluded
compared = whole


def judge(law: Law, fit: MapFit) -> Certificate:
    """The checks of the law on the samples, with the network as a witness of their noise."""
    kept = len(law.terms) / len(law.candidates) if _powers(fit) else 0.0
    return certify_values(law, cast(ValueSamples, fit.samples), fit.learned, kept)


def findings(fit: MapFit, laws: Sequence[Law], comparisons: Sequence[Comparison]) -> Findings:
    """How well the network predicts, and its Taylor tensors about the mean of the inputs."""
    samples = cast(ValueSamples, fit.samples)
    learned = fit.learned
    center = samples.x.mean(axis=0)
    sizes = [len(center) ** order for order in range(1, HIGHEST + 1)]
    order = len(list(takewhile(lambda size: size <= MOST_ENTRIES, sizes)))
    tensors = learned.tensors(center, order)
    stream = io.BytesIO()
    named: dict[str, Any] = {f"order{n}": part for n, part in enumerate(tensors, start=1)}
    np.savez_compressed(stream, center=center, **named)
    where = ", ".join(f"{value:.4g}" for value in center[:HIGHEST])
    more = ", ..." if len(center) > HIGHEST else ""
    notes = (
        f"{samples!r}; the network misses held-out values by {in_one_digit(learned.held_out)} of "
        f"their spread",
        f"Taylor tensors about ({where}{more}) to order {order} in {TENSORS}",
    )
    problem = _compressed(Library(laws[0].candidates), samples, samples.names[:-1])
    files = {TENSORS: stream.getvalue(), **way_down(laws[0], problem)}
    return Findings(notes, {"held_out_error": learned.held_out}, files)


def _library(fit: MapFit, names: Sequence[str]) -> Library:
    """The candidates asked for, the problem's own, or monomials as far as the samples tell them."""
    asked = fit.options.library
    if isinstance(asked, Library):
        return asked
    if asked is not None:
        return Library.parse(asked, names)
    if fit.problem.candidates:
        return Library(fit.problem.candidates)
    most = min(MOST_CANDIDATES, len(fit.samples) // SAMPLES_A_CANDIDATE)
    library = Library([1])
    for degree in range(1, MOST_DEGREE + 1):
        larger = Library([1]) + monomials(names, degree)
        if len(larger) > most:
            break
        library = larger
    return library


def _compressed(library: Library, samples: ValueSamples, names: Sequence[str]) -> Compressed:
    """The candidates' values against y, relative to the spread of y, never all at once."""
    size = float(np.linalg.norm(samples.y - samples.y.mean()))

    def blocks() -> Iterator[tuple[Array, Array]]:
        for start in range(0, len(samples), BLOCK):
            some = samples[start : start + BLOCK]
            yield library.evaluate(some.x, names) / size, some.y[:, None] / size

    (found,) = Compressed.streamed(blocks, tuple(map(str, library)))
    return found


def _covariance(problem: Compressed, support: Support, residual: float) -> Array:
    """s² (AᵀA)⁻¹, and what round-off adds to it, √n-fold for the n rows that were factorised.

    Source: N. J. Higham, Accuracy and Stability of Numerical Algorithms (2002), chapter 2: errors
    of n operations add up like a random walk.
    """
    variance = residual**2 / max(1, problem.rows - len(support))
    rounding = problem.rows * problem.rounding(support) ** 2
    return variance * problem.inverse_gram(support) + np.diag(rounding)


def _powers(fit: MapFit) -> bool:
    """Whether the library is one of powers, because nobody named candidates."""
    return fit.options.library is None and not fit.problem.candidates


def _domain(samples: ValueSamples, names: Sequence[str]) -> dict[str, tuple[float, float]]:
    ends = zip(samples.x.min(axis=0).tolist(), samples.x.max(axis=0).tolist(), strict=True)
    return dict(zip(names, ends, strict=True))
