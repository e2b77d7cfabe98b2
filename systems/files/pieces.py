"""The unbroken pieces of a table: one trajectory, increasing times, nothing missing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from systems.errors import InputError
from systems.samples.trajectories import FEWEST_POINTS

Array = NDArray[np.float64]
Rows = NDArray[np.intp]

FEWEST_OF_AN_ANGLE: Final = 16
"""Among fewer samples one jump of nearly a turn, and none of half a one, is no rare thing."""


@dataclass(frozen=True, eq=False)
class Motion:
    """Times `t` (n,) and `channels`, each (n, d), of trajectories, in the order of a file.

    `groups` are the rows of each trajectory, `names` those of all channels' columns, and `where`
    says where a row is.
    """

    t: Array
    channels: tuple[Array, ...]
    groups: Sequence[Rows]
    names: tuple[str, ...]
    where: Callable[[int], str]

    def pieces(self) -> tuple[list[Rows], tuple[str, ...]]:
        """The rows of each unbroken piece, and what was left out.

        Rows with missing numbers are left out and cut the trajectory, repeated rows are left out.

        Raises `InputError` for numbers that are infinite, times that do not increase, and where no
        piece of three points is left.
        """
        whole = np.isfinite(self.t)
        for channel in self.channels:
            finite = np.isfinite(channel)
            if not finite.all():  # the usual case is told without going through the rows
                whole &= finite.all(axis=1)
        if not whole.all():
            self._check_finite()
        pieces: list[Rows] = []
        missing = repeated = short = cuts = 0
        for rows in self.groups:
            there = np.flatnonzero(whole[rows])
            missing += len(rows) - len(there)
            parts = np.split(there, np.flatnonzero(np.diff(there) > 1) + 1)
            cuts += max(0, len(parts) - 1)
            for part in parts:
                kept, again = self._increasing(rows[part])
                repeated += again
                if len(kept) >= FEWEST_POINTS:
                    pieces.append(kept)
                elif len(there) == len(rows):
                    raise self._too_short(rows)
                else:
                    short += len(kept)
        if not pieces:
            raise InputError(
                f"{self.where(0).split(',')[0]}: {_counted(missing, 'row')} of {len(self.t)} miss "
                f"a number, which leaves no {FEWEST_POINTS} points in a row; fill "
                f"{', '.join(self.names)} in, or choose coordinates that are complete."
            )
        return pieces, self._said(missing, cuts, repeated, short, whole)

    def _said(
        self, missing: int, cuts: int, repeated: int, short: int, whole: NDArray[np.bool_]
    ) -> tuple[str, ...]:
        said = []
        if missing:
            first = self.where(int(np.argmin(whole)))
            cut = f"; the trajectories are cut there, {_counted(cuts, 'time')}" if cuts else ""
            said.append(
                f"{_counted(missing, 'row')} with missing numbers "
                f"{'is' if missing == 1 else 'are'} left out, the first in {first}{cut}"
            )
        if short:
            said.append(
                f"{_counted(short, 'row')} in pieces of fewer than {FEWEST_POINTS} points "
                f"{'is' if short == 1 else 'are'} left out"
            )
        if repeated:
            said.append(f"{_counted(repeated, 'repeated row')} left out")
        return tuple(said)

    def _check_finite(self) -> None:
        table = np.column_stack([self.t, *self.channels])
        if not np.isinf(table).any():
            return
        row, column = np.argwhere(np.isinf(table))[0]
        name = ("t", *self.names)[column]
        raise InputError(
            f"{self.where(int(row))}: {name} is {table[row, column]}; remove the points that are "
            f"not finite."
        )

    def _increasing(self, rows: Rows) -> tuple[Rows, int]:
        """The rows without repeated ones; InputError where the time does not increase."""
        forward = np.diff(self.t[rows])
        if (forward > 0).all():
            return rows, 0
        same = forward == 0
        for channel in self.channels:
            same &= (np.diff(channel[rows], axis=0) == 0).all(axis=1)
        kept = rows[np.concatenate([[True], ~same])]
        forward = np.diff(self.t[kept])
        if not (forward > 0).all():
            before, after = kept[int(np.argmin(forward > 0)) :][:2]
            t = self.t
            fault = "is repeated" if t[after] == t[before] else f"comes after {t[before]:.12g}"
            raise InputError(
                f"{self.where(int(after))}: the time {t[after]:.12g} {fault}; the times of a "
                f"trajectory must increase."
            )
        return kept, int(same.sum())

    def _too_short(self, rows: Rows) -> InputError:
        return InputError(
            f"{self.where(int(rows[0]))}: this trajectory has {_counted(len(rows), 'point')}; at "
            f"least {FEWEST_POINTS} are needed."
        )


def restarts(t: Array) -> list[Rows]:
    """The rows of each trajectory where none are labelled: one begins where the time goes back to
    or before the beginning.

    >>> [rows.tolist() for rows in restarts(np.array([0.0, 1.0, 2.0, 0.0, 1.0]))]
    [[0, 1, 2], [3, 4]]
    """
    back = np.flatnonzero(np.diff(t) < 0) + 1
    starts = [0]
    for place in back:
        if t[place] <= t[starts[-1]]:
            starts.append(int(place))
    return np.split(np.arange(len(t)), starts[1:])


def span(rows: Rows) -> slice | Rows:
    """The rows as a slice where they follow each other: what it selects is not copied.

    >>> span(np.array([3, 4, 5])), span(np.array([1, 3]))
    (slice(3, 6, None), array([1, 3]))
    """
    first, last = int(rows[0]), int(rows[-1])
    if last - first + 1 == len(rows) and (np.diff(rows) == 1).all():
        return slice(first, last + 1)
    return rows


def unwrapped(q: Array) -> tuple[Array, float] | None:
    """An angle (n,) without the jumps of a full turn, and the turn; None where there are none.

    It is an angle when all values lie within one turn, 2π or 360, and neighbours differ by less
    than a quarter of it or by more than three quarters, nothing between. A few samples do not show
    that nothing lies between.

    >>> turned, turn = unwrapped((np.linspace(2, 5, 16) + np.pi) % (2 * np.pi) - np.pi)
    >>> turned[[0, -1]].round(2).tolist(), round(turn, 2)
    ([2.0, 5.0], 6.28)
    """
    if len(q) < FEWEST_OF_AN_ANGLE:
        return None
    span = np.ptp(q)
    for turn in (2 * np.pi, 360.0):
        # Values may have been rounded to few digits.
        if not 0.75 * turn < span <= turn * (1 + 1e-3):
            continue
        step = np.abs(np.diff(q))
        jumps = step > 0.75 * turn
        if jumps.any() and not ((step > 0.25 * turn) & ~jumps).any():
            return np.unwrap(q, period=turn), turn
    return None


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def groups(labels: NDArray[Any]) -> list[NDArray[np.intp]]:
    """The rows of each label, labels in the order in which they first occur.

    >>> groups(np.array(["b", "a", "b"]))
    [array([0, 2]), array([1])]
    """
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    order = np.argsort(inverse, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(inverse[order])) + 1)
    return [parts[label] for label in np.argsort(first)]
