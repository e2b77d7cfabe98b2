"""How far predicted levels are from the true ones, in MeV."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from systems.errors import InputError
from systems.physics.finite_volume.models import Array

CLOSE = 1.0
"""MeV: the paper's measure of a good level."""


@dataclass(frozen=True)
class Score:
    """Of `count` levels: root mean square, mean, median and largest |E - E_true| in MeV, and the
    fraction `close` within 1 MeV. Levels that were not predicted are counted in `missing`, and
    among those that are not close.

    >>> print(Score.of(np.array([500.0, 602.0]), np.array([500.5, 600.0])))
    rms 1.46, mean 1.25, median 1.25, largest 2.00 MeV; 50.00 % within 1 MeV
    """

    count: int
    missing: int
    rms: float
    mean: float
    median: float
    largest: float
    close: float

    @staticmethod
    def of(predicted: Array, truth: Array) -> Score:
        """The score of levels of any shape; a true level that is NaN is left out.

        Raises InputError where there is nothing to compare.
        """
        asked = np.isfinite(truth)
        missed = np.abs(predicted[asked] - truth[asked])
        found = missed[np.isfinite(missed)]
        if not len(found):
            raise InputError("there is no level to compare; draw more systems or larger boxes.")
        return Score(
            count=len(missed),
            missing=len(missed) - len(found),
            rms=float(np.sqrt((found**2).mean())),
            mean=float(found.mean()),
            median=float(np.median(found)),
            largest=float(found.max()),
            close=float((found < CLOSE).sum() / len(missed)),
        )

    def __str__(self) -> str:
        text = (
            f"rms {_short(self.rms)}, mean {_short(self.mean)}, median {_short(self.median)}, "
            f"largest {self.largest:.2f} MeV; {self.close:.2%} within 1 MeV"
        ).replace("%", " %")
        return text + (f"; {self.missing} not predicted" if self.missing else "")

    def to_json(self) -> dict[str, float]:
        """Plain numbers."""
        return asdict(self)


def _short(value: float) -> str:
    """Three digits, and no fewer than two decimals."""
    return f"{value:.2f}" if value >= 0.1 else f"{value:.2g}"
