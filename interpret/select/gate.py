"""The gate that a law must pass: does it do as well as a flexible fit of the same data?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from interpret.select.criteria import EXACT
from training.learn.reference import Reference

CLEAN_RATIO: Final = 30.0
"""Without noise a law may miss so many times what the flexible fit does: its own errors are odd."""

BY_CHANCE: Final = 1e-4
"""With noise a law is refused when noise alone would make so large an F less often."""


@dataclass(frozen=True)
class Gate:
    """How a law compares with the flexible reference fit, on the raw data.

    ``ratio`` of the residuals' root mean squares, each over its degrees of freedom; ``chance``, the
    probability of so large an F by noise alone (0 or 1 without noise).
    """

    ratio: float
    chance: float
    accepted: bool

    @staticmethod
    def of(law: float, terms: int, reference: Reference, rows: int) -> Gate:
        """Judge a law of relative residual ``law`` with so many terms.

        With noise, by the F test of what the reference's further r - k functions gain:
        F = ((|e_law|² - |e_ref|²)/(r - k)) / (|e_ref|²/(n - r)). Without, the law may miss thirty
        times what the reference does, or round-off.
        """
        if not reference.noisy:
            ratio = law / max(reference.misfit, 1e-300)
            accepted = law <= max(CLEAN_RATIO * reference.misfit, EXACT)
            return Gate(ratio, float(accepted), accepted)
        from scipy.special import fdtrc

        degrees = reference.degrees
        ratio = (law**2 / max(1, rows - terms) / (reference.misfit**2 / degrees)) ** 0.5
        further = max(1, reference.solution.rank - terms)
        excess = max(0.0, law**2 - reference.misfit**2) / further
        chance = float(fdtrc(further, degrees, excess / (reference.misfit**2 / degrees)))
        return Gate(ratio, chance, chance > BY_CHANCE)
