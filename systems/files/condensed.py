"""What a law can be learned from of a file larger than the memory: a little from everywhere.

    a motion   stretches of samples that follow each other, from every cell of (q, rate)
    points     one from every cell of (q, q̇), or, where they scatter, the means of the cells

A cell that the motion visits rarely tells as much of the law as one where it dwells. Clean samples
are taken as they are, for the mean of a curve lies beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from systems.errors import InputError
from systems.files.arrow_table import ArrowTable
from systems.files.columns import Named, beside
from systems.files.roles import roles
from systems.files.stacked import from_arrays
from systems.files.streams import Stream

Array = NDArray[np.float64]
Numbers = NDArray[np.intp]

MOST: Final = 100_000
"""Samples that are kept: of so many all that is exact is told to the last digit, and error bars are
0.3 % of the noise; a fit of them takes half a minute."""

LONG: Final = 200
"""Samples of a stretch: smoothing and weak forms see some hundred at a time."""

SHORT: Final = 8
"""Fewer samples in a row are no stretch."""

EACH: Final = 8
"""Stretches that are remembered of a cell, for where there are few cells."""

POINTS: Final = 20
"""Times fewer cells than samples, where each sample is a cell's: their means scatter little."""

Kept = tuple[float, int, Array]
"""The random number of a stretch, where in the file it begins, and its rows."""

FINE: Final = 50
"""Cells a coordinate from which on the mean of a curve in a cell is off by 1/9600 of its bend
across all cells, h²/24: coarser ones are no cells to take means of."""

NEIGHBOURS: Final = 64
"""Points that a plane is fitted to, to tell whether they scatter."""


def condensed(
    stream: Stream, named: Named, report: Callable[[int, int], None] | None = None
) -> ArrowTable:
    """The table of what is kept of a stream, in the order of the file.

    `report` hears how many rows of how many are read. Raises `InputError` as `roles` does, for
    times that are dates, and where no samples follow each other.
    """
    choice: _Choice | None = None
    done = 0
    for batch in stream.batches():
        choice = choice or _Choice.of(batch, named)
        choice.take(batch)
        done += len(batch)
        if report is not None:
            report(min(done, stream.rows), stream.rows)
    if choice is None or not choice.cells:
        raise InputError(f"{stream.name} holds no {SHORT} rows of numbers that follow each other.")
    if report is not None:
        report(stream.rows, stream.rows)
    return choice.table(stream.name, done)


@dataclass(frozen=True)
class _Layout:
    """The columns that hold numbers, with their names; the first is the time, if there are times.

    `place` are those of them that span the cells, `label` is the column of trajectories, `long` the
    number of samples of a stretch.
    """

    names: tuple[str, ...]
    columns: list[int]
    place: list[int]
    label: int | None
    timed: bool
    long: int

    @classmethod
    def of(cls, first: ArrowTable, named: Named) -> _Layout:
        """What is told by the first rows."""
        found = roles(first, named)
        if found.time is not None and first.kinds[found.time] == "clock":
            raise InputError(
                f"{first.name} is too large to be read as a whole, and its times are dates; write "
                f"them as seconds."
            )
        times = [] if found.time is None else [found.time]
        moved = [*found.coordinates, *found.rates]
        columns = [*times, *moved, *found.accelerations, *beside(first, named)]
        header = first.header or tuple(f"column {k + 1}" for k in range(len(first.kinds)))
        names = tuple(header[column] for column in columns)
        place = [columns.index(column) for column in moved]
        long = _usual_length(first, times[0], found.label) if times else 1
        return cls(names, columns, place, found.label, bool(times), long)


@dataclass(eq=False)
class _Choice:
    """The stretches kept so far: of every cell those whose random numbers are the least.

    The cells are of `width` (k,) from `origin` (k,). `sums` are of all rows of a cell, where there
    are no times.
    """

    layout: _Layout
    origin: Array
    width: Array
    most: int
    random: np.random.Generator
    cells: dict[tuple[int, ...], list[Kept]] = field(default_factory=dict)
    sums: dict[tuple[int, ...], tuple[int, Array]] = field(default_factory=dict)
    seen: int = 0

    @classmethod
    def of(cls, first: ArrowTable, named: Named) -> _Choice:
        """Cells of the size that the first rows ask for."""
        layout = _Layout.of(first, named)
        values = first.numbers(layout.columns)[:, layout.place]
        low, high = np.nanmin(values, axis=0), np.nanmax(values, axis=0)
        most = MOST // layout.long if layout.timed else MOST // POINTS
        # Two more along each coordinate are for what lies outside the first rows' range.
        bins = max(2, int(most ** (1 / len(low))) - 2)
        width = np.where(high > low, high - low, 1.0) / bins
        return cls(layout, low, width, most, np.random.default_rng(0))

    def take(self, batch: ArrowTable) -> None:
        """Keep of a batch what is to be kept."""
        layout = self.layout
        rows = batch.numbers(layout.columns)
        label = None if layout.label is None else batch.words(layout.label)
        starts, lengths = _stretches(rows, label, layout.timed, layout.long)
        chances = self.random.random(len(starts))
        middles = rows[starts + lengths // 2][:, layout.place]
        cells = np.floor((middles - self.origin) / self.width).astype(np.int64)
        if not layout.timed:
            self._add(cells, rows[starts])
        # Of each cell of this batch those of the least random numbers.
        order = np.lexsort((chances, *cells.T))
        fresh = np.any(np.diff(cells[order], axis=0, prepend=np.iinfo(np.int64).min), axis=1)
        rank = np.arange(len(order)) - np.maximum.accumulate(
            np.where(fresh, np.arange(len(order)), 0)
        )
        for number in order[rank < EACH].tolist():
            start, end = starts[number], starts[number] + lengths[number]
            own = self.cells.setdefault(tuple(cells[number].tolist()), [])
            if len(own) < EACH or chances[number] < own[-1][0]:
                own.append((float(chances[number]), self.seen + start, rows[start:end].copy()))
                own.sort(key=lambda kept: kept[0])
                del own[EACH:]
        self.seen += len(rows)
        while len(self.cells) > self.most:
            self._coarsen()

    def _add(self, cells: NDArray[np.int64], rows: Array) -> None:
        """Add the points to the sums of their cells."""
        each, inverse, counts = np.unique(cells, axis=0, return_inverse=True, return_counts=True)
        totals = np.zeros((len(each), rows.shape[1]))
        np.add.at(totals, inverse.ravel(), rows)
        for cell, count, total in zip(map(tuple, each.tolist()), counts, totals, strict=True):
            before, sums = self.sums.get(cell, (0, 0.0))
            self.sums[cell] = before + int(count), sums + total

    def _coarsen(self) -> None:
        """Two cells along every coordinate become one."""
        self.width = 2 * self.width
        merged: dict[tuple[int, ...], list[Kept]] = {}
        for cell, kept in self.cells.items():
            own = merged.setdefault(tuple(number // 2 for number in cell), [])
            own += kept
        self.cells = {cell: sorted(kept, key=_chance)[:EACH] for cell, kept in merged.items()}
        sums: dict[tuple[int, ...], tuple[int, Array]] = {}
        for cell, (count, total) in self.sums.items():
            wide = tuple(number // 2 for number in cell)
            before, already = sums.get(wide, (0, np.zeros(())))
            sums[wide] = before + count, already + total
        self.sums = sums

    def table(self, name: str, rows: int) -> ArrowTable:
        """What is kept, one stretch a trajectory; first one of every cell, then more of each."""
        ranked = [(rank, *item) for kept in self.cells.values() for rank, item in enumerate(kept)]
        chosen = sorted(sorted(ranked, key=lambda item: item[:2])[: self.most], key=_position)
        parts = [part for *_, part in chosen]
        kept = np.concatenate(parts)
        columns = dict(zip(self.layout.names, kept.T, strict=True))
        if self.layout.timed:
            taken = f"{len(kept)} are taken, in {len(parts)} stretches from wherever it moves"
            numbers = np.repeat(np.arange(len(parts)), list(map(len, parts)))
            columns = {**columns, "trajectory": numbers.astype(str)}
        else:
            taken = f"{len(kept)} are taken, one or more of every cell"
            fine = self.most ** (1 / len(self.layout.place)) >= FINE
            known = np.concatenate([part for *_, part in ranked])
            if fine and scattered(known[:, self.layout.place], known[:, -1]):
                enough = np.median([count for count, _ in self.sums.values()]) / 4
                full = [pair for pair in self.sums.values() if pair[0] >= enough]
                means = np.array([total / count for count, total in full])
                columns = dict(zip(self.layout.names, means.T, strict=True))
                taken = f"the means of {len(means)} cells are taken"
        note = f"it is too large to be read as a whole: of its {rows} rows {taken}"
        made = from_arrays(name, columns, None)
        return replace(made, notes=(note,))


def _chance(kept: Kept) -> float:
    return kept[0]


def _position(kept: tuple[int, float, int, Array]) -> int:
    return kept[2]


def _stretches(
    rows: Array, label: Numbers | None, timed: bool, long: int
) -> tuple[Numbers, Numbers]:
    """Where stretches of one trajectory begin in whole rows, and how many samples they have."""
    whole: NDArray[np.bool_] = np.asarray(np.isfinite(rows).all(axis=1))
    if not timed:
        starts = np.flatnonzero(whole)
        return starts, np.ones_like(starts)
    broken = ~whole
    broken[1:] |= ~whole[:-1] | ~(np.diff(rows[:, 0]) > 0)
    if label is not None:
        broken[1:] |= np.diff(label) != 0
    begins = np.flatnonzero(np.concatenate([[True], broken[1:]]))
    counts = np.diff(np.append(begins, len(rows)))
    pieces = np.maximum(counts // long, 1)
    number = np.arange(pieces.sum()) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    starts = np.repeat(begins, pieces) + number * long
    lengths = np.minimum(np.repeat(counts, pieces) - number * long, long)
    good = (lengths >= SHORT) & whole[starts]
    return starts[good], lengths[good]


def _usual_length(first: ArrowTable, time: int, label: int | None) -> int:
    """Of a stretch: a whole trajectory, where these are short."""
    words = None if label is None else first.words(label)
    _, lengths = _stretches(first.numbers([time]), words, True, len(first))
    return int(np.clip(np.median(lengths), SHORT, LONG)) if len(lengths) else LONG


def scattered(points: Array, values: Array) -> bool:
    """Whether values (n,) at points (n, k) scatter: half as many neighbours bring them no nearer
    to a plane. A curve's distance from its tangent falls by 2^(2/k), a scatter's not at all.

    >>> x = np.linspace(0, 3, 2000)[:, None]
    >>> noise = 1e-3 * np.random.default_rng(0).standard_normal(2000)
    >>> scattered(x, np.sin(x[:, 0])), scattered(x, np.sin(x[:, 0]) + noise)
    (False, True)
    """
    from scipy.spatial import cKDTree

    scaled = points / np.maximum(points.std(axis=0), 1e-300)
    some = np.random.default_rng(0).permutation(len(points))[:500]
    count = min(NEIGHBOURS, len(points) // 2)
    _, near = cKDTree(scaled).query(scaled[some], count)
    missed = [_missed(scaled, values, near[:, :size]) for size in (count, count // 2)]
    return bool(missed[1] > 0.75 * missed[0])


def _missed(points: Array, values: Array, near: Numbers) -> float:
    """The median over neighbourhoods of the root mean square by which a plane misses the values."""
    x = points[near] - points[near].mean(axis=1, keepdims=True)
    design = np.concatenate([x, np.ones((*near.shape, 1))], axis=2)
    right = values[near][:, :, None]
    square = design.transpose(0, 2, 1) @ design
    plane = np.linalg.pinv(square, hermitian=True) @ (design.transpose(0, 2, 1) @ right)
    degrees = max(1, near.shape[1] - design.shape[2])
    return float(np.median(np.sqrt(((right - design @ plane) ** 2).sum(axis=(1, 2)) / degrees)))
