"""The integers of Lüscher's formula read off points (q², δ): how many momenta have one length.

Every n = 0, 1, 2, ... may be a pole of 2π² q cot δ, with any coefficient. Which are, and with
which coefficients, is found from the points alone; that C3(n) counts vectors is not used.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

from interpret.laws.json_numbers import finite
from interpret.laws.tables import aligned
from interpret.laws.value import order as size
from interpret.reading.poles.pole_fit import Array, Phases, PoleFit, fit_poles
from systems.errors import InputError

CERTAIN: Final = 0.1
"""Standard error of a resolved coefficient at most: any other integer is five of them away."""

CLOSE: Final = 0.25
"""A resolved coefficient lies so close to its integer, whatever its error bar says."""

THRESHOLD: Final = 0.5
"""Poles whose coefficient is smaller, beyond doubt, are no poles and are left out."""

EDGE: Final = 0.1
"""A pole may lie beyond the largest q² by so much, and is still asked for."""

LADDER: Final = ((2, 4), (4, 6), (4, 12), (8, 12), (12, 20))
"""Poles beyond the last one asked for, and the order of the smooth rest: the first that do."""

SURE: Final = 3.3
"""Beyond doubt means by so many standard errors."""

GAIN: Final = 0.95
"""More columns for what is far away must lower the residual to this part."""

MOST_POINTS: Final = 6000
"""So many points are enough to choose by."""

OVERREACH: Final = 1.5
"""Points so far beyond the last pole asked for say more of other poles than of it."""

SPARE: Final = 2
"""So many points for every parameter at least."""


@dataclass(frozen=True)
class PoleTable:
    """Σ c_n/(n - q²) as `read_poles` found it.

    - `coefficients`, `stderr`: c_n and its standard error at n = 0, 1, ...
    - `residual`: what the fit leaves of the phases, in rad, robust.
    - `points`: how many were used; `below` were left out, being at or below the threshold q² = 0.
    - `reach`: the largest q².
    """

    coefficients: tuple[float, ...]
    stderr: tuple[float, ...]
    residual: float
    points: int
    below: int
    reach: float

    def less_certain(self, errors: Array) -> PoleTable:
        """The same with other, independent errors (n,) added to its error bars.

        >>> PoleTable((1.0,), (0.3,), 1e-3, 100, 0, 2.2).less_certain(np.array([0.4])).stderr
        (0.5,)
        """
        return replace(self, stderr=tuple(np.hypot(self.stderr, errors).tolist()))

    @property
    def integers(self) -> tuple[int, ...]:
        """The coefficients rounded, resolved or not."""
        return tuple(round(value) for value in self.coefficients)

    @property
    def resolved(self) -> tuple[bool, ...]:
        """Whether each integer is certain: an error bar up to 0.1, and c within 0.25 of it."""
        return tuple(
            error <= CERTAIN and abs(value - round(value)) <= CLOSE
            for value, error in zip(self.coefficients, self.stderr, strict=True)
        )

    @property
    def first_unresolved(self) -> int | None:
        """The first n whose integer is not certain; None where all are."""
        return self.resolved.index(False) if False in self.resolved else None

    @property
    def reading(self) -> str:
        """How far the integers can be trusted, in words.

        >>> PoleTable((1.0, 5.98, 11.4), (0.01, 0.03, 0.3), 1e-3, 100, 0, 2.2).reading
        'integers resolved up to n = 1; at n = 2 the error bar is 0.3, too wide to tell 11 from 12'
        """
        n = self.first_unresolved
        if n is None:
            return f"all integers resolved, n = 0 to {len(self.coefficients) - 1}"
        value, error = self.coefficients[n], self.stderr[n]
        start = f"integers resolved up to n = {n - 1}; at" if n else "at"
        low = math.floor(value)
        why = (
            f"the coefficient, {value:.2f}, is no integer"
            if error <= CERTAIN
            else f"the error bar is {size(error)}, too wide to tell {low} from {low + 1}"
        )
        beyond = sum(self.resolved[n:])
        others = f"; beyond, {beyond} of {len(self.resolved) - n - 1} resolved" if beyond else ""
        return f"{start} n = {n} {why}{others}"

    def __str__(self) -> str:
        columns = zip(self.coefficients, self.stderr, self.integers, self.resolved, strict=True)
        cells = [
            (str(n), f"{value:.4f}", size(error), str(integer) if certain else "?")
            for n, (value, error, integer, certain) in enumerate(columns)
        ]
        lines = aligned([("n", "recovered", "error bar", "integer"), *cells])
        lines.append(f"{self.points} points, {size(self.residual)} rad apart from the sum of poles")
        if self.below:
            lines.append(f"{self.below} points at or below the threshold were left out")
        return "\n".join([*lines, self.reading])

    def to_json(self) -> dict[str, Any]:
        """The table as plain numbers, strings and lists."""
        return {
            "coefficients": list(self.coefficients),
            "stderr": [finite(error) for error in self.stderr],
            "integers": list(self.integers),
            "resolved": list(self.resolved),
            "first_unresolved": self.first_unresolved,
            "reading": self.reading,
            "residual": self.residual,
            "points": self.points,
            "below": self.below,
            "reach": self.reach,
        }


def read_poles(q2: ArrayLike, phases: ArrayLike, largest: int | None = None) -> PoleTable:
    """c_0, ..., c_largest of 2π² q cot δ = Σ c_n/(n - q²) + smooth, from points (q², δ).

    `q2` is (kL/2π)² of energy levels and `phases` δ there in rad, both of any one shape; they may
    come from lattice levels, from a model or from a trained network's output. `largest` is the last
    n asked for, by default the last one that the points reach; points far beyond it are left out.

    Candidates are all n up to some beyond `largest`; those beyond, and a Chebyshev series, stand
    for what is far away, as few of them as the points ask for. A candidate with |c| < 1/2 beyond
    doubt is left out, and the rest fitted again.

    Raises InputError where points are missing, not finite, or too few.

    >>> from systems.physics.finite_volume import phase
    >>> q2 = np.linspace(0.05, 4.5, 90)
    >>> read_poles(q2, -phase(np.sqrt(q2))).integers
    (1, 6, 12, 8, 6)
    """
    x, delta, below = _checked(q2, phases)
    last = math.floor(x.max() + EDGE) if largest is None else largest
    if last < 0 or last > x.max() + 1:
        raise InputError(
            f"points up to q² = {x.max():.3g} tell nothing of a pole at {last}; "
            f"ask for n = 0 to {math.floor(x.max() + EDGE)}."
        )
    seen = x < last + OVERREACH
    x, delta = x[seen], delta[seen]
    found = fit_integers(Phases(x, 2 * np.pi**2 * np.sqrt(x), delta), last)
    return PoleTable(
        coefficients=tuple(found.coefficients.tolist()),
        stderr=tuple(found.stderr.tolist()),
        residual=found.residual,
        points=len(x),
        below=below,
        reach=float(x.max()),
    )


def fit_integers(points: Phases, last: int, threshold: float = THRESHOLD) -> PoleFit:
    """The fit with poles at x = 0, 1, ..., `last`.

    Those with coefficients below the threshold, beyond doubt, are left out of the fit in the end.

    Raises InputError for too few points.

    >>> from systems.physics.finite_volume import phase
    >>> q = np.sqrt(np.linspace(0.05, 2.5, 60))
    >>> fit_integers(Phases(q**2, 2 * np.pi**2 * q, -phase(q)), last=2).coefficients.round(3)
    array([ 1.,  6., 12.])
    """
    (beyond, order), cut = _climb(points.thinned(MOST_POINTS), last)
    fit = fit_poles(points, np.arange(last + 1.0 + beyond), order)
    coefficients, stderr = fit.coefficients.copy(), fit.stderr.copy()
    kept = np.abs(coefficients) + SURE * stderr > threshold
    kept[last + 1 :] = True
    if not kept.all():
        fit = fit_poles(points, fit.poles[kept], order)
        coefficients[kept], stderr[kept] = fit.coefficients, fit.stderr
    return replace(
        fit,
        poles=np.arange(last + 1.0),
        poles_stderr=np.zeros(last + 1),
        coefficients=coefficients[: last + 1],
        stderr=np.hypot(stderr[: last + 1], cut),
    )


def _climb(points: Phases, last: int) -> tuple[tuple[int, int], Array]:
    """As few columns for what is far away as do: poles beyond the last, and an order.

    Beside them by how much the coefficients (last + 1,) would change on the next rung, or have
    changed on the last one: what is cut off is the same for all points, and no noise.
    """
    fits: list[PoleFit] = []
    chosen = 0
    for beyond, order in LADDER:
        if len(points.x) < SPARE * (last + 1 + beyond + order + 1):
            break
        fits.append(fit_poles(points, np.arange(last + 1.0 + beyond), order))
        if len(fits) > 1 and not _better(fits[-1], fits[-2]):
            break
        chosen = len(fits) - 1
    if not fits:
        beyond, order = LADDER[0]
        needed = SPARE * (last + 1 + beyond + order + 1)
        raise InputError(
            f"{len(points.x)} points are too few for the poles 0 to {last}; give {needed} or more."
        )
    here, there = (fits[-2:] * 2)[:2]
    if there.residual * GAIN > here.residual:
        there = here  # More columns that fit worse have not converged.
    change = (there.coefficients[: last + 1] - here.coefficients[: last + 1]) ** 2
    # What noise changes of it is in the error bars already.
    noise = np.abs(there.stderr[: last + 1] ** 2 - here.stderr[: last + 1] ** 2)
    return LADDER[chosen], np.sqrt(np.maximum(change - noise, 0))


def _better(fit: PoleFit, simpler: PoleFit) -> bool:
    """Whether more columns are worth it: by Bayes' criterion, and by the residual itself.

    Errors of levels that are the same for all of them can be fitted, too, but only little better.
    """
    less = fit.residual < GAIN * simpler.residual
    return less and fit.information < simpler.information


def _checked(q2: ArrayLike, phases: ArrayLike) -> tuple[Array, Array, int]:
    """Points above the threshold, flat, and how many are not."""
    x = np.asarray(q2, dtype=float)
    delta = np.asarray(phases, dtype=float)
    if x.shape != delta.shape:
        raise InputError(f"{x.shape} values of q² do not go with {delta.shape} phases.")
    if not (np.isfinite(x).all() and np.isfinite(delta).all()):
        raise InputError("a point (q², δ) is not finite; leave such points out.")
    above = x > 0
    if not above.any():
        raise InputError("no point lies above the threshold, q² > 0; there are no phases to read.")
    return x[above], delta[above], int(np.sum(~above))
