"""Trajectories: what was measured or simulated, checked once, when it is put together.

The trajectories of one data set share coordinates and masses. They may differ in length and in
their times, which need not be equidistant.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from systems.errors import InputError
from systems.expressions import symbol
from systems.samples.masses import LARGEST, checked_mass
from systems.samples.noise import checked_fraction

Array = NDArray[np.float64]
FEWEST_POINTS = 3


@dataclass(frozen=True, eq=False)
class Trajectory:
    """One motion: times `t` (n,), coordinates `q` (n, d) and momenta `p` (n, d).

    `extra` (n, k) holds what else was measured, such as the current in a driving coil; motions of
    one `label` are of one thing.
    """

    t: Array
    q: Array
    p: Array
    extra: Array | None = None
    label: str = ""

    def __len__(self) -> int:
        return len(self.t)

    def at(self, some: slice | NDArray[Any]) -> Trajectory:
        """Some of the points."""
        extra = None if self.extra is None else self.extra[some]
        return Trajectory(self.t[some], self.q[some], self.p[some], extra, self.label)


@dataclass(frozen=True, eq=False)
class Trajectories:
    """A set of motions of one system: p_i = m_i v_i for each coordinate i.

    `coordinates` are the d names, `mass` holds the mass (d,) that belongs to each of them, and
    `items` the motions, in the user's own but consistent units. `derived`: the momenta were
    computed from the positions, and are no data of their own. `extra` are the names of what else
    was measured at every point.

    Raises `InputError` when shapes disagree, a number is not finite, time does not increase,
    a trajectory has fewer than three points, or a mass is missing or not positive.

    >>> t = np.linspace(0, 1, 5)
    >>> circle = Trajectory(t, np.sin(t)[:, None], np.cos(t)[:, None])
    >>> data = Trajectories(("q",), [1.0], (circle,))
    >>> len(data), data.dimension, data.points
    (1, 1, 5)
    """

    coordinates: tuple[str, ...]
    mass: Array
    items: tuple[Trajectory, ...]
    derived: bool = False
    extra: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in (*self.coordinates, *self.extra):
            symbol(name)
        twice = sorted({*self.coordinates} & {*self.extra})
        if twice:
            raise InputError(f"{', '.join(twice)} is a coordinate and measured beside; rename one.")
        # A frozen record sets its fields this way; from here on they hold float64 arrays.
        object.__setattr__(self, "coordinates", tuple(self.coordinates))
        object.__setattr__(self, "mass", checked_mass(self.mass, self.coordinates))
        if not self.items:
            raise InputError("there are no trajectories.")
        checked = (self._checked(number, item) for number, item in enumerate(self.items))
        object.__setattr__(self, "items", tuple(checked))

    @classmethod
    def from_arrays(
        cls, coordinates: Sequence[str], mass: ArrayLike, t: ArrayLike, q: ArrayLike, p: ArrayLike
    ) -> Trajectories:
        """R trajectories of n points each, from q (R, n, d), p (R, n, d), t (n,) or (R, n).

        >>> t = [0.0, 0.1, 0.2]
        >>> Trajectories.from_arrays(["x", "y"], [1, 1], t, np.ones((4, 3, 2)), np.ones((4, 3, 2)))
        4 trajectories of x, y, 12 points
        """
        q = np.asarray(q, dtype=float)
        p = np.asarray(p, dtype=float)
        if q.ndim != 3 or p.shape != q.shape:
            raise InputError(
                f"q {q.shape} and p {p.shape} must have one shape (trajectories, points, "
                f"coordinates)."
            )
        t = np.asarray(t, dtype=float)
        if t.shape not in {q.shape[1:2], q.shape[:2]}:
            raise InputError(f"t {t.shape} does not fit q {q.shape}: one time for each point.")
        times = np.broadcast_to(t, q.shape[:2])
        items = (Trajectory(*arrays) for arrays in zip(times, q, p, strict=True))
        return cls(tuple(coordinates), np.asarray(mass, dtype=float), tuple(items))

    @classmethod
    def from_velocities(
        cls,
        coordinates: Sequence[str],
        mass: ArrayLike,
        items: Iterable[tuple[ArrayLike, ArrayLike, ArrayLike]],
    ) -> Trajectories:
        """The trajectories whose triples (t, q, v) hold velocities: p = m v.

        >>> t = [0.0, 0.1, 0.2]
        >>> data = Trajectories.from_velocities(["x"], [2.0], [(t, np.zeros((3, 1)), [[1]] * 3)])
        >>> data[0].p.ravel()
        array([2., 2., 2.])
        """
        mass = checked_mass(mass, tuple(coordinates))
        made = (Trajectory(np.asarray(t), np.asarray(q), mass * np.asarray(v)) for t, q, v in items)
        return cls(tuple(coordinates), mass, tuple(made))

    @classmethod
    def from_positions(
        cls,
        coordinates: Sequence[str],
        mass: ArrayLike,
        items: Iterable[tuple[ArrayLike, ArrayLike]],
    ) -> Trajectories:
        """The trajectories whose pairs (t, q) hold positions alone: p = m dq/dt of smooth curves.

        >>> t = np.linspace(0.0, 1.0, 6)[:, None]
        >>> data = Trajectories.from_positions(["x"], [2.0], [(t[:, 0], t**2)])
        >>> data.derived, bool(np.allclose(data[0].p, 4 * t))
        (True, True)
        """
        from systems.samples.smooth_sets import smooth_all  # loads much of scipy

        # Faults of times and positions are found before anything is computed of them.
        rest = (Trajectory(np.asarray(t), np.asarray(q), np.zeros(np.shape(q))) for t, q in items)
        still = cls(tuple(coordinates), np.asarray(mass), tuple(rest), derived=True)
        curves = smooth_all([item.t for item in still], [item.q for item in still])
        pairs = zip(still, curves, strict=True)
        made = (replace(item, p=still.mass * curve.v) for item, curve in pairs)
        return replace(still, items=tuple(made))

    def positions_alone(self) -> Trajectories:
        """The same without the momenta as data: they are derived from the coordinates."""
        pairs = ((item.t, item.q) for item in self.items)
        made = Trajectories.from_positions(self.coordinates, self.mass, pairs)
        items = tuple(replace(old, p=new.p) for old, new in zip(self, made, strict=True))
        return replace(made, items=items, extra=self.extra)

    def beside(self, names: Sequence[str], columns: Sequence[Array | None]) -> Trajectories:
        """The same with what else was measured, (n, k) of each trajectory."""
        if not names:
            return self
        items = (replace(item, extra=own) for item, own in zip(self, columns, strict=True))
        return replace(self, items=tuple(items), extra=tuple(names))

    @property
    def names(self) -> tuple[str, ...]:
        """What the columns are called: the time, coordinates and momenta."""
        return ("t", *self.coordinates, *(f"p_{q}" for q in self.coordinates), *self.extra)

    @property
    def dimension(self) -> int:
        """d, the number of coordinates."""
        return len(self.coordinates)

    @property
    def points(self) -> int:
        """The number of points of all trajectories together."""
        return sum(len(item) for item in self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Trajectory]:
        return iter(self.items)

    @overload
    def __getitem__(self, index: int) -> Trajectory: ...
    @overload
    def __getitem__(self, index: slice | Sequence[int]) -> Trajectories: ...
    def __getitem__(self, index: int | slice | Sequence[int]) -> Trajectory | Trajectories:
        """One trajectory, or the set of some: of a slice, or by their numbers."""
        if isinstance(index, int):
            return self.items[index]
        numbers = range(len(self))[index] if isinstance(index, slice) else index
        return replace(self, items=tuple(self.items[number] for number in numbers))

    def __repr__(self) -> str:
        counted = f"{len(self)} trajector{'y' if len(self) == 1 else 'ies'}"
        return f"{counted} of {', '.join(self.coordinates)}, {self.points} points"

    def velocity(self, index: int) -> Array:
        """v = p / m of one trajectory (n, d)."""
        return self.items[index].p / self.mass

    def kinetic(self, index: int) -> Array:
        """T = Σ_i p_i² / (2 m_i) of one trajectory (n,)."""
        p = self.items[index].p
        return np.asarray((p**2 / (2 * self.mass)).sum(axis=1))

    def stack(self) -> tuple[Array, Array, Array, NDArray[np.intp]]:
        """All points: t (N,), q (N, d), p (N, d) and the number of each one's trajectory (N,)."""
        t = np.concatenate([item.t for item in self.items])
        q = np.concatenate([item.q for item in self.items])
        p = np.concatenate([item.p for item in self.items])
        group = np.repeat(np.arange(len(self)), [len(item) for item in self.items])
        return t, q, p, group

    def channel_std(self) -> tuple[Array, Array]:
        """The standard deviation of each coordinate (d,) and each momentum (d,), all points."""
        _, q, p, _ = self.stack()
        return q.std(axis=0), p.std(axis=0)

    def with_noise(self, fraction: float, seed: int) -> Trajectories:
        """A copy with white noise on q and p, σ = `fraction` of each channel's deviation.

        Momenta that were derived are derived anew.

        >>> t = np.linspace(0, 6, 50)
        >>> clean = Trajectories.from_arrays(["q"], [1], t, *np.ones((2, 1, 50, 1)) * t[:, None])
        >>> noisy = clean.with_noise(0.01, seed=0)
        >>> bool(0.005 < (noisy[0].q - clean[0].q).std() / clean[0].q.std() < 0.015)
        True
        """
        fraction = checked_fraction(fraction)
        rng = np.random.default_rng(seed)
        std_q, std_p = self.channel_std()
        noisy = []
        for item in self.items:
            q = item.q + fraction * std_q * rng.standard_normal(item.q.shape)
            p = item.p + fraction * std_p * rng.standard_normal(item.p.shape)
            noisy.append(replace(item, q=q, p=p))
        made = replace(self, items=tuple(noisy))
        return made.positions_alone() if self.derived else made

    def digest(self) -> str:
        """The SHA-256 of names, masses and every number, in hexadecimal."""
        digest = hashlib.sha256(repr(self.coordinates).encode())
        digest.update(b"derived" * self.derived)
        digest.update("".join(map(repr, self.extra)).encode())
        digest.update(self.mass.tobytes())
        for item in self.items:
            digest.update(str(len(item)).encode())
            for array in (item.t, item.q, item.p, item.extra):
                digest.update(b"" if array is None else np.ascontiguousarray(array).data)
        return digest.hexdigest()

    def _checked(self, number: int, item: Trajectory) -> Trajectory:
        """`item` as float64 arrays, when nothing is wrong with it."""
        t, q, p = (np.asarray(array, dtype=float) for array in (item.t, item.q, item.p))
        shape = (len(t) if t.ndim == 1 else -1, self.dimension)
        if q.shape != shape or p.shape != shape:
            raise InputError(
                f"trajectory {number}: t {t.shape}, q {q.shape} and p {p.shape} must have shapes "
                f"(points,), (points, {self.dimension}) and (points, {self.dimension})."
            )
        if len(t) < FEWEST_POINTS:
            raise InputError(
                f"trajectory {number} has {len(t)} point{'s' * (len(t) != 1)}; "
                f"at least {FEWEST_POINTS} are needed."
            )
        extra = np.zeros((len(t), 0)) if item.extra is None else np.asarray(item.extra, dtype=float)
        if extra.shape != (len(t), len(self.extra)):
            raise InputError(
                f"trajectory {number}: {', '.join(self.extra) or 'extra'} {extra.shape} must have "
                f"the shape (points, {len(self.extra)})."
            )
        self._check_finite(number, t, q, p, extra)
        if not np.all(np.diff(t) > 0):
            point = int(np.argmin(np.diff(t) > 0)) + 1
            fault = "repeated" if t[point] == t[point - 1] else "not sorted"
            raise InputError(
                f"trajectory {number}: time is {fault} at point {point} (t = {t[point]:g} after "
                f"{t[point - 1]:g}); it must increase."
            )
        return Trajectory(t, q, p, extra if self.extra else None, item.label)

    def _check_finite(self, number: int, *arrays: Array) -> None:
        if all((np.abs(array) <= LARGEST).all() for array in arrays):
            return
        table = np.column_stack(arrays)
        point, column = np.argwhere(~(np.abs(table) <= LARGEST))[0]
        value = table[point, column]
        remedy = "choose larger units" if np.isfinite(value) else "remove what is not finite"
        raise InputError(
            f"trajectory {number}: {self.names[column]} is {value} at point {point}; {remedy}."
        )
