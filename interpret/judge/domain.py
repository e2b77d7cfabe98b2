"""Where the data are: what supports each term, and what they leave open among the candidates."""

from __future__ import annotations

from typing import Final

import numpy as np

from interpret.discovery.features import reach, together
from interpret.judge.certificate import Check
from interpret.judge.support import Forces
from interpret.laws.formula import text
from interpret.laws.law import Law
from interpret.reading.probes import Probes

FEWEST: Final = 3.0
"""A term that is felt at fewer points is a curve through them: two points fit any two numbers."""

NOTHING: Final = 1e-8
"""A variable that changes by less than this part of itself never changes."""

AS_NOISE: Final = 2.0
"""Coordinates leave a line by their noise alone where they do so by less than twice of it."""


def supported(law: Law, samples: Probes) -> Check:
    """How many points each term rests on: (Σ f²)²/Σ f⁴ of its forces f, and over which range."""
    q = samples.places
    forces = Forces.of(law, samples.prepared.features, q)
    squares = (forces.columns.reshape(-1, q.shape[1], len(law.terms)) ** 2).sum(axis=1)
    fourth = (squares**2).sum(axis=0)
    share = squares.sum(axis=0) ** 2 / np.where(fourth > 0, fourth, 1.0) / len(squares)
    points = share * len(q)
    weakest = int(np.argmin(points))
    ranges = ", ".join(
        f"{name} from {low:.3g} to {high:.3g}" for name, (low, high) in samples.domain.items()
    )
    rests = f"{text(law.terms[weakest])} rests on {points[weakest]:.0f} of {len(q)} points"
    if points[weakest] >= FEWEST:
        return Check("domain", FEWEST, float(points[weakest]), "identified", f"{ranges}; {rests}")
    why = f"{rests}: too few to tell it from another function ({ranges})"
    return Check("domain", FEWEST, float(points[weakest]), "ambiguous", why)


def still(samples: Probes) -> list[str]:
    """The variables that are the same throughout."""
    return [
        name
        for name, (low, high) in samples.domain.items()
        if high - low <= NOTHING * max(abs(low), abs(high))
    ]


def unfixed(law: Law, samples: Probes) -> Check:
    """A variable that is the same throughout, or coordinates that move as one beside their noise.

    Copied columns, one circular orbit, one normal mode: any function of what never changes may be
    added to the law. What exact data leave open is looked at where features are found.
    """
    for name in still(samples):
        why = (
            f"{name} is {samples.domain[name][0]:.6g} throughout: the data fix the force there, "
            f"and nothing of how it depends on {name}"
        )
        return Check("unfixed", NOTHING, 0.0, "ambiguous", why)
    trajectories, noise = samples.prepared.trajectories, samples.prepared.noise
    _, q, _, _ = trajectories.stack()
    if len(noise.q) > 1 and noise.q.min() > 0:
        extent, directions = reach(q / noise.q)
        least = float(extent[1] / np.sqrt(len(q)))
        if least < AS_NOISE:
            why = together(directions[0] * noise.q, trajectories.coordinates)
            return Check("unfixed", AS_NOISE, least, "ambiguous", why)
    said = "every variable changes, and the coordinates move in their own ways"
    return Check("unfixed", np.nan, np.nan, "identified", said)
