"""Rivals of a law: others that explain the data as well, and what would tell which is right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from sympy import Expr

from systems.expressions import parse, text

CLOSE: Final = 6.0
"""By so much twice the logarithm of the odds is strong evidence: odds of e^3 = 20.

Source: R. E. Kass and A. E. Raftery, J. Am. Stat. Assoc. 90 (1995) 773.
"""

MOST_EVIDENCE: Final = 100.0
"""Nobody counts further."""


@dataclass(frozen=True)
class Rival:
    """Another law of the same candidates, fitted to the same data.

    `terms` are those of every part, with their `coefficients` and the `covariance` of these, one
    part after the other. It is `behind` the law by so much in twice the logarithm of the odds.

    >>> from systems.expressions import symbol
    >>> q = symbol("q")
    >>> print(Rival({"potential": (q, q**3)}, (1.0, 2.0), ((1.0, 0.0), (0.0, 1.0)), 3.0))
    the terms q, q**3 explain the motion as well: odds of 4.5 to 1 against it, where 20 would tell
    >>> print(Rival({"potential": (q, q**3)}, (1.0, 2.0), ((1.0, 0.0), (0.0, 1.0)), -20.0))
    the terms q, q**3 come closer, at odds of 2.2e+04 to 1, but by less than the law misses
    """

    terms: Mapping[str, tuple[Expr, ...]]
    coefficients: tuple[float, ...]
    covariance: tuple[tuple[float, ...], ...]
    behind: float

    @property
    def words(self) -> str:
        """Its terms."""
        return listed(term for some in self.terms.values() for term in some)

    @property
    def evidence(self) -> str:
        """The odds of the better to the worse."""
        return f"{np.exp(min(abs(self.behind) / 2, MOST_EVIDENCE)):.2g} to 1"

    @property
    def odds(self) -> str:
        """The evidence between it and the law."""
        return f"{self.evidence} {'against' if self.behind >= 0 else 'for'} it"

    def __str__(self) -> str:
        if self.behind <= -CLOSE:
            # It would be the law, if the law did not miss more than such terms bring.
            return (
                f"the terms {self.words} come closer, at odds of {self.evidence}, but by less than "
                f"the law misses"
            )
        return (
            f"the terms {self.words} explain the motion as well: odds of {self.odds}, where "
            f"{np.exp(CLOSE / 2):.0f} would tell"
        )

    def to_json(self) -> dict[str, Any]:
        """The rival as plain values; expressions as text."""
        return {
            "terms": {name: list(map(text, some)) for name, some in self.terms.items()},
            "coefficients": list(self.coefficients),
            "covariance": [list(row) for row in self.covariance],
            "behind": self.behind,
        }

    @staticmethod
    def from_json(contents: Mapping[str, Any]) -> Rival:
        """What `to_json` wrote; expressions are parsed against a whitelist."""
        return Rival(
            {str(name): tuple(map(parse, some)) for name, some in contents["terms"].items()},
            tuple(map(float, contents["coefficients"])),
            tuple(tuple(map(float, row)) for row in contents["covariance"]),
            float(contents["behind"]),
        )


@dataclass(frozen=True)
class Release:
    """Where to let the next motion begin, so that it tells a law from its rivals.

    `start` has positions q and velocities v_q by name. The `power` is the probability that the
    wrong one of the law and a rival is refused, once this motion is measured as the others were;
    that of the rival which is told apart worst, of `apart`, the powers by the rivals' terms.

    >>> print(Release({"q": 0.5, "v_q": 0.0}, "q, q**2", {"q, q**3": 0.93}))
    release it here next: q = 0.5, at rest; it tells q, q**2 from q, q**3 with power 0.93
    """

    start: Mapping[str, float]
    law: str
    apart: Mapping[str, float]

    @property
    def power(self) -> float:
        """That against the rival which is told apart worst."""
        return min(self.apart.values())

    @property
    def where(self) -> str:
        """The start in words."""
        half = len(self.start) // 2
        numbers = [f"{name} = {value:.6g}" for name, value in self.start.items()]
        still = not any(list(self.start.values())[half:])
        return ", ".join([*numbers[:half], *(["at rest"] if still else numbers[half:])])

    def __str__(self) -> str:
        hardest = min(self.apart, key=lambda words: self.apart[words])
        return (
            f"release it here next: {self.where}; it tells {self.law} from {hardest} with power "
            f"{self.power:.2f}"
        )

    def to_json(self) -> dict[str, Any]:
        """The release as plain values."""
        return {
            "start": dict(self.start),
            "power": self.power,
            "law": self.law,
            "apart": dict(self.apart),
        }

    @staticmethod
    def from_json(contents: Mapping[str, Any]) -> Release:
        """What `to_json` wrote."""
        start, apart = (
            {str(name): float(value) for name, value in contents[key].items()}
            for key in ("start", "apart")
        )
        return Release(start, str(contents["law"]), apart)


def listed(terms: Iterable[Expr]) -> str:
    """Terms with commas; without any it is what was given alone."""
    return ", ".join(dict.fromkeys(map(str, terms))) or "that are known alone"
