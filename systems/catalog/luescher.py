"""Two pions in a box, Y. Lu et al., Chin. Phys. C 48 (2024) 073101.

    δ(k) + φ(q) = nπ,   q = kL/(2π),   or   k cot δ = (4π/L³) Σ_p 1/(p² - k²)

A bare σ and a contact interaction scatter two pions in the S wave, by form factors of three shapes:
A, a dipole; B, its square; C, a Gaussian (`systems.finite_volume.models`). The input is a phase
shift, tabled at a hundred energies from threshold to 1 GeV, and the size L of a box, from 9 to 14
fm; the output the ten lowest levels there. A network learns from A and C and is asked about B: what
it has learned does not depend on the model, for it is Lüscher's formula.

Systems that bind, or whose resonance hides between the energies of the table, are left out.
"""

from __future__ import annotations

from functools import partial

from systems.boxes import FiniteVolume, Report
from systems.errors import InputError
from systems.finite_volume.level_samples import LevelSamples, draw_levels


def draw(model: str, seed: int, count: int, report: Report | None, boxes: int = 10) -> LevelSamples:
    """So many systems of a model, each in so many boxes."""
    return draw_levels(model, count, boxes, seed, watch=report)


def make(boxes: int = 10) -> FiniteVolume:
    """Each system in so many boxes."""
    if boxes < 1:
        raise InputError(f"a system is put in one box or more, not {boxes}.")
    return FiniteVolume(
        name="luescher",
        summary="energy levels of two pions in a box, learned from phase shifts of two models",
        reference="Y. Lu et al., Chin. Phys. C 48 (2024) 073101",
        trained=("A", "C"),
        unseen=("B",),
        draw=partial(draw, boxes=boxes),
        count=4000,
        parameters={"boxes": boxes},
    )


SYSTEM = make()
