"""The search for poles of kL cot δ in (kL)², by rational approximation and least squares.

AAA interpolates, so that it follows noise where its tolerance is below it, and makes pairs of poles
and zeros there that cancel. It is run at every tolerance, its poles start a fit that is robust, and
those that the fit does not need are taken away.

Source of AAA: Y. Nakatsukasa, O. Sète, L. N. Trefethen, SIAM J. Sci. Comput. 40 (2018) A1494.
"""

from __future__ import annotations

import warnings
from typing import Final

import numpy as np

from interpret.reading.poles.multiples import SURE
from interpret.reading.poles.pole_fit import Array, Phases, PoleFit, fit_poles
from systems.errors import InputError

TOLERANCES: Final = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-9, 1e-11)
"""Relative tolerances of AAA that are tried; below the noise they give spurious poles."""

PATIENCE: Final = 4
"""The search ends after so many tolerances that made the fit no better."""

ORDERS: Final = (5, 10)
"""Orders of the smooth rest that are tried."""

MAX_TERMS: Final = 80
STEEP: Final = 0.15
"""AAA is given no point with |sin δ| below it: errors of kL cot δ, ε kL/sin²δ, are large there."""

REAL: Final = 1e-2
"""A pole is real where |Im p| is below so much of the range."""

BEYOND: Final = 1.5
"""Poles up to so many times the range are fitted, too, but not reported."""

WEAKEST: Final = 1e-2
"""A residue of AAA below so much of the median one belongs to a pole that a zero cancels."""

OUTLIER: Final = 6.0
"""AAA is given no point that a fit before missed by so many standard deviations,"""

WINDOW: Final = 9
MOST: Final = 0.5
"""if the fit did not miss more than this part of so many points about it."""

SPARE: Final = 1.5
"""So many points for every parameter at least."""


def search_poles(points: Phases) -> tuple[PoleFit, float]:
    """The best fit that starts from AAA at any tolerance, and that tolerance."""
    best: tuple[PoleFit, float] | None = None
    failed = 0
    trusted = points
    for tolerance in TOLERANCES:
        start = _aaa(trusted, tolerance)
        fits = [_pruned(points, start, order) for order in ORDERS]
        fit = min((fit for fit in fits if fit), key=lambda fit: fit.information, default=None)
        if fit is not None and (best is None or fit.information < best[0].information):
            best = fit, tolerance
            failed = 0
            trusted = _trusted(points, fit)
        elif best is not None:
            failed += 1
        if failed == PATIENCE:
            break
    if best is None:
        raise InputError(
            f"no pole of kL cot δ was found in {len(points.x)} points; give more levels, or less "
            "noisy ones."
        )
    return best


def _trusted(points: Phases, fit: PoleFit) -> Phases:
    """The points without outliers, for AAA takes every point as it is.

    An outlier is missed while most of its neighbours are not. Where all are missed, the fit lacks
    a pole.
    """
    order = np.argsort(points.x)
    near = np.abs(fit.missed[order]) < OUTLIER * fit.residual
    among = np.convolve(near, np.full(WINDOW, 1 / WINDOW), mode="same")
    kept = np.sort(order[near | (among < MOST)])
    return points.some(kept)


def _aaa(points: Phases, tolerance: float) -> Array:
    """The real poles of AAA in the range of x or next to it, not those that a zero cancels."""
    from scipy.interpolate import AAA

    sine = np.sin(points.delta)
    flat = np.abs(sine) > STEEP
    reach = float(points.x.max())
    x = points.x[flat]
    # Divided by x + shift, what happens at small x is no smaller than what happens at large x.
    # That adds one pole, outside the range.
    shift = 2 * REAL * reach
    y = points.height[flat] * np.cos(points.delta[flat]) / sine[flat] / (x + shift)
    with warnings.catch_warnings():
        # That the tolerance was not reached is judged below, by the phases.
        warnings.simplefilter("ignore", RuntimeWarning)
        approximation = AAA(x, y, rtol=tolerance, max_terms=min(MAX_TERMS, len(x) // 4))
        poles, residues = approximation.poles(), approximation.residues()
    residues *= poles + shift
    real = np.abs(poles.imag) < REAL * reach
    near = (poles.real < BEYOND * reach) & (poles.real > -REAL * reach)
    # Levels repel: the function rises from pole to pole, and residues of 1/(p - x) are positive.
    size_of = -residues.real
    if not (real & near).any():
        return np.empty(0)
    strong = size_of > WEAKEST * np.median(np.abs(size_of[real & near]))
    starts: Array = np.sort(poles[real & near & strong].real)
    return starts


def _pruned(points: Phases, start: Array, order: int) -> PoleFit | None:
    """The fit without poles in the range whose residue may be zero; None if none is left."""
    poles = start
    while len(poles) and len(points.x) > SPARE * (2 * len(poles) + order + 1):
        fit = fit_poles(points, poles, order, movable=True)
        inside = fit.poles < points.x.max()
        sure = fit.coefficients / fit.stderr
        if not inside.any():
            return None
        weakest = float(sure[inside].min())
        if weakest > SURE:
            return fit
        # Those that are certainly none go together, those in doubt one by one.
        dropped = inside & (sure <= max(weakest, 1.0))
        poles = fit.poles[~dropped]
    return None
