"""Where the constants inside candidates start: by a scan of their values, then by Gauss–Newton.

    min over c of  min over θ  |y - Σ_k θ_k φ_k(c)|²     along the smooth path

The coefficients θ are eliminated at every value of c (variable projection). From the best values
of a scan c descends, with the terms that are best there; a pole is not found from afar otherwise.

Source: G. H. Golub, V. Pereyra, SIAM J. Numer. Anal. 10, 413 (1973).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interpret.ledger.field import Field
from interpret.ledger.flow import Parameters
from interpret.ledger.grids import Grid, grids
from interpret.ledger.motion import Course
from interpret.ledger.noise import Noise
from interpret.ledger.reduced import Reduced
from interpret.ledger.response import response
from interpret.ledger.scan import Grams
from interpret.ledger.search import Groups, Menu, remainders, search
from interpret.ledger.setting import Setting

Array = NDArray[np.float64]

CHUNK: Final = 50
"""Values whose columns are held at once."""

SEARCHED: Final = 60
"""Values that gain most, alone and beyond the whole library, of which the best sets are sought."""

MOST_GROUPS: Final = 4
STARTS: Final = 2
"""Sets are of up to four groups; of each number of them the two best values are gone down from."""

MOST_STARTS: Final = 4
AS_GOOD: Final = 2.0
"""Sets that miss at most twice as much along the smooth path are compared on the law's own, the
small ones first, to which others are added there: the error of the path itself, which is no white
noise, tells them apart by as much."""

ROUNDS: Final = 3
STEPS: Final = 12
HALVINGS: Final = 8
SETTLED: Final = 1e-3
"""χ² that a step gains, below which the descent has settled: error bars mean one unit."""

DEPENDENT: Final = 1e-13
"""Clean data tell a pole far off from the powers of the library by little more than round-off."""


@dataclass(frozen=True)
class Start:
    """Values of all constants (N,), the groups that explain most with them, and their score."""

    inner: Array
    chosen: Groups
    score: float


def started(setting: Setting) -> tuple[list[Start], int]:
    """Where the constants of the candidates start: the best first, then such as may be better; and
    among how many values they were found.

    A smooth path hardly tells sets of terms that have constants of their own from each other.
    """
    inner = np.ones(len(setting.candidates.inner))
    scans = grids(setting)
    unknown = {group for scan in scans for group in scan.groups}
    noise = Noise.white(np.maximum(setting.courses.scatter, setting.scales.least))
    found = [Start(inner, (), np.inf)]
    for _ in range(2 if len(scans) > 1 else 1):
        for scan in scans:
            unknown -= set(scan.groups)
            found = _ranked(setting, scan, found[0].inner, unknown, noise) or found
    return found, sum(len(scan.grid) for scan in scans)


def _ranked(
    setting: Setting, scan: Grid, inner: Array, unknown: set[int], noise: Noise
) -> list[Start]:
    """The constants with those of one scan where their terms explain most, and rivals."""
    best: dict[Groups, Start] = {}
    for value, chosen in _promising(setting, scan, inner, unknown, noise):
        start = inner.copy()
        start[list(scan.constants)] = value
        for found in _descended(setting, scan, Start(start, chosen, np.inf), unknown, noise):
            if found.score < best.get(found.chosen, Start(inner, (), np.inf)).score:
                best[found.chosen] = found
    if not best:
        return []
    first = min(best.values(), key=lambda item: item.score)
    most = first.score + 2 * len(setting.courses.times) * setting.courses.channels * np.log(AS_GOOD)
    others = [item for item in best.values() if item.score < most]
    others.sort(key=lambda item: (len(item.chosen), item.score))
    return [first, *(item for item in others if item is not first)][:MOST_STARTS]


def _promising(
    setting: Setting, scan: Grid, inner: Array, unknown: set[int], noise: Noise
) -> Iterator[tuple[Array, Groups]]:
    """Values of the scan, and groups: of every number of groups those that explain most."""
    if not len(scan.grid):
        return
    groups = setting.candidates.groups
    others = [g for g in range(len(groups)) if g not in unknown and g not in scan.groups]
    grams, count = _grams(setting, scan, inner, others, noise)
    every = range(len(grams.known) - 1)
    some: set[int] = set()
    for known in ((), every):
        gained, _ = grams.gains(known, DEPENDENT)
        some |= set(np.argsort(-gained, kind="stable")[:SEARCHED].tolist())
    order = [*others, *scan.groups]
    place = iter(range(sum(len(groups[g]) for g in order)))
    columns = tuple(tuple(next(place) for _ in groups[g]) for g in order)
    menu = Menu(columns, (0.0,) * len(order))
    found: dict[int, list[tuple[float, int, Groups]]] = {}
    for k in sorted(some):
        for item in search(grams.whole(k), count, menu, MOST_GROUPS):
            chosen = tuple(sorted(order[g] for g in item.chosen))
            if set(chosen) & set(scan.groups):
                found.setdefault(len(chosen), []).append((item.chi_squared, k, chosen))
    for sets in found.values():
        taken: list[int] = []
        for _, k, chosen in sorted(sets):
            if all(np.abs(scan.places[k] - scan.places[other]).max() > 1 for other in taken):
                taken.append(k)
                yield scan.grid[k], chosen
            if len(taken) == STARTS:
                break


def _grams(
    setting: Setting, scan: Grid, inner: Array, others: Sequence[int], noise: Noise
) -> tuple[Grams, int]:
    """Those of other groups, and of the scan's at every value; and how many rows they are of."""
    known = setting.candidates
    columns = [k for g in others for k in known.groups[g]]
    law = Parameters(np.zeros(len(known)), inner)
    parts = [(course, item.on(columns)) for course, item in setting.parts(law)]
    items = tuple(known.items[k] for g in scan.groups for k in known.groups[g])
    own = replace(known, items=items, inner=tuple(known.inner[k] for k in scan.constants))
    field = Field(own, setting.courses.speed)
    each = [
        Grams.of(parts, noise, partial(_columns, field=field, grid=some))
        for some in np.array_split(scan.grid, -(-len(scan.grid) // CHUNK))
    ]
    cross, inside = (np.concatenate([getattr(g, n) for g in each]) for n in ("cross", "inside"))
    count = sum(item.target.size - item.start.shape[-1] for _, item in parts)
    return Grams(each[0].known, cross, inside), count


def _columns(course: Course, field: Field, grid: Array) -> Array:
    """The responses to terms at each value of their constants: (n, C, G, f)."""
    none = np.zeros(len(field.candidates))

    def force(state: Array, t: Array) -> Array:
        each = [field(state, t, none, x).columns[..., : len(none)] for x in grid]
        pushed = np.concatenate(each, axis=2)
        return np.nan_to_num(pushed, nan=0.0, posinf=0.0, neginf=0.0)

    moved = course.weighed(response(course, force)[:, : course.values.shape[1]])
    return moved.reshape(*moved.shape[:2], len(grid), len(none))


def _descended(
    setting: Setting, scan: Grid, start: Start, unknown: set[int], noise: Noise
) -> Iterator[Start]:
    """A set where its constants suit it best, and better ones that hold them, one after another."""
    menu = setting.menu(lifted=False)
    allowed = [group for group in range(len(menu)) if group not in unknown]
    some = Menu(tuple(menu.columns[g] for g in allowed), (0.0,) * len(allowed))
    own = {allowed.index(group) for group in scan.groups}
    none = np.zeros(len(setting.candidates))
    inner, chosen, score = start.inner, start.chosen, np.inf
    for _ in range(ROUNDS):
        inner = _stepped(setting, inner, menu.of(chosen), scan.constants, noise)
        reduced = _rows(setting, Parameters(none, inner), noise)
        if not reduced.finite:
            return
        left = float(remainders(reduced.gram, [menu.of(chosen)])[0])
        paid = some.penalty(tuple(map(allowed.index, chosen)), reduced.count)
        yield Start(inner, chosen, reduced.count * float(np.log(left / reduced.count)) + paid)
        sets = search(reduced.gram, reduced.count, some, setting.most)
        best = next(item for item in sets if own & set(item.chosen))
        if not best.score < score:
            return
        chosen, before = tuple(allowed[k] for k in best.chosen), chosen
        score = best.score
        if chosen == before:
            return


def _stepped(
    setting: Setting, inner: Array, active: Sequence[int], free: Sequence[int], noise: Noise
) -> Array:
    """Gauss–Newton on some constants and coefficients, each step halved until it gains."""
    terms = len(setting.candidates)
    both = [*active, *(terms + k for k in free)]
    none = Parameters(np.zeros(terms), inner)
    coefficients = _rows(setting, none, noise).step(active)[:terms]
    here = _rows(setting, Parameters(coefficients, inner), noise)
    left = here.chi_squared(here.step(active))
    for _ in range(STEPS):
        step = here.step(both)
        for halving in range(HALVINGS):
            moved = inner + step[terms:] / 2**halving
            there = _rows(setting, Parameters(step[:terms], moved), noise)
            if there.finite and there.chi_squared(there.step(active)) < left:
                break
        else:
            return inner
        inner, here, before = moved, there, left
        left = there.chi_squared(there.step(active))
        if before - left < SETTLED + 1e-9 * left:
            break
    return inner


def _rows(setting: Setting, law: Parameters, noise: Noise) -> Reduced:
    with np.errstate(all="ignore"):
        return Reduced([item for _, item in setting.parts(law)], noise)
