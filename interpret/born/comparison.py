"""Born laws beside the truth, -⟨r| U (G U)^(n-1) |r⟩."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy

from interpret.born import formulas
from interpret.born.laws import BornLaw
from interpret.comparison import LARGEST_Z, Verdict
from interpret.json_numbers import finite
from interpret.term import Term
from interpret.value import order as size
from systems.expressions import symbol
from systems.scattering import born_tensor, kernel
from systems.scattering.born import Powers


@dataclass(frozen=True)
class BornComparison:
    """What `compare` found.

    - `verdict`: IDENTICAL where every coefficient is the true closed form, EQUAL WITHIN ERROR where
      the terms are the true ones and each coefficient lies within 3.3 error bars, else DIFFERENT.
    - `form_exact`: whether the terms are the true ones, whatever their coefficients.
    - `terms`: every term of law or truth; `worst_relative_error` the largest over the true ones.
    - `tensor_error`: |B - B_truth| / |B_truth| of the law's tensor.
    """

    order: int
    verdict: Verdict
    form_exact: bool
    terms: tuple[Term, ...]
    tensor_error: float

    @property
    def worst_relative_error(self) -> float:
        """1 where a true term is missing."""
        return max(term.relative_error for term in self.terms if term.truth is not None)

    def __str__(self) -> str:
        form = "form exact" if self.form_exact else "form wrong"
        return (
            f"a{self.order}   {self.verdict}   {form}, coefficients within "
            f"{size(self.worst_relative_error)}, tensor within {size(self.tensor_error)}"
        )

    def to_json(self) -> dict[str, Any]:
        """The comparison as plain strings, numbers, lists and dicts."""
        return {
            "order": self.order,
            "verdict": self.verdict,
            "form_exact": self.form_exact,
            "terms": [term.to_json() for term in self.terms],
            "worst_relative_error": finite(self.worst_relative_error),
            "tensor_error": finite(self.tensor_error),
        }


def compare(law: BornLaw, cells: int = 16) -> BornComparison:
    """The law beside the Born series, its tensor on so many cells.

    >>> from interpret.born.laws import read_law
    >>> noise = 1 + 1e-4 * np.random.default_rng(0).standard_normal(64)
    >>> print(compare(read_law(born_tensor(1) * noise)))
    a1   IDENTICAL   form exact, coefficients within 1e-05, tensor within 0
    """
    truth = kernel(law.order)
    known = dict(zip(law.powers, range(len(law.powers)), strict=True))
    terms = []
    for powers in dict.fromkeys((*law.powers, *truth)):
        at = known.get(powers)
        terms.append(
            Term(
                term=_term(powers),
                recovered=None if at is None else law.coefficients[at],
                stderr=None if at is None else law.stderr[at],
                recognised=None if at is None else law.recognised[at],
                truth=truth.get(powers),
                tried=powers in law.library,
            )
        )
    exact = born_tensor(law.order, cells)
    error = float(np.linalg.norm(law.tensor(cells) - exact) / np.linalg.norm(exact))
    form_exact = set(law.powers) == set(truth)
    return BornComparison(law.order, _verdict(terms, form_exact), form_exact, tuple(terms), error)


def _verdict(terms: list[Term], form_exact: bool) -> Verdict:
    if not form_exact:
        return "DIFFERENT"
    if all(term.recognised == term.truth for term in terms):
        return "IDENTICAL"
    return "EQUAL WITHIN ERROR" if all(map(_agrees, terms)) else "DIFFERENT"


def _agrees(term: Term) -> bool:
    """Whether the coefficient lies within its error bars of the truth."""
    assert term.recovered is not None, "asked of a term that the law has"
    assert term.stderr is not None, "asked of a term that the law has"
    assert term.truth is not None, "asked of a term that the truth has"
    return bool(abs(term.recovered - float(term.truth)) <= LARGEST_Z * term.stderr)


def _term(powers: Powers) -> sympy.Expr:
    """The monomial in sympy, its radii named as in text; min and max are x and y there."""
    names = ("x", "y") if len(powers) == 2 else formulas.radii(len(powers))
    return sympy.Mul(*(symbol(name) ** power for name, power in zip(names, powers, strict=True)))
