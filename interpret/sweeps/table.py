"""The figures of a sweep, as a table and as plain values: what is found, and do error bars hold?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from interpret.keep.records import to_json
from interpret.laws.tables import aligned
from interpret.sweeps.outcomes import Kept
from interpret.sweeps.plan import Trial
from interpret.sweeps.workers import Answer
from systems.expressions import parse

RIGHT: Final = ("IDENTICAL", "EQUAL WITHIN ERROR")
CASES: Final = ("case", "trials", "failed", "refused", "identified", "right", "wrong, identified",
                "worst error", "s a fit")  # fmt: skip
TERMS: Final = ("term", "of", "found", "mean", "scatter", "stated σ", "scatter / σ",
                "within 1 σ", "within 1.96 σ")  # fmt: skip
"""Error bars that hold leave 68 % within one σ, 95 % within 1.96, and scatter over σ at 1."""

NOTHING: Final[Kept] = {"verdict": "failed", "terms": (), "beside": (), "compared": None}


@dataclass(frozen=True)
class Table:
    """Every case of a sweep with its trials: what they came to, in the order of the plan."""

    cases: Mapping[str, Sequence[Answer[Kept]]]

    @classmethod
    def of(cls, done: Sequence[tuple[Trial, Answer[Kept]]]) -> Table:
        """The table of what is done."""
        cases: dict[str, list[Answer[Kept]]] = {}
        for trial, answer in done:
            cases.setdefault(trial.case, []).append(answer)
        return cls(cases)

    def rows(self) -> list[dict[str, Any]]:
        """A row of figures for every case."""
        return [_case(name, answers) for name, answers in self.cases.items()]

    def terms(self) -> dict[str, list[dict[str, Any]]]:
        """Of every case the rows of its terms: how they scatter, and how far off the truth."""
        return {name: list(_terms(answers)) for name, answers in self.cases.items()}

    def json(self) -> dict[str, Any]:
        """Both as plain values."""
        return {"cases": self.rows(), "terms": self.terms()}

    def __str__(self) -> str:
        lines = aligned([CASES, *(_cells(row, CASES) for row in self.rows())])
        for case, rows in self.terms().items():
            if rows:
                lines += ["", case, *aligned([TERMS, *(_cells(row, TERMS) for row in rows)])]
        for case, answers in self.cases.items():
            why = Counter(filter(None, map(_why, answers)))
            lines += [f"{case}: {count} × {sentence}" for sentence, count in why.items()]
        return "\n".join(lines)

    def files(self) -> dict[str, str]:
        """What is kept of it."""
        return {"table.txt": f"{self}\n", "table.json": to_json(self.json()) + "\n"}


def _case(name: str, answers: Sequence[Answer[Kept]]) -> dict[str, Any]:
    results = [answer.result or NOTHING for answer in answers]
    right = [result.get("compared") in RIGHT for result in results if result.get("compared")]
    identified = [result["verdict"] == "identified" for result in results]
    wrong = [
        sure
        for result, sure in zip(results, identified, strict=True)
        if result.get("compared") == "DIFFERENT"
    ]
    errors = [
        max((term["relative_error"] or 0.0) for term in result["beside"] if term["truth"])
        for result in results
        if any(term["truth"] for term in result.get("beside", ()))
    ]
    seconds = [answer.seconds for answer in answers if answer.seconds]
    return {
        "case": name,
        "trials": len(answers),
        "failed": sum(bool(answer.failure) for answer in answers),
        "refused": sum(result["verdict"] == "refused" for result in results),
        "identified": float(np.mean(identified)),
        "right": float(np.mean(right)) if right else None,
        "wrong, identified": sum(wrong) if right else None,
        "worst error": float(np.median(errors)) if errors else None,
        "s a fit": float(np.median(seconds)) if seconds else None,
    }


def _terms(answers: Sequence[Answer[Kept]]) -> Iterator[dict[str, Any]]:
    """A row for every term that is found, or true, somewhere."""
    results = [answer.result for answer in answers if answer.result and answer.result.get("terms")]
    found: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for result in results:
        for term in result["terms"]:
            if term["coefficient"] is not None:
                pair = (term["coefficient"], term["stderr"] or np.nan)
                found.setdefault((term["part"], term["term"]), []).append(pair)
    off = _off(results)
    for key, pairs in found.items():
        values, errors = np.array(pairs).T
        scatter = float(values.std(ddof=1)) if len(values) > 1 else None
        known = errors[np.isfinite(errors)]
        stated = float(np.median(known)) if len(known) else None
        z = np.abs(off.get(key, []))
        yield {
            "part": key[0],
            "term": key[1],
            "of": len(results),
            "found": len(values) / len(results),
            "mean": float(values.mean()),
            "scatter": scatter,
            "stated σ": stated,
            "scatter / σ": scatter / stated if scatter and stated else None,
            "within 1 σ": float(np.mean(z <= 1)) if len(z) else None,
            "within 1.96 σ": float(np.mean(z <= 1.96)) if len(z) else None,
        }


def _off(results: Sequence[Kept]) -> dict[tuple[str, str], list[float]]:
    """How many standard errors the coefficients are off the truth, by term."""
    found: dict[tuple[str, str], list[float]] = {}
    for result in results:
        for term in result["beside"]:
            if term["truth"] and term["recovered"] is not None and term["stderr"]:
                z = (term["recovered"] - float(parse(term["truth"]))) / term["stderr"]
                found.setdefault((term["part"], term["term"]), []).append(z)
    return found


def _why(answer: Answer[Kept]) -> str:
    return answer.failure or str((answer.result or {}).get("why", ""))


def _cells(row: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    """Shares, counts and numbers as text; what is not known is empty."""
    return [_cell(row[name]) for name in names]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.3g}" if isinstance(value, float) else str(value)
