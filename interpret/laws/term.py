"""One term of a law beside the same term of the truth."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import sympy
from sympy import Expr

from interpret.laws.constants import recognise
from interpret.laws.json_numbers import finite, number
from interpret.laws.value import last_place, order, to_place
from systems.expressions import parse, text

AGREEMENT: Final = 1e-7
"""Relative agreement asked of a coefficient that has no closed form to agree with."""

PROJECTED: Final = 1e-9
"""Relative accuracy of a true coefficient that was projected, not matched."""


@dataclass(frozen=True)
class Term:
    """One term of the law, of the truth, or of both.

    `recovered` and `stderr` are None where the law lacks the term, `truth` is None where the
    truth does. `part` is that of the law; `tried` is False for a term of the truth that is outside
    the library, and `determined` for one of which the data say nothing.
    """

    term: Expr
    recovered: float | None
    stderr: float | None
    recognised: Expr | None
    truth: Expr | None
    part: str = "potential"
    tried: bool = True
    determined: bool = True

    @property
    def relative_error(self) -> float:
        """|recovered - truth| / |truth|: 1 for a missing term, inf for a spurious one.

        >>> Term(sympy.Symbol("q"), 2.02, 0.1, None, sympy.Integer(2)).relative_error
        0.010000000000000009
        """
        if self.truth is None:
            return math.inf
        return abs((self.recovered or 0.0) - float(self.truth)) / abs(float(self.truth))

    @property
    def identical(self) -> bool:
        """Whether the coefficient is the true one, not merely close to it.

        - Recognised: its closed form must equal the truth's.
        - Not recognised, and the truth is one of the forms that can be: no.
        - The truth has no such form: it must agree to 1e-7, with an error bar as small.
        """
        if self.truth is None or self.recovered is None or self.stderr is None:
            return False
        value = float(self.truth)
        exact = not self.truth.has(sympy.Float)
        if self.recognised is not None and exact:
            return bool(sympy.simplify(self.recognised - self.truth) == 0)
        if self.recognised is not None:
            return abs(float(self.recognised) - value) <= PROJECTED * abs(value)
        if exact and recognise(value, 0.0) is not None:
            return False
        close = abs(self.recovered - value) <= AGREEMENT * abs(value)
        return close and self.stderr <= AGREEMENT * abs(value)

    def row(self) -> tuple[str, str, str]:
        """What was recovered, the truth, and the error, as the table has them."""
        if self.recovered is None:
            lacking = "absent" if self.determined else "undetermined"
            truth = to_place(float(self.truth or 0), None)
            missing = "missing" if self.determined else ""
            return lacking if self.tried else "not tried", truth, missing
        place = last_place(self.recovered, self.stderr or 0.0)
        recovered = to_place(self.recovered, place)
        if self.truth is None:
            return recovered, "absent", "spurious"
        return recovered, to_place(float(self.truth), place), order(self.relative_error)

    def to_json(self) -> dict[str, Any]:
        """The term as plain strings and numbers; what is not finite becomes None."""
        return {
            "term": text(self.term),
            "part": self.part,
            "recovered": None if self.recovered is None else finite(self.recovered),
            "stderr": None if self.stderr is None else finite(self.stderr),
            "recognised": None if self.recognised is None else text(self.recognised),
            "truth": None if self.truth is None else text(self.truth),
            "relative_error": finite(self.relative_error),
            "tried": self.tried,
            "determined": self.determined,
        }

    @staticmethod
    def from_json(contents: Mapping[str, Any]) -> Term:
        """The term that `to_json` wrote, parsed against a whitelist."""
        recovered, form, truth = (contents[key] for key in ("recovered", "recognised", "truth"))
        return Term(
            term=parse(contents["term"]),
            recovered=recovered,
            stderr=None if recovered is None else number(contents["stderr"]),
            recognised=None if form is None else parse(form),
            truth=None if truth is None else parse(truth),
            part=str(contents.get("part", "potential")),
            tried=bool(contents["tried"]),
            determined=bool(contents.get("determined", True)),
        )
