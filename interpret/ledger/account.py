"""The account of all forces on a motion: screened on its smooth path, settled on the law's own.

1. Along short stretches of the smooth path every candidate's response is a column; a beam search
   takes the best set, and a scan of frequencies adds a drive where one shows.
2. The set is fitted by multiple shooting, on stretches of a period first, then of twice as long,
   until each is a whole trajectory. On every rung the choice is made anew among all candidates,
   whose columns ride along at coefficient zero, by the noise that each set leaves.
3. Where even the best law misses more than the noise, the smallest that misses hardly more.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sympy import Symbol

from interpret.ledger.candidates import Candidates, drives
from interpret.ledger.field import Field
from interpret.ledger.flow import RK4, Parameters, eighth_order
from interpret.ledger.motion import Course, Courses
from interpret.ledger.response import response, stretch
from interpret.ledger.rows import Noise, Reduced, Stretch
from interpret.ledger.scan import Peak, frequencies, scan
from interpret.ledger.search import Groups, Menu, search
from interpret.ledger.selection import Contender, Scales, Selection, select
from interpret.ledger.shooting import INTERVALS, Shooting, Solution
from systems.errors import InputError

Array = NDArray[np.float64]

MOST_GROUPS: Final = 8
VALUES_A_GROUP: Final = 8
"""Fewer measured values than this for a group of candidates let anything be fitted."""

FLOOR: Final = 1e-11
"""No channel is better than this part of its range: doubles, differences and integrators."""

PERIODS: Final = 2.0
SHORTEST: Final = 24
"""Stretches of screening, in periods and at least in samples: a force must show beyond the noise,
and the smooth path is not the law's own for long."""

SCREENINGS: Final = 3

FEWEST_FOR_A_DRIVE: Final = 60

EXACT: Final = 3e-5
COARSE: Final = 25.0
"""Below this part of the range, or this many samples a period, Runge–Kutta 4 is no match."""

ROUNDS: Final = 6
STILL: Final = 0.05
"""A change of log σ that moves no choice."""

BEYOND_NOISE: Final = 1.5
MISSES: Final = 2.0
NOTHING: Final = 1e-6
"""A law that misses 1.5 times what a smooth path does is limited by its form, not by noise: then
the smallest one that misses twice as much as the best at most."""

DRIVE: Final = "drive"


@dataclass(frozen=True)
class Setting:
    """A motion, what may act on it, and the scales by which that is judged."""

    courses: Courses
    candidates: Candidates
    field: Field
    scales: Scales
    extra: tuple[float, ...]

    @staticmethod
    def of(courses: Courses, candidates: Candidates, searched: int = 0) -> Setting:
        """`searched` says among how many frequencies that of a drive was found."""
        forces = Field(candidates, courses.speed)
        none = Parameters(np.zeros(len(candidates)), np.ones(len(candidates.inner)))
        columns = forces(courses.states, courses.times, none.coefficients, none.inner).columns
        each = np.sqrt((columns[..., : len(candidates)] ** 2).sum(axis=1).mean(axis=0))
        whole = np.sqrt((courses.accelerations**2).sum(axis=1).mean())
        friction = np.array([item.part == "dissipative" for item in candidates], dtype=bool)
        scales = Scales(each / whole, friction, FLOOR * courses.range, courses.range)
        rows = len(courses.times) * courses.channels
        paid = float(np.log(rows) + 2 * np.log(max(searched, 1)))
        extra = tuple(paid if candidates.inside(group) else 0.0 for group in candidates.groups)
        return Setting(courses, candidates, forces, scales, extra)

    @property
    def most(self) -> int:
        """Groups that so many values allow."""
        values = len(self.courses.times) * self.courses.channels
        return int(np.clip(values // VALUES_A_GROUP, 1, MOST_GROUPS))

    @property
    def period(self) -> float:
        """Samples of a period."""
        return max(4.0, self.courses.period / self.courses.step)

    def menu(self, *, lifted: bool) -> Menu:
        """The groups' columns; `lifted`: with those of the constants inside them."""
        terms = len(self.candidates)
        groups = self.candidates.groups
        inner = [[terms + k for k in self.candidates.inside(group)] for group in groups]
        columns = [
            (*group, *own) if lifted else group for group, own in zip(groups, inner, strict=True)
        ]
        return Menu(tuple(columns), self.extra)

    def parts(self, law: Parameters) -> list[tuple[Course, Stretch]]:
        """The stretches of screening, and their rows along the smooth path."""
        longest = max(map(len, self.courses.items))
        length = int(np.clip(PERIODS * self.period, SHORTEST, max(SHORTEST, longest)))
        found = []
        for course in self.courses.items:
            cuts = np.linspace(0, len(course), max(1, len(course) // length) + 1).astype(int)
            for first, last in itertools.pairwise(cuts):
                piece = course.cut(first, last)
                columns = response(
                    piece,
                    lambda state, t: self.field(state, t, law.coefficients, law.inner).columns,
                )
                found.append((piece, stretch(piece, columns[..., : len(self.candidates)])))
        return found


@dataclass(frozen=True)
class Account:
    """Which forces act: the groups that were `chosen`, the law, and the covariance (P + N) of all
    that it holds, zero elsewhere.

    ``joined`` is the part of the longest trajectory that the law follows in one go, ``missed`` (C,)
    what it misses of each channel's range, ``contenders`` the sets it was compared with.
    ``dropped`` are terms that are significant, but below what the law misses.
    """

    setting: Setting
    chosen: Groups
    law: Parameters
    covariance: Array
    solution: Solution | None
    noise: Noise
    joined: float
    missed: Array
    contenders: tuple[Contender, ...]
    peaks: tuple[Peak, ...] = ()
    dropped: Groups = ()
    notes: tuple[str, ...] = field(default_factory=tuple)

    @property
    def terms(self) -> list[int]:
        """The candidates that are kept."""
        groups = self.setting.candidates.groups
        return sorted(k for group in self.chosen for k in groups[group])


@dataclass(frozen=True)
class State:
    """Where the account stands: the groups, the law, and the noise that it leaves."""

    chosen: Groups
    law: Parameters
    noise: Noise


def account(courses: Courses, candidates: Candidates, *, drive: bool = True) -> Account:
    """The forces on a motion, from the candidates, and a drive of unknown frequency if one shows.

    Raises InputError where there are no candidates.

    >>> from systems import get
    >>> from training.prepare.noise import estimate
    >>> system = get("damped_pendulum")
    >>> swings = system.draw()[:1]
    >>> candidates = Candidates(("theta",), (1.0,)).with_terms("potential", system.candidates)
    >>> candidates = candidates.with_terms("dissipative", [Symbol("thetad") ** 2 / 2])
    >>> found = account(Courses.of(swings, estimate(swings)), candidates, drive=False)
    >>> found.law.coefficients[found.terms].round(6)
    array([-4. ,  0.1])
    """
    if not len(candidates):
        raise InputError("there are no candidates of forces; give a library.")
    setting = Setting.of(courses, candidates)
    state, parts = screened(setting, np.zeros(0))
    peaks: tuple[Peak, ...] = ()
    if drive and len(courses.times) >= FEWEST_FOR_A_DRIVE:
        peaks = tuple(_peaks(setting, parts))
        if peaks and peaks[0].significant:
            setting, state = driven(setting, peaks[0])
    return replace(settled(setting, state), peaks=peaks)


def driven(setting: Setting, peak: Peak) -> tuple[Setting, State]:
    """The same motion with a drive of a peak's frequency among the candidates, screened anew."""
    known = setting.candidates
    frequency = Symbol(f"omega_{len(known.inner)}")
    name = known.coordinates[peak.coordinate]
    more = known.with_inner(frequency).with_terms(
        DRIVE, drives(name, frequency), group=f"{DRIVE} {frequency}"
    )
    wider = Setting.of(setting.courses, more, len(frequencies(setting.courses)))
    state, _ = screened(wider, np.array([peak.frequency]))
    return wider, state


def screened(setting: Setting, inner: Array) -> tuple[State, list[tuple[Course, Stretch]]]:
    """The best set along the smooth path, inner constants kept, and the rows it was chosen on."""
    law = Parameters(np.zeros(len(setting.candidates)), inner)
    parts = setting.parts(law)
    rows = [item for _, item in parts]
    menu = setting.menu(lifted=False)
    noise = Noise.white(np.maximum(setting.courses.scatter, setting.scales.least))
    for _ in range(SCREENINGS):
        reduced = Reduced(rows, noise)
        best = search(reduced.gram, reduced.count, menu, setting.most)[0].chosen
        step = reduced.step(menu.of(best))
        noise = _noise(reduced, step, len(menu.of(best)), setting)
    chosen = select(rows, noise, menu, setting.most, setting.scales).chosen
    step = reduced.step(menu.of(chosen))
    return State(chosen, Parameters(step, inner), noise), parts


def settled(setting: Setting, state: State) -> Account:
    """The account on the law's own path, from a screened set."""
    courses = setting.courses
    exact = float((courses.scatter / courses.range).max()) < EXACT
    method = eighth_order() if exact or setting.period < COARSE else RK4
    shooting = Shooting.of(courses, setting.field, method)
    last: tuple[Solution, Selection] | None = None
    joined, notes = 0.0, []
    for rung, length in enumerate(_ladder(setting, shooting.longest)):
        found = climbed(setting, state, shooting, length, first=rung == 0)
        if found is None:
            notes.append(f"the law follows the motion along {length * INTERVALS} samples no more")
            break
        state, solution, selection = found
        shooting, last = solution.shooting, (solution, selection)
        joined = length / shooting.longest
    if last is None:
        none = np.zeros((state.law.size, state.law.size))
        return Account(
            setting, state.chosen, state.law, none, None, state.noise, 0.0,
            np.full(courses.channels, np.inf), (), notes=tuple(notes),
        )  # fmt: skip
    solution, selection = last
    length = max(1, round(joined * shooting.longest))
    plain = _account(setting, state, solution, selection, joined, tuple(notes))
    return _simpler(plain, length)


def climbed(
    setting: Setting, state: State, shooting: Shooting, length: int, *, first: bool
) -> tuple[State, Solution, Selection] | None:
    """The law on stretches of one length, chosen anew until the choice stands."""
    menu = setting.menu(lifted=True)
    seen: set[Groups] = set()
    found: tuple[State, Solution, Selection] | None = None
    for round_ in range(ROUNDS):
        solution = shooting.solved(state.law, menu.of(state.chosen), length, state.noise)
        while solution is None and first and round_ == 0 and len(state.chosen) > 1:
            state = _less(setting, state)
            solution = shooting.solved(state.law, menu.of(state.chosen), length, state.noise)
        if solution is None:
            return None
        still = np.zeros(solution.law.size)
        noise = _noise(solution.reduced, still, len(menu.of(state.chosen)), setting)
        moved = float(np.abs(np.log(noise.sigma / state.noise.sigma)).max())
        state, shooting = State(state.chosen, solution.law, noise), solution.shooting
        toward = np.concatenate([solution.law.coefficients, np.zeros_like(solution.law.inner)])
        rows = [item.toward(toward) for item in solution.reduced.stretches]
        selection = select(rows, noise, menu, setting.most, setting.scales)
        found = state, solution, selection
        if selection.chosen == state.chosen:
            if moved < STILL:
                break
            continue
        if selection.chosen in seen or not selection.chosen:
            break
        seen.add(state.chosen)
        step = Reduced(rows, noise).step(menu.of(selection.chosen))
        terms = len(setting.candidates)
        state = State(selection.chosen, replace(state.law, coefficients=step[:terms]), noise)
    return found


def _account(
    setting: Setting,
    state: State,
    solution: Solution,
    selection: Selection,
    joined: float,
    notes: tuple[str, ...],
) -> Account:
    """The account of a law that has settled, with its error bars."""
    columns = setting.menu(lifted=True).of(state.chosen)
    reduced = Reduced(solution.reduced.stretches, state.noise)
    covariance = np.zeros((state.law.size, state.law.size))
    if columns:
        still = np.zeros(state.law.size)
        covariance[np.ix_(columns, columns)] = reduced.robust(columns, still)
    left = np.concatenate(solution.residuals())
    missed = np.sqrt((left**2).mean(axis=0)) / setting.courses.range
    return Account(
        setting, state.chosen, state.law, covariance, replace(solution, reduced=reduced),
        state.noise, joined, missed, selection.contenders, notes=notes,
    )  # fmt: skip


def _simpler(found: Account, length: int) -> Account:
    """The smallest law that misses hardly more, where the best misses more than noise."""
    setting = found.setting
    calm = float((setting.courses.scatter / setting.courses.range).max())
    worst = float(found.missed.max())
    if found.solution is None or worst < max(BEYOND_NOISE * calm, NOTHING):
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
        law = Parameters(start[:terms], found.law.inner)
        state = State(item.chosen, law, item.noise)
        solution = found.solution.shooting.solved(law, menu.of(item.chosen), length, item.noise)
        if solution is None:
            continue
        noise = _noise(solution.reduced, np.zeros(law.size), size, setting)
        state = State(item.chosen, solution.law, noise)
        selection = Selection(item.chosen, found.contenders)
        simple = _account(setting, state, solution, selection, found.joined, found.notes)
        dropped = tuple(group for group in found.chosen if group not in item.chosen)
        return replace(simple, dropped=dropped)
    return found


def _peaks(setting: Setting, parts: Sequence[tuple[Course, Stretch]]) -> list[Peak]:
    """The drive's frequencies beyond the full library, with the noise that this leaves."""
    rows = [item for _, item in parts]
    everything = range(len(setting.candidates))
    noise = Noise.white(np.maximum(setting.courses.scatter, setting.scales.least))
    reduced = Reduced(rows, noise)
    step = reduced.step(everything)
    return scan(setting.courses, parts, _noise(reduced, step, len(everything), setting, 2))


def _noise(
    reduced: Reduced, step: Array, columns: int, setting: Setting, highest: int = 6
) -> Noise:
    """What a fit leaves of the values, as noise."""
    states = sum(item.start.shape[-1] for item in reduced.stretches)
    residuals = reduced.residuals(step)
    return Noise.of(residuals, columns + states, setting.scales.least, highest)


def _less(setting: Setting, state: State) -> State:
    """Without the group whose terms are the smallest part of the motion's acceleration."""
    sizes = np.abs(state.law.coefficients) * setting.scales.accelerations
    groups = setting.candidates.groups
    smallest = min(state.chosen, key=lambda group: max(sizes[k] for k in groups[group]))
    kept = tuple(group for group in state.chosen if group != smallest)
    coefficients = state.law.coefficients.copy()
    coefficients[list(groups[smallest])] = 0.0
    return State(kept, replace(state.law, coefficients=coefficients), state.noise)


def _ladder(setting: Setting, longest: int) -> list[int]:
    """Lengths of stretches in segments: from a period, doubled, to the longest course."""
    length = min(max(2, round(setting.period / INTERVALS)), longest)
    rungs = [length]
    while length < longest:
        length = longest if 3 * length > longest else 2 * length
        rungs.append(length)
    return rungs
