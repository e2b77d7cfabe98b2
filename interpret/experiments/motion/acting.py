"""What may act on a motion: candidates of every part that is asked for, the user's own or the
usual ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, cast

import sympy
from sympy import Expr

from interpret.experiments.motion import NEURAL, Motion, priors
from interpret.ledger.candidates import (
    FEW_COORDINATES,
    Candidates,
    frictions,
    gradients_of_fields,
    rotations,
)
from interpret.ledger.motion import Courses
from interpret.ledger.priors import apart, bounded, place, tied, with_known
from interpret.select.defaults import suited, usable
from interpret.select.library import Library
from interpret.select.unknown import parsed
from systems.equations import velocity
from systems.errors import InputError
from systems.expressions import symbol
from systems.forces import TIME
from systems.problem import Problem, Samples
from systems.samples.trajectories import Trajectories
from training.features import Features

ALL: Final = "all"
"""What --each calls every candidate."""

SPEED: Final = "v"
"""What a user's candidates call the length of all velocities."""


@dataclass(frozen=True)
class Moved:
    """What moves: trajectories, what their potential is a function of, and which are angles."""

    data: Trajectories
    features: Features
    angles: tuple[str, ...] = ()


def acting(problem: Problem, options: Motion, moved: Moved) -> Candidates:
    """The candidates of the parts asked for, all of them by default.

    Raises InputError for a part's own candidates where that part is left out, and for candidates in
    unknown names.
    """
    features = _meanings(problem, moved)
    found = Candidates(moved.data.coordinates, tuple(map(float, moved.data.mass)))
    if "potential" in options.asked_parts:
        terms = _potential(problem, options, moved)
        found = found.with_terms("potential", terms, features)
    if "dissipative" in options.asked_parts and options.dissipation != NEURAL:
        found = _with_friction(found, options.dissipation)
    if "gyroscopic" in options.asked_parts:
        found = _with_fields(found, options.gyroscopic)
    taken = sorted({*options.driving} & {*states(found.coordinates), *features, TIME.name})
    if taken:
        raise InputError(f"the drive {taken[0]} is called like something of the motion; rename it.")
    found = found.driven_by(options.driving, _drive_laws(options)).with_unknowns()
    return _with_known(found, options, features)


def _drive_laws(options: Motion) -> Sequence[Expr] | None:
    """The functions of measured columns that were asked for; none yet where a network learns."""
    if options.drive_law in (None, NEURAL):
        return None if options.drive_law is None else ()
    return _own("drive-law", options.drive_law, options.driving)


def _with_known(
    candidates: Candidates, options: Motion, features: Mapping[str, Expr]
) -> Candidates:
    """The same with terms whose coefficients are known."""
    names = candidates.coordinates
    known = (*states(names), *features, SPEED, TIME.name, *candidates.signals)
    for part, text in priors.known(options.known):
        term = priors.expression("known", text, known)
        each = sympy.Add.make_args(_of_part(part, names, term))
        meant = replace(candidates, features={**features, **candidates.features})
        candidates = with_known(meant, part, each)
    return candidates


def restrained(candidates: Candidates, options: Motion) -> Candidates:
    """The same with the equalities and bounds that are known beforehand."""
    every = _written(candidates)
    for texts in priors.sets(options.same):
        terms = [priors.expression("same", text, every) for text in texts]
        candidates = tied(candidates, [_as_candidate(candidates, term) for term in terms])
    for text, ends in priors.bounds(options.bounds):
        term = priors.expression("bounds", text, every)
        candidates = bounded(candidates, _as_candidate(candidates, term), ends)
    return candidates


def each_of(
    candidates: Candidates, courses: Courses, options: Motion
) -> tuple[Candidates, Courses]:
    """Both, with coefficients of each data set for the candidates that these are asked for.

    Raises InputError where there is one data set alone.
    """
    asked = priors.listed(options.each)
    if not asked:
        return candidates, courses
    sets = tuple(dict.fromkeys(courses.labels))
    if len(sets) < 2:
        raise InputError(
            "--each tells trajectories apart, and there is one alone; give several, with a column "
            "of labels, or leave it out."
        )
    every = _written(candidates)
    some = [
        place(candidates, _as_candidate(candidates, priors.expression("each", text, every)))
        for text in asked
        if text != ALL
    ]
    if ALL in asked:
        some = [k for k, item in enumerate(candidates) if item.given is None]
    return apart(candidates, some, sets), courses.told_apart()


def _written(candidates: Candidates) -> tuple[str, ...]:
    """All that candidates may be written in."""
    inner = (constant.name for constant in candidates.inner)
    known = (*states(candidates.coordinates), *candidates.features, SPEED, TIME.name)
    return (*known, *candidates.signals, *inner)


def _as_candidate(candidates: Candidates, term: Expr) -> Expr:
    """A term as candidates are written: v is the length of all velocities."""
    speed = symbol(SPEED) in term.free_symbols
    return friction(candidates.coordinates, term) if speed else term


def _of_part(part: str, names: Sequence[str], term: Expr) -> Expr:
    """A known term, which its part may hold; InputError for one that it may not."""
    if part == "dissipative":
        return friction(names, term)
    rates = {velocity(name) for name in names}
    if part == "gyroscopic":
        return rotation(names, term)
    if term.free_symbols & rates or not term.free_symbols:
        raise InputError(
            f"--known {term} is no term of the {part}, which holds coordinates and no velocity; "
            f"friction is written as dissipative=0.05*v**2, say."
        )
    if part == "potential" and TIME in term.free_symbols:
        raise InputError(f"--known {term} depends on the time; write it as drive={term}.")
    return term


def check(options: Motion) -> None:
    """Raise InputError where a part has candidates of its own and is left out, and for priors that
    say nothing."""
    if options.drive_law is not None and not options.driving:
        raise InputError(
            "--drive-law says how measured columns drive the motion; name them by --drive."
        )
    list(priors.known(options.known))
    list(priors.bounds(options.bounds))
    list(priors.sets(options.same))
    priors.listed(options.each)
    of = {"dissipation": "dissipative", "gyroscopic": "gyroscopic", "drive": "drive"}
    for option, part in of.items():
        if getattr(options, option) is not None and part not in options.asked_parts:
            raise InputError(
                f"--{option} gives candidates of the part {part}, which the parts "
                f"{', '.join(options.asked_parts)} leave out; add {part} to --parts."
            )


def refuse_undriven(samples: Samples | None, options: Motion) -> None:
    """Raise InputError where a column is to drive the motion that the samples do not have."""
    has = () if samples is None else cast(Trajectories, samples).extra
    lacking = [name for name in options.driving if name not in has]
    if lacking:
        raise InputError(
            f"there is no measured column {', '.join(lacking)} that could drive the motion; "
            f"--drive names columns of a file of data."
        )


def _potential(problem: Problem, options: Motion, moved: Moved) -> Sequence[Expr]:
    """Terms of the potential as asked for, the problem's own or what suits the variables."""
    features, asked = moved.features, options.library
    _, q, _, group = moved.data.stack()
    x = features.values(q)
    ranges = {
        name: (float(values.min()), float(values.max()))
        for name, values in zip(features.names, x.T, strict=True)
    }
    if isinstance(asked, Library):
        return asked.candidates
    known = (*moved.data.coordinates, *_meanings(problem, moved))
    if asked is not None:
        return parsed(asked, known, ranges).candidates
    own = Library(problem.candidates).without_gauge() if problem.candidates else None
    if own is not None and set(own.variables) <= set(known):
        return own.candidates
    circular = [name for name in features.names if name in moved.angles]
    fitting = suited(ranges, circular, features.distances).without_gauge()
    return usable(fitting, x, features.names, group)[0].candidates


def _meanings(problem: Problem, moved: Moved) -> Mapping[str, Expr]:
    """The names that candidates may use beside coordinates."""
    own = {} if problem.mechanics is None else problem.mechanics.features
    return {**own, **moved.features.definitions}


def _with_friction(known: Candidates, asked: str | Sequence[Any] | None) -> Candidates:
    """Rayleigh functions as asked for, or the usual frictions, common and of each coordinate."""
    names = known.coordinates
    if asked is None:
        return known.with_terms("dissipative", frictions(names)).with_friction_of_each()
    terms = _own("dissipation", asked, (*states(names), SPEED))
    return known.with_terms("dissipative", [friction(names, term) for term in terms])


def friction(names: Sequence[str], term: Expr) -> Expr:
    """A Rayleigh function, with v as the length of all velocities; InputError where it is none.

    >>> friction(("x",), symbol("v") ** 2 / 2)
    xd**2/2
    """
    rates = {velocity(name) for name in names}
    if symbol(SPEED) not in {*rates, *map(symbol, names)}:
        *_, speed = frictions(names)
        term = _simply(term.xreplace({symbol(SPEED): speed}), rates)
    if not term.free_symbols & rates:
        raise InputError(f"{term} is no friction: it holds no velocity ({_listed(rates)}).")
    return term


def _with_fields(known: Candidates, asked: str | Sequence[Any] | None) -> Candidates:
    """Terms of first degree in the velocities as asked for, or a field for each pair of
    coordinates, and of few coordinates its slope."""
    names = known.coordinates
    if asked is None:
        few = known.dimension <= FEW_COORDINATES
        slopes = gradients_of_fields(names) if few else ()
        return known.with_terms("gyroscopic", (*rotations(names), *slopes))
    terms = _own("gyroscopic", asked, states(names))
    return known.with_terms("gyroscopic", [rotation(names, term) for term in terms])


def rotation(names: Sequence[str], term: Expr) -> Expr:
    """A term of first degree in the velocities; InputError where it is none."""
    rates = {velocity(name) for name in names}
    by_rate = [sympy.diff(term, rate) for rate in rates]
    product = sympy.Add(*(rate * slope for rate, slope in zip(rates, by_rate, strict=True)))
    curved = any(slope.free_symbols & rates for slope in by_rate)
    if curved or sympy.expand(product - term) != 0:
        raise InputError(
            f"{term} is not of first degree in the velocities {_listed(rates)}; write a term "
            f"of A(q)·q̇, such as x*yd - y*xd."
        )
    return term


def _simply(term: Expr, rates: set[sympy.Symbol]) -> Expr:
    """The term with |xd|² written as xd², its velocities being real."""
    real = {rate: sympy.Symbol(rate.name, real=True) for rate in rates}
    simple: Expr = term.xreplace(real).doit().xreplace({one: rate for rate, one in real.items()})
    return simple


def _own(option: str, asked: str | Sequence[Any], names: Sequence[str]) -> tuple[Expr, ...]:
    """A user's own candidates in these names, and in unknown constants."""
    try:
        return parsed(asked, names).candidates
    except InputError as error:
        raise InputError(f"--{option}: {error}") from error


def states(names: Sequence[str]) -> tuple[str, ...]:
    """Coordinates, and their velocities."""
    return (*names, *(velocity(name).name for name in names))


def _listed(rates: set[sympy.Symbol]) -> str:
    return ", ".join(sorted(rate.name for rate in rates))
