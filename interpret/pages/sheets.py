"""What the page of a run says, as plain values: templates ask nothing of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from interpret.judge.certificate import Certificate, Check
from interpret.laws.comparison import Comparison
from interpret.laws.law import Law
from interpret.laws.report import NO_LAW, Statement
from interpret.laws.value import with_error
from interpret.pages import formulas
from interpret.pages.evidence import Exhibit, exhibits
from interpret.run import Run
from systems.problem import Samples

Pair = tuple[str, str]

TONES: Final[Mapping[str, str]] = {
    "identified": "good",
    "IDENTICAL": "good",
    "EQUAL WITHIN ERROR": "good",
    "not in the library": "bad",
    "contradictory columns": "bad",
    "DIFFERENT": "bad",
}
"""The colour of a verdict; the others are in between."""


@dataclass(frozen=True)
class Formula:
    """A part of a law as MathML, cut where lines may break: in closed form, and as measured."""

    closed: Sequence[str]
    measured: Sequence[str]


@dataclass(frozen=True)
class LawSheet:
    """A law with what stands beside it."""

    statement: Statement
    formulas: Sequence[Formula]
    truths: Sequence[Sequence[str]]
    figures: Sequence[Pair]
    checks: Sequence[Check]
    copies: Mapping[str, str]

    @property
    def found(self) -> bool:
        """Whether it is a law at all, and not a best fit."""
        return self.statement.verdict != NO_LAW


@dataclass(frozen=True)
class Sheet:
    """A run: its laws, its pictures, and how it came about."""

    name: str
    system: str
    kind: str
    laws: Sequence[LawSheet]
    exhibits: Sequence[Exhibit]
    notes: Sequence[str]
    cost: str
    tables: Mapping[str, Sequence[Pair]]


def sheet(run: Run, samples: Samples | None = None, doubt: str = "") -> Sheet:
    """What is said of a run; `doubt` is why its samples are not there."""
    comparisons = run.comparisons or (None,) * len(run.laws)
    certificates = run.certificates or (Certificate(),) * len(run.laws)
    found = [
        law_sheet(*each)
        for each in zip(run.laws, run.statements, comparisons, certificates, strict=True)
    ]
    settings = run.settings
    options = settings.get("options") or {}
    told = [
        settings["experiment"],
        *(str(options[n]) for n in ("dataset", "learn") if options.get(n)),
    ]
    where = run.path.name if run.path is not None else str(settings["source"])
    return Sheet(
        name=where,
        system=str(settings["source"]),
        kind=" · ".join(map(str, told)),
        laws=found,
        exhibits=sorted(exhibits(run, samples), key=lambda each: (each.wide, not each.svg)),
        notes=(*run.notes, *([doubt] if doubt else [])),
        cost=str(run.cost),
        tables={
            "Settings": [(n, str(v)) for n, v in options.items() if v is not None],
            "Provenance": list(flat(run.provenance)),
            "Numbers": list(flat(run.findings.numbers)),
        },
    )


def law_sheet(
    law: Law, statement: Statement, comparison: Comparison | None, certificate: Certificate
) -> LawSheet:
    """What is said of one law."""
    said = [
        Formula(formulas.shown(law, each), formulas.shown(law, each, measured=True))
        for each in map(law.equation, law.parts)
        if each.terms
    ]
    truths = [] if comparison is None else formulas.truths(law, comparison)
    figures = [] if comparison is None else list(_figures(comparison))
    return LawSheet(statement, said, truths, figures, certificate.checks, formulas.copies(law))


def _figures(comparison: Comparison) -> Iterator[Pair]:
    yield "terms of the law that are true", f"{comparison.support_precision:.0%}"
    yield "true terms that were found", f"{comparison.support_recall:.0%}"
    yield "largest relative error", f"{comparison.worst_relative_error:.1g}"


def flat(values: Mapping[str, Any], above: str = "") -> Iterator[Pair]:
    """Nested values as names with dots and their texts; what is long is cut.

    >>> list(flat({"a": {"b": 0.123456789, "c": [1, 2]}, "d": None}))
    [('a.b', '0.123457'), ('a.c', '1, 2')]
    """
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{above}{name}.")
        elif value is not None:
            several = value if isinstance(value, list | tuple) else [value]
            texts = [f"{one:.6g}" if isinstance(one, float) else str(one) for one in several]
            text = ", ".join(texts)
            yield f"{above}{name}", text if len(text) <= MOST else f"{text[:MOST]}…"


MOST: Final = 300
"""Characters of one value."""


def beside(runs: Sequence[Run]) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    """The terms of all runs, one a row, with the coefficient that each run has found, or nothing.

    Only where the first laws have the same parts.
    """
    tables = [
        {(m.part, law.form.term(m.term)): with_error(m.value, m.stderr) for m in law.measured()}
        for law in (run.laws[0] for run in runs if run.laws)
    ]
    terms = dict.fromkeys(key for table in tables for key in table)
    rows = [
        (part, term, *(table.get((part, term), "") for table in tables)) for part, term in terms
    ]
    return [
        run.path.name if run.path else str(run.settings["source"]) for run in runs if run.laws
    ], rows
