"""J, H and T without a network: least squares of a polynomial, and power-series kernel ridge."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import scipy.linalg

from interpret.select.matrix import lengths
from systems.errors import InputError
from systems.physics.scattering.symmetric import Array, Packing
from systems.samples.values import ValueSamples

BATCH = 500
FIFTHS = 5
RIDGES: Final = tuple(float(f"1e{power}") for power in range(-10, 1))


def fit_polynomial(samples: ValueSamples, order: int = 2, weight: float = 1.0) -> tuple[Array, ...]:
    """J, H, ... of the polynomial a0 ≈ J·U + UᵀHU/2 + ... closest to the samples.

    Each sample counts with scale^-weight, so 1 asks for equal relative errors.

    Raises InputError where there are fewer samples than coefficients.

    >>> x = np.random.default_rng(0).random((20, 2))
    >>> samples = ValueSamples(x, x[:, 0] + x[:, 0] * x[:, 1], np.ones(20))
    >>> J, H = fit_polynomial(samples)
    >>> np.allclose(J, [1, 0]), np.allclose(H, [[0, 1], [1, 0]])
    (True, True)
    """
    packings = [Packing(n, samples.dimension) for n in range(1, order + 1)]
    size = sum(len(packing.indices) for packing in packings)
    if len(samples) < size:
        raise InputError(
            f"a polynomial of degree {order} in {samples.dimension} inputs has {size} "
            f"coefficients; {len(samples)} samples are too few."
        )
    design = np.hstack([np.prod(samples.x[:, packing.indices], axis=2) for packing in packings])
    weights = samples.scale**-weight
    design *= weights[:, None]
    scale = lengths(design)
    design /= scale
    # A pivoted QR, for thousands of columns an SVD takes several times as long.
    solved = scipy.linalg.lstsq(
        design, weights * samples.y, lapack_driver="gelsy", overwrite_a=True, check_finite=False
    )[0]
    parts = np.split(solved / scale, np.cumsum([len(p.indices) for p in packings])[:-1])
    # A coefficient stands for all copies of its entry, and the derivative is n! times the tensor.
    return tuple(
        math.factorial(packing.order) * packing.unpack(part / packing.copies)
        for packing, part in zip(packings, parts, strict=True)
    )


def fit_kernel(
    samples: ValueSamples,
    order: int = 3,
    width: float = 40.0,
    ridge: float = 1e-10,
) -> tuple[Array, ...]:
    """J, H, T, ... of the kernel ridge regression f(U) = Σ_i α_i k(U_i·U / width), k = exp - 1.

    k has a power series without a constant, so f(0) = 0 and the n-th derivative at U = 0 is
    Σ_i α_i U_i ⊗ ... ⊗ U_i / width^n. α minimises Σ ((f - a0)/scale)² + ridge · αᵀKα.

    Raises InputError where width or ridge is not positive, or the ridge is lost in rounding errors.

    >>> x = np.random.default_rng(0).random((40, 2))
    >>> samples = ValueSamples(x, x[:, 0] + x[:, 0] * x[:, 1], np.ones(40))
    >>> J, H, T = fit_kernel(samples, width=2.0)
    >>> np.allclose(J, [1, 0], atol=0.01), np.allclose(H, [[0, 1], [1, 0]], atol=0.1)
    (True, True)
    """
    if width <= 0 or ridge <= 0:
        raise InputError(f"width and ridge are positive, not {width:g} and {ridge:g}.")
    matrix = np.expm1(samples.x @ samples.x.T / width)
    matrix[np.diag_indices(len(samples))] += ridge * samples.scale**2
    try:
        factor = scipy.linalg.cho_factor(matrix, overwrite_a=True, check_finite=False)
    except np.linalg.LinAlgError as error:
        raise InputError(
            f"a ridge of {ridge:g} is lost in rounding errors; try {100 * ridge:g} or a smaller "
            f"width than {width:g}."
        ) from error
    alpha = scipy.linalg.cho_solve(factor, samples.y, check_finite=False)
    return tuple(_moments(samples.x, alpha, n) / width**n for n in range(1, order + 1))


def chosen_ridge(samples: ValueSamples, width: float = 40.0) -> float:
    """The ridge with which `fit_kernel` predicts every fifth sample best from the others.

    Without noise that is the smallest, 1e-10; under noise a larger one, up to 1.

    >>> x = np.random.default_rng(0).random((100, 2))
    >>> clean = ValueSamples(x, x[:, 0] + x[:, 0] * x[:, 1], np.ones(100))
    >>> chosen_ridge(clean, width=2.0) < chosen_ridge(clean.with_noise(0.1, seed=0), width=2.0)
    True
    """
    held_out = np.arange(len(samples)) % FIFTHS == 0
    known, asked = samples[~held_out], samples[held_out]
    matrix = np.expm1(known.x @ known.x.T / width)
    across = np.expm1(asked.x @ known.x.T / width)
    best = (np.inf, RIDGES[0])
    for ridge in RIDGES:
        damped = matrix + np.diag(ridge * known.scale**2)
        try:
            alpha = scipy.linalg.solve(damped, known.y, assume_a="pos", check_finite=False)
        except np.linalg.LinAlgError:
            continue  # lost in rounding errors: the next one is larger
        missed = (across @ alpha - asked.y) / asked.scale
        best = min(best, (float(missed @ missed), ridge))
    return best[1]


def _moments(x: Array, alpha: Array, order: int) -> Array:
    """Σ_i α_i x_i ⊗ ... ⊗ x_i, (d,) * order."""
    d = x.shape[1]
    total = np.zeros((d, d ** (order - 1)))
    for first in range(0, len(x), BATCH):
        rows = x[first : first + BATCH]
        powers = np.ones((len(rows), 1))
        for _ in range(order - 1):
            powers = (powers[:, :, None] * rows[:, None, :]).reshape(len(rows), -1)
        total += (alpha[first : first + BATCH, None] * rows).T @ powers
    return total.reshape((d,) * order)
