"""The levels that a run learns from and is tested on, kept in its folder while it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from interpret.keep.session import Session
from systems.errors import InputError
from systems.physics.finite_volume.level_samples import LevelSamples
from systems.problem import Problem
from training.prepare.stencils import Array

FOLDER = "data"


@dataclass(frozen=True, eq=False)
class LevelStudy:
    """Levels to learn from, by the model they are of, and held-out ones of all models."""

    trained: Mapping[str, LevelSamples]
    held_out: Mapping[str, LevelSamples]

    @property
    def names(self) -> tuple[str, ...]:
        """What the columns are called."""
        return self._first.names

    @property
    def energies(self) -> Array:
        """Where phase shifts are tabled, (K,) in MeV."""
        return self._first.energies

    def __len__(self) -> int:
        return sum(map(len, self.trained.values()))

    def digest(self) -> str:
        """The digest of the first model's levels, by whose seed all others are drawn."""
        return self._first.digest()

    def with_noise(self, fraction: float, seed: int) -> LevelStudy:
        """The same with noise on what is learned from."""
        parts = {name: part.with_noise(fraction, seed) for name, part in self.trained.items()}
        return replace(self, trained=parts)

    @property
    def _first(self) -> LevelSamples:
        return next(iter(self.trained.values()))


@dataclass(frozen=True)
class LevelStore:
    """Draws levels of a problem's models, or reads those that were drawn before.

    They are kept in the session's folder, one file for each model, seed and number of systems, so
    that a run that goes on, and the next one that is pointed there, need not draw them again.
    Without a folder nothing is kept.
    """

    problem: Problem
    session: Session

    def levels(self, model: str, seed: int, count: int | None) -> LevelSamples:
        """Levels of so many systems of a model, by default of its own number."""
        path = self._path(model, seed, count)
        if path is not None and path.exists():
            try:
                return LevelSamples.from_bytes(path.read_bytes())
            except InputError as error:
                raise InputError(f"{path} is damaged; delete it, and it is drawn anew.") from error
        drawn = self.problem.draw(model, seed, count, report=self.session.report)
        levels = cast(LevelSamples, drawn)
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            unfinished = path.with_suffix(".part")
            unfinished.write_bytes(levels.to_bytes())
            unfinished.replace(path)
        return levels

    def _path(self, model: str, seed: int, count: int | None) -> Path | None:
        if self.session.folder is None:
            return None
        parameters = self.problem.parameters.items()
        settings = "".join(f"-{name}{value:g}" for name, value in parameters)
        number = "" if count is None else f"-{count}"
        return self.session.folder / FOLDER / f"{model}{number}-seed{seed}{settings}.npz"
