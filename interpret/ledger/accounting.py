"""All forces on a motion: screened on its smooth path, settled on the law's own.

1. Along short stretches of the smooth path every candidate's response is a column; a beam search
   takes the best set, and a scan of frequencies adds a drive where one shows.
2. The set is settled along the law's own path (`account`), and where one drive leaves more than
   the noise, another is looked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from interpret.ledger.account import MISSES, Account, settled
from interpret.ledger.candidates import Candidates
from interpret.ledger.cells import few
from interpret.ledger.motion import Course, Courses
from interpret.ledger.rows import Stretch
from interpret.ledger.scan import Peak, apart, width
from interpret.ledger.screen import DRIVE, State, driven, held, screened
from interpret.ledger.screen import peaks as peaks_of
from interpret.ledger.search import Groups
from interpret.ledger.selection import Selection
from interpret.ledger.setting import Setting
from interpret.ledger.starts import Start, started
from systems.errors import InputError

FEWEST_FOR_A_DRIVE: Final = 60

MANY: Final = 40_000
"""Of so many values a half tells the law to within a hundredth, as a start for all."""

LIKE: Final = 1.5
"""Trajectories that a law misses by so many times more than those it was read off have another."""

MOST_DRIVES: Final = 3
MOST_TRIED: Final = 3
"""Peaks of which each may be the next drive: the one that halves what the law misses is."""

AS_STRONG: Final = 0.3
MOST_RIVALS: Final = 3
AS_GOOD: Final = 1.2
EXACTLY: Final = 1e-8
"""Other peaks of the scan are looked at from a third of the highest; their law is a rival where it
misses no more than 1.2 times as much, or nothing."""


def account(
    courses: Courses, candidates: Candidates, *, drive: bool = True, chosen: bool = False
) -> Account:
    """The forces on a motion, from the candidates, and a drive of unknown frequency if one shows.

    Of candidates that are `chosen` all act. Of very many trajectories a few are looked at first:
    their law starts all of them.

    Raises InputError where there are no candidates.

    >>> from systems import Trajectories
    >>> from systems.expressions import parse_list
    >>> from training.prepare.noise import estimate
    >>> t = np.linspace(0, 6, 61)[:, None]
    >>> swing = Trajectories.from_velocities(["q"], [1], [(t[:, 0], np.sin(t), np.cos(t))])
    >>> candidates = Candidates(("q",), (1.0,)).with_terms("potential", parse_list("q**2, q**4"))
    >>> found = account(Courses.of(swing, estimate(swing)), candidates, drive=False)
    >>> found.terms, found.law.coefficients[found.terms].round(6)
    ([0], array([0.5]))
    """
    if not len(candidates):
        raise InputError("there are no candidates of forces; give a library.")
    if len(courses.times) * courses.channels > MANY and len(courses.items) > 1:
        first = account(few(courses, MANY // 2), candidates, drive=drive, chosen=chosen)
        found = settled(
            replace(first.setting, courses=courses),
            first.state,
            Selection(first.chosen, first.contenders),
        )
        if found.solution is not None and float(found.missed.max()) < LIKE * first.missed.max():
            return replace(found, notes=first.notes)
    setting, starts = _set(courses, candidates)
    setting = replace(setting, chosen=chosen)
    state, parts = screened(setting, starts[0].inner)
    long = drive and len(courses.times) >= FEWEST_FOR_A_DRIVE
    pushed = _driven(setting, parts, starts) if long else None
    return pushed or _best(setting, state, starts)


def _set(courses: Courses, candidates: Candidates) -> tuple[Setting, list[Start]]:
    """The setting, and where the constants inside of candidates start."""
    setting = Setting.of(courses, candidates)
    if not candidates.inner:
        return setting, [Start(np.zeros(0), (), np.inf)]
    starts, searched = started(setting)
    return setting.paying(searched).at(starts[0].inner), starts


def _best(setting: Setting, state: State, starts: Sequence[Start]) -> Account:
    """The account from a screened set, or from another that was found with its constants."""
    found = [settled(setting, state)]
    for start in starts:
        if start.chosen and all(start.chosen != item.chosen for item in found):
            found.append(settled(setting, held(setting, start, state.noise)))
    best, *others = sorted(found, key=lambda item: (-item.joined, item.score))
    rivals = [c for item in others for c in item.contenders if c.chosen == item.chosen]
    return replace(best, contenders=(*best.contenders, *rivals))


def _driven(
    setting: Setting, parts: Sequence[tuple[Course, Stretch]], starts: Sequence[Start]
) -> Account | None:
    """The account with a drive that shows; with several, where one leaves more than the noise."""
    peaks = [peak for peak in peaks_of(setting, parts) if peak.significant]
    if not peaks:
        return None
    inner, known = starts[0].inner, [peaks[0].frequency]
    wider, state, parts = driven(setting, peaks[0], inner)
    found = _best(wider, state, starts)
    found = replace(found, notes=(*found.notes, *_other_drives(setting, found, peaks)))
    while _driven_in_part(found) and len(known) < MOST_DRIVES:
        more = [peak for peak in peaks_of(wider, parts, known)[:1] if peak.significant]
        more += apart(peaks, setting.courses, [*known, *(peak.frequency for peak in more)])
        for peak in more[:MOST_TRIED]:
            tried = driven(wider, peak, np.append(inner, known))
            other = _best(*tried[:2], starts)
            if MISSES * other.missed.max() < found.missed.max():
                found, (wider, _, parts) = other, tried
                known.append(peak.frequency)
                break
        else:
            break
    return found


def _driven_in_part(found: Account) -> bool:
    """Whether the last drive is there, and leaves more than the noise."""
    there = _last_drive_in(found, (*found.chosen, *found.dropped))
    return there and bool(found.missed.max() >= found.setting.noise_limit)


def _last_drive_in(found: Account, groups: Groups) -> bool:
    """Whether the drive that was added last is in some groups."""
    known = found.setting.candidates
    last = len(known.inner) - 1
    return any(last in known.inside(known.groups[group]) for group in groups)


def _other_drives(setting: Setting, found: Account, peaks: Sequence[Peak]) -> Iterator[str]:
    """A sentence where a drive of another frequency, with its own law, follows the motion as well.

    Of a linear motion one trajectory does not tell the drive from the motion's own oscillation.
    """
    if not _last_drive_in(found, found.chosen):
        return
    last = len(found.law.inner) - 1
    own, courses = float(found.law.inner[last]), setting.courses
    others = [p for p in peaks if p.gain > AS_STRONG * peaks[0].gain]
    for peak in apart(others, courses, [own])[:MOST_RIVALS]:
        rival = settled(*driven(setting, peak, found.law.inner[:last])[:2])
        enough = max(AS_GOOD * float(found.missed.max()), EXACTLY)
        another = abs(float(rival.law.inner[last]) - own) > width(courses)
        if another and float(rival.missed.max()) <= enough and rival.joined >= found.joined:
            yield (
                f"a drive of ω = {rival.law.inner[last]:.6g} does as well, with {_forces_of(rival)}"
            )
            return


def _forces_of(found: Account) -> str:
    """The terms of a law but for its drives, with their coefficients."""
    pairs = zip(found.setting.candidates.items, found.law.coefficients.tolist(), strict=True)
    told = (f"{value:.4g}*{item.term}" for item, value in pairs if value and item.part != DRIVE)
    return ", ".join(told) or "nothing else"
