"""Linear maps along the axes of a tensor: what a change of polynomials, center or unit comes to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import comb
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

Array = NDArray[np.float64]


def along_each(tensor: Array, maps: Sequence[Array]) -> Array:
    """c'_ij.. = sum_kl.. A_ik B_jl .. c_kl.., one matrix an axis.

    >>> along_each(np.ones((2, 2)), [np.diag([1.0, 2.0]), np.diag([1.0, 3.0])])
    array([[1., 3.],
           [2., 6.]])
    """
    for axis, matrix in enumerate(maps):
        tensor = np.moveaxis(np.tensordot(matrix, tensor, axes=(1, axis)), 0, axis)
    return tensor


def moved(highest: int, shift: float) -> Array:
    """C(m, n) shift^(m-n): z^m in powers of z - shift, in column m.

    >>> moved(2, 3.0) @ [0, 0, 1]  # z² = 9 + 6 (z - 3) + (z - 3)²
    array([9., 6., 1.])
    """
    sides = range(highest + 1)
    return np.array([[comb(m, n) * shift ** max(m - n, 0) for m in sides] for n in sides])


def derived(highest: int) -> Array:
    """d/dz: the coefficients of a polynomial to those of its derivative.

    >>> derived(2) @ [5, 1, 3]
    array([1., 6., 0.])
    """
    return np.diag(np.arange(1.0, highest + 1), 1)


def powers_of_chebyshev(highest: int) -> Array:
    """T_n in powers of z, in column n; all whole numbers.

    >>> powers_of_chebyshev(2) @ [0, 0, 1]
    array([-1.,  0.,  2.])
    """
    return _conversion(chebyshev.cheb2poly, highest)


def chebyshev_of_powers(highest: int) -> Array:
    """z^n in Chebyshev polynomials, in column n.

    >>> chebyshev_of_powers(2) @ [0, 0, 1]
    array([0.5, 0. , 0.5])
    """
    return _conversion(chebyshev.poly2cheb, highest)


def _conversion(convert: Callable[..., Any], highest: int) -> Array:
    unit = np.eye(highest + 1)
    matrix = np.zeros_like(unit)
    for n in range(highest + 1):
        matrix[: n + 1, n] = convert(unit[: n + 1, n])
    return matrix
