"""The pictures of a run on its page: those that it keeps, and what is drawn of its data again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

import numpy as np
import sympy

from interpret.keep import folder
from interpret.laws.comparison import Comparison
from interpret.laws.law import Law
from interpret.laws.parts import KINDS, gauged
from interpret.laws.report import NO_LAW
from interpret.pictures import profiles, rollouts
from interpret.pictures.drawn import styled, svg
from interpret.run import Run
from systems.errors import InputError
from systems.problem import Samples
from systems.samples.trajectories import Trajectories
from systems.samples.values import ValueSamples

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Exhibit:
    """A picture with its title and how to read it; without one, `svg` is "", it says why."""

    title: str
    caption: str
    svg: str = ""
    wide: bool = False


KEPT: Final[Mapping[str, tuple[str, str]]] = {
    "potential": (
        "The potential",
        "Above, what was learned, the law with a band of two σ, and the truth where there is one; "
        "below, how far they are apart. A constant is free, so every curve has its mean removed.",
    ),
    "choice": (
        "How the terms were chosen",
        "What every set of candidates leaves of the data, by its number of terms. A term that is "
        "needed makes a step; one that is not leaves the line flat.",
    ),
    "forces": (
        "Forces, part by part",
        "Mass times acceleration along a motion, in grey, and the forces that it is the sum of.",
    ),
    "left_over": (
        "What is left over",
        "A force that the law does not have, free to follow each variable, with two error bars: "
        "where zero lies outside, something is missing.",
    ),
    "drag": (
        "Friction over speed",
        "The force against the motion that the data ask for, and the law.",
    ),
    "accelerations": (
        "Accelerations",
        "Of samples that nothing was learned from: measured, predicted, and how far apart.",
    ),
    "couplings": (
        "Couplings",
        "The entries of the coupling tensor by sign and order of magnitude; the constant is free.",
    ),
    "levels": (
        "Levels",
        "The errors of levels, the poles on Lüscher's formula, and the whole numbers on them.",
    ),
}
"""What is said of the pictures that a run keeps, in the order in which they stand."""

WIDE: Final = ("accelerations", "levels", "left_over")


def exhibits(run: Run, samples: Samples | None) -> Iterator[Exhibit]:
    """All pictures of a run; without its samples those that need none."""
    kept = run.pictures
    for law, comparison in _laws(run):
        if "potential" not in kept:
            yield from profiled(law, comparison)
    for kind, picture in kept.items():
        title, caption = KEPT.get(kind, (kind, ""))
        yield Exhibit(title, caption, picture.svg(), wide=kind in WIDE)
    if run.laws and samples is not None and run.law.verdict != NO_LAW:
        draw = AGAIN.get(type(samples))
        yield from draw(run.law, samples) if draw else ()
    yield trained(run)


def _laws(run: Run) -> Iterator[tuple[Law, Comparison | None]]:
    others = run.comparisons or (None,) * len(run.laws)
    yield from zip(run.laws, others, strict=True)


def profiled(law: Law, comparison: Comparison | None) -> Iterator[Exhibit]:
    """Every part of one variable along it, with its band of errors and the truth."""
    truths = {} if comparison is None else comparison.truths
    if law.verdict == NO_LAW or law.form.to_json()["kind"] != "sum":
        return
    for part in law.parts:
        numbers = profiles.profile_numbers(law, part, truths.get(law.quantity(part)))
        if not numbers or not part.terms:
            continue
        variable = next(iter({s.name for term in part.terms for s in term.free_symbols}))
        symbol, letter = KINDS[part.name].symbol, sympy.pretty(sympy.Symbol(variable))
        quantity = f"{symbol}, mean removed" if gauged(part.name) else symbol
        drawn = _drawn(profiles.profile, numbers, (quantity, letter))
        said = "The law with a band of two σ" + (
            ", the truth, in grey, and how far it is from it." if "truth" in numbers else "."
        )
        yield Exhibit(f"{symbol}({letter})", said, drawn)


def followed(law: Law, samples: Samples) -> Iterator[Exhibit]:
    """What the law says comes next, beside what did."""
    title = "What comes next"
    data = cast(Trajectories, samples)
    bodies = law.variables.bodies
    if bodies is None or tuple(bodies.mass) != data.coordinates:
        return
    try:
        numbers = rollouts.rollout_numbers(law, data)
    except (InputError, ValueError) as error:
        yield Exhibit(title, f"The motion cannot be followed: {error}")
        return
    said = (
        "The longest motion. In the shaded tenth the law goes on by itself, from where the motion "
        "before it was; below, what it misses. The coefficients are those of all data: the "
        "certificate's check “held out” asks the same of a law that has never seen that tenth."
    )
    yield Exhibit(title, said, _drawn(rollouts.rollout, numbers, data.coordinates))


def missed(law: Law, samples: Samples) -> Iterator[Exhibit]:
    """What a map's law misses of the values."""
    values = cast(ValueSamples, samples)
    if tuple(law.domain) != values.names[:-1]:
        return
    numbers = rollouts.value_numbers(law, values.x, values.y)
    yield Exhibit(
        "Residuals",
        "The values less the law.",
        _drawn(rollouts.misses, numbers, values.names[-1:]),
    )


AGAIN: Final[Mapping[type[object], Callable[[Law, Samples], Iterator[Exhibit]]]] = {
    Trajectories: followed,
    ValueSamples: missed,
}
"""What is drawn of the samples themselves, by what they are."""


def trained(run: Run) -> Exhibit:
    """The loss along the training, or that one linear solve was enough."""
    loss = list(run.fit.learned.history) if run.fit is not None else []
    if run.fit is None and run.path is not None and (run.path / folder.HISTORY).exists():
        loss = list(folder.read(run.path / folder.HISTORY).get("loss", []))
    finite = np.array([value for value in loss if value is not None], dtype=float)
    if len(finite) < 2:
        return Exhibit("Training", "There was no descent: one linear solve met the tolerance.")
    said = f"{len(finite)} iterations; the last loss is {finite[-1]:.3g}."
    return Exhibit("Training", said, _drawn(rollouts.history, {"loss": finite}, ()))


def _drawn(draw: Callable[..., Figure], numbers: object, labels: object) -> str:
    with styled():
        return svg(draw(numbers, labels))
