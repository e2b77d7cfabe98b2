"""Which quantities does the potential depend on? Found from the forces, before training."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final

import numpy as np
import sympy

from interpret.discovery.conservation import conserved
from interpret.discovery.forces import Forces, forces
from interpret.discovery.naming import distance, free_name, norm, particles
from interpret.discovery.quadratics import Quadratic, decimal, line, middle_of, quadratic, tidy
from systems.expressions import symbol
from systems.samples.trajectories import Trajectories
from training.features import Features
from training.prepare.noise import estimate
from training.prepare.stencils import Array

KNOWN: Final = 1e-3
"""Forces that are known to a thousandth tell what they depend on; others leave it to what is
conserved."""

SHARE: Final = 1e-6
"""A feature must explain all of the force but a millionth (in mean squares: angles of 1e-3)."""

AS_GOOD: Final = 10.0
"""Of the functions that do within a factor of ten as well as any, the simplest is taken: noise-free
fits of the wrong function are worse by much more, and one orbit's many-parameter fit is better by
less."""

GAP: Final = 1e-4
"""The best quadratic must be so much better than the next, or neither is the one."""

FLAT: Final = 1e-2
"""Data that leave a plane or line by less than a hundredth of their extent change a distance by
less than 1e-4: they say nothing of what V does across it."""

TIED: Final = 1e-8
"""A sum of coordinates that changes by less than this part of them keeps its value, round-off and
the digits of a file apart."""


@dataclass(frozen=True)
class Invariant:
    """What was found: the features to learn on, and a sentence that says how sure it is.

    ``eigenvalues``: the smallest fractions of |grad u|² across the force over all u of second
    degree, ascending. ``unfixed``: what the data leave open, in a sentence, where the law cannot
    be told from others on that account; "" otherwise.
    """

    features: Features
    eigenvalues: tuple[float, ...]
    reason: str
    unfixed: str = ""


@dataclass(frozen=True)
class Guess:
    """Features that V may depend on, and how they were come by, in words.

    ``arm`` (d, m): the vector qᵀ arm whose length the feature is, where it is that of one vector.
    """

    features: Features
    words: str
    arm: Array | None = None


def discover(trajectories: Trajectories) -> Invariant:
    """The simplest features whose functions explain the forces.

    Tried are, in this order: one line that all forces act along, the distance from the origin, the
    distance of two particles (of every pair, where there are more), the distance from another
    centre, and the root of the best quadratic u = (q - a)ᵀ S (q - a), its entries as small
    fractions first. Taken is the first one across whose gradient lies less than a millionth of the
    force, and a function of which, refitted to the forces, does as well as one of the coordinates
    and as one of the best quadratic. Failing all, the features are the coordinates.

    Where noise hides the forces, conservation of the total momentum and angular momentum is tested
    instead, which needs no derivative.

    >>> from systems import get
    >>> invariant = discover(get("coulomb").draw()[:20])
    >>> invariant.features.definitions["r"]
    sqrt((x1 - x2)**2 + (y1 - y2)**2 + (z1 - z2)**2)
    """
    names = trajectories.coordinates
    if len(names) == 1:
        return Invariant(Features.identity(names), (), "one coordinate: nothing to discover")
    felt = forces(trajectories)
    clean = estimate(trajectories).negligible
    if clean or felt.typical_error < KNOWN:
        found = _by_forces(felt)
        if clean or not found.features.trivial:
            return found
    return _by_conservation(trajectories)


def _by_forces(felt: Forces) -> Invariant:
    best = quadratic(felt)
    names = felt.coordinates
    first, second, *_ = best.eigenvalues
    lonely = first < GAP * second
    known = [felt.misfit(Features.identity(names))]
    if lonely:
        known.append(felt.misfit(best))
    bound = AS_GOOD * max(min(known), felt.typical_error)
    unfixed = _together(felt)
    refused: list[tuple[float, float, Guess]] = []
    for guess in _guesses(felt, best if lonely else None, felt.bent > bound):
        across = felt.unexplained(guess.features)
        if across > SHARE:
            continue
        missed = felt.misfit(guess.features)
        if missed > bound:
            refused.append((missed, across, guess))
            continue
        # One near circle's sum of many terms is better than any feature, by what the others pull:
        # it must not choose between two features that are as good as each other.
        simpler = (other for other in refused if other[0] <= AS_GOOD * missed)
        missed, across, guess = next(simpler, (missed, across, guess))
        reason = (
            f"{guess.words}: {_share(across)} of the force lies across it, and its best function "
            f"misses {missed:.1e} of the force{_plane(felt, guess)}"
        )
        return Invariant(felt.simplest(guess.features, bound), best.eigenvalues, reason, unfixed)
    reason = (
        f"no single quadratic invariant (eigenvalues {first:.1e}, {second:.1e}): the potential is "
        f"learned on the coordinates"
    )
    open_still = unfixed or _tied(felt.q, names)
    return Invariant(Features.identity(names), best.eigenvalues, reason, open_still)


def _share(across: float) -> str:
    """A share in words; round-off is none.

    >>> _share(0.0), _share(2e-9)
    ('none', '2.0e-09')
    """
    return f"{across:.1e}" if across > np.finfo(float).eps else "none"


def _guesses(felt: Forces, best: Quadratic | None, bent: bool) -> Iterator[Guess]:
    """What may be found, the simplest first.

    Forces that are not `bent` have a quadratic potential, a sum of the coordinates' squares and
    products, which needs no measured numbers in a feature.
    """
    names = felt.coordinates
    slopes = line(felt)
    yield _along(names, [tidy(value) for value in slopes])
    yield _along(names, [decimal(value) for value in slopes])
    whole = np.eye(len(names))
    single = len(names) in (2, 3)
    if single:
        yield _found(names, {"r": norm(names)}, whole)
    bodies = particles(names)
    if bodies:
        yield _found(names, distances(names, bodies), _between(names, bodies))
    if single:
        centre = zip(names, middle_of(felt), strict=True)
        squares = [(symbol(name) - decimal(value)) ** 2 for name, value in centre]
        yield _found(names, {"r": sympy.sqrt(sympy.Add(*squares))}, whole)
    if best is not None:
        roots = (
            _root(replace(best, centre=np.zeros(len(names))), tidy),
            _root(best, tidy),
            _root(best, decimal),
        )
        yield from (guess for guess in roots if bent or not _measured(guess))


def _measured(guess: Guess) -> bool:
    """Whether numbers in the features are no small fractions."""
    return any(what.has(sympy.Float) for what in guess.features.definitions.values())


def distances(names: Sequence[str], bodies: Sequence[Sequence[str]]) -> dict[str, sympy.Expr]:
    """The distance of every pair of particles: r of two, r12, r13, ... of more.

    >>> list(distances(("x1", "y1", "x2", "y2"), (("x1", "y1"), ("x2", "y2"))))
    ['r']
    """
    found: dict[str, sympy.Expr] = {}
    for (i, a), (j, b) in combinations(enumerate(bodies, start=1), 2):
        wanted = "r" if len(bodies) == 2 else f"r{i}{j}"
        found[free_name(wanted, (*names, *found))] = distance(a, b)
    return found


def _between(names: Sequence[str], bodies: Sequence[Sequence[str]]) -> Array | None:
    """The arm from one of two particles to the other (d, m)."""
    if len(bodies) != 2:
        return None
    arms = np.zeros((len(names), len(bodies[0])))
    for sign, body in zip((1, -1), bodies, strict=True):
        for axis, name in enumerate(body):
            arms[list(names).index(name), axis] = sign
    return arms


def _along(names: tuple[str, ...], slopes: list[sympy.Expr]) -> Guess:
    """All forces along one line: V is a function of the coordinate along it."""
    found = sympy.Add(*(a * symbol(name) for a, name in zip(slopes, names, strict=True)))
    name = free_name("s", names)
    words = f"all forces act along one line: the potential is a function of {name} = {found}"
    return Guess(Features.of(names, {name: found}), words)


def _found(names: tuple[str, ...], wanted: dict[str, sympy.Expr], arm: Array | None) -> Guess:
    found = {free_name(name, names): what for name, what in wanted.items()}
    told = ", ".join(f"{name} = {what}" for name, what in found.items())
    return Guess(Features.of(names, found), f"{told} found from the forces", arm)


def _root(best: Quadratic, write: Callable[[float], sympy.Expr]) -> Guess:
    u = best.expression(write)
    root = {"r": sympy.sqrt(u)} if best.positive else {"u": u}
    return _found(best.coordinates, root, np.eye(len(best.coordinates)))


def reach(vectors: Array) -> tuple[Array, Array]:
    """How far vectors (n, m) reach in each direction (m,), widest first, and these (m, m)."""
    _, extent, directions = np.linalg.svd(vectors - vectors.mean(axis=0), full_matrices=False)
    return extent, directions


def _together(felt: Forces) -> str:
    """What nothing tells where all coordinates move together, as one does."""
    extent, directions = reach(felt.q)
    if (extent[1:] > FLAT * extent[0]).any():
        return ""
    return together(directions[0], felt.coordinates)


def _tied(q: Array, names: Sequence[str]) -> str:
    """What is left open where a sum of coordinates, each in units of its spread, never changes.

    >>> x, y = np.sin(np.arange(9.0)), np.cos(2 * np.arange(9.0))
    >>> _tied(np.stack([x, y, 2 * x - y], axis=1), list("xyz")).partition(":")[0]
    'x - 0.5 y - 0.5 z keeps its value throughout'
    """
    spread = q.std(axis=0)
    extent, directions = reach(q / spread)
    if extent[-1] > TIED * extent[0]:
        return ""
    factors = directions[-1] / spread
    kept = np.abs(factors) > FLAT * np.abs(factors).max()
    factors = factors / factors[np.argmax(kept)]
    terms = [f"{factor:+.3g} {name}" for factor, name in zip(factors[kept],
             np.array(names)[kept], strict=True)]  # fmt: skip
    told = " ".join(terms).replace("+", "+ ").replace("-", "- ").replace(" 1 ", " ")[2:]
    return (
        f"{told} keeps its value throughout: one of these coordinates says nothing of its own, "
        f"and nothing tells a potential of it from one of the others"
    )


def together(direction: Array, names: Sequence[str]) -> str:
    """What is left open where the coordinates only ever move along one direction (d,)."""
    slopes = direction / direction[np.argmax(np.abs(direction))]
    told = " : ".join(
        f"{slope:.3g} {name}"
        for slope, name in zip(slopes, names, strict=True)
        if abs(slope) > FLAT
    )
    return (
        f"the coordinates never move but together ({told}): nothing in these data tells a "
        f"potential of one of them from one of another, or of any mixture"
    )


def _plane(felt: Forces, guess: Guess) -> str:
    """A remark where vectors that never leave a plane say nothing of what is across it."""
    if guess.arm is None:
        return ""
    extent, directions = reach(felt.q @ guess.arm)
    if len(extent) < 3 or extent[-1] > FLAT * extent[0] or extent[1] < FLAT * extent[0]:
        return ""
    normal = ", ".join(f"{part:.3g}" for part in directions[-1])
    return (
        f"; the motion lies in one plane, across which (normal {normal}) the form is left open: "
        f"that it is the same in all directions is the simplest reading"
    )


def _by_conservation(trajectories: Trajectories) -> Invariant:
    """Noisy data: let the conservation laws say which distances matter."""
    names = trajectories.coordinates
    bodies, reason = conserved(trajectories)
    if not bodies:
        return Invariant(Features.identity(names), (), reason)
    found = {"r": norm(names)} if len(bodies) == 1 else distances(names, bodies)
    return Invariant(_found(names, found, None).features, (), reason)
