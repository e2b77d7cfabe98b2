"""The ways to learn a motion, and which law is the better one.

Where nobody says, the potential alone is learned first; where it leaves something, moving masses
are asked for, and then all forces. A first look, before any training, turns that round
where the force plainly depends on the velocity or the time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, TypeGuard, cast

import numpy as np
import torch
from numpy.typing import NDArray

from interpret.discovery.coordinates import moving
from interpret.experiments.motion import AUTO, PARTS, Motion, bodies
from interpret.experiments.motion import trajectories as potential
from interpret.experiments.motion.cleaned import cleaned
from interpret.experiments.verbs import AnyFit, Conclusion
from interpret.judge.beyond import beyond
from interpret.keep.session import Session
from interpret.laws.judgement import Verdict
from interpret.reading.singularities import candidates, singularities
from interpret.select.library import Library
from interpret.select.unknown import symbols, unknown
from systems.errors import InputError
from systems.expressions import parse_assignments, symbol
from systems.problem import Problem, Samples
from systems.samples.trajectories import Trajectories

Array = NDArray[np.float64]

POTENTIAL: Final = "potential"
FORCES: Final = "forces"
BODIES: Final = "bodies"
LAGRANGIAN: Final = "lagrangian"

VARYING: Final = "varying"
"""What a momentum is called whose ratio with the velocity depends on the position."""

DEFAULT: Final = "default"
"""The library that is taken when nobody says."""

PRIORS: Final = ("known", "bounds", "same", "sigma", "each")
OWN: Final = ("dissipation", "gyroscopic", "drive", "drive_law", *PRIORS)
"""Options that say what beside a potential acts, or what is known of coefficients and of noise."""

OF_A_NETWORK: Final = ("recipe", "threshold", "optimizer")
"""Options that say how a potential is learned and read: whoever gives one wants that."""

MOST_COORDINATES: Final = 4
"""Forces of every part are sought unasked for so many coordinates: of more they take minutes."""

MENDABLE: Final = ("approximate", "not in the library")
"""What the law of a potential is called where other forces may mend it. Columns that contradict
each other, or leave directions open, do so of every law."""

WORDS: Final = {"approximate": "approximate", "not in the library": "not the law"}
"""How a verdict on it is said."""

CERTAIN: Final = ("identified", "approximate")
LAWS: Final = (*CERTAIN, "ambiguous")
"""What a law of all parts is called that explains the motion."""


def settled(options: Motion) -> Motion:
    """The way that the parts asked for ask for, and the parts: "auto" stays open.

    >>> settled(Motion()).parts, settled(Motion(recipe="mlp")).parts
    ('auto', 'potential')
    >>> settled(Motion(parts="potential, drive")).learn, settled(Motion(drive="u")).learn
    ('forces', 'forces')
    """
    asked = options.asked_parts
    if options.learn == POTENTIAL and asked not in ((), (POTENTIAL,), (AUTO,)):
        raise InputError(
            f"to learn the potential is to learn no {', '.join(set(asked) - {POTENTIAL})} part; "
            f"leave out one of learn and parts."
        )
    if options.learn is not None:
        usual = {POTENTIAL: POTENTIAL, FORCES: AUTO, BODIES: POTENTIAL}
        return replace(options, parts=options.parts or usual.get(options.learn))
    given = set(options.given)
    if asked not in ((), (AUTO,)):
        only = asked == (POTENTIAL,) and not given.intersection(PRIORS)
        return replace(options, learn=POTENTIAL if only else FORCES)
    if given.intersection(OWN):
        return replace(options, learn=FORCES, parts=AUTO)
    alone = given.intersection(OF_A_NETWORK)
    return replace(options, learn=POTENTIAL, parts=POTENTIAL if alone else AUTO)


def asks_for_constants(problem: Problem, samples: Samples | None, options: Motion) -> bool:
    """Whether the library asked for holds symbols that are no variables of the motion."""
    written = options.features
    given = parse_assignments(written) if isinstance(written, str) and "=" in written else {}
    named = written if isinstance(written, Mapping) else given
    names = {*problem.motion().variables, *named}
    strangers = {name for held in symbols(options.library) for name in held} - names
    if strangers and samples is not None and written in (None, "auto"):
        data = moving(cleaned(cast(Trajectories, samples)).trajectories)[0]
        names |= set(potential.features_of(problem, data, "auto")[0].names)
    return bool(unknown(options.library, names))


def begun(problem: Problem, samples: Samples, options: Motion, session: Session) -> AnyFit:
    """What is learned first: the potential, unless a look shows bodies, that masses vary, or that
    more acts."""
    several = bodies.look(problem, samples, options)
    if several is not None:
        return several
    if _masses_vary(cast(Trajectories, samples), options):
        told = "the kinetic energy depends on position: it is learned too"
        return _with_masses(problem, samples, options, session, told)
    look = potential.look(problem, samples, options)
    complete = potential.complete(look)
    closed = complete and not look.learned.prepared.noisy
    few = len(look.probes.prepared.trajectories.coordinates) <= MOST_COORDINATES
    cause = beyond(look.probes) if few and not closed and not look.columns.verdict else ""
    if cause:
        told = f"the force depends on {cause}: all parts are sought"
        return _all_parts(problem, samples, options, session, told)
    return look if complete else potential.learn(problem, samples, options, session)


def reconsidered(
    first: Conclusion,
    options: Motion,
    session: Session,
    conclude: Callable[[AnyFit], Conclusion],
) -> Conclusion:
    """The conclusion of another way, where the first leaves something and that is the better."""
    problem, samples = first.fit.problem, first.fit.samples
    verdict = first.certificates[0].verdict
    if options.parts != AUTO or first.fit.options.learn in (BODIES, LAGRANGIAN):
        return first
    if first.fit.options.learn == FORCES:
        if _others(first) and verdict in LAWS:
            return first
        whole = _moved(first, options, session, conclude)
        if _identified(whole):
            return whole
        alone = conclude(potential.learn(problem, samples, options, session))
        return _best(whole, _better(alone, first))
    few = len(cast(Trajectories, samples).coordinates) <= MOST_COORDINATES
    missing = _missing(first)
    if not missing or not few:
        return first
    fit = cast(potential.TrajectoryFit, first.fit)
    options, seen = _with_singularities(fit, options)
    told = f"the potential alone is {WORDS[missing]}: all parts are sought"
    if potential.explained(fit):
        # What a flexible potential explains to the last digits needs no other part, but a form.
        if not seen:
            return first
        options, told = replace(options, parts=POTENTIAL), ""
    # The weak rows of moving masses cost a tenth of what all parts do.
    whole = _moved(first, options, session, conclude)
    if _identified(whole):
        return whole
    notes = "; ".join(filter(None, (told, seen)))
    return _best(
        whole, _better(first, conclude(_all_parts(problem, samples, options, session, notes)))
    )


def _missing(first: Conclusion) -> Verdict | None:
    """What the law of a potential is called for what it misses, rivals or none; None for nothing.

    That others explain the motion as well does not say that any of them does.
    """
    found = first.certificates[0]
    if found.verdict in MENDABLE:
        return found.verdict
    if found.verdict != "ambiguous":
        return None
    return next((each.verdict for each in found.checks if each.verdict in MENDABLE), None)


def _moved(
    first: Conclusion,
    options: Motion,
    session: Session,
    conclude: Callable[[AnyFit], Conclusion],
) -> Conclusion | None:
    """The conclusion with masses that depend on the coordinates, where these explain the motion."""
    names = cast(Trajectories, first.fit.samples).coordinates
    asked = {*options.given} & {"features", "library", *OF_A_NETWORK}
    own = any(getattr(options, name) not in (AUTO, DEFAULT) for name in asked)
    if len(names) < 2 or len(names) > MOST_COORDINATES or own:
        return None
    told = "no potential alone explains the motion: T is learned too"
    problem, samples = first.fit.problem, first.fit.samples
    try:
        whole = conclude(_with_masses(problem, samples, options, session, told))
    except InputError:
        # Samples that are too few for masses too may still have a law without.
        return None
    kinetic = (p for law in whole.laws for p in law.parts if p.name == "kinetic")
    held = {s for part in kinetic for term in part.terms for s in term.free_symbols}
    # Of constant masses all parts know more.
    moves = bool(held.intersection(map(symbol, names)))
    return whole if moves and whole.certificates[0].verdict in CERTAIN else None


def _identified(whole: Conclusion | None) -> TypeGuard[Conclusion]:
    return whole is not None and whole.certificates[0].verdict == "identified"


def _best(whole: Conclusion | None, other: Conclusion) -> Conclusion:
    """The conclusion with moving masses, if there is one, where no other explains the motion."""
    return other if whole is None or other.certificates[0].verdict in LAWS else whole


def _with_singularities(fit: potential.TrajectoryFit, options: Motion) -> tuple[Motion, str]:
    """With candidates that have the poles and branch points of a clean learned potential of one
    variable, where nobody has given candidates; and a sentence about them."""
    probes = fit.probes
    if options.library not in (None, DEFAULT) or len(probes.domain) > 1 or probes.prepared.noisy:
        return options, ""
    ((name, (low, high)),) = probes.domain.items()

    def learned(x: Array) -> Array:
        values = fit.learned.potential.values(torch.from_numpy(x[:, None]))
        return np.asarray(values.numpy()).ravel()

    found = singularities(learned, low, high, probes.misfit)
    more = candidates(name, found, low)
    if not more:
        return options, ""
    told = f"the learned potential has {', '.join(map(str, found))}: {Library(more)} are tried"
    return replace(options, library=Library([*fit.chosen.library, *more])), told


def _better(alone: Conclusion, whole: Conclusion) -> Conclusion:
    """All parts, where terms that the potential alone has not tried explain the motion.

    Of a potential of the same candidates the first way's certificate knows more: whether it is a
    surrogate, say.
    """
    verdict = alone.certificates[0].verdict
    tried = {term for law in alone.laws for term in law.candidates}
    brings = any(term not in tried for law in whole.laws for term in law.terms)
    if verdict != "identified" and brings and whole.certificates[0].verdict in LAWS:
        return whole
    told = f"{whole.fit.options.parts}: parts sought too, that explain it no better"
    noted = replace(alone.fit, notes=(*alone.fit.notes, told))
    return alone if verdict == "identified" else replace(alone, fit=noted)


def _all_parts(
    problem: Problem, samples: Samples, options: Motion, session: Session, told: str
) -> AnyFit:
    """All forces, or those of the parts that are asked for, and why."""
    from interpret.experiments.motion import forces as all_parts

    parts = ", ".join(PARTS) if options.parts == AUTO else options.parts
    asked = replace(options, learn=FORCES, parts=parts, recipe=None, device=None, steps=None)
    fit = all_parts.learn(problem, samples, asked, session)
    return replace(fit, notes=(*fit.notes, told))


def _masses_vary(samples: Trajectories, options: Motion) -> bool:
    """Whether momenta say that masses depend on the position, and nothing asked for is against."""
    free = options.features in (None, AUTO) and options.recipe in (None, DEFAULT)
    return free and any(item.verdict == VARYING for item in cleaned(samples).columns)


def _with_masses(
    problem: Problem, samples: Samples, options: Motion, session: Session, told: str
) -> AnyFit:
    """The kinetic energy with all else, and why."""
    from interpret.experiments.motion import masses

    asked = replace(options, learn=LAGRANGIAN, parts=None, features=None, recipe=None, device=None)
    fit = masses.learn(problem, samples, asked, session)
    return replace(fit, notes=(*fit.notes, told))


def _others(conclusion: Conclusion) -> bool:
    """Whether a law has parts beside the potential."""
    return any(part.name != POTENTIAL for law in conclusion.laws for part in law.parts)
