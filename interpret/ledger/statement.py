"""The account of forces as a law: its parts, with closed forms for what is inside of terms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interpret.laws.constants import recognise
from interpret.laws.inside import Constant, Inside
from interpret.laws.judgement import Judgement, Origin, Verdict
from interpret.laws.law import Law
from interpret.laws.parts import KINDS, Bodies, Part, Variables
from interpret.laws.value import with_error
from interpret.ledger.account import Account
from interpret.ledger.candidates import Candidates
from interpret.ledger.contenders import rivals
from interpret.ledger.each import shared
from interpret.ledger.motion import mark
from interpret.ledger.screen import DRIVE

Array = NDArray[np.float64]

GAUGE = "one constant"

LOOSE: Final = 1 / 3
"""A constant that may change its terms by a third within its error bar is not fixed."""


@dataclass(frozen=True)
class _Estimates:
    """Values and covariance of coefficients and inner constants, some of them at zero."""

    values: Array
    covariance: Array
    kept: tuple[int, ...]

    def equal(self, numbers: Sequence[int]) -> _Estimates:
        """The best values of all where some are equal: c - C Aᵀ (A C Aᵀ)⁻¹ A c with A c = 0."""
        contrasts = np.zeros((len(numbers) - 1, len(self.values)))
        contrasts[:, numbers[0]] = -1.0
        contrasts[np.arange(len(numbers) - 1), list(numbers[1:])] = 1.0
        column = self.covariance @ contrasts.T
        gain = column @ np.linalg.pinv(contrasts @ column, 1e-13, hermitian=True) @ contrasts
        values, covariance = (
            self.values - gain @ self.values,
            self.covariance - gain @ self.covariance,
        )
        values[list(numbers)] = values[list(numbers)].mean()
        return replace(self, values=values, covariance=covariance)

    def only(self, numbers: Sequence[int], first: int) -> _Estimates:
        """The same without some, but for the first of them."""
        kept = tuple(k for k in self.kept if k not in numbers or k == first)
        return replace(self, kept=kept)

    def mean(self, numbers: Sequence[int]) -> _Estimates:
        """The same with the mean of some in the place of the first of them."""
        values, covariance, first = self.values.copy(), self.covariance.copy(), numbers[0]
        values[first] = values[list(numbers)].mean()
        variance = covariance[np.ix_(numbers, numbers)].mean()
        covariance[first] = covariance[:, first] = 0.0
        covariance[first, first] = variance
        return replace(self.only(numbers, first), values=values, covariance=covariance)

    def without(self, number: int) -> _Estimates:
        """The best values of all others where one is zero: c - C_k c_k / C_kk."""
        column = self.covariance[:, number] / self.covariance[number, number]
        values = self.values - column * self.values[number]
        covariance = self.covariance - np.outer(column, self.covariance[number])
        values[number] = 0.0
        kept = tuple(k for k in self.kept if k != number)
        return _Estimates(values, covariance, kept)


def stated(account: Account, origin: Origin) -> Law:
    """The law of an account, as it was read: nothing has judged it yet.

    Constants inside terms are put in, as closed forms where their error bars allow one. Of a
    drive's cosine and sine the one that the data do not ask for is left out.
    """
    candidates = account.setting.candidates
    found, own = _told_apart(account, _asked_for(account))
    inside = _inside(account, found)
    verdict = _as_read(account)
    given = {k: known.why for k, known in candidates.given.items() if known.value}
    bodies = Bodies(dict(zip(candidates.coordinates, candidates.mass, strict=True)))
    numbers: list[int] = []
    parts = []
    for name in KINDS:
        offered = [k for k, item in enumerate(candidates) if item.part == name]
        kept = [k for k in offered if k in (*found.kept, *given)]
        if kept or name == "potential":
            filled = {k: inside.filled(candidates.items[k].term) for k in offered}
            # With its constant in, one may be another: r**p at p = -1.
            tried = dict.fromkeys(filled.values())
            terms = tuple(filled[k] for k in kept)
            why = {filled[k]: given[k] for k in kept if k in given}
            each = {filled[k]: own[k] for k in kept if k in own}
            parts.append(Part(name, terms, tuple(tried), given=why, own=each))
            numbers += kept
    return Law(
        origin=origin,
        parts=tuple(parts),
        coefficients=found.values[numbers],
        covariance=found.covariance[np.ix_(numbers, numbers)],
        variables=Variables(_domain(account), candidates.features, bodies, inside),
        gauge=GAUGE,
        judgement=verdict,
    )


def _asked_for(account: Account) -> _Estimates:
    """The terms that are kept, by BIC where a group holds several."""
    law, groups = account.law, account.setting.candidates.groups
    values = np.concatenate([law.coefficients, law.inner])
    found = _Estimates(values, account.covariance, tuple(account.terms))
    if account.solution is None:
        return found
    rows = account.setting.courses.times.size * account.setting.courses.channels
    items = account.setting.candidates.items
    for group in account.chosen:
        own = [k for k in groups[group] if k in found.kept and not items[k].dataset]
        if not own:
            continue
        deviations = {k: values[k] ** 2 / found.covariance[k, k] for k in own}
        weakest = min(own, key=lambda k: deviations[k])
        if len(own) > 1 and deviations[weakest] < np.log(rows):
            found = found.without(weakest)
    return found


def _told_apart(
    account: Account, found: _Estimates
) -> tuple[_Estimates, dict[int, dict[str, tuple[float, float]]]]:
    """With one coefficient for the data sets that agree, in the place of the first of them; and
    those of all data sets, by the number of this place.

    Where no two agree, the mean stands in the first place.
    """
    items = account.setting.candidates.items
    alike: list[tuple[tuple[int, ...], list[int]]] = []
    for some, which in shared(account).values():
        together = [k for j, k in enumerate(some) if j not in which.apart]
        found = found.equal(together) if together else found
        alike.append((some, together))
    own: dict[int, dict[str, tuple[float, float]]] = {}
    for some, together in alike:
        errors = np.sqrt(np.maximum(np.diagonal(found.covariance)[list(some)], 0.0))
        values = found.values[list(some)]
        pairs = zip(some, values.tolist(), errors.tolist(), strict=True)
        first = (together or some)[0]
        own[first] = {items[k].dataset: (value, error) for k, value, error in pairs}
        found = found.only(some, first) if together else found.mean(some)
    return found, own


def _inside(account: Account, found: _Estimates) -> Inside:
    """The constants inside of terms; those of candidates that were not kept have no error bar."""
    candidates = account.setting.candidates
    held = {k for group in account.chosen for k in candidates.inside(candidates.groups[group])}
    constants = {}
    for k, constant in enumerate(candidates.inner):
        number = len(candidates) + k
        value, error = float(found.values[number]), np.inf
        if k in held:
            error = float(np.sqrt(found.covariance[number, number]))
        constants[constant.name] = Constant(value, error, recognise(value, error))
    names = set(candidates.inner)
    terms = (item.term for item in candidates if item.term.free_symbols & names)
    return Inside(constants, tuple(terms))


def _domain(account: Account) -> dict[str, tuple[float, float]]:
    """The range of positions, velocities, features, the time and signals in the data."""
    columns = account.setting.columns
    ends = {name: (float(x.min()), float(x.max())) for name, x in columns.items()}
    marks = {mark(j) for j in range(len(account.setting.courses.items))}
    return {name: pair for name, pair in ends.items() if name not in marks}


def _as_read(account: Account) -> Judgement:
    """Ambiguous where another set is as good, where the law loses the motion, or where the data do
    not fix a constant inside of it."""
    near = tuple(rivals(account))
    reasons = [*account.notes, *_unfixed(account), *map(str, near)]
    verdict: Verdict = "ambiguous" if reasons else "identified"
    remarks = (*_unheard(account), *_at_bounds(account))
    return Judgement(verdict, tuple(reasons), account.chi_squared, remarks, rivals=near)


def _unfixed(account: Account) -> Iterator[str]:
    """A sentence for every constant whose error bar is a large change of its terms."""
    setting, law = account.setting, account.law
    candidates, terms = setting.candidates, len(setting.candidates)
    courses = setting.courses
    forces = setting.field(courses.states, courses.moments, law.coefficients, law.inner)
    for k, constant in enumerate(candidates.inner):
        groups = [g for g in account.chosen if k in candidates.inside(candidates.groups[g])]
        some = [number for g in groups for number in candidates.groups[g]]
        if not some:
            continue
        error = np.sqrt(account.covariance[terms + k, terms + k])
        moved = error * np.linalg.norm(forces.columns[..., terms + k])
        if moved > LOOSE * np.linalg.norm(forces.columns[..., some] @ law.coefficients[some]):
            yield f"{constant} is not fixed by these data: {with_error(law.inner[k], error)}"


def _unheard(account: Account) -> tuple[str, ...]:
    """A sentence for the constants of candidates of which none was kept, but for a drive's."""
    candidates = account.setting.candidates
    asked, kept = (
        {k for g in some for k in candidates.inside(candidates.groups[g])}
        for some in (_undriven(candidates), account.chosen)
    )
    names = ", ".join(str(candidates.inner[k]) for k in sorted(asked - kept))
    return (f"no term with {names} is in the law: these data do not fix it",) if names else ()


def _at_bounds(account: Account) -> Iterator[str]:
    """A sentence for each candidate that its bounds have kept out of the law, and for each constant
    inside of candidates that is at its own."""
    candidates = account.setting.candidates
    for constant, (low, high) in candidates.ranges.items():
        if low == high and constant not in candidates.inner:
            yield f"{constant} is at its bound {low:g}: it was not learned"
    for item in account.setting.candidates:
        if item.given is not None and not item.given.value:
            yield f"{item.term} is not in the law: its coefficient would be beyond its bound 0"


def _undriven(candidates: Candidates) -> list[int]:
    """The groups that are no drive."""
    pairs = enumerate(candidates.groups)
    return [g for g, group in pairs if candidates.items[group[0]].part != DRIVE]
