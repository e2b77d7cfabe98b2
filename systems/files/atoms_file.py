"""Trajectories of atoms, extended XYZ or ASE's own, as molecular dynamics writes them, by ASE.

    each frame   species (N,)   positions (N, 3)   momenta or velocities (N, 3)   masses (N,)   time

Numbers keep the units of the file. ASE's are Å, u and eV, so that momenta over masses are Å in
Å sqrt(u/eV) = 10.18 fs; its times are often in fs, and are turned into these units then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from systems.errors import InputError
from systems.files.arrow_table import ArrowTable
from systems.files.damage import UNREADABLE, unreadable
from systems.files.stacked import from_arrays
from systems.samples.trajectories import FEWEST_POINTS

Array = NDArray[np.float64]

AXES: Final = "xyz"
MOMENTA: Final = "momenta"
VELOCITIES: Final = ("velocities", "velocity", "velo", "vel", "v")
TIMES: Final = ("time", "t", "time_fs", "time_ps")

FEMTOSECOND: Final = 0.09822694750253231
"""In Å sqrt(u/eV). Source: ase.units.fs, CODATA 2014."""
UNITS: Final = {"fs": FEMTOSECOND, "ps": 1000 * FEMTOSECOND}
NEAR: Final = 0.1
"""Steps of a tenth of the fastest period leave dq/dt about so far off; units differ by 10."""

SIMPSON: Final = (1 / 6, 4 / 6, 1 / 6)
CENTRAL: Final = (0.0, 1.0, 0.0)
"""What velocities at three instants say of (q_2 - q_0) / 2h: of any motion to order h⁴, and of
Verlet's, whose velocities are such differences, exactly."""


def read_atoms(path: Path) -> ArrowTable:
    """The table of a trajectory: t, x1, y1, z1, x2, ..., and p_x1 or v_x1, ..., with its masses.

    Without times the step is told by the momenta. Raises `InputError` where ASE is not installed,
    for damaged files, fewer than three frames, atoms that change, and where nothing tells the time.
    """
    try:
        from ase.io import extxyz, trajectory
    except ImportError as error:
        raise InputError(
            f"{path.name} holds a trajectory of atoms, which ASE reads: "
            f"pip install 'interpret-physics[bodies]'."
        ) from error
    try:
        with path.open("rb" if path.suffix.lower() == ".traj" else "r") as file:
            reading: Any = trajectory.read_traj if "b" in file.mode else extxyz.read_extxyz
            frames = _Frames.of(path.name, list(reading(file, slice(None))))
    except (*UNREADABLE, StopIteration) as error:
        raise unreadable(path, "a trajectory of atoms", error) from error
    return frames.table()


@dataclass(frozen=True, eq=False)
class _Frames:
    """Positions (n, N, 3) of atoms, their rates (n, N, 3) of the kind p or v, and times (n,)."""

    name: str
    symbols: tuple[str, ...]
    mass: Array
    q: Array
    rates: dict[str, Array]
    t: Array | None
    notes: tuple[str, ...]

    @classmethod
    def of(cls, name: str, frames: Sequence[Any]) -> _Frames:
        """Those of ASE's frames."""
        if len(frames) < FEWEST_POINTS:
            raise InputError(
                f"{name} holds {len(frames)} frame{'s' * (len(frames) != 1)}; "
                f"at least {FEWEST_POINTS} are needed."
            )
        symbols = frames[0].get_chemical_symbols()
        for number, frame in enumerate(frames):
            if frame.get_chemical_symbols() != symbols:
                raise InputError(
                    f"{name}: the atoms of frame {number} are not those of the first, in order; "
                    f"a motion needs the same ones throughout."
                )
        q, notes = _unwrapped(frames)
        arrays = {key for key in frames[0].arrays if all(key in f.arrays for f in frames)}
        rates = {
            "p" if key == MOMENTA else "v": np.array([f.arrays[key] for f in frames], float)
            for key in [key for key in (MOMENTA, *VELOCITIES) if key in arrays][:1]
        }
        mass = np.asarray(frames[0].get_masses(), dtype=float)
        return cls(name, tuple(symbols), mass, q, rates, _times(frames), notes)

    def table(self) -> ArrowTable:
        """The table, its times in the units of its momenta."""
        n, count = self.q.shape[:2]
        names = [f"{axis}{k}" for k in range(1, count + 1) for axis in AXES]
        names = names if count > 1 else list(AXES)
        t, said = self.clock()
        flat = {kind: rate.reshape(n, -1) for kind, rate in self.rates.items()}
        arrays = {"t": t, "q": self.q.reshape(n, -1), **flat}
        kinds = Counter(zip(self.symbols, self.mass, strict=True))
        told = " and ".join(f"{mass:g} ({many} {kind})" for (kind, mass), many in kinds.items())
        return replace(
            from_arrays(self.name, arrays, names),
            masses=dict(zip(names, np.repeat(self.mass, len(AXES)).tolist(), strict=True)),
            notes=(f"it gives the masses {told}", *self.notes, *said),
        )

    def clock(self) -> tuple[Array, tuple[str, ...]]:
        """The times (n,) in the units that the momenta, or velocities, have."""
        if not self.rates:
            if self.t is None:
                raise InputError(
                    f"{self.name} holds neither times nor velocities; give each frame its time, "
                    f"as time=0.5 in its second line, or atoms.info['time'] before it is written."
                )
            return self.t, ()
        ((kind, rate),) = self.rates.items()
        v = rate / self.mass[:, None] if kind == "p" else rate
        if self.t is None:
            t = np.arange(len(v), dtype=float)
            step = _ratio(t, self.q, v)
            if not (np.isfinite(step) and step > 0):
                raise InputError(
                    f"{self.name} holds no times, and its velocities are not how it moves; give "
                    f"each frame its time, as time=0.5 in its second line."
                )
            return step * t, (f"it holds no times: by its velocities the step is {step:.6g}",)
        ratio = _ratio(self.t, self.q, v)
        for unit, factor in UNITS.items():
            if abs(ratio / factor - 1) < NEAR:
                return factor * self.t, (
                    f"its times are in {unit}, by its velocities, and are counted in "
                    f"Å sqrt(u/eV) = {1 / FEMTOSECOND:.2f} fs from here on",
                )
        return self.t, ()


def _times(frames: Sequence[Any]) -> Array | None:
    """What the frames say of their times, None where some do not."""
    for name in TIMES:
        found = [[key for key in frame.info if str(key).lower() == name] for frame in frames]
        if all(found):
            return np.array([f.info[keys[0]] for f, keys in zip(frames, found, strict=True)], float)
    return None


def _unwrapped(frames: Sequence[Any]) -> tuple[Array, tuple[str, ...]]:
    """The positions (n, N, 3), followed across the boundaries of cells that repeat."""
    q = np.array([frame.positions for frame in frames], dtype=float)
    periodic = np.array([frame.pbc for frame in frames], dtype=bool).all(axis=0)
    cells = np.array([frame.cell.complete() for frame in frames], dtype=float)
    if not periodic.any():
        return q, ()
    parts = q @ np.linalg.inv(cells)
    parts[..., periodic] = np.unwrap(parts[..., periodic], axis=0, period=1.0)
    axes = ", ".join(AXES[place] for place in np.flatnonzero(periodic))
    return parts @ cells, (
        f"its cell repeats along {axes}: the atoms are followed across its boundary, and what "
        f"their images do is not looked for",
    )


def _ratio(t: Array, q: Array, v: Array) -> float:
    """dq/dt over v, from the first instants to the last; NaN where nothing tells.

    >>> t = np.linspace(0, 3, 31)
    >>> swing = np.sin(t) + np.sin(3 * t)
    >>> print(f"{_ratio(t, 2 * swing, np.cos(t) + 3 * np.cos(3 * t)):.3f}")
    2.000
    """
    n = len(t)
    left = np.diff(t)[: n - 2], np.diff(t)[1:]
    even = (left[0] > 0) & (abs(left[1] - left[0]) < NEAR * left[0])
    span = np.where(even, t[2:] - t[:-2], 1.0)
    rate = (q[2:] - q[:-2]).reshape(n - 2, -1)[even] / span[even, None]
    best = (np.inf, np.nan)
    for first, middle, last in (CENTRAL, SIMPSON):
        own = (first * v[:-2] + middle * v[1:-1] + last * v[2:]).reshape(n - 2, -1)[even]
        square = float((own**2).sum())
        factor = float((own * rate).sum()) / square if square else np.nan
        best = min(best, (float(((rate - factor * own) ** 2).sum()), factor))
    return best[1]
