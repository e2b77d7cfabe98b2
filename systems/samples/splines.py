"""B-splines on measured times, as banded least squares takes them: values, derivatives, Grams."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from scipy.interpolate import BSpline

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Spline:
    """Splines of one degree between `breaks` (K + 1,), at the times `t` (n,) within them.

    Matrices (n, K + degree) take coefficients to values and derivatives at the times; Grams are the
    lower diagonals (degree + 1, K + degree) of a banded matrix, as LAPACK stores them.

    >>> spline = Spline(np.linspace(0, 1, 9), np.array([0, 0.5, 1]), 5)
    >>> spline.count, spline.value.shape, spline.gram_slope.shape
    (7, (9, 7), (6, 7))
    """

    t: Array
    breaks: Array
    degree: int

    @property
    def count(self) -> int:
        """The number of splines."""
        return len(self.breaks) - 1 + self.degree

    @cached_property
    def value(self) -> sparse.csr_array:
        """Coefficients to values at the times."""
        return self.derivative(self.t, 0)

    @cached_property
    def slope(self) -> sparse.csr_array:
        """Coefficients to first derivatives at the times."""
        return self.derivative(self.t, 1)

    @cached_property
    def curvature(self) -> sparse.csr_array:
        """Coefficients to second derivatives at the times."""
        return self.derivative(self.t, 2)

    @cached_property
    def gram_value(self) -> Array:
        """Bᵀ B of the values."""
        return self.bands(self.value)

    @cached_property
    def gram_slope(self) -> Array:
        """Bᵀ B of the first derivatives."""
        return self.bands(self.slope)

    @cached_property
    def roughness(self) -> Array:
        """∫ f‴² as a quadratic form of the coefficients, by Gauss's rule, which is exact here."""
        if self.degree < 3:
            return np.zeros((self.degree + 1, self.count))
        places, weights = np.polynomial.legendre.leggauss(self.degree - 2)
        width = np.diff(self.breaks)[:, None]
        at = self.breaks[:-1, None] + width * (places + 1) / 2
        root = np.sqrt(width / 2 * weights).ravel()
        return self.bands(sparse.diags_array(root) @ self.derivative(at.ravel(), 3))

    def derivative(self, t: Array, order: int) -> sparse.csr_array:
        """Coefficients to the derivative of some order at any times between the breaks."""
        degree = self.degree
        edges = self.breaks[0], self.breaks[-1]
        knots = np.concatenate([np.full(degree, edges[0]), self.breaks, np.full(degree, edges[1])])
        lower = sparse.eye_array(self.count, format="csr")
        for _ in range(order):
            lower = _differences(knots, degree) @ lower
            knots, degree = knots[1:-1], degree - 1
        return (BSpline.design_matrix(t, knots, degree) @ lower).tocsr()

    def bands(self, matrix: sparse.csr_array) -> Array:
        """The lower diagonals of MᵀM."""
        gram = matrix.T @ matrix
        banded = np.zeros((self.degree + 1, self.count))
        for offset in range(min(self.degree + 1, self.count)):
            banded[offset, : self.count - offset] = gram.diagonal(-offset)
        return banded


def _differences(knots: Array, degree: int) -> sparse.csr_array:
    """The matrix that takes spline coefficients to those of the derivative, one degree lower."""
    count = len(knots) - degree - 1
    step = degree / (knots[degree + 1 : degree + count] - knots[1:count])
    return sparse.diags_array([-step, step], offsets=[0, 1], shape=(count - 1, count)).tocsr()
