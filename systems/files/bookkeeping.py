"""The columns that are no coordinates: the time, labels of trajectories, and counts of rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from systems.files.derivative import HEAD
from systems.files.names import COUNTS, INDICES, LABELS, TIMES, Name, key
from systems.files.table import Table


def set_aside(table: Table, names: Sequence[Name]) -> dict[int, str]:
    """The columns that hold nothing, and why."""
    indices = set(map(key, INDICES))
    aside = {}
    for place, kind in enumerate(table.kinds):
        if kind == "empty":
            aside[place] = "it is empty"
        elif kind == "number" and table.header is not None and names[place].key in indices:
            aside[place] = "it counts the rows"
    return aside


def time_of(
    table: Table, names: Sequence[Name], free: Sequence[int], asked: set[str]
) -> int | None:
    """The time: by name, because it holds dates, or without a header the first that increases."""
    if table.header is None:
        return next((place for place in free if _increases(table, place)), None)
    clocks = (place for place in free if table.kinds[place] == "clock")
    for found in (_first(names, free, TIMES, asked), next(clocks, None)):
        if found is not None:
            return found
    return _first(names, free, COUNTS, asked)


def label_of(
    table: Table, names: Sequence[Name], free: Sequence[int], asked: set[str]
) -> int | None:
    """The labels of trajectories: by name, or the only column of words, if they repeat."""
    found = _first(names, free, LABELS, asked)
    words = [place for place in free if table.kinds[place] == "text"]
    if found is None and len(words) == 1 and names[words[0]].key not in asked:
        counts = np.bincount(table.words(words[0]) + 1)
        counts = counts[counts > 0]
        # Three points make a trajectory; one word for all rows is a remark.
        found = words[0] if len(counts) > 1 and counts.min() >= 3 else None
    return found


def _first(
    names: Sequence[Name], free: Iterable[int], wanted: Sequence[str], asked: set[str]
) -> int | None:
    """The column that has the first of the names wanted and was not asked for otherwise."""
    places = {names[place].key: place for place in reversed(list(free))}
    return next((places[name] for name in wanted if name in places and name not in asked), None)


def _increases(table: Table, place: int) -> bool:
    if table.kinds[place] == "clock":
        return True
    if table.kinds[place] != "number":
        return False
    head = table.numbers([place], HEAD)[:, 0]
    head = head[np.isfinite(head)]
    # Of several trajectories each begins anew.
    return len(head) > 1 and bool((np.diff(head) > 0).mean() > 0.9)
