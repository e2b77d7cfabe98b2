"""Phase shifts with the levels of boxes: what a map from the ones to the others is learned from."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from systems.errors import InputError
from systems.physics.finite_volume.models import RANGES, THRESHOLD, Array, Couplings, Index, draw
from systems.physics.finite_volume.resonances import checked_table, resolved
from systems.physics.finite_volume.shifts import bound_states, phase_shifts
from systems.physics.finite_volume.spectrum import levels
from systems.physics.finite_volume.wave_numbers import checked_boxes, checked_energies
from systems.samples.noise import noisy

Watch = Callable[[int, int], None]

ENERGIES: Final = np.linspace(THRESHOLD, 1000.0, 100)
"""In MeV: where phase shifts are tabulated."""

BOXES: Final = np.linspace(9.0, 14.0, 41)
"""In fm: the boxes that are drawn from. Down to 8 fm ten levels lie below 1 GeV."""

BATCH: Final = 1000
ARRAYS: Final = ("energies", "phases", "system", "boxes", "levels")
UNREADABLE: Final = (KeyError, TypeError, ValueError, OSError, EOFError, zipfile.BadZipFile)


@dataclass(frozen=True, eq=False)
class LevelSamples:
    """n sets of levels, each of one of N systems in a box.

    The systems are described by their `phases` (N, K) in rad at `energies` (K,) in MeV, and by
    their `couplings` where they are known and of one model. Sample i is system `system[i]` in a box
    of `boxes[i]` fm, with the energies `levels[i]` in MeV: (n,), (n,) and (n, count).

    Raises `InputError` when shapes disagree, a number is not finite, there are no samples, or one
    belongs to no system.

    >>> draw_levels("A", systems=3, boxes_per_system=2, seed=0)
    6 sets of 10 levels, of 3 systems of model A
    """

    energies: Array
    phases: Array
    system: NDArray[np.int64]
    boxes: Array
    levels: Array
    couplings: Couplings | None = None

    def __post_init__(self) -> None:
        # A frozen record sets its fields this way; from here on they hold checked arrays.
        for name in ARRAYS:
            dtype = np.int64 if name == "system" else np.float64
            object.__setattr__(self, name, np.asarray(getattr(self, name), dtype=dtype))
        systems = len(self.phases if self.couplings is None else self.couplings)
        checked_table(self.phases, systems, len(checked_energies(self.energies)))
        shapes = (self.system.shape, self.boxes.shape, self.levels.shape[:1])
        if self.levels.ndim != 2 or len(set(shapes)) != 1:
            raise InputError(
                f"system {self.system.shape}, boxes {self.boxes.shape} and levels "
                f"{self.levels.shape} must have the shapes (n,), (n,) and (n, count)."
            )
        if not len(self.system):
            raise InputError("there are no samples.")
        checked_boxes(self.boxes, self.boxes.shape)
        if not np.isfinite(self.levels).all():
            raise InputError("a level is not finite; remove the samples that have such levels.")
        if not ((self.system >= 0) & (self.system < systems)).all():
            raise InputError(f"a sample is of a system that is none of 0 to {systems - 1}.")

    @property
    def names(self) -> tuple[str, ...]:
        """What the columns are called: the system, the size of its box, and the levels there."""
        return ("system", "L", *(f"E{n}" for n in range(self.levels.shape[1])))

    def __len__(self) -> int:
        return len(self.system)

    def __getitem__(self, index: Index) -> LevelSamples:
        """Some of the samples, by a slice, by numbers or by a mask; all systems are kept."""
        return replace(
            self, system=self.system[index], boxes=self.boxes[index], levels=self.levels[index]
        )

    def __repr__(self) -> str:
        systems = f"{len(self.phases)} systems" if self.couplings is None else self.couplings
        return f"{len(self)} sets of {self.levels.shape[1]} levels, of {systems}"

    def with_noise(self, fraction: float, seed: int) -> LevelSamples:
        """A copy with white noise on the levels, σ = `fraction` of each level's deviation."""
        return replace(self, levels=noisy(self.levels, self.levels.std(axis=0), fraction, seed))

    def digest(self) -> str:
        """The SHA-256 of the model and every number, in hexadecimal."""
        digest = hashlib.sha256()
        for name, array in self._arrays().items():
            digest.update(f"{name} {array.dtype} {array.shape}".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def to_bytes(self) -> bytes:
        """Everything, as an NPZ file; `load` and `from_bytes` read it back."""
        stream = io.BytesIO()
        np.savez(stream, allow_pickle=False, **self._arrays())
        return stream.getvalue()

    @staticmethod
    def load(path: Path) -> LevelSamples:
        """The samples in a file of what `to_bytes` wrote; `InputError` where there are none."""
        try:
            content = path.read_bytes()
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror}.") from error
        return LevelSamples.from_bytes(content)

    @staticmethod
    def from_bytes(content: bytes) -> LevelSamples:
        """The samples that `to_bytes` wrote; `InputError` where there are none.

        >>> samples = draw_levels("A", systems=1, boxes_per_system=1, seed=0)
        >>> LevelSamples.from_bytes(samples.to_bytes()).digest() == samples.digest()
        True
        """
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as file:
                held = {name: file[name] for name in file.files}
            couplings = None
            if "model" in held:
                couplings = Couplings(str(held["model"]), *(held[name] for name in RANGES))
            return LevelSamples(**{name: held[name] for name in ARRAYS}, couplings=couplings)
        except InputError:
            raise
        except UNREADABLE as error:
            raise InputError(f"these bytes hold no samples of levels: {error}.") from error

    def _arrays(self) -> dict[str, NDArray[Any]]:
        arrays = {name: getattr(self, name) for name in ARRAYS}
        if self.couplings is not None:
            arrays["model"] = np.array(self.couplings.model)
            arrays |= {name: getattr(self.couplings, name) for name in RANGES}
        return arrays


def draw_levels(
    model: str, systems: int, boxes_per_system: int, seed: int, watch: Watch | None = None
) -> LevelSamples:
    """So many random systems of a model, each in so many different boxes of `BOXES`.

    The systems are those of `models.draw` that `resolved` keeps: about 1 in
    3 of model A, 1 in 6 of B and 1 in 7 of C. `watch` is told after every batch how many sets of
    levels are done, and of how many. The same seed draws the same samples.

    Raises `InputError` for a model that is none, and for numbers of systems or boxes out of range.
    """
    if systems < 1:
        raise InputError(f"one system or more can be drawn, not {systems}.")
    if not 1 <= boxes_per_system <= len(BOXES):
        raise InputError(
            f"boxes are drawn from {len(BOXES)} different ones, so each system has 1 to "
            f"{len(BOXES)} of them, not {boxes_per_system}."
        )
    rng = np.random.default_rng(seed)
    drawn: list[Couplings] = []
    tables: list[Array] = []
    sets: list[tuple[NDArray[np.int64], Array, Array]] = []
    kept = 0
    while kept < systems:
        couplings, phases = _resolved_systems(model, rng)
        couplings, phases = couplings[: systems - kept], phases[: systems - kept]
        shuffled = rng.permuted(np.tile(BOXES, (len(couplings), 1)), axis=1)
        boxes = shuffled[:, :boxes_per_system].ravel()
        system = np.repeat(np.arange(len(couplings)), boxes_per_system)
        found = levels(couplings[system], boxes)
        drawn.append(couplings)
        tables.append(phases)
        sets.append((system + kept, boxes, found))
        kept += len(couplings)
        if watch is not None:
            watch(kept * boxes_per_system, systems * boxes_per_system)
    system, boxes, found = map(np.concatenate, zip(*sets, strict=True))
    return LevelSamples(ENERGIES, np.concatenate(tables), system, boxes, found, _joined(drawn))


def _resolved_systems(model: str, rng: np.random.Generator) -> tuple[Couplings, Array]:
    """Those of a batch of random systems that are resolved, with their phases."""
    drawn = draw(model, BATCH, rng)
    # Nothing is bound in them: this is asked first, as it costs least.
    drawn = drawn[bound_states(drawn) == 0]
    phases = phase_shifts(drawn, ENERGIES)
    good = resolved(drawn, phases, ENERGIES)
    return drawn[good], phases[good]


def _joined(parts: Sequence[Couplings]) -> Couplings:
    """The systems of all parts, which are of one model."""
    numbers = (np.concatenate([getattr(part, name) for part in parts]) for name in RANGES)
    return Couplings(parts[0].model, *numbers)
