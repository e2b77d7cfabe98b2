"""The law beside Lüscher's formula: C3(n) momenta of length √n, poles at 4π² n, residues 4π."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import sympy
from sympy import Expr

from interpret.comparison import LARGEST_Z, Verdict
from interpret.json_numbers import finite
from interpret.luescher.law import POLE_UNIT, RESIDUE_UNIT, LuescherLaw
from interpret.luescher.multiples import Unit, plain
from interpret.value import order as size
from systems.finite_volume import degeneracies

FEWEST: Final = 4
"""Of fewer integers above zero nothing is concluded; 1, 6, 12, 8 are no accident."""


@dataclass(frozen=True)
class Row:
    """One n: what was recovered, the error bar, the integer where it is resolved, and the truth."""

    n: int
    recovered: float
    stderr: float
    integer: int | None
    truth: int

    @property
    def agrees(self) -> bool:
        """Whether a resolved integer is the true one; where none is resolved nothing is claimed.

        An unresolved coefficient may be off by more than its error bar, which tells of scatter: no
        level may be near the pole, as near q = 0, and the coefficient is then an extrapolation.
        """
        return self.integer is None or self.integer == self.truth

    def to_json(self) -> dict[str, Any]:
        """The row as plain numbers."""
        return {
            "n": self.n,
            "recovered": self.recovered,
            "stderr": finite(self.stderr),
            "integer": self.integer,
            "truth": self.truth,
        }


@dataclass(frozen=True)
class LuescherComparison:
    """What `compare` found: the verdict, its reason in words, and a row for every n.

    - IDENTICAL: every integer asked for is resolved and the true one, and the constants, where they
      were measured, are recognised as 4π² and 4π;
    - EQUAL WITHIN ERROR: nothing resolved is wrong, and four integers above zero at least are
      resolved, or the constants are within 3.3 error bars but not recognised;
    - DIFFERENT: anything else.
    """

    verdict: Verdict
    reason: str
    rows: tuple[Row, ...]
    units: tuple[tuple[str, Unit, Expr], ...]

    @property
    def correct(self) -> int:
        """How many integers are resolved and true."""
        return sum(row.integer == row.truth for row in self.rows)

    @property
    def largest_error(self) -> float:
        """The largest |c_n - C3(n)|."""
        return max(abs(row.recovered - row.truth) for row in self.rows)

    def __str__(self) -> str:
        because = f"   {self.reason}" if self.reason else ""
        lines = [
            f"{self.verdict}   {self.correct} of {len(self.rows)} integers{because}",
            "n    recovered    error bar    integer    truth",
        ]
        for row in self.rows:
            told = "?" if row.integer is None else str(row.integer)
            lines.append(
                f"{row.n:<5d}{row.recovered:<13.4f}{size(row.stderr):<13s}{told:<11s}{row.truth}"
            )
        for name, unit, truth in self.units:
            error = size(abs(unit.value / float(truth) - 1))
            lines.append(f"{name} {unit}   truth {plain(truth)}   relative error {error}")
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """The comparison as plain strings, numbers, lists and dicts."""
        return {
            "verdict": self.verdict,
            "reason": self.reason,
            "correct": self.correct,
            "largest_error": self.largest_error,
            "rows": [row.to_json() for row in self.rows],
            "units": [
                {"name": name, **unit.to_json(), "truth": str(truth)}
                for name, unit, truth in self.units
            ],
        }


def compare(law: LuescherLaw) -> LuescherComparison:
    """The law beside Lüscher's formula, integer by integer; see `LuescherComparison`.

    >>> from interpret.luescher.poles import PoleTable
    >>> from interpret.luescher.law import read_law
    >>> c, stderr = (1.0, 5.98, 12.01, 8.0, 6.0), (0.01, 0.03, 0.04, 0.04, 0.05)
    >>> print(compare(read_law(PoleTable(c, stderr, 1e-3, 100, 0, 4.2))).verdict)
    IDENTICAL
    """
    table = law.table
    truth = degeneracies(len(table.coefficients) - 1).tolist()
    rows = tuple(
        Row(n, value, error, integer if resolved else None, true)
        for n, (value, error, integer, resolved, true) in enumerate(
            zip(
                table.coefficients,
                table.stderr,
                table.integers,
                table.resolved,
                truth,
                strict=True,
            )
        )
    )
    units = tuple(
        (name, unit, known)
        for name, unit, known in (
            ("spacing of poles", law.pole_unit, POLE_UNIT),
            ("unit of residues", law.residue_unit, RESIDUE_UNIT),
        )
        if unit is not None
    )
    verdict, reason = _verdict(law, rows, units)
    return LuescherComparison(verdict, reason, rows, units)


def _verdict(
    law: LuescherLaw, rows: tuple[Row, ...], units: tuple[tuple[str, Unit, Expr], ...]
) -> tuple[Verdict, str]:
    for row in rows:
        if not row.agrees:
            return "DIFFERENT", f"at n = {row.n} the truth is {row.truth}, not {row.integer}"
    for name, unit, truth in units:
        if unit.recognised is not None and sympy.simplify(unit.recognised - truth) != 0:
            return "DIFFERENT", f"the {name} is {truth}, not {unit.recognised}"
        if abs(unit.value - float(truth)) > LARGEST_Z * unit.stderr:
            return "DIFFERENT", f"the {name} is {truth}, off by more than 3.3 error bars"
    end = law.table.first_unresolved
    if len(law.integers) < FEWEST:
        return "DIFFERENT", f"too few to tell: {law.table.reading}"
    if end is not None:
        return "EQUAL WITHIN ERROR", law.table.reading
    unknown = [name for name, unit, _ in units if unit.recognised is None]
    if unknown:
        return "EQUAL WITHIN ERROR", f"the {unknown[0]} is too uncertain to be recognised"
    if law.blind is not None and len(units) < 2:
        return "EQUAL WITHIN ERROR", "no unit was found blind"
    return "IDENTICAL", ""
