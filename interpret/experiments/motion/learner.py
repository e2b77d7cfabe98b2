"""What a motion can be learned by: functions that go together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from interpret.experiments.motion import Motion
from interpret.experiments.verbs import Findings, Fit, as_read, by_reading
from interpret.judge.certificate import Certificate
from interpret.keep.session import Session
from interpret.laws.comparison import Comparison
from interpret.laws.law import Law
from systems.problem import Problem, Samples

FitT = TypeVar("FitT", bound=Fit[Motion, Any])


def as_asked(problem: Problem, options: Motion) -> Motion:
    """The options as they are."""
    return options


@dataclass(frozen=True)
class Learner(Generic[FitT]):
    """How something is learned from one kind of samples, and how its law is read.

    - `samples`: what it is learned from.
    - `settled` puts its own choices into the options; `learn`, `read`, `refine`, `judge` and
      `findings` are those of the spine.
    """

    samples: type
    learn: Callable[[Problem, Samples, Motion, Session], FitT]
    read: Callable[[FitT], Law]
    findings: Callable[[FitT, Law, Sequence[Comparison]], Findings]
    refine: Callable[[Law, FitT], Law] = as_read
    judge: Callable[[Law, FitT], Certificate] = by_reading
    settled: Callable[[Problem, Motion], Motion] = as_asked
