"""The terms of a law with their coefficients as they were measured, and the equations of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sympy import Expr, Float

from interpret.laws.forms import Entry, Form
from interpret.laws.json_numbers import finite
from interpret.laws.value import last_place, order, to_place, with_error
from systems.expressions import text


@dataclass(frozen=True)
class Measured:
    """A term φ of a part with its coefficient c, the error bar of c, and its closed form, or None.

    `given` says why c was not learned: "known", or "at its bound".

    >>> from systems.expressions import symbol
    >>> half = Measured("potential", symbol("q") ** 2, 0.498, 0.002, None)
    >>> half.entry(), half.row()
    (('0.498(2)', q**2), ('0.498', '0.002'))
    """

    part: str
    term: Expr
    value: float
    stderr: float
    recognised: Expr | None
    given: str = ""

    @property
    def factor(self) -> Expr:
        """c, closed where it was recognised."""
        return Float(self.value) if self.recognised is None else self.recognised

    def entry(self, *, closed: bool = False) -> Entry:
        """c in digits, or closed where it was recognised, and the term."""
        if closed and self.recognised is not None:
            return self.recognised, self.term
        return with_error(self.value, self.stderr), self.term

    def row(self) -> tuple[str, str]:
        """c and its error bar, as a table has them."""
        place = last_place(self.value, self.stderr)
        return to_place(self.value, place), self.given or order(self.stderr)

    def to_json(self) -> dict[str, Any]:
        """Plain strings and numbers; what is not finite becomes None."""
        return {
            "term": text(self.term),
            "part": self.part,
            "coefficient": finite(self.value),
            "stderr": finite(self.stderr),
            "recognised": None if self.recognised is None else text(self.recognised),
            **({"given": self.given} if self.given else {}),
        }


@dataclass(frozen=True)
class Equation:
    """A part of a law as it is written: what it is called, its terms, and what cannot be fixed."""

    left: str
    terms: Sequence[Measured]
    form: Form
    gauge: str

    def __str__(self) -> str:
        """With coefficients as measured: V(r) = -0.0796(2)/r + c."""
        entries = [each.entry() for each in self.terms]
        return f"{self.left} = {self.form.right(entries, self.gauge)}"

    @property
    def closed(self) -> str:
        """What stands on the right with closed forms; "" where none was recognised."""
        if all(each.recognised is None for each in self.terms):
            return ""
        return self.form.right(self._closed, self.gauge)

    @property
    def latex(self) -> str:
        """The whole equation as LaTeX, with closed forms."""
        return self.form.latex(self.left, self._closed, self.gauge)

    @property
    def _closed(self) -> list[Entry]:
        return [each.entry(closed=True) for each in self.terms]
