"""Dates and times of the day as seconds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

DAY = 86400.0
ORDERS = (
    ("%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%Y/%m/%d", "%d-%m-%Y"),
    (" %H:%M:%S.%f", " %H:%M:%S", " %H:%M", " %I:%M:%S %p", ""),
)
_CLOCK = re.compile(r"(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2}(?:[.,]\d*)?)")
_DATE = re.compile(r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}([T ]\d{1,2}:\d{2}.*)?")


def is_clock(cell: str) -> bool:
    """Whether a cell looks like a date or a time of the day.

    >>> is_clock("12:30:01.5"), is_clock("2026-11-27T12:30"), is_clock("1.5")
    (True, True, False)
    """
    cell = cell.strip()
    return bool(_CLOCK.fullmatch(cell) or _DATE.fullmatch(cell))


def seconds(cells: Sequence[str]) -> Array | None:
    """Seconds (n,) since the first of the cells; None where they are no dates or times.

    Times of the day go on over midnight. Days and months are told apart by the order in which all
    cells are dates.

    >>> seconds(["23:59:59.5", "00:00:00.5", "00:00:02"])
    array([0. , 1. , 2.5])
    >>> seconds(["2026-11-27 12:00:00", "2026-11-27 12:01:00.250"])
    array([ 0.  , 60.25])
    """
    found = _of_the_day(cells)
    if found is None:
        found = _dated(cells)
    return None if found is None else found - found[0]


def _of_the_day(cells: Sequence[str]) -> Array | None:
    matches = [_CLOCK.fullmatch(cell.strip()) for cell in cells]
    parts = [match.groups(default="0") for match in matches if match is not None]
    if len(parts) < len(cells):
        return None
    table = np.array([[part.replace(",", ".") for part in row] for row in parts], dtype=float)
    since = table @ [3600.0, 60.0, 1.0]
    midnights = np.cumsum(np.diff(since, prepend=since[:1]) < -DAY / 2)
    whole: Array = since + DAY * midnights
    return whole


def _dated(cells: Sequence[str]) -> Array | None:
    try:
        return _since([datetime.fromisoformat(cell.strip()) for cell in cells])
    except ValueError:
        pass
    for day in ORDERS[0]:
        for hour in ORDERS[1]:
            try:
                return _since([datetime.strptime(cell.strip(), day + hour) for cell in cells])
            except ValueError:
                continue
    return None


def _since(times: Sequence[datetime]) -> Array:
    known = [time if time.tzinfo else time.replace(tzinfo=UTC) for time in times]
    return np.array([(time - known[0]).total_seconds() for time in known])
