"""The conserved quantities of a law in closed form, their number, and whether raw data keep them.

The law's own flow decides what is conserved, so that neither noise nor the few orbits of the data
do; each quantity is then tested on the raw data by χ². Independent are as many of them as their
gradients have dimensions at a point of phase space: of 2d dimensions, motion fills the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import sympy
from sympy import Expr

from interpret.discovery.noether.drift import Drift, drifts
from interpret.discovery.noether.flows import Flow, coordinates, energy_of, flow
from interpret.discovery.noether.invariants import Invariant, invariants
from interpret.discovery.noether.monomials import Array, Monomials
from interpret.discovery.noether.quantity import Quantity, named, symmetry
from interpret.discovery.noether.simplest import equalised, without_doubtful
from interpret.laws.constants import recognise
from interpret.laws.dynamics import Dynamics
from interpret.laws.law import Law
from interpret.laws.report import NO_LAW
from interpret.laws.tables import aligned
from systems import integrate
from systems.equations import velocity
from systems.errors import InputError
from systems.expressions import differentiate, symbol
from systems.problem import Samples
from systems.samples.phase_space import PhaseSamples
from systems.samples.trajectories import Trajectories, Trajectory

DEGREE: Final = 3
"""Integrals of more than third degree in the velocities are rare."""

PLACES: Final = 9
"""Points at which independence is looked at: singular ones are rare."""

CLOSED: Final = 1e-9
"""The relative error that coefficients of the null space have at most."""

CONSERVED: Final = 1e-9
"""Of the sum of its parts' rates, what the energy of a law may change by: round-off."""

FAR: Final = 1.0
FAR_POINTS: Final = 200
ROUNDED: Final = 1e-5
"""The same of a quantity with coefficients of eight digits, farther away from the data: where these
see little of phase space, sums of many terms are nearly constant there alone."""

UNTOLD: Final = Drift(None, float("nan"), float("nan"))


@dataclass(frozen=True)
class Conservation:
    """The `quantities` of a law of d coordinates, of which `independent` are so.

    `tried` is the number of functions that were combined, `notes` are sentences beside.
    """

    law: Law
    quantities: tuple[Quantity, ...]
    independent: int
    tried: int
    notes: tuple[str, ...] = ()

    @property
    def dimensions(self) -> int:
        """2d, of phase space."""
        return 2 * len(coordinates(self.law))

    @property
    def held(self) -> bool:
        """Whether the raw data refute none of them."""
        return all(each.drift.held is not False for each in self.quantities)

    def to_json(self) -> dict[str, Any]:
        """As plain strings and numbers."""
        return {
            "system": self.law.system,
            "independent": self.independent,
            "dimensions": self.dimensions,
            "quantities": [each.to_json() for each in self.quantities],
            "tried": self.tried,
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        left = self.dimensions - self.independent
        many = f"{self.independent} independent conserved quantit"
        fills = "curves: it closes, or escapes" if left == 1 else f"{left} dimensions"
        head = (
            f"{many}{'y' if self.independent == 1 else 'ies'} in a phase space of "
            f"{self.dimensions} dimensions: motion fills {fills}"
        )
        where = [f"where {name} = {what}" for name, what in self.law.features.items()]
        header = ("quantity", "expression", "raw data", "symmetry")
        table = aligned([header, *(each.row() for each in self.quantities)])
        return "\n".join([head, *(table if self.quantities else ()), *where, *self.notes])


def conserved(law: Law, samples: Samples, degree: int = DEGREE) -> Conservation:
    """What a law of motion conserves, tested on the samples that it was learned from.

    Raises `InputError` for a map, for what is no law, and for samples of other coordinates.
    """
    if law.verdict == NO_LAW:
        raise InputError("no law was found in the library, so that nothing is conserved by it.")
    names = coordinates(law)
    sure, doubtful = without_doubtful(law)
    alike, sets = equalised(sure)
    q, v = _states(samples, names)
    terms, shapes = _terms(alike)
    monomials = Monomials.of(names, terms, shapes, degree)
    points = flow(alike, q, v, 2 * len(monomials) + 100)
    energy = energy_of(alike, (alike.kinetic, _in_coordinates(alike, alike.potential)))
    state = [*names, *(velocity(name).name for name in names)]
    kept = _is_conserved(energy, state, points)
    values = integrate.compile([energy], state)(np.hstack([points.q, points.v]))[:, 0]
    found = invariants(monomials, points, [(2, values)] if kept else [])
    quantities = [(energy, 2)] if kept else []
    closed = ((_expression(monomials, each), each.degree) for each in found)
    far = flow(alike, q, v, FAR_POINTS, FAR)
    quantities += [each for each in closed if _is_conserved(each[0], state, far, ROUNDED)]
    formulas = [formula for formula, _ in quantities]
    tested = _tested(formulas, state, samples, names)
    working = sorted({part.name for part in law.parts} & {"dissipative", "drive"})
    shown = []
    for number, ((formula, power), drift) in enumerate(zip(quantities, tested, strict=True)):
        is_energy = kept and number == 0
        name = "energy" if is_energy else named(formula, power, names)
        what = "" if working else _symmetry(alike, formula, power, is_energy)
        shown.append(Quantity(_with_features(law, formula), name, what, drift))
    tried = (
        f"{len(monomials)} functions were combined: polynomials in the velocities of degree "
        f"{degree} at most, and their products with terms of the law"
    )
    notes = (*_notes(sets, doubtful, kept, working), tried)
    count = _independent(formulas, state, points)
    return Conservation(law, tuple(shown), count, len(monomials), notes)


def _states(samples: Samples, names: Sequence[str]) -> tuple[Array, Array]:
    """q and v (n, d) of the samples, in the order of the law's coordinates."""
    if isinstance(samples, Trajectories):
        _, q, p, _ = samples.stack()
        own, v = samples.coordinates, p / samples.mass
    elif isinstance(samples, PhaseSamples):
        own, q, v = samples.coordinates, samples.q, samples.qd
    else:
        raise InputError(f"{samples!r} are no motion: nothing is conserved by them.")
    if not set(names) <= set(own):
        raise InputError(
            f"the law moves {', '.join(names)}, and the samples hold {', '.join(own)}."
        )
    columns = [own.index(name) for name in names]
    return q[:, columns], v[:, columns]


def _in_coordinates(law: Law, formula: Expr) -> Expr:
    """With features and sums over many things written out."""
    return Dynamics({}, law.variables).mechanics.in_coordinates(formula) + (
        law.variables.bodies.known if law.variables.bodies else 0
    )


def _terms(law: Law) -> tuple[list[Expr], list[Expr]]:
    """The terms of the potential, and what the masses of the kinetic energy depend on."""
    potential = sympy.expand_mul(_in_coordinates(law, law.potential), deep=False)
    terms = [_bare(term) for term in sympy.Add.make_args(potential) if term.free_symbols]
    rates = [velocity(name) for name in coordinates(law)]
    own = [part for part in law.parts if part.name in ("kinetic", "gyroscopic")]
    shapes = [
        _bare(term.xreplace(dict.fromkeys(rates, sympy.S.One)))
        for part in own
        for whole in part.terms
        for term in sympy.Add.make_args(sympy.expand_mul(_in_coordinates(law, whole), deep=False))
    ]
    return terms, [shape for shape in shapes if shape.free_symbols]


def _bare(term: Expr) -> Expr:
    """A term without its number."""
    return term.as_independent(*term.free_symbols, as_Add=False)[1] if term.free_symbols else term


def _is_conserved(
    quantity: Expr, state: Sequence[str], points: Flow, limit: float = CONSERVED
) -> bool:
    """Whether the flow keeps it."""
    slopes = [differentiate(quantity, name) for name in state]
    parts = integrate.compile(slopes, state)(np.hstack([points.q, points.v]))
    parts = parts * np.hstack([points.v, points.a])
    rates, sizes = abs(parts.sum(axis=1)), abs(parts).sum(axis=1)
    return bool((rates <= limit * np.maximum(sizes, 1e-300)).all())


def _expression(monomials: Monomials, found: Invariant) -> Expr:
    """The quantity with closed forms of its coefficients where they have some."""
    terms = []
    for k, value in zip(found.terms, found.coefficients, strict=True):
        closed = recognise(float(value), CLOSED * abs(float(value)))
        factor = sympy.Float(float(f"{value:.8g}")) if closed is None else closed
        terms.append(factor * monomials.expr(int(k)))
    whole = sympy.Add(*terms)
    return -whole if whole.as_ordered_terms()[0].could_extract_minus_sign() else whole


def _tested(
    formulas: Sequence[Expr], state: Sequence[str], samples: Samples, names: Sequence[str]
) -> list[Drift]:
    if not isinstance(samples, Trajectories):
        return [UNTOLD for _ in formulas]
    columns = [samples.coordinates.index(name) for name in names]
    items = (Trajectory(item.t, item.q[:, columns], item.p[:, columns]) for item in samples)
    moved = Trajectories(tuple(names), samples.mass[columns], tuple(items), samples.derived)
    return drifts(formulas, state, moved)


def _symmetry(law: Law, formula: Expr, degree: int, is_energy: bool) -> str:
    """Which symmetry a quantity belongs to, in words."""
    if is_energy:
        return "of time"
    if any(part.name == "kinetic" for part in law.parts):
        return "of space" if degree == 1 else "of phase space alone"
    bodies = law.variables.bodies
    assert bodies is not None, "maps are refused"
    return symmetry(formula, degree, dict(bodies.mass))


def _with_features(law: Law, formula: Expr) -> Expr:
    """With the law's features in place of what they are."""
    for name, what in law.features.items():
        formula = formula.subs(what, symbol(name))
    return formula


def _independent(formulas: Sequence[Expr], state: Sequence[str], points: Flow) -> int:
    """The most common rank of the gradients at a few points."""
    if not formulas:
        return 0
    slopes = [differentiate(each, name) for each in formulas for name in state]
    places = np.hstack([points.q, points.v])
    table = integrate.compile(slopes, state)(places[:PLACES]).reshape(-1, len(formulas), len(state))
    table = table * places.std(axis=0)
    table = table / np.linalg.norm(table, axis=2, keepdims=True)
    ranks = [int(np.linalg.matrix_rank(each, tol=1e-6)) for each in table]
    return max(ranks, key=ranks.count)


def _notes(
    sets: Sequence[str], doubtful: Sequence[str], kept: bool, working: Sequence[str]
) -> tuple[str, ...]:
    notes = [f"taken as equal within their error bars: the coefficients of {some}" for some in sets]
    if doubtful:
        notes.append(f"left out, zero within their error bars: {', '.join(doubtful)}")
    if not kept:
        because = f" ({' and '.join(working)} forces work)" if working else ""
        notes.append(f"the energy is not conserved{because}")
    return tuple(notes)
