"""The certificate of a law with unknown kinetic energy, from its weak rows and its own path."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from interpret.judge.certificate import Certificate, Check, as_it_was_read
from interpret.judge.support import most_kept
from interpret.judge.thresholds import EXACT, percent, short_of
from interpret.laws.judgement import Verdict
from interpret.laws.law import Law
from interpret.weak.choice import EXPLAINED
from interpret.weak.pursuit import Pursued
from interpret.weak.search import KNOWN, Answer

FORESEEN: Final = 1.5
"""Motion that was not learned from may be missed half as much again: the error of the law is in it,
beside the noise."""

DROWNED: Final = 0.2
"""Of the largest term: weak rows that leave more tell hardly a term from none. Right laws of motion
with 5 % of noise left 0.03."""

NOTHING: Final = 1e-6
"""What is missed of a motion's range by this little takes nothing from a law."""


def certify_lagrangian(law: Law, answer: Answer) -> Certificate:
    """Every check of a law on the motion that it was read off."""
    checks = [*as_it_was_read(law).checks, _weak(answer), *_path(answer), *_support(law, answer)]
    return Certificate(tuple(checks))


def _followed(answer: Answer, found: Pursued) -> Iterator[Check]:
    """Whether a law of noisy motion is followed over a period of it: anything explains less.

    Of exact motion short stretches tell all.
    """
    if not answer.weighed.rows.observed.noisy:
        return
    courses = found.solution.shooting.courses
    asked = min(courses.period / courses.step, max(map(len, courses.items)))
    said = (
        f"the law follows the motion along {found.stretch} samples in one go, "
        f"{found.stretch * courses.step / courses.period:.2g} periods"
    )
    verdict: Verdict = "identified" if found.stretch >= asked else "ambiguous"
    yield Check("followed", asked, float(found.stretch), verdict, said)


def _support(law: Law, answer: Answer) -> Iterator[Check]:
    """Whether a law chosen among the usual candidates has left most of them out.

    More than half of them fit any smooth motion. Who gives candidates of their own may have given
    those of the law.
    """
    if answer.question.own:
        return
    kept, limit = len(law.terms), most_kept(len(answer.terms))
    said = f"{kept} of {len(answer.terms)} candidates were kept"
    if kept <= limit:
        yield Check("support", kept, limit, "identified", said)
        return
    why = f"{said}: such a sum fits any smooth motion, so it is no law"
    yield Check("support", kept, limit, "not in the library", why)


def _weak(answer: Answer) -> Check:
    """Whether noise explains what the weak rows leave: S is 1 where it does."""
    least, share = answer.choice.least, answer.share
    noisy = answer.weighed.rows.observed.noisy
    limit = EXPLAINED[1] if noisy else EXPLAINED[1] * KNOWN
    said = (
        f"the weak rows leave {least:.3g} times what noise and the error of their integrals make "
        f"of them, {percent(share)} of the largest term"
    )
    if least <= limit and share > DROWNED:
        why = f"{said}: so much noise hides any law"
        return Check("weak rows", share, DROWNED, "ambiguous", why)
    if least <= limit:
        return Check("weak rows", least, limit, "identified", said)
    verdict = short_of(share)
    return Check("weak rows", least, limit, verdict, said, share)


def _path(answer: Answer) -> Iterator[Check]:
    """How far the law follows the motion, and how well where it was not learned from."""
    found = answer.pursued
    if found is None:
        if answer.held is not None:
            said = (
                "the law leaves the motion from the start: its numbers are those of the weak rows"
            )
            yield Check("followed", 0.0, 1.0, "not in the library", said)
        return
    missed, calm = float(found.missed.max()), float(found.calm.max())
    limit = max(FORESEEN * calm, NOTHING)
    said = (
        f"along stretches of {found.stretch} samples the law misses {percent(missed)} of the "
        f"motion's range, a smooth curve {percent(calm)}"
    )
    verdict = short_of(missed)
    passed = missed <= limit
    shared = 0.0 if passed else missed
    yield Check("noise", missed, limit, "identified" if passed else verdict, said, shared)
    yield from _followed(answer, found)
    pair = found.foreseen()
    if pair is None:
        return
    learned, foreseen = pair
    if not answer.weighed.rows.observed.noisy:
        off = float(foreseen.max())
        said = f"learned from one half of the stretches, it misses {percent(off)} of the other"
        verdict = "identified" if off <= EXACT else "approximate"
        yield Check("held out", off, EXACT, verdict, said, 0.0 if off <= EXACT else off)
        return
    ratio = float(np.max(foreseen / learned))
    said = (
        f"learned from one half of the stretches, it misses the other {ratio:.3g} times as much as "
        f"its own"
    )
    passed = ratio <= FORESEEN
    yield Check("held out", ratio, FORESEEN, "identified" if passed else "approximate", said)
