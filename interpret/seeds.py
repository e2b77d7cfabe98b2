"""Seeds of what must not be drawn alike: the data of a run, its noise, what is held out."""

from __future__ import annotations

STEP = 1_000_003
"""Nobody asks for two runs whose seeds differ by just that."""


def another(seed: int) -> int:
    """The seed of noise and of held-out samples, in a run whose data have the seed `seed`.

    >>> another(0), another(1)
    (1000003, 1000004)
    """
    return seed + STEP
