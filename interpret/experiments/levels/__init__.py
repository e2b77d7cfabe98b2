"""Levels: the map from a phase shift and the size of a box to the energy levels there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from interpret.experiments.options import LAW, TRAINING, Options, device_option, option

EVERY: Final = ("dataset", "samples", "noise", "seed", "learn")

USES: Final[Mapping[str, tuple[str, ...]]] = {
    "neural": (*EVERY, "inputs", "scale", "steps", "device"),
    "structured": EVERY,
}
"""What can be learned of levels, and the options that mean something to it."""


@dataclass(frozen=True, kw_only=True)
class Levels(Options):
    """What is asked of levels in boxes; beside the options of every experiment:

    dataset  the model of scattering that is asked for its levels; by default the one unseen
    samples  systems of each model
    learn    "neural", a network of everything, or "structured", one curve φ with φ + δ = nπ
    inputs   of the network: "grid", δ at fixed kL/2π, or "raw", the table of δ(E) and L
    scale    "default", or "slides" for the size of the paper's training
    device   "cpu", "cuda", or "auto" for a GPU where there is one
    """

    learn: str | None = option("neural or structured.", LAW, metavar="NAME", choices=tuple(USES))
    inputs: str | None = option("grid or raw.", LAW, metavar="NAME", choices=("grid", "raw"))
    scale: str | None = option(
        "levels: slides trains as long as the paper did, for a GPU.",
        TRAINING,
        metavar="NAME",
        choices=("default", "slides"),
    )
    device: str | None = device_option()

    def __post_init__(self) -> None:
        super().__post_init__()
        self.refuse_unused(self.learn or "neural", USES)
