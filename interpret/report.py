"""Laws and comparisons for people and programs: one table, as text, HTML, LaTeX and JSON.

    coulomb   V(r) = -0.0795774715(3)/r + c  =  -1/(4π r) + c          truth  -1/(4*pi*r) + c     \
IDENTICAL
    term   recovered        truth            error
    1/r    -0.0795774715    -0.0795774715    1e-10
    absent in both: 1/r**2, 1/r**3       1.3 s, 0 outer iterations, 256 neurons, χ²/n 1.00
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, Final

from interpret import formula
from interpret.json_numbers import finite
from interpret.law import Law
from interpret.term import Term
from interpret.value import last_place, order, to_place
from systems import expressions

if TYPE_CHECKING:
    from interpret.comparison import Comparison

WIDTH: Final = 140
"""Columns that the first line may fill; a longer law is printed on several."""

MOST_ABSENT: Final = 12
"""Candidates named of those that were tried and not kept."""

Row = tuple[str, ...]


@dataclass(frozen=True)
class Footer:
    """What the law cost and where it is kept; what is None is not printed.

    `iterations` are the outer iterations of the training, 0 when the first solve met the
    tolerance; `run` is the folder of the run.

    >>> str(Footer(seconds=1.31, iterations=0, neurons=256))
    '1.3 s, 0 outer iterations, 256 neurons'
    """

    seconds: float | None = None
    iterations: int | None = None
    neurons: int | None = None
    run: str | None = None

    def __str__(self) -> str:
        parts = [
            None if self.seconds is None else f"{self.seconds:.1f} s",
            _counted(self.iterations, "outer iteration"),
            _counted(self.neurons, "neuron"),
        ]
        return ", ".join(part for part in parts if part)


def text(law: Law, comparison: Comparison | None = None, footer: Footer | None = None) -> str:
    """The law as printed: formula, truth, verdict; the table; what was absent and what it cost.

    A law that is "not in the library" is not printed as a law, but as a best fit.
    """
    lines = _heading(law, comparison)
    lines += [f"where {name} = {formula.text(what)}" for name, what in law.features.items()]
    if law.verdict != "identified":
        lines.append(": ".join((law.verdict, "; ".join(law.reasons))).removesuffix(": "))
    lines += _aligned(table(law, comparison))
    lines.append(_last_line(law, comparison, footer))
    return "\n".join(line for line in lines if line)


def comparison_text(comparison: Comparison) -> str:
    """A comparison alone: the truth and the verdict, then the table."""
    first = f"truth  {formula.text(comparison.truth)} + c     {_verdict(comparison)}"
    return "\n".join([first, *_aligned(_compared(comparison))])


def latex(law: Law) -> str:
    r"""The law as LaTeX, without dollars: ``V(r) = - \frac{1}{4 \pi r} + c``."""
    return f"{_function(law)} = {formula.latex(law)} + c"


def html(law: Law, comparison: Comparison | None = None, footer: Footer | None = None) -> str:
    """The law for a notebook: the formula as LaTeX, the verdict, and the table."""
    header, *rows = table(law, comparison)
    shown: str = law.verdict if comparison is None else comparison.verdict
    if law.verdict == "not in the library":
        shown = f"{law.verdict}: a best fit, not a law"
    why = list(law.reasons)
    if comparison is not None and comparison.reason:
        why.append(comparison.reason)
    cells = [f"<tr>{_cells(header, 'th')}</tr>"]
    cells += [f"<tr>{_cells(row, 'td')}</tr>" for row in rows]
    paragraphs = [
        f"<p><b>{escape(law.system)}</b> &emsp; {escape(shown)}</p>",
        f"<p>$\\displaystyle {escape(latex(law))}$</p>",
        *(f"<p>{escape(reason)}</p>" for reason in why),
    ]
    last = _last_line(law, comparison, footer)
    closing = f"<p>{escape(last)}</p>" if last else ""
    return f"<div>{''.join(paragraphs)}<table>{''.join(cells)}</table>{closing}</div>"


def json_object(
    law: Law, comparison: Comparison | None = None, footer: Footer | None = None
) -> dict[str, Any]:
    """The law as one JSON object: plain strings and finite numbers; what is unknown is None.

    "expression" and "features" are text that sympy reads back; the constant is left out.
    """
    cost = footer or Footer()
    known = all(math.isfinite(value) for value in law.coefficients)
    written = law.to_json()
    return {
        "system": law.system,
        "law": {
            "expression": expressions.text(law.expr) if known else None,
            "latex": latex(law),
            "terms": written["terms"],
            "gauge": law.gauge,
        },
        "comparison": None
        if comparison is None
        else {
            "verdict": comparison.verdict,
            "support_precision": comparison.support_precision,
            "support_recall": comparison.support_recall,
            "worst_relative_error": finite(comparison.worst_relative_error),
        },
        "features": written["features"],
        "verdict": law.verdict,
        "chi2_per_n": finite(law.chi2_per_n),
        "iterations": cost.iterations,
        "seconds": None if cost.seconds is None else finite(cost.seconds),
        "run": cost.run,
    }


def table(law: Law, comparison: Comparison | None = None) -> list[Row]:
    """The header and the rows: every term beside the truth, or with its error bar."""
    if comparison is not None:
        return _compared(comparison)
    rows = [("term", "recovered", "error bar")]
    for term, value, error in zip(law.terms, law.coefficients, law.stderr, strict=True):
        digits = to_place(float(value), last_place(float(value), float(error)))
        rows.append((formula.text(term), digits, order(float(error))))
    return [*rows]


def _compared(comparison: Comparison) -> list[Row]:
    return [("term", "recovered", "truth", "error"), *map(_row, comparison.terms)]


def _row(term: Term) -> Row:
    name = formula.text(term.term)
    if term.recovered is None:
        truth = to_place(float(term.truth or 0), None)
        return name, "absent" if term.tried else "not tried", truth, "missing"
    place = last_place(term.recovered, term.stderr or 0.0)
    recovered = to_place(term.recovered, place)
    if term.truth is None:
        return name, recovered, "absent", "spurious"
    return name, recovered, to_place(float(term.truth), place), order(term.relative_error)


def _heading(law: Law, comparison: Comparison | None) -> list[str]:
    """The law, its closed form, the truth and the verdict, on one line if they fit."""
    start = f"{law.system}   "
    if law.verdict == "not in the library":
        start += "no law found; the best fit of the library:   "
    law_text = f"{_function(law)} = {formula.measured(law)} + c"
    closed = formula.closed(law)
    closed_text = "" if closed is None else f"=  {closed} + c"
    truth_text = "" if comparison is None else f"truth  {formula.text(comparison.truth)} + c"
    verdict = "" if comparison is None else _verdict(comparison)
    if comparison is None and law.verdict == "identified":
        verdict = law.verdict
    law_side = "  ".join(part for part in (start + law_text, closed_text) if part)
    truth_side = "     ".join(part for part in (truth_text, verdict) if part)
    line = f"{law_side}          {truth_side}".rstrip()
    if len(line) <= WIDTH:
        return [line]
    indent = " " * (len(law.system) + 3)
    parts = (closed_text, truth_text, verdict)
    return [start + law_text, *(indent + part for part in parts if part)]


def _verdict(comparison: Comparison) -> str:
    return ": ".join(part for part in (comparison.verdict, comparison.reason) if part)


def _last_line(law: Law, comparison: Comparison | None, footer: Footer | None) -> str:
    absent = list(law.absent)
    label = "absent"
    if comparison is not None:
        true = [term.term for term in comparison.terms if term.truth is not None]
        absent = [candidate for candidate in absent if candidate not in true]
        label = "absent in both"
    names = ", ".join(formula.text(candidate) for candidate in absent[:MOST_ABSENT])
    if len(absent) > MOST_ABSENT:
        names += f" and {len(absent) - MOST_ABSENT} more"
    known = f"χ²/n {_chi2(law.chi2_per_n)}" if math.isfinite(law.chi2_per_n) else ""
    cost = ", ".join(part for part in (str(footer or ""), known) if part)
    parts = (f"{label}: {names}" if names else "", cost)
    return "       ".join(part for part in parts if part)


def _function(law: Law) -> str:
    return f"V({', '.join(formula.variables(law))})"


def _aligned(rows: Sequence[Row]) -> list[str]:
    """The rows with their columns one under the other; nothing for a header alone."""
    if len(rows) == 1:
        return []
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for first, *others in rows:
        cells = [first.ljust(widths[0] + 3)]
        cells += [cell.ljust(width + 4) for cell, width in zip(others, widths[1:], strict=True)]
        lines.append("".join(cells).rstrip())
    return lines


def _cells(row: Row, tag: str) -> str:
    return "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in row)


def _chi2(value: float) -> str:
    return f"{value:.2f}" if 0.01 <= value < 100 else f"{value:.3g}"


def _counted(number: int | None, what: str) -> str | None:
    if number is None:
        return None
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
