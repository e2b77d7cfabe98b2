"""Energy levels in boxes: a map (δ, L) -> E_n that is learned on some models, asked of others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from systems.errors import InputError, nearest

if TYPE_CHECKING:
    from systems.finite_volume.level_samples import LevelSamples

Report = Callable[[int, int], None]
"""Told how many of how many are done."""

Draw = Callable[[str, int, int, Report | None], "LevelSamples"]
"""(model, seed, systems, report) -> levels in boxes."""


@dataclass(frozen=True, eq=False)
class FiniteVolume:
    """Two particles in periodic boxes, by several models of their interaction.

    `name` is what the command line calls it, `summary` one line about it, `reference` its source.
    `trained` are the models that a network learns from, `unseen` those that it is tested on.
    `draw` maps a model, a seed, a number of systems and whom to tell to levels in boxes of them;
    `count` is how many systems of each model there are when nobody says. `parameters` are the
    numbers that the draw was made with.
    """

    name: str
    summary: str
    reference: str
    trained: tuple[str, ...]
    unseen: tuple[str, ...]
    draw: Draw
    count: int = 1000
    parameters: Mapping[str, float] = field(default_factory=dict)

    @property
    def models(self) -> tuple[str, ...]:
        """All of them, those that are learned from first."""
        return (*self.trained, *self.unseen)

    @property
    def between(self) -> str:
        """From what the map leads to what, in words."""
        return "a phase shift and the size of a box to the energy levels there"

    def sample(
        self, model: str, seed: int = 0, count: int | None = None, report: Report | None = None
    ) -> LevelSamples:
        """Levels of one model; held-out ones are those of another seed.

        Raises InputError for an unknown model.
        """
        if model not in self.models:
            raise InputError(
                f"{self.name} has the models {', '.join(self.models)}, not {model!r}."
                f"{nearest(model, self.models)}"
            )
        return self.draw(model, seed, self.count if count is None else count, report)
