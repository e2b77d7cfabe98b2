"""What a smooth path shows of the forces: a first set of candidates, and a drive's frequency."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sympy import Symbol

from interpret.ledger.candidates import drives
from interpret.ledger.flow import Parameters
from interpret.ledger.motion import Course
from interpret.ledger.noise import Noise
from interpret.ledger.reduced import Reduced
from interpret.ledger.rows import Stretch
from interpret.ledger.scan import Peak, frequencies, scan
from interpret.ledger.search import Groups, search
from interpret.ledger.selection import select
from interpret.ledger.setting import Setting
from interpret.ledger.starts import Start

Array = NDArray[np.float64]

SCREENINGS: Final = 3

DRIVE: Final = "drive"


@dataclass(frozen=True)
class State:
    """Where the account stands: the groups, the law, and the noise that it leaves."""

    chosen: Groups
    law: Parameters
    noise: Noise


def screened(setting: Setting, inner: Array) -> tuple[State, list[tuple[Course, Stretch]]]:
    """The best set along the smooth path, inner constants kept, and the rows it was chosen on."""
    law = Parameters(np.zeros(len(setting.candidates)), inner)
    parts = setting.parts(law)
    rows = [item for _, item in parts]
    menu = setting.menu(lifted=False)
    noise = Noise.white(np.maximum(setting.courses.scatter, setting.scales.least))
    everything = tuple(range(len(menu)))
    for _ in range(SCREENINGS):
        reduced = Reduced(rows, noise)
        best = everything
        if not setting.chosen:
            best = search(reduced.gram, reduced.count, menu, setting.most)[0].chosen
        step = reduced.step(menu.of(best))
        noise = noise_of(reduced, step, len(menu.of(best)), setting)
    chosen = everything
    if not setting.chosen:
        chosen = select(reduced.at(noise), menu, setting.most, setting.scales).chosen
    step = reduced.step(menu.of(chosen))
    return State(chosen, setting.law(step[: len(setting.candidates)], inner), noise), parts


def held(setting: Setting, start: Start, noise: Noise) -> State:
    """A set that was found with the constants inside it, screened no further."""
    more = np.zeros(len(setting.candidates.inner) - len(start.inner))
    still = Parameters(np.zeros(len(setting.candidates)), np.append(start.inner, more + 1))
    reduced = Reduced([item for _, item in setting.parts(still)], noise)
    step = reduced.step(setting.menu(lifted=False).of(start.chosen))
    law = still.moved(step)
    return State(start.chosen, setting.law(law.coefficients, law.inner), noise)


def driven(
    setting: Setting, peak: Peak, inner: Array
) -> tuple[Setting, State, list[tuple[Course, Stretch]]]:
    """The same motion with a drive of a peak's frequency among the candidates, screened anew.

    `inner` are the constants inside the other candidates.
    """
    known = setting.candidates
    frequency = Symbol(f"omega_{len(known.inner)}")
    name = known.coordinates[peak.coordinate]
    more = known.with_inner(frequency).with_terms(
        DRIVE, drives(name, frequency), group=f"{DRIVE} {frequency}"
    )
    start = np.append(inner, peak.frequency)
    wider = Setting.of(setting.courses, more, start, len(frequencies(setting.courses)))
    return wider, *screened(wider, start)


def peaks(
    setting: Setting, parts: Sequence[tuple[Course, Stretch]], known: Sequence[float] = ()
) -> list[Peak]:
    """The drive's frequencies beyond the full library, with the noise that this leaves.

    `known` are those of the drives in it.
    """
    sought = [k for group in setting.candidates.groups for k in group]
    parts = [(course, item.on(sought)) for course, item in parts]
    rows = [item for _, item in parts]
    everything = range(len(sought))
    noise = Noise.white(np.maximum(setting.courses.scatter, setting.scales.least))
    reduced = Reduced(rows, noise)
    step = reduced.step(everything)
    # A line that stands out of all else would be foretold by the noise, and not be seen again.
    left = noise_of(reduced, step, len(everything), setting, 0 if known else 2)
    return scan(setting.courses, parts, left, known)


def noise_of(
    reduced: Reduced, step: Array, columns: int, setting: Setting, highest: int = 6
) -> Noise:
    """What a fit leaves of the values, as noise; of exact motions that is what the law misses.

    That is smooth, and an autoregression would foretell it: what is left of it then shows no law
    the way to the minimum.
    """
    residuals = reduced.residuals(step)
    parameters = columns + reduced.stretches.states
    highest = 0 if setting.exact else highest
    return Noise.of(residuals, parameters, setting.scales.least, highest)
