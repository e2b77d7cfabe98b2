"""The rows as JSON, and as the tables of the page."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any, Final

from tests.leaderboard.outcome import Row

DOCS: Final = Path(__file__).resolve().parents[2] / "docs"
JSON, PAGE = DOCS / "leaderboard.json", DOCS / "leaderboard.md"
BEGIN, END = "<!-- tables: made by `make leaderboard` -->\n", "<!-- end of the tables -->"
OURS: Final = "interpret"
SUMMARY: Final = (
    *("method", "noise", "cases", "terms right"),
    *("coefficients off", "motion off", "seconds"),
)
BETTER: Final = 2.0
"""A law whose coefficients are off by less than half as much is told of."""


def kept(rows: Sequence[Row], about: Mapping[str, Any]) -> str:
    """All rows as JSON, a line each."""
    lines = ",\n".join(json.dumps(row.plain(), ensure_ascii=False) for row in rows)
    head = json.dumps(dict(about), ensure_ascii=False)
    return f'{{"about": {head},\n"rows": [\n{lines}\n]}}\n'


def read(text: str) -> tuple[list[Row], dict[str, Any]]:
    """What `kept` wrote."""
    content = json.loads(text)
    return [Row.of(row) for row in content["rows"]], content["about"]


def page(before: str, rows: Sequence[Row], about: Mapping[str, Any]) -> str:
    """The page with its tables made anew."""
    head, rest = before.split(BEGIN)
    _, tail = rest.split(END)
    return head + BEGIN + "\n" + markdown(rows, about) + "\n" + END + tail


def markdown(rows: Sequence[Row], about: Mapping[str, Any]) -> str:
    """A table of all methods, what is unflattering, and a table of the cases for each noise."""
    methods = list(dict.fromkeys(row.method for row in rows))
    parts = [f"{about['budget']:g} CPU seconds a task, {about['date']}, {about['versions']}."]
    if len(rows) < about["tasks"]:
        parts.append(
            f"Only {len(rows)} of {about['tasks']} tasks have been run; others are left out."
        )
    parts += ["## All cases", _table(SUMMARY, _summary(rows, methods))]
    beaten = list(unflattering(rows))
    parts += ["## Where ours is beaten", _listed(beaten) or "Nowhere, in what was run."]
    for noise in sorted({row.noise for row in rows}):
        own = {(row.case, row.method): row for row in rows if row.noise == noise}
        names = dict.fromkeys(case for case, _ in own)
        cells = [(case, *(cell(own.get((case, m))) for m in methods)) for case in names]
        parts += [f"## Noise {noise:.0%}", _table(("case", *methods), cells)]
    return "\n\n".join(parts) + "\n"


def _summary(rows: Sequence[Row], methods: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for method in methods:
        for noise in sorted({row.noise for row in rows}):
            some = [row for row in rows if (row.method, row.noise) == (method, noise)]
            if some:
                yield (
                    method, f"{noise:.0%}", str(len(some)), str(sum(row.exact for row in some)),
                    _middle([row.error for row in some]), _middle([row.rollout for row in some]),
                    _time(median(row.seconds for row in some)),
                )  # fmt: skip


def unflattering(rows: Sequence[Row]) -> Iterator[str]:
    """What a rival does better than ours: terms, or coefficients where both have the terms."""
    by_name = {(row.case, row.noise, row.method): row for row in rows}
    for row in rows:
        ours = by_name.get((row.case, row.noise, OURS))
        if row.method == OURS or ours is None or not row.exact:
            continue
        place = f"{row.case} with {row.noise:.0%} noise: {row.method}"
        if not ours.exact:
            yield f"{place} has the terms, ours has not ({ours.said or 'no reason given'})"
        elif row.noise and ours.error > BETTER * row.error:
            yield f"{place} is off by {_number(row.error)}, ours by {_number(ours.error)}"


def cell(row: Row | None) -> str:
    """Terms, coefficients, motion, seconds; nothing for what was not run."""
    if row is None:
        return ""
    if row.error is None:
        return f"– {row.said.split(' at ')[0]}, {_time(row.seconds)}"
    mark = "✓" if row.exact else "–"
    return f"{mark} {_number(row.error)}, {_number(row.rollout)}, {_time(row.seconds)}"


def _middle(values: Sequence[float | None]) -> str:
    return _number(median(float("inf") if value is None else value for value in values))


def _number(value: float | None) -> str:
    if value is None or value == float("inf"):
        return "∞"
    written = f"{value:.0e}" if 0 < value < 0.1 else f"{value:.2g}"
    return written.replace("e-0", "e-").replace("e+0", "e")


def _time(seconds: float) -> str:
    return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"


def _listed(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _table(
    header: Sequence[str], rows: Iterator[tuple[str, ...]] | Sequence[tuple[str, ...]]
) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
