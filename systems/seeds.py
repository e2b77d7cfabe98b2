"""Seeds of what must not be drawn alike: the data of a run, its noise, what is held out."""

from __future__ import annotations

from typing import Final

STEP: Final = 1_000_003
"""A prime of our choice: nobody asks for two runs whose seeds differ by just that."""


def other_stream(seed: int) -> int:
    """seed + 1000003: of noise and of held-out samples, where the data have the seed `seed`.

    >>> other_stream(0), other_stream(1)
    (1000003, 1000004)
    """
    return seed + STEP
