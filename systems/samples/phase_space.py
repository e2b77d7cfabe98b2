"""Points of phase space with their accelerations: what a Lagrangian is learned from.

Unlike trajectories they need no order and no times: each row (q, q̇, q̈) is a measurement of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from systems.errors import InputError
from systems.expressions import symbol
from systems.samples.noise import noisy

Array = NDArray[np.float64]
MOST_DRAWS = 1000


@dataclass(frozen=True, eq=False)
class PhaseSamples:
    """n points of phase space: `q`, `qd` and `qdd`, each (n, d), in the user's own units.

    `coordinates` are the d names; the velocity of `x` is written `xd`, its acceleration `xdd`.

    Raises `InputError` when shapes disagree, a number is not finite, or there are no points.

    >>> points = PhaseSamples(("x",), [[1.0], [2.0]], [[0.0], [0.5]], [[-1.0], [-2.0]])
    >>> points
    2 samples of x with qd and qdd
    """

    coordinates: tuple[str, ...]
    q: Array
    qd: Array
    qdd: Array

    def __post_init__(self) -> None:
        for name in self.coordinates:
            symbol(name)
        object.__setattr__(self, "coordinates", tuple(self.coordinates))
        for name in ("q", "qd", "qdd"):
            # A frozen record sets its fields this way; from here on they hold float64 arrays.
            object.__setattr__(self, name, np.asarray(getattr(self, name), dtype=float))
        shape = (len(self.q) if self.q.ndim == 2 else -1, len(self.coordinates))
        if self.q.shape != shape or self.qd.shape != shape or self.qdd.shape != shape:
            raise InputError(
                f"q {self.q.shape}, qd {self.qd.shape} and qdd {self.qdd.shape} must all have the "
                f"shape (samples, {len(self.coordinates)})."
            )
        if not len(self.q):
            raise InputError("there are no samples.")
        self._check_finite()

    @property
    def names(self) -> tuple[str, ...]:
        """What the columns are called: coordinates, velocities and accelerations."""
        return tuple(f"{name}{dots}" for dots in ("", "d", "dd") for name in self.coordinates)

    @property
    def dimension(self) -> int:
        """d, the number of coordinates."""
        return len(self.coordinates)

    def __len__(self) -> int:
        return len(self.q)

    def __getitem__(self, index: slice | NDArray[np.intp] | NDArray[np.bool_]) -> PhaseSamples:
        """Some of the samples, by a slice, by numbers or by a mask."""
        return replace(self, q=self.q[index], qd=self.qd[index], qdd=self.qdd[index])

    def __repr__(self) -> str:
        return f"{len(self)} samples of {', '.join(self.coordinates)} with qd and qdd"

    def with_noise(self, fraction: float, seed: int) -> PhaseSamples:
        """A copy with white noise on q̈, σ = `fraction` of each acceleration's deviation.

        >>> still = PhaseSamples(("x",), np.ones((9, 1)), np.zeros((9, 1)), np.ones((9, 1)))
        >>> float(np.ptp(still.with_noise(0.5, seed=0).qdd))
        0.0
        """
        return self._with_noise(self.qdd.std(axis=0), fraction, seed)

    def with_rms_noise(self, fraction: float, seed: int) -> PhaseSamples:
        """A copy with white noise on q̈, σ = `fraction` of the root mean square of all of them."""
        return self._with_noise(np.sqrt((self.qdd**2).mean()), fraction, seed)

    def with_absolute_noise(self, deviation: float, seed: int) -> PhaseSamples:
        """A copy with white noise of a standard deviation in the accelerations' own units."""
        return self._with_noise(1.0, deviation, seed)

    def with_relative_noise(self, fraction: float, seed: int) -> PhaseSamples:
        """A copy with noise that grows with the motion: σ_i = `fraction` · |q̈_i| in row i."""
        return self._with_noise(np.linalg.norm(self.qdd, axis=1, keepdims=True), fraction, seed)

    def _with_noise(self, size: ArrayLike, fraction: float, seed: int) -> PhaseSamples:
        return replace(self, qdd=noisy(self.qdd, size, fraction, seed))

    def digest(self) -> str:
        """The SHA-256 of names and every number, in hexadecimal."""
        digest = hashlib.sha256(repr(self.coordinates).encode())
        for array in (self.q, self.qd, self.qdd):
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()

    def _check_finite(self) -> None:
        table = np.hstack([self.q, self.qd, self.qdd])
        if not np.isfinite(table).all():
            # q of any sample is told before q̇ of another.
            column, row = np.argwhere(~np.isfinite(table.T))[0]
            raise InputError(
                f"sample {row}: {self.names[column]} is {table[row, column]}; "
                f"remove the samples that are not finite."
            )


@dataclass(frozen=True)
class Window:
    """A box of configuration space from which samples are drawn at random.

    `center` (d,) and `width` describe the box center ± width/2 of particles that have `dimension`
    coordinates each; `gap` is the distance that every two of them keep, `speed` bounds |q̇_i|,
    `ordered` keeps the first to the right of the second, and so on (in one dimension), `count` is
    how many samples are drawn when nobody says, and `summary` is one line about it.
    """

    summary: str
    center: tuple[float, ...]
    width: float
    gap: float = 0.1
    speed: float = 1.0
    dimension: int = 1
    ordered: bool = False
    count: int = 1000

    def draw(self, seed: int | Sequence[int], count: int | None = None) -> tuple[Array, Array]:
        """(q, q̇), each (count, d), uniform in the box with every pair at least `gap` apart.

        Raises `InputError` when hardly any configuration of the box leaves the gap.

        >>> q, qd = Window("around the origin", (0.0, 0.0), 2.0).draw(seed=0, count=100)
        >>> q.shape, bool(abs(q[:, 0] - q[:, 1]).min() > 0.1)
        ((100, 2), True)
        """
        count = self.count if count is None else count
        rng = np.random.default_rng(seed)
        d = len(self.center)
        first, second = np.triu_indices(d // self.dimension, 1)
        kept = np.empty((0, d))
        for _ in range(MOST_DRAWS):
            box = np.array(self.center) + self.width * (rng.random((2 * count, d)) - 0.5)
            if self.ordered:
                box = box[(np.diff(box, axis=1) < 0).all(axis=1)]
            particles = box.reshape(len(box), -1, self.dimension)
            distance = np.linalg.norm(particles[:, first] - particles[:, second], axis=2)
            kept = np.vstack([kept, box[(distance > self.gap).all(axis=1)]])
            if len(kept) >= count:
                return kept[:count], self.speed * rng.uniform(-1, 1, (count, d))
        raise InputError(
            f"hardly any configuration of a box {self.width:g} wide keeps the particles "
            f"{self.gap:g} apart; use fewer particles, a wider box or a smaller gap."
        )
