"""Two pions in a box, Y. Lu et al., Chin. Phys. C 48 (2024) 073101.

    δ(k) + φ(q) = nπ,   q = kL/(2π),   or   k cot δ = (4π/L³) Σ_p 1/(p² - k²)

A bare σ and a contact interaction scatter two pions in the S wave, by form factors of three shapes:
A, a dipole; B, its square; C, a Gaussian (`finite_volume.models`). The input is a phase shift,
tabled at a hundred energies from threshold to 1 GeV, and the size L of a box, from 9 to 14 fm; the
output the ten lowest levels there. A network learns from A and C and is asked about B: what
it has learned does not depend on the model, for it is Lüscher's formula.

Systems that bind, or whose resonance hides between the energies of the table, are left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sympy import Add, pi

from systems.errors import InputError
from systems.expressions import symbol
from systems.physics.finite_volume import degeneracies
from systems.problem import Dataset, Map, Problem, Report

if TYPE_CHECKING:
    from systems.physics.finite_volume import LevelSamples

COUNT = 4000
POLES = 100
"""Of the poles of the zeta function, which has infinitely many, those up to q² = 100."""

q, n, c, L = map(symbol, "qncL")
FORMULA = {
    "poles": Add(*(int(many) / (i - q**2) for i, many in enumerate(degeneracies(POLES)) if many)),
    "spacing": 4 * pi**2 * n / L**2,
    "residue": 4 * pi * c / L**3,
}


def of_model(model: str, boxes: int, unseen: bool = False) -> Dataset:
    """Random systems of a model, each in so many boxes."""

    def draw(seed: int, count: int | None = None, report: Report | None = None) -> LevelSamples:
        # A list of systems must not wait for the physics of boxes.
        from systems.physics.finite_volume import draw_levels

        return draw_levels(model, COUNT if count is None else count, boxes, seed, watch=report)

    what = "unseen in training" if unseen else "to learn from"
    return Dataset(f"{COUNT} systems of model {model}, {what}", draw, unseen=unseen)


def make(boxes: int = 10) -> Problem:
    """Each system in so many boxes."""
    if boxes < 1:
        raise InputError(f"a system is put in one box or more, not {boxes}.")
    return Problem(
        name="luescher",
        summary="energy levels of two pions in a box, learned from phase shifts of two models",
        reference="Y. Lu et al., Chin. Phys. C 48 (2024) 073101",
        datasets={
            "A": of_model("A", boxes),
            "C": of_model("C", boxes),
            "B": of_model("B", boxes, unseen=True),
        },
        experiment="levels",
        map=Map(("δ", "L"), "E_n", truths=FORMULA, parameters={"boxes": boxes}),
    )


SYSTEM = make()
