"""What both races against PySINDy need: its library of named functions, and how near a law is."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any

import pysindy

from interpret import Comparison

Term = Callable[..., Any]


@dataclass(frozen=True)
class Score:
    """Is the support exact, and how wrong is the worst of the true coefficients?"""

    exact: bool
    error: float

    @classmethod
    def of_comparison(cls, comparison: Comparison) -> Score:
        exact = comparison.support_precision == comparison.support_recall == 1
        return cls(exact, comparison.worst_relative_error)

    @classmethod
    def of_forces(cls, found: Mapping[str, float], truth: Mapping[str, float]) -> Score:
        exact = {name for name, value in found.items() if value} == set(truth)
        return cls(exact, max(abs(found.get(name, 0) / value - 1) for name, value in truth.items()))

    @classmethod
    def worst(cls, scores: list[Score]) -> Score:
        return cls(all(s.exact for s in scores), max(s.error for s in scores))


def custom(terms: Mapping[str, Term]) -> Any:
    """PySINDy's library of the named functions."""
    return pysindy.CustomLibrary(list(terms.values()), [_called(name) for name in terms])


def _called(name: str) -> Term:
    return lambda *_: name


@contextmanager
def quiet() -> Iterator[None]:
    """PySINDy warns of its own axes, and where a threshold removes every term of an equation; the
    score tells it too."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="pysindy")
        warnings.filterwarnings("ignore", "Sparsity parameter is too big")
        yield


def cell(scores: list[Score], seconds: float) -> str:
    exact = sum(score.exact for score in scores)
    error = median(score.error for score in scores)
    return f"{exact}/{len(scores)}; {error:.0e}; {seconds:.2g} s"
