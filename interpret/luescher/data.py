"""The levels that a run learns from and is tested on, kept in its folder while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from systems.boxes import FiniteVolume
from systems.errors import InputError
from systems.finite_volume.level_samples import LevelSamples
from training.watch import Watch

FOLDER = "data"


@dataclass(frozen=True)
class LevelStore:
    """Draws levels of a system's models, or reads those that were drawn before.

    They are kept in `folder`, one file for each model, seed and number of systems, so that a run
    that goes on, and the next one that is pointed there, need not draw them again. Without a
    folder nothing is kept.
    """

    system: FiniteVolume
    folder: Path | None
    watch: Watch | None = None

    def levels(self, model: str, seed: int, count: int) -> LevelSamples:
        """Levels of so many systems of a model."""
        path = self._path(model, seed, count)
        if path is not None and path.exists():
            try:
                return LevelSamples.from_bytes(path.read_bytes())
            except InputError as error:
                raise InputError(f"{path} is damaged; delete it, and it is drawn anew.") from error
        drawn = self.system.sample(model, seed, count, self._report)
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            unfinished = path.with_suffix(".part")
            unfinished.write_bytes(drawn.to_bytes())
            unfinished.replace(path)
        return drawn

    def _path(self, model: str, seed: int, count: int) -> Path | None:
        if self.folder is None:
            return None
        settings = "".join(f"-{name}{value:g}" for name, value in self.system.parameters.items())
        return self.folder / FOLDER / f"{model}-{count}-seed{seed}{settings}.npz"

    def _report(self, done: int, total: int) -> None:
        if self.watch is not None:
            self.watch.update(done, total, None)
