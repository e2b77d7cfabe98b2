"""From a motion to the terms of its law, kinetic energy and all: rows, choice, likelihood."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sympy import Expr

from interpret.ledger.motion import Courses
from interpret.weak.choice import EXPLAINED, Choice, Needed, Support, chosen
from interpret.weak.lengths import Weighed, glanced, weighed
from interpret.weak.menu import menu, needed, prescribed_menu
from interpret.weak.observed import Observed
from interpret.weak.paths import Moved
from interpret.weak.pursuit import Pursued, Pursuit, pursued
from interpret.weak.rows import Rows
from interpret.weak.spectrum import Pencil
from interpret.weak.terms import Terms
from systems.equations import velocity

Array = NDArray[np.float64]

MOST_UNSURE: Final = 2
"""Coordinates of which both kinds are tried: four libraries."""

AGAIN: Final = 3
"""Times that weights follow from the terms that were chosen, at most."""

KNOWN: Final = 10.0
"""Without noise S is in units of the error of integrals, which is known to an order of magnitude;
the law's own path tells the rest."""

PLAINER: Final = 1.1
"""An angle has to explain the motion so much better than a length, which has fewer terms."""

TURN: Final = 2 * np.pi
"""Whoever goes round is an angle."""


@dataclass(frozen=True)
class Question:
    """What is asked of a motion.

    `angles` are the coordinates that are known to be such, `unsure` those that may be; `signals`
    measured columns that may drive it, `prescribed` coordinates whose motion is given, not
    explained; `own` are candidates in place of the usual ones, by part.
    """

    ranges: Mapping[str, tuple[float, float]]
    angles: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()
    signals: tuple[str, ...] = ()
    prescribed: tuple[str, ...] = ()
    own: Mapping[str, Sequence[Expr]] = field(default_factory=dict)

    def menu(self, angles: Sequence[str]) -> Terms:
        """The candidates, where these are the angles."""
        found = menu(self.ranges, angles, self.signals, self.own)
        return prescribed_menu(found, self.prescribed) if self.prescribed else found


@dataclass(frozen=True)
class Answer:
    """The `terms` that were tried and the `choice` among them, from rows that were `weighed`; what
    the `question` came to; and, where the law could be followed, its most likely numbers.

    `coefficients` and `covariance` are those of all terms (K,), with the one at `held` fixed, if
    any has to be; `notes` say what was decided on the way.
    """

    terms: Terms
    choice: Choice
    weighed: Weighed
    question: Question
    held: int | None
    coefficients: Array
    covariance: Array
    pursued: Pursued | None
    notes: tuple[str, ...] = ()

    @property
    def support(self) -> list[int]:
        """The terms of the law."""
        return [k for k, value in enumerate(self.coefficients) if value != 0]

    @property
    def share(self) -> float:
        """What the weak rows leave of the terms that they chose, beside the largest."""
        own = list(self.choice.support)
        columns = self.weighed.pencil.triangle[:, own] * self.choice.coefficients
        sizes = np.linalg.norm(columns, axis=0)
        return float(np.linalg.norm(columns.sum(axis=1)) / sizes.max())


def searched(question: Question, moved: Moved) -> Answer:
    """The law of a motion, with unknown kinetic energy.

    The factor of L that no motion tells is fixed by the mass of the first coordinate whose kinetic
    energy is a constant times its velocity squared, else by the largest kinetic term. Where no law
    explains all coordinates, but one does once a coordinate is taken as prescribed, it is.

    Raises InputError where too few samples were measured.
    """
    angles, notes = _kinds(question, moved.observed)
    question = replace(question, angles=angles, unsure=())
    terms, found, choice, told = _chosen(question, moved.observed)
    if not unexplained(choice, moved.observed) or question.prescribed:
        return _answered(question, moved, (terms, found, choice), (*notes, *told))
    for name in question.ranges if len(question.ranges) > 1 else ():
        given = replace(question, prescribed=(name,))
        other = _chosen(given, moved.observed)
        if not unexplained(other[2], moved.observed):
            said = f"no law explains {name}, and one does the rest: its motion is prescribed"
            return _answered(given, moved, other[:3], (*notes, *other[3], said))
    return _answered(question, moved, (terms, found, choice), (*notes, *told))


def unexplained(choice: Choice, observed: Observed) -> bool:
    """Whether noise, or the error of integrals, makes less than what the chosen terms leave."""
    return choice.least > (EXPLAINED[1] if observed.noisy else EXPLAINED[1] * KNOWN)


def _chosen(
    question: Question, observed: Observed
) -> tuple[Terms, Weighed, Choice, tuple[str, ...]]:
    """The candidates, their rows, which were chosen, and what was left out before."""
    terms = question.menu(question.angles)
    found = weighed(terms, observed, question.prescribed)
    groups = needed(terms, question.prescribed)
    pencil, choice = selected(found.rows, groups, noisy=observed.noisy)
    if choice.nullity <= 1:
        return terms, replace(found, pencil=pencil), choice, ()
    told = f"{choice.nullity} combinations of the terms vanish alike"
    names = terms.coordinates
    plain = [k for k, item in enumerate(terms.items) if not _mixed(item.expr, names)]
    terms = terms.some(plain)
    rows = found.rows.some(plain)
    pencil, choice = selected(rows, needed(terms, question.prescribed), noisy=observed.noisy)
    found = replace(found, rows=rows, pencil=pencil)
    return terms, found, choice, (f"{told}: products of two velocities are left out",)


def _answered(
    question: Question,
    moved: Moved,
    chosen_: tuple[Terms, Weighed, Choice],
    notes: tuple[str, ...],
) -> Answer:
    """The answer of chosen terms, with the most likely numbers."""
    terms, found, choice = chosen_
    held, coefficients, covariance = _scaled(terms, choice, found, moved.whole.mass.tolist())
    answer = Answer(
        terms, choice, found, question, held, coefficients, covariance, None, notes
    )  # fmt: skip
    path = moved.courses(question.prescribed)
    return _followed(answer, path, question.prescribed, friction=moved.observed.noisy)


def _kinds(question: Question, observed: Observed) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Which coordinates are angles, and a sentence where both kinds were tried.

    What has turned all the way round is one; of others S decides.
    """
    rounded = [x for x in question.unsure if np.ptp(question.ranges[x]) > TURN]
    known = (*question.angles, *rounded)
    waiting = [x for x in question.unsure if x not in rounded][:MOST_UNSURE]
    if not waiting:
        return known, ()
    tried: list[tuple[float, tuple[str, ...]]] = []
    for choice in product((False, True), repeat=len(waiting)):
        more = tuple(x for x, yes in zip(waiting, choice, strict=True) if yes)
        own = tuple(x for x in question.ranges if x in (*known, *more))
        least = glanced(question.menu(own), observed, question.prescribed)
        tried.append((max(least, 1.0) * PLAINER ** len(more), own))
    _, angles = min(tried)
    said = ", ".join(f"{x} as {'an angle' if x in angles else 'a length'}" for x in waiting)
    return angles, (f"{said}: that explains the motion best",)


def _mixed(expr: Expr, names: Sequence[str]) -> bool:
    """Whether a term is a product of two velocities that are not one."""
    return sum(expr.has(velocity(name)) for name in names) > 1 and "d*" in str(expr)


def _scaled(
    terms: Terms, choice: Choice, found: Weighed, mass: Sequence[float]
) -> tuple[int, Array, Array]:
    """The term that is held, and all coefficients in its scale, with the rows' own error bars."""
    own = list(choice.support)
    kinetic = [k for k in own if terms.items[k].part == "kinetic"]
    squares = {velocity(x) ** 2 / 2: m for x, m in zip(terms.coordinates, mass, strict=True)}
    plain = [k for k in kinetic if terms.items[k].expr in squares]
    sizes = dict(zip(own, np.abs(choice.coefficients), strict=True))
    columns = found.pencil.triangle
    held = plain[0] if plain else max(
        kinetic, key=lambda k: float(sizes[k] * np.linalg.norm(columns[:, k]))
    )  # fmt: skip
    value = float(squares.get(terms.items[held].expr, 1.0))
    factor = value / choice.coefficients[own.index(held)]
    coefficients = np.zeros(len(terms))
    coefficients[own] = factor * choice.coefficients
    variance = np.zeros(len(terms))
    variance[own] = coefficients[own] ** 2 * spread(found, own)
    variance[held] = 0.0
    return held, coefficients, np.diag(variance)


def selected(rows: Rows, needed: Needed, *, noisy: bool) -> tuple[Pencil, Choice]:
    """The terms that rows ask for, weighed by the noise of these terms alone, and the pencil then.

    All terms together may be wild enough to blow up the noise of whole equations, and so silence
    them; the law that is chosen is not.
    """
    pencil = rows.settled()
    choice = chosen(pencil, needed, noisy=noisy)
    seen: list[Support] = []
    while noisy and choice.support not in seen and len(seen) < AGAIN:
        seen.append(choice.support)
        c = np.zeros(len(pencil.noise))
        c[list(choice.support)] = choice.coefficients
        pencil = rows.pencil(rows.weighted(c))
        choice = chosen(pencil, needed, noisy=noisy)
    return pencil, choice


def spread(found: Weighed, own: Sequence[int]) -> Array:
    """The relative variance of coefficients by the rows: S² grows by c²/σ² of one of N/2 rows that
    are independent where a term is left out."""
    relative: Array = 1 / (found.pencil.spectrum(own).increases * found.pencil.rows / 2)
    return relative


def _followed(
    answer: Answer, courses: Courses, prescribed: Sequence[str], *, friction: bool
) -> Answer:
    """The answer with the most likely numbers; of noisy data friction is offered once more."""
    terms, own, held = answer.terms, list(answer.choice.support), answer.held
    assert held is not None, "no momenta were measured that would fix the factor"
    rubbing = [k for k, item in enumerate(terms.items) if item.part == "dissipative"]
    offered = [k for k in rubbing if k not in own] if friction else []
    some = [*own, *offered]
    length = answer.weighed.rows.windows.length
    hunt = Pursuit(courses, terms.some(some), some.index(held), length, tuple(prescribed))
    found = pursued(hunt, answer.coefficients[some], range(len(own), len(some)))
    if found is None:
        return answer
    coefficients = np.zeros(len(terms))
    coefficients[some] = found.coefficients
    covariance = np.zeros((len(terms),) * 2)
    covariance[np.ix_(some, some)] = found.covariance
    more = [str(terms.items[k].expr) for k in offered if coefficients[k] != 0]
    shown = "shows" if len(more) == 1 else "show"
    told = f"{', '.join(more)} {shown} along whole stretches, not in windows" if more else ""
    notes = (*answer.notes, *filter(None, [told]))
    return replace(
        answer, coefficients=coefficients, covariance=covariance, pursued=found, notes=notes
    )


def unsure(names: Sequence[str], angles: Sequence[str]) -> Iterator[str]:
    """The coordinates whose names do not say what they are.

    >>> list(unsure(["x", "o1", "th", "r_2"], ["th"]))
    ['o1']
    """
    for name in names:
        if name not in angles and name.rstrip("0123456789_").lower() not in LENGTHS:
            yield name


LENGTHS: Final = frozenset(("x", "y", "z", "r", "rho", "s", "d", "l", "u", "h", "cart", "position"))
"""What lengths are called."""
