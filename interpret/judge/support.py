"""Is it a law, or a surrogate: how much of the library it keeps, and how its terms cancel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interpret.judge.certificate import Check
from interpret.laws.formula import text
from interpret.laws.judgement import Verdict
from interpret.laws.law import Law
from interpret.select.library import Library
from training.features import Features

Array = NDArray[np.float64]

FEW: Final = 3
"""So many terms are never called a surrogate: a small library may be all true."""

NEEDED: Final = 1e-2
"""Every term of a law that keeps many must be worth this part of the force."""

FASTER: Final = 1e-2
"""What the next terms of a series bring is no less than this part of the square of the last's."""

MOST_POINTS: Final = 4000

CANCELLING: Final = 100.0
"""Terms whose forces cancel by more than two digits stand for a function that they are not."""

STANDS_OUT: Final = 2.0
"""Error bars that a coefficient is off zero: one in twenty is by chance, and so is no law."""

POINTS_A_CANDIDATE: Final = 5
"""Samples needed for each candidate that the law was chosen from."""


@dataclass(frozen=True)
class Forces:
    """The forces of a law's terms at the points of the data, each one a column (n d, K).

    ``varying``: the same less each one's mean over the points, coordinate by coordinate.
    """

    columns: Array
    varying: Array

    @staticmethod
    def at_points(forces: Array) -> Forces:
        """From each term's force on every coordinate, at n points: (n, d, K)."""
        flat = (-1, forces.shape[2])
        return Forces(forces.reshape(flat), (forces - forces.mean(axis=0)).reshape(flat))

    @staticmethod
    def of(law: Law, features: Features, q: Array) -> Forces:
        """c_k ∇φ_k at q (n, d), at `MOST_POINTS` of them at most."""
        some = q[:: max(1, len(q) // MOST_POINTS)]
        slopes = Library(law.terms).gradients(features.values(some), features.names)
        with np.errstate(invalid="ignore", over="ignore"):
            columns = features.jacobian(some) @ slopes
        return Forces.at_points(columns * law.coefficients)

    @property
    def size(self) -> float:
        """The rms of their sum, up to a common factor."""
        return float(np.linalg.norm(self.columns.sum(axis=1)))

    @property
    def cancelling(self) -> float:
        """√(Σ_k |c_k ∇φ_k|²) / |Σ_k c_k ∇φ_k|, of the varying forces.

        Constant ones always cancel where motion stays near a place of rest, which proves nothing.
        """
        together = float(np.linalg.norm(self.varying.sum(axis=1)))
        return float(np.linalg.norm(self.varying)) / together if together else np.inf

    @property
    def needed(self) -> float:
        """What the law would miss of the force, at least, if one term were left to the others."""
        lengths = np.linalg.norm(self.columns, axis=0)
        scaled = self.columns / np.where(lengths > 0, lengths, 1.0)
        # The distance of a column from the span of the others: one over the root of (AᵀA)⁻¹_kk.
        gram = np.linalg.pinv(scaled.T @ scaled, rcond=1e-14, hermitian=True)
        apart = lengths / np.sqrt(np.maximum(np.diagonal(gram), 1e-300))
        return float(apart.min()) / self.size if self.size else 0.0


def most_kept(tried: int) -> int:
    """Of so many candidates more than this may stand for any smooth function."""
    return max(FEW, tried // 2)


def surrogate(law: Law, forces: Forces, missed: float = np.inf) -> Check:
    """A law that keeps many of its candidates, some of them for next to nothing, is no law.

    Any smooth function is a sum of all candidates to some digits, the later ones adding ever less.
    Asked of laws of more than half of the library alone. `missed` is the share of the force that
    the law leaves on exact data. A series ends so suddenly only where the function does: its terms
    shrink by r_1, ..., r_K, the last is worth their product, and what follows it r_{K+1} of that,
    which is about r_K and so no less than the product.
    """
    kept, tried = len(law.terms), len(law.candidates)
    found = f"{kept} of {tried} candidates were kept"
    if kept <= most_kept(tried):
        return Check("support", kept, most_kept(tried), "identified", found)
    needed = forces.needed
    found = f"{found}, and without one of them {needed:.1g} of the force would be missed"
    ends = missed < FASTER * needed**2
    if needed >= NEEDED or ends:
        found = f"{found}; with all of them {missed:.1g} is" if ends else found
        return Check("support", 1 / needed, 1 / NEEDED, "identified", found)
    why = f"{found}: such a sum fits any smooth function, so it is no law"
    return Check("support", 1 / max(needed, 1e-300), 1 / NEEDED, "not in the library", why)


def cancellation(forces: Forces) -> Check:
    """Terms whose forces cancel by more than two digits stand for another function."""
    ratio = forces.cancelling
    found = f"the terms' forces are {ratio:.3g} times their sum"
    if ratio <= CANCELLING:
        return Check("cancellation", ratio, CANCELLING, "identified", found)
    why = f"{found}: they cancel by more than two digits, as a surrogate's do"
    return Check("cancellation", ratio, CANCELLING, "not in the library", why)


def founded(law: Law, points: int) -> list[Check]:
    """Whether the data are enough for a choice, and every term that was chosen stands out."""
    return [enough(law, points), *significant(law)]


def significant(law: Law) -> Iterator[Check]:
    """Is every coefficient known better than that it may be nothing? Not asked of those given."""
    learned = [each for each in law.measured() if each.stderr > 0 and not each.given]
    if not learned:
        return
    weakest = min(learned, key=lambda each: abs(each.value) / each.stderr)
    ratio = abs(weakest.value) / weakest.stderr
    number, term = weakest.entry()
    found = f"{number}, the coefficient of {text(term)}, is {ratio:.2g} error bars off zero"
    if ratio >= STANDS_OUT:
        yield Check("significance", STANDS_OUT, ratio, "identified", found)
        return
    none = all(abs(each.value) < STANDS_OUT * each.stderr for each in learned)
    verdict: Verdict = "not in the library" if none else "ambiguous"
    why = f"{found}: {'no term stands out' if none else 'it does not stand out'}"
    yield Check("significance", STANDS_OUT, ratio, verdict, why)


def enough(law: Law, points: int) -> Check:
    """Are there samples enough to choose among so many candidates?"""
    needed = POINTS_A_CANDIDATE * len(law.candidates)
    found = f"{points} samples for {len(law.candidates)} candidates"
    if points >= needed:
        return Check("samples", needed, points, "identified", found)
    why = f"{found} are too few to choose among them: give {needed}, or a smaller library"
    return Check("samples", needed, points, "ambiguous", why)
