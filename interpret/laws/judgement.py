"""Where a law comes from, and what is to be held of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

import numpy as np

from interpret.laws.json_numbers import finite, number
from interpret.laws.rivals import Rival
from systems.errors import InputError

Verdict = Literal[
    "identified", "approximate", "ambiguous", "not in the library", "contradictory columns"
]


@dataclass(frozen=True)
class Origin:
    """What a law was read off: a system, its data set, and the seed that this was drawn with."""

    system: str
    dataset: str | None = None
    seed: int = 0


@dataclass(frozen=True)
class Judgement:
    """What is to be held of a law.

    - `verdict` and its `reasons`: "identified", "approximate" (the terms are right, and the model
      misses something), "ambiguous" (another law fits as well), "not in the library" (then the
      terms are a best fit, and no law) or "contradictory columns" (of no one motion).
    - `remarks`: what else is to be said of it, in sentences.
    - `chi2_per_n`: χ² per data point of the law on the data; near 1 when it explains them, nan
      where it is not known.
    - `missed`: which share of the force, or of the values, an approximate law misses.
    - `rivals`: the laws that explain the data as well, the best first, where they are known.

    Raises InputError for a verdict that is none.
    """

    verdict: Verdict = "identified"
    reasons: tuple[str, ...] = ()
    chi2_per_n: float = np.nan
    remarks: tuple[str, ...] = ()
    missed: float = 0.0
    rivals: tuple[Rival, ...] = ()

    @property
    def words(self) -> str:
        """The verdict as it is printed.

        >>> Judgement("approximate", missed=0.008).words
        'approximate (0.8 %)'
        """
        if self.verdict == "approximate" and self.missed > 0:
            return f"{self.verdict} ({100 * self.missed:.2g} %)"
        return self.verdict

    def __post_init__(self) -> None:
        if self.verdict not in get_args(Verdict):
            known = ", ".join(get_args(Verdict))
            raise InputError(f"{self.verdict!r} is no verdict; the verdicts are {known}.")

    def to_json(self) -> dict[str, Any]:
        """The judgement as plain values; what is not finite becomes None."""
        rivals = [rival.to_json() for rival in self.rivals]
        return {
            "verdict": self.verdict,
            "missed": finite(self.missed),
            "reasons": list(self.reasons),
            "remarks": list(self.remarks),
            "chi2_per_n": finite(self.chi2_per_n),
            **({"rivals": rivals} if rivals else {}),
        }

    @staticmethod
    def from_json(contents: Mapping[str, Any]) -> Judgement:
        """What `to_json` wrote; earlier versions kept no rivals."""
        return Judgement(
            cast(Verdict, contents["verdict"]),
            tuple(map(str, contents["reasons"])),
            number(contents["chi2_per_n"]),
            tuple(map(str, contents["remarks"])),
            number(contents["missed"]),
            tuple(map(Rival.from_json, contents.get("rivals", ()))),
        )
