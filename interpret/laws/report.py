"""What is said of a law, written for people: plain values as text and as HTML.

    coulomb   V(r) = -0.0795774715(3)/r + c  =  -1/(4π r) + c          truth  -1/(4*pi*r) + c     \
IDENTICAL
    term   recovered        truth            error
    1/r    -0.0795774715    -0.0795774715    1e-10
    absent in both: 1/r**2, 1/r**3       1.3 s, 0 outer iterations, 256 neurons, χ²/n 1.00

Nothing here knows a law: `Law.statement` and `Comparison.beside` say what there is to be written.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from interpret.laws import tables

WIDTH: Final = 140
"""Columns that the first line may fill; a longer law is printed on several."""

MOST_ABSENT: Final = 12
"""Candidates named of those that were tried and not kept."""

NO_LAW: Final = "not in the library"

NO_LAWS: Final[Mapping[str, str]] = {
    NO_LAW: "no law found; the best fit of the library:   ",
    "contradictory columns": "no law of such columns; the best fit of the library:   ",
}
"""The verdicts that leave no law, and what is printed before the best fit."""

Row = tuple[str, ...]


@dataclass(frozen=True)
class Beside:
    """What stands beside a law where there is a truth: it, the verdict, and why they differ."""

    truth: tuple[str, ...]
    verdict: str
    reason: str = ""

    def __str__(self) -> str:
        return ": ".join(part for part in (self.verdict, self.reason) if part)


@dataclass(frozen=True)
class Statement:
    """A law in words: all of it plain text.

    - `equations`, `closed`: each part as measured, and with closed forms where there are any.
    - `verdict`, `reasons` and other `remarks`; `where` defines its variables.
    - `table`: a header and its rows; `absent`: the candidates that were not kept.
    - `beside`: the truth, where there is one.
    """

    system: str
    equations: tuple[str, ...]
    closed: tuple[str, ...]
    latex: str
    verdict: str
    reasons: tuple[str, ...]
    remarks: tuple[str, ...]
    where: tuple[str, ...]
    table: tuple[Row, ...]
    absent: tuple[str, ...]
    chi2_per_n: float
    beside: Beside | None = None


@dataclass(frozen=True)
class Cost:
    """What a law cost; what is None is not printed, and nothing of a training where there was none.

    `iterations` are the outer iterations of the training, 0 when the first solve met the tolerance.

    >>> str(Cost(seconds=1.31, iterations=0, neurons=256)), str(Cost(1.31, 0, 0))
    ('1.3 s, 0 outer iterations, 256 neurons', '1.3 s')
    """

    seconds: float | None = None
    iterations: int | None = None
    neurons: int | None = None

    def __str__(self) -> str:
        parts = [
            None if self.seconds is None else f"{self.seconds:.1f} s",
            _counted(
                self.iterations if self.iterations or self.neurons else None, "outer iteration"
            ),
            _counted(self.neurons or None, "neuron"),
        ]
        return ", ".join(part for part in parts if part)


def text(statements: Sequence[Statement], cost: Cost | None = None) -> str:
    """Laws as printed: formula, truth, verdict; the table; what was absent and what it cost.

    A law that is "not in the library" is not printed as a law, but as a best fit.
    """
    *first, last = statements
    blocks = [_block(statement, None) for statement in first]
    return "\n".join([*blocks, _block(last, cost)])


def html(statements: Sequence[Statement], cost: Cost | None = None) -> str:
    """Laws for a notebook: the formula as LaTeX, the verdict, and the table."""
    *first, last = statements
    blocks = [_html_block(statement, None) for statement in first]
    return f"<div>{''.join([*blocks, _html_block(last, cost)])}</div>"


def latex(statements: Sequence[Statement], cost: Cost | None = None) -> str:
    """Laws as LaTeX, without dollars, one a line."""
    return "\n".join(statement.latex for statement in statements)


Writer = Callable[[Sequence[Statement], Cost | None], str]

WRITERS: dict[str, Writer] = {"text": text, "latex": latex, "html": html}
"""How laws can be written, by name. A new format is one more entry."""


def comparison_text(beside: Beside, table: Sequence[Row]) -> str:
    """A comparison alone: the truth and the verdict, then the table."""
    first = f"truth  {'; '.join(beside.truth)}     {beside}"
    return "\n".join([first, *tables.aligned(table)])


def _block(statement: Statement, cost: Cost | None) -> str:
    lines = _heading(statement)
    lines += [f"where {definition}" for definition in statement.where]
    if statement.verdict != "identified":
        lines.append(f"{statement.verdict}: {'; '.join(statement.reasons)}".removesuffix(": "))
    lines += statement.remarks
    lines += tables.aligned(statement.table)
    lines.append(_last_line(statement, cost))
    return "\n".join(line for line in lines if line)


def _heading(statement: Statement) -> list[str]:
    """The law, its closed form, the truth and the verdict, on one line if they fit."""
    start = f"{statement.system}   "
    start += NO_LAWS.get(statement.verdict, "")
    beside = statement.beside
    closed = [f"=  {form}" for form in statement.closed]
    truth = "" if beside is None else f"truth  {'; '.join(beside.truth)}"
    verdict = "" if beside is None else str(beside)
    if beside is None and statement.verdict == "identified":
        verdict = statement.verdict
    law = "  ".join([start + "; ".join(statement.equations), *closed])
    line = f"{law}          {'     '.join(part for part in (truth, verdict) if part)}".rstrip()
    if len(line) <= WIDTH:
        return [line]
    indent = " " * (len(statement.system) + 3)
    first, *others = statement.equations
    rest = [*others, *closed, truth, verdict]
    return [start + first, *(indent + part for part in rest if part)]


def _last_line(statement: Statement, cost: Cost | None) -> str:
    absent = statement.absent
    label = "absent" if statement.beside is None else "absent in both"
    names = ", ".join(absent[:MOST_ABSENT])
    if len(absent) > MOST_ABSENT:
        names += f" and {len(absent) - MOST_ABSENT} more"
    known = math.isfinite(statement.chi2_per_n)
    chi2 = f"χ²/n {_chi2(statement.chi2_per_n)}" if known else ""
    figures = ", ".join(part for part in (str(cost or ""), chi2) if part)
    parts = (f"{label}: {names}" if names else "", figures)
    return "       ".join(part for part in parts if part)


def _html_block(statement: Statement, cost: Cost | None) -> str:
    beside = statement.beside
    shown = statement.verdict if beside is None else beside.verdict
    if statement.verdict in NO_LAWS:
        shown = f"{statement.verdict}: a best fit, not a law"
    why = [*statement.reasons, *statement.remarks]
    if beside is not None and beside.reason:
        why.append(beside.reason)
    paragraphs = [
        f"<p><b>{escape(statement.system)}</b> &emsp; {escape(shown)}</p>",
        f"<p>$\\displaystyle {escape(statement.latex)}$</p>",
        *(f"<p>{escape(reason)}</p>" for reason in why),
    ]
    last = _last_line(statement, cost)
    closing = f"<p>{escape(last)}</p>" if last else ""
    return f"{''.join(paragraphs)}{tables.html(statement.table)}{closing}"


def _chi2(value: float) -> str:
    return f"{value:.2f}" if 0.01 <= value < 100 else f"{value:.3g}"


def _counted(number: int | None, what: str) -> str | None:
    if number is None:
        return None
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
