"""What of a known system a landscape shows, and from which data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from interpret.experiments.options import SOURCE, TRAINING, Options, option

PICTURE: Final = "The picture"

MOST: Final = 10**6
"""Samples, and steps of a descent: minutes of them."""

MOST_PIXELS: Final = 2000
"""Along each side: 32 megabytes a picture, and as many losses as there are samples for each."""


@dataclass(frozen=True, kw_only=True)
class View(Options):
    """What is drawn; the data set, samples, noise and seed are those of every experiment.

    steps       of each descent
    parameters  the two that span the picture, "k,alpha" or a list; the system's first by default
    pixels      along each side

    >>> View(pixels=99999999)
    Traceback (most recent call last):
        ...
    systems.errors.InputError: the pixels must be 2000 at most.
    """

    samples: int | None = option("How many samples to draw.", SOURCE, least=1, most=MOST)
    steps: int = option("Steps of every descent.", TRAINING, 300, least=1, most=MOST)
    parameters: str | Sequence[str] | None = option(
        "The two parameters; the system's first two by default.", PICTURE, metavar="P,P"
    )
    pixels: int = option(
        "The picture's pixels along each side.", PICTURE, 200, least=2, most=MOST_PIXELS
    )

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters that were asked for, if any."""
        asked = self.parameters or ()
        parts = asked.split(",") if isinstance(asked, str) else asked
        return tuple(part.strip() for part in parts)
