"""Poles that nobody was told of: kL cot δ as a function of (kL)² alone.

Neither 2π nor that poles are evenly spaced is used. Rational approximation (AAA) finds where poles
are, and least squares on the phases refine them and set error bars on them. If they are multiples
of one number h, every multiple of h may be a pole: their residues follow, and what these are
multiples of, u. Of Lüscher's formula, kL cot δ = 4π Σ_n C3(n)/(4π² n - (kL)²), h is 4π², u is 4π.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from interpret.laws.json_numbers import finite
from interpret.laws.value import order as size
from interpret.reading.poles.multiples import SURE, Unit, find_unit, refined
from interpret.reading.poles.pole_fit import Phases, PoleFit, above_threshold, fit_poles
from interpret.reading.poles.pole_reading import CERTAIN, CLOSE, fit_integers
from interpret.reading.poles.pole_search import ORDERS, SPARE, search_poles

MOST_POINTS: Final = 3000
"""So many points are enough to find poles; residues come from all of them."""

MORE: Final = 4
"""Poles beyond the range, where the spacing is known."""

SMALLEST: Final = 0.02
"""A residue below so much of the median one, beyond doubt, is none."""

FEWEST: Final = 12
"""Fewer points than that are not searched for poles."""


@dataclass(frozen=True)
class BlindPoles:
    """What `blind_poles` found of kL cot δ.

    - `poles`: where it has poles in (kL)², in increasing order, with their standard errors.
    - `pole_unit`: h of which they are multiples, None where they are of nothing.
    - `residues`: of Σ_n r_n/(n h - (kL)²) at n = 0, 1, ..., with their standard errors; empty
      without h.
    - `residue_unit`: u of which these are multiples, None where they are of nothing.
    - `residual`: what is left of the phases, in rad; `tolerance`: of AAA, chosen for the noise.
    """

    poles: tuple[float, ...]
    poles_stderr: tuple[float, ...]
    pole_unit: Unit | None
    residues: tuple[float, ...]
    residues_stderr: tuple[float, ...]
    residue_unit: Unit | None
    residual: float
    tolerance: float

    @property
    def integers(self) -> dict[int, int]:
        """The number r_n/u at each n where its error bar allows, zeros left out."""
        if self.residue_unit is None:
            return {}
        unit = self.residue_unit.value
        rows = enumerate(zip(self.residues, self.residues_stderr, strict=True))
        certain = {n: r / unit for n, (r, error) in rows if error < CERTAIN * unit < abs(r)}
        return {n: round(c) for n, c in certain.items() if abs(c - round(c)) <= CLOSE}

    def __str__(self) -> str:
        if self.pole_unit is None:
            return f"{len(self.poles)} poles of kL cot δ, not multiples of one number"
        lines = [f"poles of kL cot δ at (kL)² = n h,  h = {self.pole_unit}"]
        if self.residue_unit is None:
            lines.append("their residues are not multiples of one number")
        else:
            listed = "  ".join(f"{n}:{c}" for n, c in self.integers.items())
            lines += [f"residues u c,  u = {self.residue_unit}", f"n:c  {listed}"]
        lines.append(
            f"{size(self.residual)} rad left; AAA to a tolerance of {size(self.tolerance)}"
        )
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """The poles as plain numbers, strings and lists."""
        return {
            "poles": list(self.poles),
            "poles_stderr": [finite(error) for error in self.poles_stderr],
            "pole_unit": None if self.pole_unit is None else self.pole_unit.to_json(),
            "residues": list(self.residues),
            "residues_stderr": [finite(error) for error in self.residues_stderr],
            "residue_unit": None if self.residue_unit is None else self.residue_unit.to_json(),
            "integers": {str(n): c for n, c in self.integers.items()},
            "residual": self.residual,
            "tolerance": self.tolerance,
        }


def blind_poles(k: ArrayLike, boxes: ArrayLike, phases: ArrayLike) -> BlindPoles:
    """Poles and residues of kL cot δ in (kL)², of points k in 1/fm, L in fm and δ in rad.

    The three go together by broadcasting. AAA runs at every tolerance from 0.1 to 1e-11; of the
    fits that start from its real poles the one that Bayes' criterion prefers is taken, so that the
    noise, which is not known beforehand, decides.

    Raises InputError where points are missing or no pole is found.

    Of cot δ = (1/(1 - x) + 2/(2 - x))/√x in a box of 1 fm, x = k²:

    >>> x = np.linspace(0.3, 2.4, 40)
    >>> found = blind_poles(np.sqrt(x), 1, np.arctan2(np.sqrt(x) * (1 - x) * (2 - x), 4 - 3 * x))
    >>> [round(pole, 6) for pole in found.poles]
    [1.0, 2.0]
    """
    momenta, lengths, delta = above_threshold(k, boxes, phases, fewest=FEWEST, what="poles")
    height = momenta * lengths
    points = Phases(height**2, height, delta)
    some = points.thinned(MOST_POINTS)
    fit, tolerance = search_poles(some)
    spacing = _spacing(fit, some)
    if spacing is not None:
        fit, spacing = _evenly(fit, spacing, some)
    kept = _in_range(fit, some)
    residues, stderr, residual, unit = np.empty(0), np.empty(0), fit.residual, None
    if spacing is not None:
        even = _at_multiples(fit, spacing.value, points)
        residues, stderr, residual = even.coefficients, even.stderr, even.residual
        unit = find_unit(residues, stderr)
        if unit is not None:
            unit = unit.less_certain(_drift(fit, spacing, unit, some))
    return BlindPoles(
        poles=tuple(fit.poles[kept].tolist()),
        poles_stderr=tuple(fit.poles_stderr[kept].tolist()),
        pole_unit=spacing,
        residues=tuple(residues.tolist()),
        residues_stderr=tuple(stderr.tolist()),
        residue_unit=unit,
        residual=residual,
        tolerance=tolerance,
    )


def _in_range(fit: PoleFit, points: Phases) -> NDArray[np.intp]:
    """The poles up to the largest x, in increasing order."""
    inside = np.flatnonzero(fit.poles < points.x.max())
    return inside[np.argsort(fit.poles[inside])]


def _spacing(fit: PoleFit, points: Phases) -> Unit | None:
    kept = _in_range(fit, points)
    residues = fit.coefficients[kept]
    kept = kept[residues > SMALLEST * np.median(residues)]
    return find_unit(fit.poles[kept], fit.poles_stderr[kept])


def _evenly(fit: PoleFit, spacing: Unit, points: Phases) -> tuple[PoleFit, Unit]:
    """The fit again, from poles at all those multiples of the spacing that have a residue.

    Where few points were, AAA may have missed one. The poles are free to move, as before.
    """
    even = _at_multiples(fit, spacing.value, points)
    last = len(even.coefficients)
    sure = np.flatnonzero(even.coefficients > SURE * even.stderr)
    beyond = last + np.arange(MORE)
    start = spacing.value * np.concatenate([sure, beyond])
    better, found = fit, spacing
    for order in ORDERS:
        if len(points.x) > SPARE * (2 * len(start) + order + 1):
            again = fit_poles(points, start, order, movable=True)
            unit = _spacing(again, points)
            if unit is not None and again.information < better.information:
                better, found = again, unit
    return better, found


def _drift(fit: PoleFit, spacing: Unit, unit: Unit, points: Phases) -> float:
    """By how much the unit of residues changes when the spacing is off by its error bar."""
    units = []
    for h in (spacing.value, spacing.value + spacing.stderr):
        even = _at_multiples(fit, h, points)
        units.append(refined(even.coefficients, even.stderr, unit).value)
    here, there = units
    return abs(there - here)


def _at_multiples(fit: PoleFit, h: float, points: Phases) -> PoleFit:
    """The residues at all multiples of h up to the last pole, in their own units."""
    scaled = Phases(points.x / h, points.height, points.delta)
    kept = _in_range(fit, points)
    last = round(float(fit.poles[kept].max()) / h)
    smallest = SMALLEST * float(np.median(fit.coefficients[kept])) / h
    even = fit_integers(scaled, last, smallest)
    return replace(even, coefficients=h * even.coefficients, stderr=h * even.stderr)
