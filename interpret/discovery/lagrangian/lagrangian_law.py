"""The Lagrangian found: one representative with error bars, and all that is as good as it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy
from numpy.typing import NDArray
from sympy import Expr

from interpret.laws import formula
from interpret.laws.constants import recognise
from interpret.laws.json_numbers import finite
from interpret.laws.judgement import Verdict
from interpret.laws.value import order, with_error
from systems.errors import InputError
from systems.expressions import text

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Freedom:
    """What the data and the candidates leave open.

    - `gauge`: combinations of candidates that move nothing (total time derivatives, constants).
    - `nullity`: the number of independent Lagrangians that the data admit, gauge aside; 0 when
      there is none. `others` are nullity - 1 that may be added to the law in any proportion.
    - `singular_values`: for each combination of candidates the noise on q̈ that would explain it,
      as a fraction of the accelerations, best first; `nullity` of them are down at the noise.
    - `notes` say what was chosen where there was a choice.
    """

    gauge: tuple[Expr, ...]
    nullity: int
    others: tuple[Expr, ...]
    singular_values: Array
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class LagrangianLaw:
    """L = Σ c_p φ_p, up to scale and pure gauge.

    - `terms` (k,), `coefficients` (k,), `stderr` (k,): what is kept of the `candidates`; the error
      of a coefficient that the normalisation fixes is 0.
    - `freedom`: gauge, the other Lagrangians, and what was chosen among them.
    - `misfit`: |q̈ - law's| / |q̈|, root mean squares over all samples.
    - `verdict`: "identified", "ambiguous" (nullity above 1) or "not in the library", with its
      `reasons`.
    """

    coordinates: tuple[str, ...]
    terms: tuple[Expr, ...]
    coefficients: Array
    stderr: Array
    candidates: tuple[Expr, ...]
    freedom: Freedom
    misfit: float
    verdict: Verdict
    reasons: tuple[str, ...] = ()

    @property
    def recognised(self) -> tuple[Expr | None, ...]:
        """The closed form of each coefficient, or None."""
        if self.verdict == "not in the library":
            return (None,) * len(self.terms)
        pairs = zip(self.coefficients, self.stderr, strict=True)
        return tuple(recognise(float(value), float(error)) for value, error in pairs)

    @property
    def expr(self) -> Expr:
        """The Lagrangian as a sympy expression, closed forms where recognised."""
        return combination(self.terms, self.coefficients, self.recognised)

    @property
    def equivalents(self) -> tuple[Expr, ...]:
        """Lagrangians that span all those the data admit, the law itself first."""
        return (self.expr, *self.freedom.others) if self.freedom.nullity else ()

    @property
    def numeric(self) -> Expr:
        """The Lagrangian as a sympy expression, all coefficients as measured."""
        return combination(self.terms, self.coefficients, (None,) * len(self.terms))

    def to_json(self) -> dict[str, Any]:
        """The law as plain strings, numbers, lists and dicts; what is not finite becomes None."""
        parts = zip(self.terms, self.coefficients, self.stderr, self.recognised, strict=True)
        return {
            "lagrangian": written(self.expr),
            "coordinates": list(self.coordinates),
            "terms": [
                {
                    "term": written(term),
                    "coefficient": finite(value),
                    "stderr": finite(error),
                    "recognised": None if form is None else written(form),
                }
                for term, value, error, form in parts
            ],
            "candidates": [written(candidate) for candidate in self.candidates],
            "gauge": [written(part) for part in self.freedom.gauge],
            "nullity": self.freedom.nullity,
            "equivalents": [written(part) for part in self.equivalents],
            "singular_values": [finite(value) for value in self.freedom.singular_values],
            "misfit": finite(self.misfit),
            "verdict": self.verdict,
            "reasons": list(self.reasons),
            "notes": list(self.freedom.notes),
        }

    def __str__(self) -> str:
        lines = [
            f"L = {formula.pretty(self.expr)} + c    {self.verdict}, nullity {self.freedom.nullity}"
        ]
        lines += [f"  {reason}" for reason in self.reasons]
        lines += _table(self)
        values = ", ".join(map(order, self.freedom.singular_values[: self.freedom.nullity + 2]))
        lines.append(f"singular values {values}, ...; misfit {order(self.misfit)}")
        lines += [f"as good, added to it: {formula.pretty(other)}" for other in self.freedom.others]
        if self.freedom.gauge:
            lines.append(f"pure gauge: {', '.join(map(formula.pretty, self.freedom.gauge))}")
        lines += [f"note: {note}" for note in self.freedom.notes]
        return "\n".join(lines)


def combination(
    terms: tuple[Expr, ...], coefficients: Array, forms: tuple[Expr | None, ...]
) -> Expr:
    """Σ c_p φ_p, with the closed forms in place of the numbers that have one.

    >>> q = sympy.Symbol("q")
    >>> combination((q, q**2), np.array([0.5, 3.0]), (None, sympy.Integer(3)))
    3*q**2 + 0.5*q
    """
    parts = zip(terms, coefficients, forms, strict=True)
    return sympy.Add(
        *(
            (sympy.Float(float(value)) if form is None else form) * term
            for term, value, form in parts
        )
    )


def written(expr: Expr) -> str:
    """The text that `systems.expressions.parse` reads back, where it knows all functions.

    >>> written(sympy.Symbol("q") ** 2), written(sympy.sign(sympy.Symbol("q")))
    ('q**2', 'sign(q)')
    """
    try:
        return text(expr)
    except InputError:
        return str(expr)


def _table(law: LagrangianLaw) -> list[str]:
    """The terms, one a line, with their coefficients as measured."""
    rows = [("term", "coefficient", "closed form")]
    parts = zip(law.terms, law.coefficients, law.stderr, law.recognised, strict=True)
    for term, value, error, form in parts:
        measured = with_error(float(value), float(error)) + (" (fixed)" if error == 0 else "")
        rows.append((formula.text(term), measured, "" if form is None else formula.pretty(form)))
    first, second = (max(len(row[column]) for row in rows) for column in (0, 1))
    return [f"{a:{first}}   {b:{second}}   {c}".rstrip() for a, b, c in rows]
