"""A part of a law along its one variable, with its error band, beside the truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from sympy import Expr

from interpret.laws.law import Law
from interpret.laws.parts import Part, gauged
from interpret.select.library import Library
from systems.integrate import compile

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[np.float64]
Numbers = Mapping[str, Array]
POINTS: Final = 400
MARGIN: Final = 1e-3
"""Curves end so far inside the data, as a part of their range: a pole may lie at its edge."""


def band(
    terms: Sequence[Expr],
    covariance: Array,
    x: Array,
    names: tuple[str, ...],
    seen: slice | NDArray[np.bool_] = slice(None),
) -> Array:
    """σ(x) = √(φᵀ C φ) of Σ c φ less its mean over the points: what the gauge fixes has no error.

    `covariance` (k, k) is that of the terms, x (n, f); the result is (n,). The mean is that over
    the points `seen`.

    >>> from systems.expressions import symbol
    >>> q = symbol("q")
    >>> band([q], np.array([[0.01]]), np.array([[-1.0], [1.0]]), ("q",))
    array([0.1, 0.1])
    """
    values = Library(tuple(terms)).evaluate(x, names)
    values = values - values[seen].mean(axis=0)
    variance = np.einsum("nk,kl,nl->n", values, covariance, values)
    sigma: Array = np.sqrt(np.maximum(variance, 0.0))
    return sigma


def profile_numbers(law: Law, part: Part, truth: Expr | None) -> dict[str, Array]:
    """What `profile` draws: x, the part's values, their σ and, in the same variable, the truth's.

    Nothing for a part of several variables, or of one whose range is not known. A part with a gauge
    is less its mean.
    """
    names = sorted({s.name for term in part.terms for s in term.free_symbols})
    low, high = law.domain.get(names[0], (0.0, 0.0)) if len(names) == 1 else (0.0, 0.0)
    if not high > low:
        return {}
    inset = MARGIN * (high - low)
    x = np.linspace(low + inset, high - inset, POINTS)[:, None]
    some = [k for k, each in enumerate(law.measured()) if each.part == part.name]
    values = Library(part.terms).evaluate(x, tuple(names)) @ law.coefficients[some]
    numbers = {"x": x[:, 0], "law": values}
    covariance = law.covariance[np.ix_(some, some)]
    if np.isfinite(covariance).all():
        numbers["band"] = band(part.terms, covariance, x, tuple(names))
    if truth is not None and {s.name for s in truth.free_symbols} == set(names):
        numbers["truth"] = compile([truth], tuple(names))(x)[:, 0]
    if gauged(part.name):
        numbers |= {k: numbers[k] - numbers[k].mean() for k in ("law", "truth") if k in numbers}
    return numbers


def profile(numbers: Numbers, labels: Sequence[str]) -> Figure:
    """The part with its band of two σ over its variable; below, how far it is from the truth.

    ``labels`` are what is drawn, such as V with its mean removed, and its variable.
    """
    from matplotlib.figure import Figure

    quantity, variable = labels
    known = "truth" in numbers
    figure = Figure(figsize=(7, 5.2 if known else 3.8), layout="constrained")
    rows = figure.subplots(2 if known else 1, 1, height_ratios=[5, 2][: 1 + known], sharex=True,
                           squeeze=False)  # fmt: skip
    above, below = rows[0, 0], rows[-1, 0]
    x, law = numbers["x"], numbers["law"]
    if known:
        above.plot(x, numbers["truth"], color="0.6", lw=5, alpha=0.6, label="truth")
    if "band" in numbers:
        two = 2 * numbers["band"]
        above.fill_between(x, law - two, law + two, alpha=0.25, lw=0, label="two σ")
    above.plot(x, law, label="law")
    above.set_ylabel(quantity)
    above.legend()
    if known:
        missed = law - numbers["truth"]
        if "band" in numbers:
            below.fill_between(x, -two, two, alpha=0.25, lw=0)
        below.plot(x, missed)
        below.axhline(0, color="0.6", lw=0.7)
        below.set_ylabel("law - truth")
    below.set_xlabel(variable)
    above.margins(x=0)
    return figure
