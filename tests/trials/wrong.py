"""Data whose law is not in the library, or no potential, or not of these columns: nothing may be
called identified there. One family of right laws under the same bad data keeps this honest."""

from __future__ import annotations

from typing import Final

import numpy as np

import systems
from interpret.experiments.motion import Motion
from systems.errors import InputError
from tests.trials import measures
from tests.trials.judged import judged
from tests.trials.outcome import Outcome, Trial
from tests.trials.recording import QUALITIES, SHARES, NoMotion, Record, recorded
from tests.trials.worlds import FAMILIES, KINDS, Numbers

NOISES: Final = (0.0, 0.01, 0.05)
DRAWS: Final = 20
GROUP: Final = 1
"""The first number of the seeds of this group's random numbers."""


def made(trial: Trial) -> tuple[str, str, Record, dict[str, object]]:
    """The kind of a trial, what is wrong with its data, the data, and the options of its fit."""
    number, kind = divmod(trial.index, len(KINDS))
    family, name = KINDS[kind]
    noise = NOISES[number % len(NOISES)]
    for again in range(DRAWS):
        # The first draw has the trial's own numbers; one without a motion is drawn anew.
        numbers = (GROUP, trial.seed, trial.index, *([] if not again else [again + 1]))
        rng = np.random.default_rng(numbers)
        world = FAMILIES[family][name](Numbers(rng))
        quality = str(rng.choice(QUALITIES, p=SHARES))
        try:
            record = recorded(world, (GROUP, trial.seed, trial.index, again + 1), quality, noise)
        except NoMotion:
            continue
        break
    else:
        raise NoMotion(f"no {name} of {DRAWS} moves near where it starts")
    told = f"{100 * noise:g} %" if noise else "0"
    told = told if quality == "plain" else f"{told} {quality}"
    return f"{family}: {name}", told, record, dict(world.options)


def run(trial: Trial) -> Outcome:
    """Fit data that one of the kinds made, and tell whether the law is right."""
    case, noise, record, options = made(trial)
    try:
        law, checks = judged(systems.observed(record.shown), record.shown, Motion(**options))
    except InputError as error:
        return Outcome(trial, case, noise, "refused", checks={"refused": str(error)})
    told, why = measures.right(law, record)
    numbers: dict[str, object] = {"why": why, "rows": record.shown.points}
    if told is False and not record.exact:
        numbers["excess"] = measures.excess(law, record)
    return Outcome(trial, case, noise, law.judgement.words, measures.stated(law), checks, told,
                   numbers)  # fmt: skip
