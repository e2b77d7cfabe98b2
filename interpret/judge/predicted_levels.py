"""The certificate of the integers read off predicted levels: how good are these levels?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from interpret.judge.certificate import Certificate, Check, as_it_was_read
from interpret.laws.judgement import Verdict
from interpret.laws.law import Law
from interpret.laws.verdicts import FEWEST
from interpret.reading.poles.scores import CLOSE, Score

MOST_MISSED: Final = 0.05
"""Held-out levels that may be off by more than 1 MeV; a finished training leaves one in 1000 so."""


def certify_levels(law: Law, scores: Mapping[str, Score]) -> Certificate:
    """How it was read, how many integers are resolved, and held-out levels of each model.

    `scores` are of the models that were learned from, by whatever predicts the levels.
    """
    return Certificate((*as_it_was_read(law).checks, _resolved(law), _held_out(scores)))


def _resolved(law: Law) -> Check:
    """The share of poles whose integer is not known."""
    (part,) = law.parts
    unknown = len(part.undetermined) / len(part.candidates)
    resolved = len(part.candidates) - len(part.undetermined)
    said = f"{resolved} of {len(part.candidates)} integers are resolved"
    if not part.terms:
        why = f"{said}, and none of them is a pole"
        return Check("integers", unknown, 1 - FEWEST, "not in the library", why)
    verdict: Verdict = "identified" if unknown < 1 - FEWEST else "ambiguous"
    return Check("integers", unknown, 1 - FEWEST, verdict, said)


def _held_out(scores: Mapping[str, Score]) -> Check:
    """The largest part of a model's held-out levels that is off by more than 1 MeV."""
    worst = max(scores, key=lambda model: 1 - scores[model].close)
    missed = 1 - scores[worst].close
    said = f"{missed:.2%} of the levels of {worst} are off by more than {CLOSE:g} MeV"
    if missed <= MOST_MISSED:
        return Check("held out", missed, MOST_MISSED, "identified", said)
    return Check("held out", missed, MOST_MISSED, "ambiguous", f"{said}: train longer")
