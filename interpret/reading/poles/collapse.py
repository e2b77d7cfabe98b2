"""The collapse of all boxes on one curve: nπ - δ(E_n) depends on k and L by k L^β alone, if β = 1.

Lüscher's formula says nπ - δ = φ(kL/2π). Whether it does is seen without knowing φ: points of all
boxes and systems, drawn over k L^β, lie on one smooth curve for the right β and scatter for others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import make_lsq_spline
from scipy.optimize import minimize_scalar

from interpret.laws.value import order as size
from interpret.laws.value import with_error
from interpret.reading.poles.pole_fit import above_threshold, scale
from systems.errors import InputError

Array = NDArray[np.float64]

EXPONENTS: Final = tuple(np.linspace(0.5, 1.5, 41).tolist())
POINTS_PER_KNOT: Final = 6
MOST_KNOTS: Final = 400
FEWEST: Final = 60
CUBIC: Final = 3
SHUFFLES: Final = 8
"""The data are halved so often, for the error bar of the exponent."""

MIN_RATIO: Final = 1.02
"""The largest box is so many times the smallest at least."""


@dataclass(frozen=True)
class Collapse:
    """What `collapse` found.

    - `exponents`, `scatter`: the robust standard deviation, in rad, about a smooth curve at each β.
    - `exponent`, `stderr`: β of the smallest scatter; `smallest`: that scatter.
    - `x`, `values`: the points at that β, x = k L^β Λ^(1-β) in units of 2π, with Λ the mean size.
    """

    exponents: Array
    scatter: Array
    exponent: float
    stderr: float
    smallest: float
    x: Array
    values: Array

    def __str__(self) -> str:
        at_one = float(np.interp(1.0, self.exponents, self.scatter))
        return (
            f"nπ - δ is a function of k L^β for β = {with_error(self.exponent, self.stderr)}: "
            f"scatter {size(self.smallest)} rad there, {size(at_one)} at β = 1, "
            f"{size(float(self.scatter.max()))} at worst"
        )

    def to_json(self) -> dict[str, Any]:
        """The exponent and the curve of scatter, as plain numbers and lists."""
        return {
            "exponent": self.exponent,
            "stderr": self.stderr,
            "smallest": self.smallest,
            "exponents": self.exponents.tolist(),
            "scatter": self.scatter.tolist(),
        }


def collapse(
    k: ArrayLike, boxes: ArrayLike, values: ArrayLike, exponents: ArrayLike = EXPONENTS
) -> Collapse:
    """How well `values` nπ - δ, in rad, are one function of k L^β, for every β and for the best.

    `k` in 1/fm, `boxes` in fm; the three go together by broadcasting. The curve is a cubic spline
    with knots at quantiles, fitted by least squares. The best β is looked for between the exponents
    next to the smallest scatter; its error bar is what random halves of the points differ by.

    Raises InputError for too few points, points that are not finite, or boxes of one size only.

    >>> from systems.physics.finite_volume import phase
    >>> rng = np.random.default_rng(0)
    >>> k, boxes = rng.uniform(0.2, 1, 200), rng.uniform(9, 14, 200)
    >>> found = collapse(k, boxes, phase(k * boxes / (2 * np.pi)))
    >>> bool(abs(found.exponent - 1) < 1e-3)
    True
    """
    momenta, lengths, phases = above_threshold(k, boxes, values, fewest=FEWEST, what="a collapse")
    if lengths.min() <= 0 or lengths.max() < MIN_RATIO * lengths.min():
        raise InputError("a collapse compares boxes of different, positive sizes L.")
    tried = np.sort(np.asarray(exponents, dtype=float).ravel())
    if len(tried) < 3:
        raise InputError("a collapse needs three exponents or more to choose from.")
    mean = float(np.exp(np.log(lengths).mean()))
    relative = lengths / mean
    scatter = np.array([_scatter(beta, momenta, relative, phases) for beta in tried])
    nearest = int(np.clip(np.argmin(scatter), 1, len(tried) - 2))
    bounds = float(tried[nearest - 1]), float(tried[nearest + 1])
    best = _best(bounds, momenta, relative, phases)
    rng = np.random.default_rng(0)
    halves = [
        _best(bounds, momenta[half], relative[half], phases[half])
        for _ in range(SHUFFLES)
        for half in np.array_split(rng.permutation(len(momenta)), 2)
    ]
    return Collapse(
        exponents=tried,
        scatter=scatter,
        exponent=best,
        # The variance of a half is twice that of the whole.
        stderr=float(np.sqrt(np.mean((np.array(halves) - best) ** 2) / 2)),
        smallest=_scatter(best, momenta, relative, phases),
        x=momenta * relative**best * mean / (2 * np.pi),
        values=phases,
    )


def _best(bounds: tuple[float, float], momenta: Array, relative: Array, phases: Array) -> float:
    """The β between the bounds where the scatter is smallest."""
    found = minimize_scalar(
        lambda beta: _scatter(beta, momenta, relative, phases), bounds=bounds, method="bounded"
    )
    return float(found.x)


def _scatter(beta: float, momenta: Array, relative: Array, phases: Array) -> float:
    """The robust standard deviation of the values about a cubic spline over k L^β."""
    x = momenta * relative**beta
    order = np.argsort(x)
    x, values = x[order], phases[order]
    inner = min(len(x) // POINTS_PER_KNOT, MOST_KNOTS)
    knots = np.quantile(x, np.linspace(0, 1, inner + 2))
    # Where many points have one x, quantiles coincide.
    knots = np.unique(knots)
    full = np.concatenate([np.repeat(knots[0], CUBIC), knots, np.repeat(knots[-1], CUBIC)])
    spline = make_lsq_spline(x, values, full, k=CUBIC)
    return scale(values - spline(x))
