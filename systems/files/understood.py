"""What was understood of a table: its samples, the role of every column, what was done."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from systems.errors import InputError
from systems.files import pieces
from systems.files.columns import Named, Roles, beside
from systems.files.names import Name, distinct, is_angle
from systems.files.pieces import Motion
from systems.files.roles import roles
from systems.files.table import Table
from systems.samples.masses import checked_mass
from systems.samples.phase_space import PhaseSamples
from systems.samples.trajectories import Trajectories, Trajectory

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Role:
    """What a column was taken for.

    `column` is its name as written, `role` one of "time", "trajectory", "coordinate", "velocity",
    "momentum", "acceleration", "drive", "sigma" and "unused". `name` is what the coordinate that it
    belongs to is called from here on, `unit` what the header says of its unit, `reason` why it is
    unused.
    """

    column: str
    role: str
    name: str = ""
    unit: str = ""
    reason: str = ""


@dataclass(frozen=True, eq=False)
class Understood:
    """Samples, with the `roles` of the columns that they were read from, and sentences about it."""

    samples: Trajectories | PhaseSamples
    notes: tuple[str, ...]
    roles: tuple[Role, ...]


def understood(table: Table, named: Named, mass: ArrayLike | None) -> Understood:
    """The samples in a table.

    Raises `InputError` where it is not told which column is what, for faults in the numbers and for
    masses that do not fit.
    """
    found = roles(table, named)
    names = _called(found)
    notes = [f"{table.name}: {', '.join(table.notes)}."] if table.notes else []
    if mass is None and table.masses:
        mass = [table.masses[found.names[place].written] for place in found.coordinates]
    others = beside(table, named)
    listed = _listed(found, names, others)
    notes += [_summary(listed), *(f"{sentence}." for sentence in found.why)]
    notes += _renamed(found, names)
    unused = [
        f"{role.column or 'a column without a name'}{f' ({role.reason})' * bool(role.reason)}"
        for role in listed
        if role.role == "unused"
    ]
    if unused:
        notes.append(f"Not used: {', '.join(unused)}.")
    samples: Trajectories | PhaseSamples
    if found.accelerations:
        if mass is not None:
            raise InputError("points with accelerations have no masses; leave out the mass.")
        if others:
            raise InputError("points without times have nothing that drives them; leave it out.")
        samples, said = _points(table, found, names)
    else:
        whole = _Whole(found, names, tuple(others))
        samples, said = _trajectories(table, whole, mass)
    notes += [f"{sentence[0].upper()}{sentence[1:]}." for sentence in said]
    return Understood(samples, tuple(notes), listed)


@dataclass(frozen=True)
class _Whole:
    """The roles of the columns, what the coordinates are called, and the columns beside them."""

    roles: Roles
    names: tuple[str, ...]
    others: tuple[int, ...]

    @property
    def extra(self) -> tuple[str, ...]:
        """What the columns beside the motion's own are called."""
        return tuple(self.roles.names[place].symbol for place in self.others)


def _trajectories(
    table: Table, whole: _Whole, mass: ArrayLike | None
) -> tuple[Trajectories, tuple[str, ...]]:
    found, names = whole.roles, whole.names
    assert found.time is not None
    d = len(names)
    masses = checked_mass(np.ones(d) if mass is None else mass, names)
    said: list[str] = []
    if table.kinds[found.time] == "number":
        t = table.numbers([found.time])[:, 0]
    else:
        t = table.clock(found.time)
        said.append("the time is counted in seconds since the first row")
    q, rates = table.numbers(list(found.coordinates)), table.numbers(list(found.rates))
    if found.label is None:
        rows = pieces.restarts(t)
        if len(rows) > 1:
            said.append(f"the time begins anew in some rows: there are {len(rows)} trajectories")
    else:
        rows = pieces.groups(table.words(found.label))
    extra = table.numbers(list(whole.others))
    columns = (*found.coordinates, *found.rates, *whole.others)
    called = tuple(found.names[p].bare or f"column {p + 1}" for p in columns)
    kept, left_out = Motion(t, (q, rates, extra), rows, called, table.where).pieces()
    said += left_out
    spans = list(map(pieces.span, kept))
    parts = [(t[part], q[part], rates[part]) for part in spans]
    extras = whole.extra, [extra[part] for part in spans]
    labels = [_label(table, found.label, int(rows[0])) for rows in kept]
    said += _unwrap(parts, found, names)
    if not found.rates:
        said.append("there are no velocities: they are computed from the positions")
        positions = Trajectories.from_positions(names, masses, [(t, q) for t, q, _ in parts])
        return _labelled(positions.beside(*extras), labels), tuple(said)
    if found.kind == "velocity" and mass is None:
        made = tuple(Trajectory(*part) for part in parts)  # the masses are 1
    else:
        factor = masses if found.kind == "velocity" else 1.0
        made = tuple(Trajectory(t, q, factor * rate) for t, q, rate in parts)
    return _labelled(Trajectories(names, masses, made).beside(*extras), labels), tuple(said)


def _labelled(samples: Trajectories, labels: list[str]) -> Trajectories:
    """The same, each called by its label."""
    pairs = zip(samples, labels, strict=True)
    return replace(samples, items=tuple(replace(item, label=label) for item, label in pairs))


def _label(table: Table, column: int | None, row: int) -> str:
    """What the trajectory of a row is called: by its word, or with its number."""
    word = "" if column is None else table.word(column, row)
    return f"trajectory {word}" if column is not None and table.kinds[column] == "number" else word


def _points(
    table: Table, found: Roles, names: tuple[str, ...]
) -> tuple[PhaseSamples, tuple[str, ...]]:
    if found.kind != "velocity" or not found.rates:
        raise InputError(f"{table.name} has accelerations but no velocities to go with them.")
    d = len(names)
    rows = table.numbers([*found.coordinates, *found.rates, *found.accelerations])
    whole = np.isfinite(rows).all(axis=1)
    if np.isinf(rows).any():
        row = int(np.argmax(np.isinf(rows).any(axis=1)))
        raise InputError(f"{table.where(row)}: a number is not finite; remove that point.")
    if not whole.any():
        raise InputError(f"{table.name} has no row without missing numbers.")
    rows = rows[whole]
    missing = int((~whole).sum())
    said = (f"{missing} rows with missing numbers are left out",) if missing else ()
    return PhaseSamples(names, rows[:, :d], rows[:, d : 2 * d], rows[:, 2 * d :]), said


def _unwrap(
    parts: list[tuple[Array, Array, Array]], found: Roles, names: tuple[str, ...]
) -> list[str]:
    """Take the jumps out of angles, in place, and say so.

    A column that is not called an angle is one when its jumps are those of 2π.
    """
    said = []
    for place, name in enumerate(names):
        called = is_angle(found.names[found.coordinates[place]].bare)
        turned = [pieces.unwrapped(q[:, place]) for _, q, _ in parts]
        turns = {round(turn[1], 6) for turn in turned if turn is not None}
        if len(turns) != 1 or (turns == {360.0} and not called):
            continue
        for (_, q, _), turn in zip(parts, turned, strict=True):
            if turn is not None:
                q[:, place] = turn[0]
        full = "360" if turns == {360.0} else "2π"
        said.append(f"the coordinate {name} jumps by {full}: it is taken as an angle and unwrapped")
    return said


def _called(found: Roles) -> tuple[str, ...]:
    """What the coordinates are called: their names in formulas, q or q1, q2, ... without one."""
    own = [found.names[place].symbol for place in found.coordinates]
    d = len(own)
    names = tuple(
        name or ("q" if d == 1 else f"q{place}") for place, name in enumerate(own, start=1)
    )
    if not distinct(names):
        raise InputError(
            f"the coordinates {', '.join(found.names[p].written for p in found.coordinates)} are "
            f"called {', '.join(names)}, which are not all different; rename one."
        )
    return names


def _listed(found: Roles, names: tuple[str, ...], others: dict[int, str]) -> tuple[Role, ...]:
    """The role of every column, in the order of the table."""
    of: dict[int, tuple[str, str]] = {}
    if found.time is not None:
        of[found.time] = ("time", "t")
    if found.label is not None:
        of[found.label] = ("trajectory", "")
    for kind, places in (
        ("coordinate", found.coordinates),
        (found.kind, found.rates),
        ("acceleration", found.accelerations),
    ):
        of |= {place: (kind, name) for place, name in zip(places, names, strict=False)}
    of |= {place: (role, found.names[place].symbol) for place, role in others.items()}
    for place in found.unused:
        of[place] = ("unused", "")
    return tuple(
        Role(
            name.written or f"column {place + 1}",
            *of[place],
            unit=name.unit,
            reason=found.unused.get(place, ""),
        )
        for place, name in enumerate(found.names)
        if place in of
    )


def _summary(listed: tuple[Role, ...]) -> str:
    """One sentence: which column is what."""
    plural = {
        "time": "time",
        "trajectory": "trajectory",
        "coordinate": "coordinates",
        "velocity": "velocities",
        "momentum": "momenta",
        "acceleration": "accelerations",
        "drive": "drives",
        "sigma": "sigmas",
    }
    columns: dict[str, list[str]] = {}
    for role in listed:
        columns.setdefault(role.role, []).append(role.column)
    words = []
    for kind, many in plural.items():
        if kind in columns:
            word = many if len(columns[kind]) > 1 else kind
            words.append(f"{word} {', '.join(columns[kind])}")
    return f"Columns: {'; '.join(words)}."


def _renamed(found: Roles, names: tuple[str, ...]) -> list[str]:
    """What is called otherwise from here on."""
    told: list[str] = []
    for place, name in zip(found.coordinates, names, strict=True):
        given: Name = found.names[place]
        if name != given.bare:
            told.append(f"{given.bare or f'column {place + 1}'} is called {name}")
    return [f"{'; '.join(told)}."] if told else []
