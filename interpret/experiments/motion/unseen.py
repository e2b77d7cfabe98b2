"""What a data set asks of the law that was learned of it: does that predict motions elsewhere?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, cast

import numpy as np

from interpret.experiments.motion import Motion
from interpret.experiments.verbs import Fit
from interpret.judge.thresholds import percent
from interpret.laws.law import Law
from interpret.laws.report import NO_LAW
from systems.errors import InputError
from systems.samples.trajectories import Trajectories
from training.learn.learned import Learned

PREDICTED: Final = 0.05
"""A motion that is missed by a twentieth of its range looks like the right one in a picture; so do
at least half of those that are predicted."""

INSTANTS: Final = 200
"""Of a motion, at which it is compared."""


@dataclass(frozen=True)
class Unseen:
    """The motions that were held out, and what their data set asks of them."""

    question: str
    motions: Trajectories

    def answer(self, law: Law) -> str:
        """Whether they follow from the law and their starts, and how closely."""
        count = len(self.motions)
        if law.verdict == NO_LAW or not law.terms:
            return (
                f"{self.question} no law was found: the {count} motions held out are not followed"
            )
        try:
            missed = [self._missed(law, number) for number in range(count)]
        except InputError as error:
            return (
                f"{self.question} no: of the {count} motions held out one is not followed: {error}"
            )
        typical, worst = float(np.median(missed)), max(missed)
        return (
            f"{self.question} {'yes' if typical <= PREDICTED else 'no'}: of {count} motions held "
            f"out the law misses {percent(typical)} of the range, {percent(worst)} of the worst one"
        )

    def _missed(self, law: Law, number: int) -> float:
        """The rms of what the law misses of one motion's coordinates, over their range."""
        every = max(1, len(self.motions[number]) // INSTANTS)
        seen = self.motions[number].at(slice(None, None, every))
        q, _ = law.simulate(seen.q[0], seen.p[0] / self.motions.mass, seen.t)
        off = np.sqrt(((q - seen.q) ** 2).mean(axis=0))
        return float((off / np.maximum(np.ptp(seen.q, axis=0), 1e-300)).max())


def unseen(fit: Fit[Motion, Learned]) -> Unseen | None:
    """What the data set of a fit asks; None where it asks nothing."""
    if not fit.problem.datasets:
        return None
    dataset = fit.problem.dataset(fit.options.dataset)
    if not dataset.question or dataset.held_out is None:
        return None
    return Unseen(dataset.question, cast(Trajectories, dataset.held_out(fit.options.seed)))
