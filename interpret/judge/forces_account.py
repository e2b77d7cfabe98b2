"""The certificate of an account of forces: is it followed, and does it leave noise and no force?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from interpret.judge.certificate import Certificate, Check, as_it_was_read
from interpret.judge.settling import with_release
from interpret.judge.smooth_path import Closer, closer, doubted
from interpret.judge.thresholds import percent, short_of
from interpret.laws.judgement import Verdict
from interpret.laws.law import Law
from interpret.ledger.account import Account
from interpret.ledger.each import each, shared
from interpret.ledger.left_over import left_over

FOLLOWED: Final = 0.99
"""A law that follows the motion over less of a trajectory is not known to be one motion's."""

CHANCE: Final = 1e-3
"""Of all variables' free forces together: one right law in a thousand is doubted."""

NEGLIGIBLE: Final = 1e-4
"""A force left over that is smaller than this part of the whole takes nothing from a law."""


def certify_forces(law: Law, account: Account) -> Certificate:
    """Every check of a law of forces on the motion that it was read off."""
    checks = [*as_it_was_read(law).checks, _followed(account), _noise(account)]
    if account.solution is not None:
        checks += [_left_over(account), *_one_law(account), *_data_sets(account)]
    return with_release(Certificate(tuple(checks)), law, account.setting.courses)


def _followed(account: Account) -> Check:
    share = account.joined
    said = f"the law follows the motion along {percent(share)} of the longest trajectory in one go"
    if share >= FOLLOWED:
        return Check("followed", 1 - share, 1 - FOLLOWED, "identified", said)
    verdict: Verdict = "ambiguous" if share > 0 else "not in the library"
    return Check("followed", 1 - share, 1 - FOLLOWED, verdict, f"{said}, not all of it")


def _noise(account: Account) -> Check:
    """What the law misses, beside what a smooth curve that knows no law does."""
    missed = float(account.missed.max())
    calm, limit = account.setting.courses.calm, account.setting.noise_limit
    said = f"the law misses {percent(missed)} of the motion's range, a smooth curve {percent(calm)}"
    if missed > limit:
        return Check("noise", missed, limit, short_of(missed), said, missed)
    return doubted(Check("noise", missed, limit, "identified", said), _closer(account))


def _closer(account: Account) -> Closer | None:
    if account.solution is None:
        return None
    reduced = account.solution.reduced
    fitted = reduced.stretches.states + len(account.terms)
    return closer(account.setting.courses, account.solution.residuals(), fitted)


def _left_over(account: Account) -> Check:
    found = left_over(account)
    limit = CHANCE / len(found)
    worst = found[0]
    measured, threshold = (-float(np.log10(max(p, 1e-300))) for p in (worst.probability, limit))
    said = (
        f"a force of {worst.variable}, {percent(worst.share)} of the whole, is left over "
        f"(by chance: {worst.probability:.1g})"
    )
    if worst.probability >= limit or worst.share <= NEGLIGIBLE:
        return Check("left over", measured, threshold, "identified", f"at most {said}")
    verdict = short_of(worst.share)
    return Check("left over", measured, threshold, verdict, said, worst.share)


def _one_law(account: Account) -> Iterator[Check]:
    """Whether every trajectory asks for the same coefficients, of several."""
    found = each(account)
    if not found:
        return
    limit = CHANCE / len(found)
    worst = found[0]
    measured, threshold = (-float(np.log10(max(p, 1e-300))) for p in (worst.probability, limit))
    if worst.probability >= limit or worst.share <= NEGLIGIBLE:
        said = f"every trajectory asks for the same coefficients, to {percent(worst.share)}"
        yield Check("one law", measured, threshold, "identified", said)
        return
    verdict = short_of(worst.share)
    said = (
        f"the coefficient differs from trajectory to trajectory: {worst}; --each '{worst.term}' "
        f"lets it"
    )
    yield Check("one law", measured, threshold, verdict, said, worst.share)


def _data_sets(account: Account) -> Iterator[Check]:
    """What the F test says of coefficients that each data set may have for itself."""
    for (_, term), (some, found) in shared(account).items():
        names = [account.setting.candidates.items[k].dataset for k in some]
        apart = ", ".join(names[k] for k in found.apart)
        said = f"that all {len(some)} data sets have one coefficient of {term} has the probability "
        said += f"{found.probability:.1g}" + (f"; it differs for {apart}" if apart else "")
        measured, limit = (-float(np.log10(max(p, 1e-300))) for p in (found.probability, CHANCE))
        yield Check(f"data sets of {term}", measured, limit, "identified", said)
