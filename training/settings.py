"""How to train: one small frozen record, saved with the Fit."""

from __future__ import annotations

from dataclasses import dataclass

from systems.errors import InputError, nearest

RECIPES = ("default", "mlp", "paper")


@dataclass(frozen=True)
class Settings:
    """What a training run was asked to do.

    recipe      "default" (data-placed network), "mlp" (1-16-64-1, fully trained) or "paper"
    width       neurons of the data-placed layer
    points      samples learned from, spread by arc length
    iterations  most outer iterations on the hidden weights (none are used where the first linear
                solve already meets the tolerance); for "paper" the gradient-descent steps,
                None meaning the paper's own number
    tolerance   relative residual at which training stops
    seed        of the hidden weights
    restarts    networks of which the one that comes furthest is trained
    device      "cpu", "cuda" or "auto"

    >>> Settings(recipe="papper")
    Traceback (most recent call last):
    ...
    systems.errors.InputError: there is no recipe 'papper'. Did you mean 'paper'?
    """

    recipe: str = "default"
    width: int = 256
    points: int = 2000
    iterations: int | None = None
    tolerance: float = 1e-6
    seed: int = 0
    restarts: int = 1
    device: str = "cpu"

    def __post_init__(self) -> None:
        if self.recipe not in RECIPES:
            raise InputError(f"there is no recipe '{self.recipe}'.{nearest(self.recipe, RECIPES)}")
