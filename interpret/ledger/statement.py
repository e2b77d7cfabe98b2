"""The account of forces as a law: its parts, with closed forms for what is inside of terms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import sympy
from numpy.typing import NDArray
from sympy import Expr, Symbol

from interpret.laws.constants import recognise
from interpret.laws.judgement import Judgement, Origin
from interpret.laws.law import Law
from interpret.laws.parts import KINDS, Part, Variables
from interpret.ledger.account import Account
from interpret.select.criteria import CLOSE
from systems.equations import velocity
from systems.forces import TIME

Array = NDArray[np.float64]

GAUGE = "one constant"


@dataclass(frozen=True)
class _Estimates:
    """Values and covariance of coefficients and inner constants, some of them at zero."""

    values: Array
    covariance: Array
    kept: tuple[int, ...]

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
    found = _asked_for(account)
    inside = _inside(account, found)
    numbers: list[int] = []
    parts = []
    for name in KINDS:
        own = [k for k, item in enumerate(candidates) if item.part == name]
        kept = [k for k in own if k in found.kept]
        if kept or name == "potential":
            terms = tuple(candidates.items[k].term.xreplace(inside) for k in kept)
            tried = tuple(candidates.items[k].term.xreplace(inside) for k in own)
            parts.append(Part(name, terms, tried))
            numbers += kept
    return Law(
        origin=origin,
        parts=tuple(parts),
        coefficients=found.values[numbers],
        covariance=found.covariance[np.ix_(numbers, numbers)],
        variables=Variables(_domain(account), {}),
        gauge=GAUGE,
        judgement=_as_read(account),
    )


def _asked_for(account: Account) -> _Estimates:
    """The terms that are kept, by BIC where a group holds several."""
    law, groups = account.law, account.setting.candidates.groups
    values = np.concatenate([law.coefficients, law.inner])
    found = _Estimates(values, account.covariance, tuple(account.terms))
    if account.solution is None:
        return found
    rows = account.setting.courses.times.size * account.setting.courses.channels
    for group in account.chosen:
        own = [k for k in groups[group] if k in found.kept]
        deviations = {k: values[k] ** 2 / found.covariance[k, k] for k in own}
        weakest = min(own, key=lambda k: deviations[k])
        if len(own) > 1 and deviations[weakest] < np.log(rows):
            found = found.without(weakest)
    return found


def _inside(account: Account, found: _Estimates) -> dict[Symbol, Expr]:
    """What is put in for every constant inside terms."""
    terms = len(account.setting.candidates)
    numbers = {}
    for k, constant in enumerate(account.setting.candidates.inner, start=terms):
        value, error = found.values[k], np.sqrt(found.covariance[k, k])
        numbers[constant] = recognise(float(value), float(error)) or sympy.Float(float(value))
    return numbers


def _domain(account: Account) -> dict[str, tuple[float, float]]:
    """The range of positions, velocities, the time and signals in the data."""
    courses, names = account.setting.courses, account.setting.candidates.coordinates
    moments = courses.moments.reshape(len(courses.times), -1)
    columns = [*courses.states.T, *moments.T]
    rates = (velocity(name).name for name in names)
    variables = [*names, *rates, TIME.name, *account.setting.candidates.signals]
    pairs = zip(variables, columns, strict=True)
    return {name: (float(x.min()), float(x.max())) for name, x in pairs}


def _as_read(account: Account) -> Judgement:
    """Ambiguous where another set is as good, or where the law loses the motion."""
    reasons = list(account.notes)
    own = next((c.score for c in account.contenders if c.chosen == account.chosen), np.inf)
    groups, items = account.setting.candidates.groups, account.setting.candidates.items
    for rival in account.contenders:
        if not set(account.chosen) <= set(rival.chosen) and rival.score - own < CLOSE:
            terms = ", ".join(str(items[k].term) for group in rival.chosen for k in groups[group])
            reasons.append(f"the terms {terms} explain the motion as well")
            break
    return Judgement("ambiguous" if reasons else "identified", tuple(reasons))
