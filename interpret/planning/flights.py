"""The motions of a law from many starts at once, with how they move with the law and the start."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interpret.laws.law import Law
from interpret.laws.parts import Part
from interpret.laws.rivals import Rival
from interpret.ledger import field
from interpret.ledger.candidates import Candidates
from interpret.ledger.flow import RK4, Field, Parameters, flow
from interpret.ledger.potential import Potential
from interpret.planning.measuring import Measuring
from systems.equations import velocity
from systems.forces import TIME

Array = NDArray[np.float64]

A_PERIOD: Final = 24.0
"""Steps in a period of the data. They are off by a thousandth for all laws alike: what counts is by
how much the motions of two laws differ."""


@dataclass(frozen=True)
class Flights:
    """Motions from S starts: what is measured of them (S, m, C), and how that moves with the start
    (S, m, C, 2d) and with the coefficients of the law (S, m, C, p), whose `root` (p, p) is that of
    their covariance, R Rᵀ."""

    paths: Array
    by_start: Array
    by_law: Array
    root: Array

    def one(self, number: int, seen: int) -> tuple[Array, Array, Array]:
        """The first instants of a motion: what is measured, how it moves with its start, and with
        the law in units of its error bars."""
        by_law = self.by_law[number, :seen] @ self.root
        return self.paths[number, :seen], self.by_start[number, :seen], by_law


def flights(law: Law, starts: Array, measuring: Measuring) -> Flights:
    """The motions of a law; what runs off is not finite from there on."""
    forces, coefficients = _field(law, measuring.speed)
    longest = float(np.diff(measuring.times).max())
    steps = max(1, int(np.ceil(longest * A_PERIOD / measuring.period)))
    times = np.broadcast_to(measuring.times, (len(starts), len(measuring.times)))
    method = replace(RK4, steps=steps)
    with np.errstate(all="ignore"):
        path, tangents = flow(forces, starts, times, coefficients, method)
    channels, size = len(measuring.weights), starts.shape[1]
    own = size + len(law.coefficients)
    tangents = tangents[:, :, :channels]
    return Flights(
        path[:, :, :channels], tangents[..., :size], tangents[..., size:own], _root(law.covariance)
    )


def followed(law: Law) -> bool:
    """Whether the motion of a law is known from its coefficients and a start alone.

    Not where masses were learned, constants inside of terms, a measured drive or another law for
    every data set.
    """
    bodies = law.variables.bodies
    if bodies is None or any(part.name == "kinetic" or part.own for part in law.parts):
        return False
    if law.variables.inside.words(law.terms) or not np.isfinite(law.covariance).all():
        return False
    names = {s.name for term in law.terms for s in law.written_out(term).free_symbols}
    return names <= {*bodies.mass, *(velocity(x).name for x in bodies.mass), TIME.name}


def rival_law(law: Law, rival: Rival) -> Law:
    """A rival as a law of the same motion."""
    parts = tuple(Part(name, terms, terms) for name, terms in rival.terms.items())
    size = len(rival.coefficients)
    return replace(
        law,
        parts=parts,
        coefficients=np.array(rival.coefficients),
        covariance=np.array(rival.covariance).reshape(size, size),
        recognised=(None,) * size,
    )


def _field(law: Law, speed: float) -> tuple[Field, Parameters]:
    """The accelerations of a law, and its coefficients; that of a potential that is known is 1."""
    bodies = law.variables.bodies
    assert bodies is not None, "laws that are not followed are not flown"
    names, masses = tuple(bodies.mass), tuple(bodies.mass.values())
    candidates = Candidates(names, masses)
    features = {} if bodies.sums else law.variables.features
    for part in law.parts:
        terms = [law.written_out(term) if bodies.sums else term for term in part.terms]
        candidates = candidates.with_terms(part.name, terms, features)
    given = [] if bodies.known == 0 else [bodies.known]
    candidates = candidates.with_terms("potential", given, features)
    forces = Potential.of(candidates) or field.Field(candidates, speed)
    coefficients = np.append(law.coefficients, np.ones(len(given)))
    return forces, Parameters(coefficients, np.zeros(0))


def _root(covariance: Array) -> Array:
    """R with R Rᵀ the covariance."""
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    root: Array = vectors * np.sqrt(np.maximum(values, 0.0))
    return root
