"""Which column is what: by the columns that were named, by names, or because one is the derivative
of another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from systems.errors import InputError
from systems.files.bookkeeping import label_of, set_aside, time_of
from systems.files.columns import Named, Roles, beside, headings, place_of
from systems.files.derivative import HEAD, derivatives
from systems.files.names import Name, belongs, is_coordinate, key, readings
from systems.files.table import Table

Array = NDArray[np.float64]

RATES = ("momentum", "velocity")


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
        names = headings(table)
        asked = {key(name) for name in (*named.coordinates, *named.rates, *named.accelerations)}
        aside = set_aside(table, names) | dict.fromkeys(beside(table, named), "")
        free = [place for place in range(len(names)) if place not in aside]
        time = time_of(table, names, free, asked)
        label = label_of(table, names, [place for place in free if place != time], asked)
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
            found = self.by_values(others, lacking)
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
                if len(mine) > 1 and of.startswith("number:"):
                    mine = [other for other in mine if other not in self.rate_like(columns)]
                # v1 tells nothing where there are x1 and y1.
                unique = len(mine) == 1 or not of.startswith("number:")
                if mine and unique and (kind, mine[0]) not in told:
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

    def rate_like(self, columns: list[int]) -> set[int]:
        """The columns that are called v1, p2 and the like, by themselves."""
        return {
            place
            for place in columns
            if any(of.startswith("number:") for _, of in readings(self.names[place].bare))
        }

    def by_values(
        self, columns: list[int], lacking: list[int]
    ) -> dict[tuple[str, int], tuple[int, str]]:
        """(kind, coordinate) -> column that is its derivative up to a factor, and the sentence.

        Columns that are called as coordinates usually are derivatives of none; without a header, a
        derivative stands to the right of its coordinate.
        """
        if self.time is None or self.table.kinds[self.time] != "number":
            return {}
        nameless = self.table.header is None
        rates = {
            x: [v for v in columns if v > x]
            if nameless
            else [v for v in columns if v != x and not is_coordinate(self.names[v].bare)]
            for x in lacking
        }
        asked = {self.column(name) for name in self.named.coordinates}
        rates = {x: [v for v in some if v not in asked] for x, some in rates.items()}
        found = derivatives(self.table.numbers([self.time, *columns], HEAD), columns, rates)
        return {
            ("velocity", x): (
                v,
                f"{self.called(v)} is taken as the velocity of {self.called(x)}: its correlation "
                f"with the time derivative is {alike:.4f}",
            )
            for x, (v, alike) in found.items()
        }

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
            has = ", ".join(
                f"{self.called(place)} ({aside[place]})" if place in aside else self.called(place)
                for place in range(len(self.names))
            )
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
        others = beside(self.table, self.named)
        used = {self.time, self.label, *coordinates, *rates, *accelerations, *others}
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
        return place_of(self.table, name)

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


def _rated(told: dict[tuple[str, int], int]) -> set[int]:
    return set(told.values())


def _has_rate(told: dict[tuple[str, int], int], place: int) -> bool:
    return any((kind, place) in told for kind in RATES)
