"""The values of constants inside candidates at which these are looked at first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interpret.ledger.candidates import FREE
from interpret.ledger.inner import Data, values
from interpret.ledger.search import Groups
from interpret.ledger.setting import Setting
from systems.errors import InputError

Array = NDArray[np.float64]

BETWEEN: Final = 9
"""Values between the two bounds of a constant, beside those that are tried of any."""

MOST_VALUES: Final = 1500
"""Of constants that one term holds, all together: as many as a drive's frequencies."""


@dataclass(frozen=True)
class Grid:
    """Constants that share candidates, the groups that hold them, and their values (G, m) with
    their places in the grid."""

    constants: tuple[int, ...]
    groups: Groups
    grid: Array
    places: Array


def grids(setting: Setting) -> list[Grid]:
    """Those of constants that share candidates, one after another.

    Raises InputError for a constant that is a mere factor.
    """
    data = Data(setting.columns)
    return [_grid(setting, together, data) for together in _together(setting)]


def _grid(setting: Setting, together: tuple[int, ...], data: Data) -> Grid:
    """The values of constants that share candidates: all combinations, thinned where many."""
    known = setting.candidates
    symbols = [known.inner[k] for k in together]
    numbers = [
        number
        for number, group in enumerate(known.groups)
        if set(known.inside(group)) & set(together)
    ]
    terms = [known.items[k].term for number in numbers for k in known.groups[number]]
    axes = []
    for constant in symbols:
        others = {other: 1.0 for other in symbols if other != constant}
        tried = [values(term, constant, others, data) for term in terms if term.has(constant)]
        low, high = known.ranges.get(constant, FREE)
        every = np.unique(np.concatenate(tried))
        # Bounds may be narrower than the steps of what is tried.
        ends = np.linspace(low, high, BETWEEN) if np.isfinite([low, high]).all() else ()
        within = np.concatenate([np.clip(every, low, high), ends])
        axes.append(np.unique(within) if len(every) else every)
        if not len(axes[-1]):
            (term, *_) = (term for term in terms if term.has(constant))
            raise InputError(
                f"the constant {constant} in {term} changes it by no more than a factor or a "
                f"constant, which are unknown as it is; leave {constant} out of the candidates."
            )
    most = int(MOST_VALUES ** (1 / len(axes)))
    axes = [
        g[np.unique(np.linspace(0, len(g) - 1, most).astype(int))] if len(g) > most else g
        for g in axes
    ]
    grid = np.array(list(product(*axes)))
    places = np.array(list(product(*(range(len(g)) for g in axes))))
    fine = _finite(setting, numbers, together, grid)
    return Grid(together, tuple(numbers), grid[fine], places[fine])


def _finite(
    setting: Setting, numbers: Sequence[int], together: Sequence[int], grid: Array
) -> NDArray[np.bool_]:
    """At which values (G,) the terms are numbers all along the motion."""
    known = setting.candidates
    none, inner = np.zeros(len(known)), np.ones(len(known.inner))
    some = [k for number in numbers for k in known.groups[number]]
    states, times, found = setting.courses.states, setting.courses.moments, []
    for value in grid:
        inner[list(together)] = value
        columns = setting.field(states, times, none, inner).columns
        found.append(bool(np.isfinite(columns[..., some]).all()))
    return np.array(found, dtype=bool)


def _together(setting: Setting) -> list[tuple[int, ...]]:
    """The constants in sets that share no candidate."""
    sets: list[set[int]] = []
    for group in setting.candidates.groups:
        held = set(setting.candidates.inside(group))
        if held:
            apart = [item for item in sets if not item & held]
            sets = [*apart, held.union(*(item for item in sets if item & held))]
    return [tuple(sorted(item)) for item in sets]
