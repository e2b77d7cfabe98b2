"""The best powers of a kernel c r^p or c min^p max^q, not bound to be whole: a check on the law."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares

from interpret.reading.tensors.kernel_candidates import Reading
from interpret.reading.tensors.standard_errors import standard_errors
from systems.physics.scattering import cells as integrals
from systems.physics.scattering.born_series import Powers
from systems.physics.scattering.symmetric import Array

LEAST, MOST = -0.9, 12.0
TIGHT = 1e-15


@dataclass(frozen=True)
class FreeExponents:
    """c x_1^p_1 ... x_n^p_n with real powers, closest to the tensor; and the error bars."""

    coefficient: float
    powers: tuple[float, ...]
    coefficient_stderr: float
    powers_stderr: tuple[float, ...]


def free_exponents(reading: Reading, start: Powers, fitted: float = 0.0) -> FreeExponents:
    """Fit c and the powers to the tensor, beginning at the powers `start`.

    `fitted` is the size of smooth errors, relative to the tensor: see `standard_errors`.

    >>> from systems.physics.scattering import born_tensor
    >>> free = free_exponents(Reading.of(born_tensor(2, 16), [(1, 1)]), (1, 1))
    >>> np.round([free.coefficient, *free.powers], 9).tolist()
    [-1.0, 2.0, 1.0]
    """
    truth = reading.truth / reading.size

    def column(powers: Array) -> Array:
        return reading.measure(integrals.packed(powers.tolist(), reading.cells)) / reading.size

    def coefficient(powers: Array) -> float:
        unit = column(powers)
        return float(unit @ truth / (unit @ unit))

    def left(powers: Array) -> Array:
        return coefficient(powers) * column(powers) - truth

    bounds = (np.full(len(start), LEAST), np.full(len(start), MOST))
    begin = np.clip(np.array(start, dtype=float), LEAST + 0.1, MOST - 0.1)
    powers = least_squares(left, begin, "3-point", bounds, ftol=TIGHT, xtol=TIGHT, gtol=TIGHT).x
    best = coefficient(powers)

    # The error bars are those of c and the powers together, by derivatives about the best fit.
    step = 1e-4
    slopes = [
        best * (column(powers + step * axis) - column(powers - step * axis)) / (2 * step)
        for axis in np.eye(len(powers))
    ]
    design = np.stack([column(powers), *slopes], axis=1)
    errors = standard_errors(design, left(powers), fitted)
    return FreeExponents(best, tuple(powers.tolist()), float(errors[0]), tuple(errors[1:].tolist()))
