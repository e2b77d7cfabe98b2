"""Where a law comes from, and what is to be held of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

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

    Raises InputError for a verdict that is none.
    """

    verdict: Verdict = "identified"
    reasons: tuple[str, ...] = ()
    chi2_per_n: float = np.nan
    remarks: tuple[str, ...] = ()
    missed: float = 0.0

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
