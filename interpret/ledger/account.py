"""The account of forces: a set of candidates is settled on the law's own path.

The set is fitted by multiple shooting, on stretches of a period first, then of twice as long,
until each is a whole trajectory. On every rung the choice is made anew among all candidates,
whose columns ride along at coefficient zero, by the noise that each set leaves. Where even the best
law misses more than the noise, it is the smallest that misses hardly more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interpret.ledger.climb import climbed, ladder
from interpret.ledger.flow import RK4, Parameters, eighth_order
from interpret.ledger.screen import State, noise_of
from interpret.ledger.search import Groups
from interpret.ledger.selection import Contender, Selection
from interpret.ledger.setting import Setting
from interpret.ledger.shooting import INTERVALS, Shooting, Solution
from interpret.ledger.steps import refined

Array = NDArray[np.float64]

COARSE: Final = 25.0
"""Of exact motions, and below this many samples a period, Runge–Kutta 4 is no match."""

HOPELESS: Final = 0.05
HOPELESS_NOISE: Final = 3.0
"""A law that misses so much of the range, and three times what noise lets it, on stretches of a few
periods is no law on longer ones."""

MISSES: Final = 2.0
"""Of laws that their form limits, the smallest that misses at most twice as much as the best."""


@dataclass(frozen=True)
class Account:
    """Which forces act: the ``state`` that was settled on, and the covariance (P + N) of all that
    its law holds, zero elsewhere.

    ``joined`` is the part of the longest trajectory that the law follows in one go, ``missed`` (C,)
    what it misses of each channel's range, ``contenders`` the sets it was compared with.
    ``dropped`` are groups that are significant, but below what the law misses.
    """

    setting: Setting
    state: State
    covariance: Array
    solution: Solution | None
    joined: float
    missed: Array
    contenders: tuple[Contender, ...]
    dropped: Groups = ()
    notes: tuple[str, ...] = ()

    @property
    def law(self) -> Parameters:
        """The coefficients and the inner constants."""
        return self.state.law

    @property
    def chosen(self) -> Groups:
        """The groups that are kept."""
        return self.state.chosen

    @property
    def chi_squared(self) -> float:
        """χ² per value by the σ that were known beforehand; nan where none was."""
        sigma = self.setting.courses.sigma
        if sigma is None or not np.isfinite(self.missed).all():
            return np.nan
        off = self.missed * self.setting.courses.range
        return float(((off[sigma > 0] / sigma[sigma > 0]) ** 2).mean())

    @property
    def score(self) -> float:
        """What the groups that are kept scored among the sets that they were compared with."""
        return next((c.score for c in self.contenders if c.chosen == self.chosen), np.inf)

    @property
    def terms(self) -> list[int]:
        """The candidates that are kept."""
        groups = self.setting.candidates.groups
        return sorted(k for group in self.chosen for k in groups[group])

    @property
    def acting(self) -> list[int]:
        """The candidates that are kept, and those that are given."""
        given = self.setting.candidates.given.items()
        return sorted([*self.terms, *(k for k, known in given if known.value)])


def settled(setting: Setting, state: State, before: Selection | None = None) -> Account:
    """The account on the law's own path, from a screened set; along the whole of it at once from
    what was chosen `before`, by some of the trajectories."""
    courses = setting.courses
    method = eighth_order() if setting.exact or setting.period < COARSE else RK4
    shooting = Shooting.of(courses, setting.field, method)
    if method is RK4:
        size = np.maximum(courses.scatter, setting.scales.least)
        shooting = refined(shooting, state.law, size)
    last: tuple[Solution, Selection] | None = None
    joined, notes = 0.0, []
    for length in [shooting.longest] if before else ladder(setting, shooting.longest):
        found = climbed(setting, state, shooting, length, before)
        if found is None:
            notes.append(f"the law follows the motion along {length * INTERVALS} samples no more")
            break
        state, solution, selection = found
        shooting, last, before = solution.shooting, (solution, selection), selection
        joined = length / shooting.longest
        if _missed(setting, solution).max() > max(HOPELESS, HOPELESS_NOISE * setting.noise_limit):
            break
    if last is None:
        none = np.zeros((state.law.size, state.law.size))
        everything = np.full(courses.channels, np.inf)
        return Account(setting, state, none, None, 0.0, everything, (), notes=tuple(notes))
    solution, selection = last
    length = max(1, round(joined * shooting.longest))
    plain = _account(setting, state, solution, selection, joined, tuple(notes))
    return _simpler(plain, length)


def _account(
    setting: Setting,
    state: State,
    solution: Solution,
    selection: Selection,
    joined: float,
    notes: tuple[str, ...],
) -> Account:
    """The account of a law that has settled, with its error bars."""
    setting = setting.at(state.law.inner)
    columns = setting.menu(lifted=True).of(state.chosen)
    reduced = solution.reduced.at(state.noise.at_least(setting.courses.sigma))
    covariance = np.zeros((state.law.size, state.law.size))
    if columns:
        still = np.zeros(state.law.size)
        covariance[np.ix_(columns, columns)] = reduced.robust(columns, still)
    missed = _missed(setting, solution)
    settled_on = replace(solution, reduced=reduced)
    return Account(
        setting, state, covariance, settled_on, joined, missed, selection.contenders, notes=notes
    )


def _missed(setting: Setting, solution: Solution) -> Array:
    """What a law misses of each channel's range (C,), rms."""
    left = np.concatenate(solution.residuals())
    missed: Array = np.sqrt((left**2).mean(axis=0)) / setting.courses.range
    return missed


def _simpler(found: Account, length: int) -> Account:
    """The smallest law that misses hardly more, where the best misses more than noise."""
    setting = found.setting
    if found.solution is None or setting.chosen or found.missed.max() < setting.noise_limit:
        return found
    best: dict[int, Contender] = {}
    for item in found.contenders:
        size = len(item.columns)
        if size not in best or item.missed.max() < best[size].missed.max():
            best[size] = item
    least = 1.2 * min(float(item.missed.max()) for item in best.values())
    menu = setting.menu(lifted=True)
    own = len(menu.of(found.chosen))
    if own in best:
        least = min(least, float(best[own].missed.max()))
    for size in sorted(size for size in best if size < own):
        item = best[size]
        if item.missed.max() > MISSES * least:
            continue
        terms = len(setting.candidates)
        start = np.zeros(found.law.size)
        start[list(item.columns)] = item.values
        law = setting.law(start[:terms], found.law.inner)
        state = State(item.chosen, law, item.noise)
        solution = found.solution.shooting.solved(law, menu.of(item.chosen), length, item.noise)
        if solution is None:
            continue
        noise = noise_of(solution.reduced, np.zeros(law.size), size, setting)
        state = State(item.chosen, solution.law, noise)
        selection = Selection(item.chosen, found.contenders)
        simple = _account(setting, state, solution, selection, found.joined, found.notes)
        dropped = tuple(group for group in found.chosen if group not in item.chosen)
        return replace(simple, dropped=dropped)
    return found
