"""Which column is what: by the columns that were named, by names, or because one is the derivative
of another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from systems.errors import InputError, nearest
from systems.files.names import (
    COUNTS,
    INDICES,
    LABELS,
    TIMES,
    Name,
    belongs,
    is_coordinate,
    key,
    readings,
)
from systems.files.table import Table

Array = NDArray[np.float64]

RATES = ("momentum", "velocity")
HEAD = 4000
"""Rows on which one column is tried as the derivative of another."""
ALIKE = 0.98
"""The least correlation of a derivative with its column: 0.2 of its size may be noise or offset."""


@dataclass(frozen=True)
class Named:
    """The columns that the user named; all in one order."""

    coordinates: tuple[str, ...] = ()
    momenta: tuple[str, ...] = ()
    velocities: tuple[str, ...] = ()
    accelerations: tuple[str, ...] = ()

    @classmethod
    def of(cls, **names: Sequence[str] | None) -> Named:
        """The names; InputError for some that cannot go together."""
        named = cls(**{kind: tuple(given or ()) for kind, given in names.items()})
        if named.momenta and named.velocities:
            raise InputError("give momenta or velocities, not both.")
        d = len(named.coordinates)
        for kind in ("momenta", "velocities", "accelerations"):
            given = getattr(named, kind)
            if given and not d:
                raise InputError(f"name the coordinates that belong to {', '.join(given)} as well.")
            if given and len(given) != d:
                raise InputError(
                    f"there are {d} coordinates ({', '.join(named.coordinates)}) but {len(given)} "
                    f"{kind} ({', '.join(given)}); give one for each coordinate."
                )
        return named

    @property
    def rates(self) -> tuple[str, ...]:
        """Those of momenta or velocities that were named."""
        return self.momenta or self.velocities


@dataclass(frozen=True)
class Roles:
    """The positions of the columns: the time, labels of trajectories, and d of each kind.

    `rates` are of the kind "velocity" or "momentum", none where there are positions alone. `why`
    holds what is not plain from a name, `unused` the columns that nothing is read from, and why.
    """

    names: tuple[Name, ...]
    time: int | None
    label: int | None
    coordinates: tuple[int, ...]
    rates: tuple[int, ...] = ()
    kind: str = "velocity"
    accelerations: tuple[int, ...] = ()
    unused: dict[int, str] = field(default_factory=dict)
    why: tuple[str, ...] = ()


def roles(table: Table, named: Named) -> Roles:
    """Which column is what.

    Raises `InputError` for unknown columns, without a time (but for points with accelerations),
    without coordinates, and where only some coordinates have momenta or velocities.
    """
    return _Choice.of(table, named).roles()


@dataclass(frozen=True, eq=False)
class _Choice:
    """What is known of the columns before their values are looked at."""

    table: Table
    named: Named
    names: tuple[Name, ...]
    time: int | None
    label: int | None
    aside: dict[int, str]

    @classmethod
    def of(cls, table: Table, named: Named) -> _Choice:
        names = tuple(map(Name.of, table.header or _numbered(table)))
        keys = [name.key for name in names]
        asked = {key(name) for name in (*named.coordinates, *named.rates, *named.accelerations)}
        aside: dict[int, str] = {}
        for place, kind in enumerate(table.kinds):
            if kind == "empty":
                aside[place] = "it is empty"
            elif kind == "number" and keys[place] in map(key, INDICES) and table.header:
                aside[place] = "it counts the rows"
        free = [place for place in range(len(names)) if place not in aside]
        label = _first(free, keys, LABELS, asked)
        time = _first(free, keys, TIMES, asked)
        time = _first(free, keys, COUNTS, asked) if time is None else time
        if time is None:
            time = next((place for place in free if table.kinds[place] == "clock"), None)
        if table.header is None:
            time = next((place for place in free if _increases(table, place)), None)
        return cls(table, named, names, time, label, aside)

    @property
    def free(self) -> list[int]:
        """The columns that may be coordinates or rates."""
        taken = {self.time, self.label, *self.aside}
        return [place for place in range(len(self.names)) if place not in taken]

    def roles(self) -> Roles:
        """Which column is what."""
        aside = dict(self.aside)
        for place in self.free:
            if self.table.kinds[place] not in {"number", "text"}:
                aside[place] = "it holds dates or lists"
            elif self.table.kinds[place] == "text":
                aside[place] = "it holds words"
        numeric = [place for place in self.free if place not in aside]
        why: tuple[str, ...] = ()
        if self.named.coordinates:
            coordinates = tuple(self.column(name) for name in self.named.coordinates)
            told = self.by_name(numeric, coordinates)
            told |= self.by_request(coordinates)
        else:
            told = self.by_name(numeric, tuple(numeric))
            coordinates = tuple(place for place in numeric if place not in _rated(told))
        lacking = [place for place in coordinates if not _has_rate(told, place)]
        others = [place for place in numeric if place not in _rated(told)]
        if lacking and not self.named.rates:
            found = self.by_values(others, coordinates, lacking)
            told |= {pair: place for pair, (place, _) in found.items()}
            why = tuple(sentence for _, sentence in found.values())
            if not self.named.coordinates:
                coordinates = tuple(place for place in coordinates if place not in _rated(told))
        coordinates = self.chosen(coordinates, told)
        return self.gathered(coordinates, told, aside, why)

    def by_request(self, coordinates: tuple[int, ...]) -> dict[tuple[str, int], int]:
        """(kind, coordinate) -> column, as the user named them."""
        told = {}
        lists = zip(
            ("momentum", "velocity", "acceleration"),
            (self.named.momenta, self.named.velocities, self.named.accelerations),
            strict=True,
        )
        for kind, given in lists:
            for place, name in zip(coordinates, given, strict=False):
                told[kind, place] = self.column(name)
        return told

    def by_name(
        self, columns: list[int], coordinates: tuple[int, ...]
    ) -> dict[tuple[str, int], int]:
        """(kind, coordinate) -> column, as the names of the columns say."""
        told: dict[tuple[str, int], int] = {}
        if self.table.header is None:
            return told
        for place in columns:
            for kind, of in readings(self.names[place].bare):
                mine = [
                    other
                    for other in coordinates
                    if other != place and of and belongs(self.names[other].key, of)
                ]
                if mine and (kind, mine[0]) not in told:
                    told[kind, mine[0]] = place
                    break
        # A bare v, p or omega belongs to the only coordinate there is.
        alone = [place for place in coordinates if place not in _rated(told)]
        bare = {
            place: kind
            for place in columns
            for kind, of in readings(self.names[place].bare)
            if not of and place not in _rated(told)
        }
        alone = [place for place in alone if place not in bare] or alone
        likely = [place for place in alone if is_coordinate(self.names[place].bare)]
        alone = alone if len(alone) == 1 else likely
        if len(alone) == 1:
            for place, kind in bare.items():
                if place != alone[0]:
                    told.setdefault((kind, alone[0]), place)
        return told

    def by_values(
        self, columns: list[int], coordinates: tuple[int, ...], lacking: list[int]
    ) -> dict[tuple[str, int], tuple[int, str]]:
        """(kind, coordinate) -> column that is its derivative up to a factor, and the sentence.

        Columns that are called as coordinates usually are derivatives of none; without a header, a
        derivative stands to the right of its coordinate.
        """
        if self.time is None or self.table.kinds[self.time] != "number":
            return {}
        nameless = self.table.header is None
        rows = self.table.numbers([self.time, *columns], HEAD)
        rows = rows[np.isfinite(rows).all(axis=1)]
        backward = np.flatnonzero(np.diff(rows[:, 0]) <= 0)
        rows = rows[: backward[0] + 1] if len(backward) else rows
        found: dict[tuple[str, int], tuple[int, str]] = {}
        used: set[int] = set()
        for i, x in enumerate(columns):
            if x not in lacking or x in used:
                continue
            best, best_place = ALIKE, None
            for j, v in enumerate(columns):
                proper = v > x if nameless else not is_coordinate(self.names[v].bare)
                if v == x or v in used or not proper or v in self.asked_for():
                    continue
                alike = likeness(rows[:, 0], rows[:, i + 1], rows[:, j + 1])
                if alike > best:
                    best, best_place = alike, v
            if best_place is not None:
                used |= {x, best_place}
                said = (
                    f"{self.called(best_place)} is taken as the velocity of {self.called(x)}: its "
                    f"correlation with the time derivative is {best:.4f}"
                )
                found["velocity", x] = (best_place, said)
        return found

    def asked_for(self) -> set[int]:
        """The columns that the user named as coordinates."""
        return {self.column(name) for name in self.named.coordinates}

    def chosen(
        self, coordinates: tuple[int, ...], told: dict[tuple[str, int], int]
    ) -> tuple[int, ...]:
        """The coordinates: those with rates, else those that are called so, else all."""
        if self.named.coordinates:
            return coordinates
        rated = tuple(place for place in coordinates if _has_rate(told, place))
        likely = tuple(p for p in coordinates if is_coordinate(self.names[p].bare))
        if rated:
            missed = [place for place in likely if place not in rated]
            if missed and self.table.header is not None:
                self.refuse_alone(missed)
            return rated
        return likely or coordinates

    def gathered(
        self,
        coordinates: tuple[int, ...],
        told: dict[tuple[str, int], int],
        aside: dict[int, str],
        why: tuple[str, ...],
    ) -> Roles:
        """The roles, when nothing is missing from them."""
        if not coordinates:
            has = ", ".join(self.called(place) for place in range(len(self.names)))
            raise InputError(f"{self.table.name} has no coordinates, only {has}.")
        columns = {
            kind: tuple(told[kind, place] for place in coordinates if (kind, place) in told)
            for kind in (*RATES, "acceleration")
        }
        full = [kind for kind in RATES if len(columns[kind]) == len(coordinates)]
        if len(full) > 1 and not self.named.rates:
            both = " and ".join(
                ", ".join(self.called(place) for place in columns[kind]) for kind in full
            )
            raise InputError(
                f"{self.table.name} has both {both}; choose with momenta or velocities."
            )
        if not full and (columns["momentum"] or columns["velocity"]):
            self.refuse_alone([place for place in coordinates if not _has_rate(told, place)])
        kind = "momentum" if self.named.momenta else "velocity"
        kind = full[0] if full and not self.named.rates else kind
        rates = columns[kind] if full else ()
        accelerations = columns["acceleration"]
        if len(accelerations) < len(coordinates) or (
            self.time is not None and not self.named.accelerations
        ):
            accelerations = ()
        if self.time is None and not accelerations:
            self.refuse_without_time()
        used = {self.time, self.label, *coordinates, *rates, *accelerations}
        unused = {
            place: aside.get(place, "")
            for place in range(len(self.names))
            if place not in used and not (place in aside and not self.names[place].bare)
        }
        return Roles(
            self.names,
            None if accelerations else self.time,
            self.label,
            coordinates,
            rates,
            kind,
            accelerations,
            unused,
            why,
        )

    def column(self, name: str) -> int:
        """The position of the column that the user calls so."""
        tests = (
            lambda known: name in {known.written, known.bare, known.symbol},
            lambda known: key(name) == known.key,
        )
        for test in tests:
            found = [place for place, known in enumerate(self.names) if test(known)]
            if found:
                return found[0]
        known = [self.called(place) for place in self.free]
        raise InputError(
            f"{self.table.name} has no column {name!r}; it has {', '.join(known)}."
            f"{nearest(name, known)}"
        )

    def called(self, place: int) -> str:
        """What a column is called in messages."""
        return self.names[place].bare or f"column {place + 1}"

    def refuse_alone(self, places: Sequence[int]) -> None:
        """Refuse coordinates without rates beside some that have them."""
        alone = ", ".join(self.called(place) for place in places)
        raise InputError(
            f"{self.table.name} has no momenta p_... or velocities v_... for {alone}; name the "
            f"columns with coordinates, and momenta or velocities."
        )

    def refuse_without_time(self) -> None:
        """Refuse a table without times, which holds no accelerations either."""
        has = ", ".join(repr(name.written) for name in self.names)
        raise InputError(
            f"{self.table.name} has no column 't' or 'time' for the time, only {has}; points "
            f"without times need velocities and accelerations, such as xd and xdd, of every "
            f"coordinate."
        )


def likeness(t: Array, x: Array, v: Array) -> float:
    """How much v is dx/dt up to a factor: the best correlation of x(t+h) - x(t) with ∫ v dt.

    All (n,). Increments over several lags h, up to a twentieth of the rows, tell a derivative where
    white noise hides it from differences of neighbours.

    >>> t = np.linspace(0, 9, 200)
    >>> bool(likeness(t, np.sin(t), 5 * np.cos(t)) > 0.999), bool(likeness(t, np.sin(t), t) > 0.9)
    (True, False)
    """
    if len(t) < 8:
        return 0.0
    area = np.concatenate([[0], np.cumsum(np.diff(t) * (v[1:] + v[:-1]) / 2)])
    best = 0.0
    lag = 1
    while lag <= max(1, len(t) // 20):
        moved, expected = x[lag:] - x[:-lag], area[lag:] - area[:-lag]
        moved, expected = moved - moved.mean(), expected - expected.mean()
        size = float(np.sqrt((moved @ moved) * (expected @ expected)))
        if size > 0:
            best = max(best, float(moved @ expected) / size)
        lag *= 2
    return best


def _first(
    free: Iterable[int], keys: Sequence[str], names: Sequence[str], asked: set[str]
) -> int | None:
    """The column that has the first of these names and was not asked for as something else."""
    places = list(free)
    for name in names:
        for place in places:
            if keys[place] == name and keys[place] not in asked:
                return place
    return None


def _rated(told: dict[tuple[str, int], int]) -> set[int]:
    return set(told.values())


def _has_rate(told: dict[tuple[str, int], int], place: int) -> bool:
    return any((kind, place) in told for kind in RATES)


def _numbered(table: Table) -> tuple[str, ...]:
    return ("",) * len(table.kinds)


def _increases(table: Table, place: int) -> bool:
    if table.kinds[place] == "clock":
        return True
    if table.kinds[place] != "number":
        return False
    head = table.numbers([place], HEAD)[:, 0]
    head = head[np.isfinite(head)]
    return len(head) > 1 and bool((np.diff(head) > 0).mean() > 0.9)
