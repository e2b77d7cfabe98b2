"""The certificate: independent checks of a law, and the verdict that follows from them.

Every check compares one number, measured on the data, with one threshold. What it fails for is a
verdict; the law's verdict is the gravest of all, in the order of `GRAVITY`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from interpret.laws.json_numbers import finite
from interpret.laws.judgement import Judgement, Verdict
from interpret.laws.law import Law
from interpret.laws.rivals import CLOSE, Release
from interpret.laws.tables import aligned
from systems.errors import InputError

GRAVITY: Final[Mapping[Verdict, str]] = {
    "identified": "every check is passed",
    "approximate": "the terms are right; the model, not the noise, limits the law",
    "ambiguous": "another law, or more than one, explains the data as well",
    "not in the library": "no sum of the candidates explains the data",
    "contradictory columns": "the columns cannot be the motion of one system",
}
"""The verdicts from the lightest to the gravest, and what each of them says."""


RIVAL: Final = "rival"
"""The check for another law that explains the data as well: how far it is behind."""


@dataclass(frozen=True)
class Check:
    """One question put to a law and to the data: passed, or failed for a verdict.

    - `name`: what is asked; `sentence`: what was found.
    - `statistic` is what was measured; up to `threshold` the check is passed. nan: not measured.
    - `verdict`: what the law is called for this check alone: "identified" where it is passed.
    - `missed`: of an approximate law, which share of the force or of the values it misses.
    - `release`: the motion to measure next, where one would settle the question.

    >>> Check("energy", 1e-9, 1e-4, "identified", "the energy closes to 1e-9").passed
    True
    """

    name: str
    statistic: float
    threshold: float
    verdict: Verdict
    sentence: str
    missed: float = 0.0
    release: Release | None = None

    @property
    def finding(self) -> str:
        """What was found, and what would settle it."""
        return "; ".join(map(str, filter(None, (self.sentence, self.release))))

    @property
    def passed(self) -> bool:
        """Whether this check leaves the law identified."""
        return self.verdict == "identified"

    def row(self) -> tuple[str, ...]:
        """The check as a line of a table."""
        shown = "passed" if self.passed else self.verdict
        known = np.isfinite(self.statistic)
        figures = (f"{self.statistic:.3g}", f"{self.threshold:.3g}") if known else ("", "")
        return (self.name, *figures, shown, self.finding)

    def to_json(self) -> dict[str, Any]:
        """The check as plain values; what is not finite becomes None."""
        return {
            "name": self.name,
            "statistic": finite(self.statistic),
            "threshold": finite(self.threshold),
            "verdict": self.verdict,
            "sentence": self.sentence,
            "missed": finite(self.missed),
            **({} if self.release is None else {"release": self.release.to_json()}),
        }


@dataclass(frozen=True)
class Certificate:
    """The checks of one law; empty where nothing was asked.

    >>> passed = Check("noise", 0.4, 4.0, "identified", "χ² is as the noise makes it")
    >>> failed = Check("support", 9, 4, "not in the library", "9 of 9 candidates were kept")
    >>> Certificate((passed, failed)).verdict
    'not in the library'
    >>> print(Certificate((passed, failed)))
    certificate: noise passed, support failed
    """

    checks: tuple[Check, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The gravest verdict of all checks."""
        order = list(GRAVITY)
        gravest = max((order.index(check.verdict) for check in self.checks), default=0)
        return order[gravest]

    @property
    def missed(self) -> float:
        """The largest share that an approximate law misses, by any check."""
        shares = [check.missed for check in self.checks if check.verdict == "approximate"]
        return max(shares, default=0.0)

    @property
    def release(self) -> Release | None:
        """The motion to measure next, where that would settle an ambiguous verdict."""
        if self.verdict != "ambiguous":
            return None
        return next((item.release for item in self.checks if item.release is not None), None)

    @property
    def reasons(self) -> tuple[str, ...]:
        """What the failed checks say, the gravest first, each once.

        Of contradictory columns that alone: what else is missed follows from it.
        """
        order = list(GRAVITY)
        failed = [check for check in self.checks if not check.passed]
        if self.verdict == "contradictory columns":
            failed = [check for check in failed if check.verdict == self.verdict]
        failed.sort(key=lambda check: -order.index(check.verdict))
        return tuple(dict.fromkeys(check.sentence for check in failed))

    def judged(self, law: Law) -> Law:
        """The law with the verdict that follows; closed forms need a law that explains the data.

        A closed form on an error bar that the model's error dominates would be read off digits
        that nobody knows.
        """
        asked = () if self.release is None else (str(self.release),)
        judgement = replace(
            law.judgement,
            verdict=self.verdict,
            reasons=self.reasons,
            missed=self.missed,
            remarks=tuple(dict.fromkeys((*law.judgement.remarks, *asked))),
        )
        known = self.verdict in ("identified", "ambiguous")
        recognised = law.recognised if known else (None,) * len(law.terms)
        return replace(law, judgement=judgement, recognised=recognised)

    def __str__(self) -> str:
        shown = (f"{item.name} {'passed' if item.passed else 'failed'}" for item in self.checks)
        return f"certificate: {', '.join(shown)}" if self.checks else ""

    def table(self) -> str:
        """Every check on a line: what was measured, its threshold, and what was found."""
        header = ("check", "measured", "threshold", "verdict", "finding")
        return "\n".join(aligned([header, *(check.row() for check in self.checks)]))

    def to_json(self) -> list[dict[str, Any]]:
        """All checks as plain values."""
        return [check.to_json() for check in self.checks]

    @staticmethod
    def from_json(contents: Sequence[Mapping[str, Any]]) -> Certificate:
        """Read `to_json` back; raises InputError when it is damaged."""
        try:
            return Certificate(tuple(map(_check, contents)))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(f"the certificate is damaged ({error}); fit the run again.") from error


def _check(row: Mapping[str, Any]) -> Check:
    verdict = Judgement(row["verdict"]).verdict
    statistic, threshold, missed = (
        np.nan if row[key] is None else float(row[key])
        for key in ("statistic", "threshold", "missed")
    )
    asked = row.get("release")
    release = None if asked is None else Release.from_json(asked)
    named, said = str(row["name"]), str(row["sentence"])
    return Check(named, statistic, threshold, verdict, said, missed, release)


def as_it_was_read(law: Law) -> Certificate:
    """What was said of a law where it was read and refined, a check for each reason."""
    if not law.reasons:
        said = "the reading of the law raised no doubt"
        return Certificate((Check("reading", np.nan, np.nan, law.verdict, said),))
    missed = law.judgement.missed
    rivals = {str(rival): rival for rival in law.judgement.rivals}

    def check(reason: str) -> Check:
        if reason in rivals:
            return Check(RIVAL, -rivals[reason].behind, -CLOSE, law.verdict, reason, missed)
        return Check("reading", np.nan, np.nan, law.verdict, reason, missed)

    return Certificate(tuple(map(check, law.reasons)))
