"""The figures of what was tried, beside what is asked, as a table and as plain values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from scipy.stats import binom

from tests.trials.outcome import Outcome

CLEARLY: Final = 30.0
"""A wrong law whose χ² is so much above the true one's is refuted by the data."""

ONE: Final = (0.57, 0.785)
TWO: Final = (0.895, 0.99)
"""Bounds of 99.9 % on the share of 200 within 1 and 1.96 standard errors, 0.68 and 0.95."""

ENOUGH: Final = 200
"""Fewer trials have wider bounds."""

SHOWN: Final = 60
"""Trials of each group that are told one by one."""


@dataclass(frozen=True)
class Figure:
    """One number that is asked for; `low` and `high` are its bounds."""

    name: str
    low: float
    high: float
    measured: float
    of: int

    @property
    def met(self) -> bool:
        return self.of == 0 or self.low <= self.measured <= self.high

    def row(self) -> tuple[str, ...]:
        asked = f"≥ {self.low:g}" if self.high == 1 else f"{self.low:g} to {self.high:g}"
        asked = f"≤ {self.high:g}" if self.low <= 0 else asked
        shown = f"{self.measured:.4g}" if self.of else ""
        return (self.name, asked, shown, str(self.of), "" if self.met else "**missed**")


def share(name: str, hits: Iterable[bool], low: float, high: float) -> Figure:
    """A share of trials, of so many."""
    values = list(hits)
    return Figure(name, low, high, float(np.mean(values)) if values else np.nan, len(values))


def figures(outcomes: Sequence[Outcome]) -> list[Figure]:
    """Every figure that is asked for."""
    by_group: dict[str, list[Outcome]] = {}
    for item in outcomes:
        by_group.setdefault(item.trial.group, []).append(item)
    whole = [item for item in outcomes if not item.failure]
    found = [Figure("trials that fail or hang", 0, 0, len(outcomes) - len(whole), len(outcomes))]
    for group, of in (
        ("wrong", _wrong),
        ("kept", _kept),
        ("coverage", _covered),
        ("forced", _forced),
        ("absent", _absent),
        ("exact", _exact),
    ):
        if group in by_group:
            found += of([item for item in by_group[group] if not item.failure])
    return found


def refuted(item: Outcome) -> bool:
    """Whether the data say clearly that a law is wrong."""
    return item.right is False and item.numbers.get("excess", 0) >= CLEARLY


def is_exact(item: Outcome) -> bool:
    """Whether its data have no error at all: an excess of χ² has no meaning."""
    return item.noise in ("0", "0 short")


def _wrong(items: list[Outcome]) -> Iterator[Figure]:
    wrong = [item for item in items if item.right is False]
    for_free = [item.identified for item in wrong if is_exact(item)]
    yield Figure("wrong laws identified, noise 0", 0, 0, sum(for_free), len(for_free))
    yield share("wrong laws identified whose χ² exceeds the true one's by 30", [
        item.identified for item in wrong if refuted(item)], 0, 0.01)  # fmt: skip


def _kept(items: list[Outcome]) -> Iterator[Figure]:
    for noise, low in (("0", 0.98), ("1 %", 0.98), ("5 %", 0.95)):
        some = [item for item in items if item.noise == noise]
        hits = (item.identified and item.right is not False for item in some)
        yield share(f"catalog's laws right and identified, noise {noise}", hits, low, 1)
    right = [item for item in items if item.right]
    yield share("right laws refused by any check", [not item.identified for item in right], 0, 0.01)


def _covered(items: list[Outcome]) -> Iterator[Figure]:
    z: dict[str, list[float]] = {}
    for item in items:
        for term, value in item.numbers["z"].items():
            z.setdefault(f"{item.case}, {item.noise}: {term}", []).append(abs(value))
    for name, values in sorted(z.items()):
        for within, expected, asked in ((1.0, 0.683, ONE), (1.96, 0.95, TWO)):
            hits = [value <= within for value in values]
            bounds = asked if len(hits) >= ENOUGH else _bounds(len(hits), expected)
            yield share(f"{name} within {within:g} σ", hits, *bounds)


def _bounds(n: int, expected: float) -> tuple[float, float]:
    """Of 99.9 % on a share of n."""
    low, high = binom.ppf([0.0005, 0.9995], n, expected) / n
    return round(float(low), 3), round(float(high), 3)


def _forced(items: list[Outcome]) -> Iterator[Figure]:
    for case in sorted({item.case for item in items}):
        some = [item for item in items if item.case == case]
        hits = (item.numbers["support"] for item in some)
        yield share(f"terms of {case}, {some[0].noise}, all found", hits, 0.98, 1)
    yield from _covered([item for item in items if item.right])


def _absent(items: list[Outcome]) -> Iterator[Figure]:
    yield share("parts claimed that are not there", map(claims, items), 0, 0.01)


def claims(item: Outcome) -> bool:
    """Whether a law has a part that the truth has not."""
    return bool(item.numbers.get("claimed"))


def _exact(items: list[Outcome]) -> Iterator[Figure]:
    hits = [item.numbers.get("why", "").startswith("IDENTICAL") for item in items]
    yield share("noise-free laws IDENTICAL", hits, 1, 1)


# Tables


def plain(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """The figures as plain values."""
    return [{**asdict(f), "met": f.met} for f in figures(outcomes)]


def markdown(outcomes: Sequence[Outcome], seed: int) -> str:
    """All figures, the counts by kind, and every trial that misses what is asked."""
    parts = [
        f"# Trials of seed {seed}: {len(outcomes)}",
        _table(("figure", "asked", "measured", "of", ""), [f.row() for f in figures(outcomes)]),
    ]
    for group in ("wrong", "kept", "forced", "absent", "exact"):
        some = [item for item in outcomes if item.trial.group == group and not item.failure]
        if some:
            parts += [f"## {group}", _counts(some)]
            if group != "wrong":
                parts.append(_refusals(some))
    parts += _spread(outcomes)
    missed = [(why, item) for item in outcomes if (why := missing(item))]
    for group in dict.fromkeys(item.trial.group for _, item in missed):
        rows = [(why, item) for why, item in missed if item.trial.group == group]
        parts.append(f"## {len(rows)} missed: {group}")
        parts += [_told(why, item) for why, item in rows[:SHOWN]]
    return "\n\n".join(part for part in parts if part) + "\n"


def missing(item: Outcome) -> str:
    """Why a trial is not what is asked for, or ""."""
    if item.failure:
        return item.failure
    group = item.trial.group
    if group == "wrong":
        if item.right is False and item.identified and (is_exact(item) or refuted(item)):
            return "a wrong law is identified"
        return ""
    if group == "exact":
        return "" if item.numbers.get("why", "").startswith("IDENTICAL") else "not identical"
    if group == "kept" and (not item.identified or item.right is False):
        return "a right law is not identified" if item.right else "the law is not right"
    if group == "absent":
        return "a part is claimed that is not there" if claims(item) else ""
    return "" if group == "kept" or item.right is not False else "the law is not right"


def _told(why: str, item: Outcome) -> str:
    said = "; ".join(f"{name}: {sentence}" for name, sentence in item.checks.items())
    excess = item.numbers.get("excess")
    more = "" if excess is None else f"; χ² exceeds by {excess:.3g}"
    return (
        f"- {why}: {item.case}, noise {item.noise}: {item.law} ({item.verdict}); "
        f"{item.numbers.get('why', '')}{more}{'; ' if said else ''}{said}\n  `{item.trial}`"
    )


def _counts(items: Sequence[Outcome]) -> str:
    """How many of each case were called what."""
    cases: dict[str, Counter[str]] = {}
    for item in items:
        told = {True: "right", False: "wrong", None: "open"}[item.right]
        called = "identified" if item.identified else "refused"
        count = cases.setdefault(item.case, Counter())
        count["all"] += 1
        count[f"{told}, {called}"] += 1
        count["clear"] += refuted(item) and item.identified
    names = ("all", "right, identified", "right, refused", "wrong, identified", "clear",
             "wrong, refused", "open, identified", "open, refused")  # fmt: skip
    header = ("case", *names[:4], "of these χ² + 30", *names[5:])
    return _table(header, [(case, *(str(c[n] or "") for n in names)) for case, c in cases.items()])


def _refusals(items: Sequence[Outcome]) -> str:
    """Which checks refuse right laws."""
    right = [item for item in items if item.right]
    by_check = Counter(name for item in right for name in item.checks)
    rows = [(name, str(count), f"{count / len(right):.2%}") for name, count in by_check.items()]
    return _table(("check that refuses right laws", "count", "share"), rows) if rows else ""


def _spread(outcomes: Sequence[Outcome]) -> list[str]:
    """Mean and standard deviation of the coefficients' errors, in their error bars."""
    z: dict[str, list[float]] = {}
    for item in outcomes:
        if item.trial.group in ("coverage", "forced"):
            for term, value in item.numbers.get("z", {}).items():
                z.setdefault(f"{item.case}, {item.noise}: {term}", []).append(value)

    def row(name: str, values: list[float]) -> tuple[str, ...]:
        kept = np.array([value for value in values if np.isfinite(value)])
        return (name, str(len(values)), str(len(values) - len(kept)),
                f"{kept.mean():.2f}", f"{kept.std():.2f}", f"{np.abs(kept).max():.1f}")  # fmt: skip

    rows = [row(name, values) for name, values in sorted(z.items()) if np.isfinite(values).any()]
    header = ("coefficient", "trials", "term missing", "mean of z", "sd of z", "largest")
    return ["## coverage", _table(header, rows)] if rows else []


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
