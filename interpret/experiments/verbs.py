"""What an experiment does: draw, learn, read, refine; and what the parts of the spine hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Protocol, TypeVar

from interpret.experiments.options import Options
from interpret.judge.certificate import Certificate, as_it_was_read
from interpret.keep.folder import Content
from interpret.keep.session import Session
from interpret.laws.comparison import Comparison
from interpret.laws.law import Law
from systems.errors import InputError
from systems.problem import Problem, Samples
from systems.seeds import other_stream
from training.learn.learned import Learned

OptionsT = TypeVar("OptionsT", bound=Options, covariant=True)
LearnedT = TypeVar("LearnedT", bound=Learned, covariant=True)


@dataclass(frozen=True)
class Fit(Generic[OptionsT, LearnedT]):
    """What was learned of a problem, from which samples, and as what was asked for.

    ``learned`` holds a basis and its coefficients, or numbers, with their cost and history.
    ``notes`` are sentences about what was found and chosen on the way.
    """

    problem: Problem
    samples: Samples
    options: OptionsT
    learned: LearnedT
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Fit({self.problem.name}: {self.learned!r})"


@dataclass(frozen=True)
class Findings:
    """What a run says beside its laws: sentences, numbers by name, and files for its folder."""

    notes: tuple[str, ...] = ()
    numbers: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, Content] = field(default_factory=dict)


AnyFit = Fit[Any, Any]


@dataclass(frozen=True)
class Conclusion:
    """What a fit comes to: its laws, refined, and the certificate of each."""

    fit: AnyFit
    laws: tuple[Law, ...]
    certificates: tuple[Certificate, ...]


class Verbs(Protocol):
    """The verbs of an experiment, functions of a module."""

    def settled(self, problem: Problem, samples: Samples | None, options: Any) -> Options:
        """The options with the experiment's own choices put in; InputError for what has no use."""
        ...

    def draw(self, problem: Problem, options: Any, session: Session) -> Samples:
        """The samples to learn from."""
        ...

    def learn(self, problem: Problem, samples: Samples, options: Any, session: Session) -> AnyFit:
        """Learn what is behind the samples; the truth of the problem is not read."""
        ...

    def read(self, fit: AnyFit) -> tuple[Law, ...]:
        """The laws of what was learned."""
        ...

    def refine(self, law: Law, fit: AnyFit) -> Law:
        """A law again, its numbers and error bars from the raw samples."""
        ...

    def judge(self, law: Law, fit: AnyFit) -> Certificate:
        """The checks of a law on the raw samples, from which its verdict follows."""
        ...

    def reconsidered(self, first: Conclusion, options: Any, session: Session) -> Conclusion:
        """What is concluded in the end, where something else may be learned of the samples too."""
        ...

    def compared(self, problem: Problem, options: Any) -> Problem:
        """The problem whose truth the laws are compared with."""
        ...

    def findings(
        self, fit: AnyFit, laws: Sequence[Law], comparisons: Sequence[Comparison]
    ) -> Findings:
        """What there is to say beside the laws."""
        ...


def concluded(fit: AnyFit, verbs: Verbs) -> Conclusion:
    """The laws that are read off a fit, refined and judged."""
    laws = tuple(verbs.refine(law, fit) for law in verbs.read(fit))
    return Conclusion(fit, laws, tuple(verbs.judge(law, fit) for law in laws))


def drawn(problem: Problem, options: Options, session: Session) -> Samples:
    """Samples of the data set asked for, with the noise asked for."""
    samples = problem.draw(options.dataset, options.seed, options.samples, report=session.report)
    return noisy(samples, options)


def noisy(samples: Samples, options: Options) -> Samples:
    """The samples with the noise asked for, which has a seed of its own."""
    if not options.noise:
        return samples
    return samples.with_noise(options.noise, other_stream(options.seed))


def as_read(law: Law, fit: AnyFit) -> Law:
    """The law as it is: the raw samples say no more of it than it was read off already."""
    return law


def by_reading(law: Law, fit: AnyFit) -> Certificate:
    """The certificate of a law that was judged where it was read: that is its one check."""
    return as_it_was_read(law)


def as_concluded(first: Conclusion, options: Options, session: Session) -> Conclusion:
    """The first conclusion: there is one way to learn it."""
    return first


def whole(problem: Problem, options: Options) -> Problem:
    """The problem itself: nothing of it was taken as known."""
    return problem


def traced(laws: Iterable[Law], dataset: str | None, seed: int) -> tuple[Law, ...]:
    """The laws with the data set and the seed that their samples come from."""
    return tuple(
        replace(law, origin=replace(law.origin, dataset=dataset, seed=seed)) for law in laws
    )


def refuse_drawing(options: Options) -> None:
    """Raise InputError where samples are measured, and options ask for some to be drawn."""
    asked = [name for name in ("dataset", "samples") if getattr(options, name) is not None]
    if asked:
        raise InputError(f"measured samples are not drawn; leave out the {' and '.join(asked)}.")
