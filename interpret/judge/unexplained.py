"""Why there is no law: what explains most of the force, what is left, and what to try."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from sympy import Expr

from interpret.judge.causes import Cause, of_masses, of_time, of_velocity
from interpret.judge.force_columns import ForceColumns, flexible, force_columns
from interpret.laws.formula import text
from interpret.laws.law import Law
from interpret.reading.probes import Probes
from interpret.select.defaults import usable
from interpret.select.library import NAMED, Library
from interpret.select.matrix import Compressed, Support
from interpret.select.supports import ranked

Array = NDArray[np.float64]

MOST: Final = 0.98
"""One term that explains so much of the force is told alone, as where the law has no other; else
the best two are."""

FEW: Final = 3
"""Libraries are compared by their best laws of so few terms: more would fit anything."""

NOTABLE: Final = 0.2
"""A cause is named that explains a fifth of what is left."""

ALIKE: Final = 0.9
"""Another cause is named too where it explains nearly as much as the best one, a tenth less."""

AS_EXACT: Final = 10.0
"""... and leaves (rms) no more than ten times as much: exact data tell causes well apart."""

BETTER: Final = 2.0
"""A library is worth trying that misses (rms) half as much."""

CONCENTRATED: Final = 3.0
"""What is left is called larger at one end of a variable where it is so many times (rms)."""


def unexplained(law: Law, samples: Probes) -> tuple[str, ...]:
    """What explains most of the force, what the rest goes with, and which library to try.

    The forces are those of the data, (p' - p)/h over an interval. Every cause is a set of columns
    beside the best one or two candidates; it explains as much of the rest as their joint least
    squares leave less (mean squares):

    - velocity: friction, linear, quadratic or dry, and gyroscopic forces,
    - time: cos ωt and sin ωt on every coordinate, ω scanned,
    - masses other than those given,
    - place: a flexible potential of the law's own variables, one that is not in the library.

    Two motions in V = exp(-2 q)/2:

    >>> from interpret.reading.probes import probe
    >>> from interpret.reading.regression import regress
    >>> from systems import Trajectories, observed
    >>> from training import Settings, train
    >>> t = np.linspace(0, 3, 80)[:, None]
    >>> motions = [
    ...     (t[:, 0], np.log(np.cosh(v * t) / v), v * np.tanh(v * t)) for v in (1.0, 1.5)
    ... ]
    >>> slides = Trajectories.from_velocities(["q"], [1], motions)
    >>> samples = probe(train(observed(slides), slides, Settings(width=64)))
    >>> law = regress(samples, Library.parse("q, q**2", ["q"]))
    >>> print(unexplained(law, samples)[0])  # doctest: +ELLIPSIS
    q explains ... % of the force; of the rest, all but ... is a function of q that is not in ...
    """
    columns = force_columns(samples)
    library = Library(law.candidates or law.terms)
    few, terms, left = _best(columns, library, len(law.terms))
    if not terms:
        return ()
    told = " and ".join(text(term) for term in terms)
    first = f"{told} explain{'s' * (len(terms) == 1)} {_percent(1 - left**2)} of the force"
    place = _place(columns, few, samples)
    causes = [
        place,
        *of_velocity(columns, few),
        *of_time(columns, few),
        *of_masses(columns, columns.potential(library), samples.prepared.trajectories.mass),
    ]
    best = min(causes, key=lambda cause: cause.left)
    share = 1 - (best.left / left) ** 2 if left > 0 else 0.0
    if share < NOTABLE:
        return (f"{first}; the rest goes with neither place, nor velocity, nor one frequency",)
    enough = min(left * np.sqrt(1 - ALIKE * share), AS_EXACT * best.left)
    alike = [cause.words for cause in causes if cause.left <= enough]
    where = _where(columns, few) if best is place else ""
    rest = f"{first}; of the rest, {_percent(share)} {'; or as well '.join(alike)}{where}"
    return (rest, *_advice(columns, library)) if place.words in alike else (rest,)


def _best(
    columns: ForceColumns, library: Library, size: int
) -> tuple[Array, tuple[Expr, ...], float]:
    """The columns of the best one or two candidates, these, and what they leave of the force."""
    every = columns.potential(library)
    support, left = _smallest(columns, every, 1)
    if size == 2 or (size > 2 and 1 - left**2 < MOST):
        support, left = _smallest(columns, every, 2)
    terms = tuple(library.candidates[k] for k in support)
    return every[:, list(support)], terms, left


def _smallest(columns: ForceColumns, every: Array, most: int) -> tuple[Support, float]:
    """The smallest support of so many columns that leaves about the least, and what it leaves.

    None, and all is left, where these data see no candidate.
    """
    names = tuple(map(str, range(every.shape[1])))
    found = ranked(Compressed.of(every, columns.truth, names), most)
    if not found.supports:
        return (), 1.0
    enough = BETTER * max(float(found.residuals.min()), SIMPSONS)
    first = int(np.argmax(found.residuals <= enough)) if most > 2 else found.residuals.argmin()
    return found.supports[int(first)], float(found.residuals[int(first)])


SIMPSONS: Final = 1e-8
"""Smaller differences are those of Simpson's rule, not of libraries."""


def _place(columns: ForceColumns, few: Array, samples: Probes) -> Cause:
    """A potential of the same variables, whatever its form."""
    names = ", ".join(columns.features.names)
    words = f"is a function of {names} that is not in the library"
    return Cause(words, columns.left(np.hstack([few, flexible(columns, samples.levels.x)])))


def _where(columns: ForceColumns, few: Array) -> str:
    """At which end of which variable the rest is largest, in words; "" where it is at none."""
    scale = np.linalg.norm(few, axis=0)
    solved = np.linalg.lstsq(few / scale, columns.truth, rcond=1e-10)[0]
    rest = (columns.truth - few / scale @ solved).reshape(columns.force.shape)
    size = np.linalg.norm(rest, axis=1) / columns.weight
    x = columns.features.values(columns.q[1])
    found = []
    for name, values in zip(columns.features.names, x.T, strict=True):
        order = np.argsort(values)
        third = max(1, len(order) // 3)
        ends = {"small": size[order[:third]], "large": size[order[-third:]]}
        rms = {end: float(np.sqrt((part**2).mean())) for end, part in ends.items()}
        end = max(rms, key=lambda key: rms[key])
        ratio = rms[end] / max(min(rms.values()), 1e-300)
        found.append((ratio, f", and grows at {end} {name}"))
    ratio, words = max(found)
    return words if ratio > CONCENTRATED else ""


def _advice(columns: ForceColumns, library: Library) -> tuple[str, ...]:
    """Which named library has a small law that misses far less, if any has."""
    names = columns.features.names
    x = columns.features.values(columns.q[1])
    group = np.arange(len(x))
    _, best_own = _smallest(columns, columns.potential(library), FEW)
    found = []
    for name, family in NAMED.items():
        candidates, _ = usable(family(names), x, names, group)
        for more in (candidates, candidates + library):
            every = columns.potential(more)
            if np.isfinite(every).all():
                support, left = _smallest(columns, every, FEW)
                terms = [text(more.candidates[k]) for k in sorted(support)]
                found.append((left, name if more is candidates else "", terms))
    single = min(item for item in found if item[1])
    left, name, terms = min(found)
    if single[0] <= BETTER * left:
        left, name, terms = single
    if left * BETTER < best_own:
        told = f"{', '.join(terms)} miss{'es' * (len(terms) == 1)} {left:.1e} of the force"
        asked = name or f"'{', '.join(terms)}'"
        return (f"try --library {asked}: {told} instead of {best_own:.1e}",)
    return ("no named library does better: try candidates of another form, or --features",)


def _percent(share: float) -> str:
    """A share in per cent, with as many digits as tell it from all.

    >>> _percent(0.9978), _percent(0.5), _percent(0.99999), _percent(1 - 1e-9)
    ('99.78 %', '50 %', '99.99900 %', 'all but 1e-09')
    """
    rest = 1 - share
    if rest < 1e-6:
        return f"all but {max(rest, 0.0):.0e}" if rest > 1e-15 else "all"
    # Two digits of what is left.
    digits = max(0, 1 - int(np.floor(np.log10(100 * rest))))
    return f"{100 * share:.{digits}f} %"
