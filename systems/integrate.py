"""Motion from accelerations: Störmer–Verlet steps, and the exact flow to rounding error.

Both move R trajectories at once. Arrays are (R, d), with one row for each trajectory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import sympy
from numpy.typing import ArrayLike, NDArray

from systems import dop853
from systems.errors import InputError

Array = NDArray[np.float64]
Field = Callable[[Array], Array]

LARGEST_INTEGER = 2**53
"""Every whole number up to here is a double."""


def compile(expressions: Sequence[sympy.Expr], variables: Sequence[str | sympy.Symbol]) -> Field:
    """The numpy function x (n, k) -> (n, m) that evaluates m expressions in k variables.

    Shared parts are evaluated once. Constants are repeated for each of the n points.

    Raises `InputError` when an expression holds another symbol, or two variables have one name.

    >>> r = sympy.Symbol("r")
    >>> compile([1 / r, sympy.Integer(2)], ["r"])(np.array([[2.0], [4.0]]))
    array([[0.5 , 2.  ],
           [0.25, 2.  ]])
    """
    symbols = [sympy.Symbol(str(variable)) for variable in variables]
    if len(set(symbols)) < len(symbols):
        raise InputError(f"the variables {', '.join(map(str, symbols))} are not all different.")
    unknown = set().union(*(expr.free_symbols for expr in expressions)) - set(symbols)
    if unknown:
        raise InputError(
            f"{', '.join(sorted(map(str, unknown)))} must have a number; "
            f"the variables are {', '.join(map(str, symbols))}."
        )
    # Python takes some letters for one another, such as ϕ and φ.
    foreign = not all(str(item).isascii() for item in symbols)
    function = sympy.lambdify(
        symbols, list(map(_in_doubles, expressions)), "numpy", cse=True, dummify=foreign
    )

    def evaluate(x: Array) -> Array:
        # Component by component: in the batches below each one is a contiguous row.
        values = np.empty((len(expressions), len(x)))
        for row, value in zip(values, function(*x.T), strict=True):
            row[:] = value
        return values.T

    return evaluate


def _in_doubles(expr: sympy.Expr) -> sympy.Expr:
    """`expr` with those whole numbers as decimals that numpy has no integers for."""
    large = [n for n in expr.atoms(sympy.Rational) if max(abs(n.p), n.q) > LARGEST_INTEGER]
    return expr.xreplace({n: sympy.Float(n) for n in large}) if large else expr


def verlet(
    acceleration: Field, q0: ArrayLike, v0: ArrayLike, h: float, steps: int
) -> tuple[Array, Array, Array]:
    """Velocity Störmer–Verlet of q'' = a(q), in steps of `h`:

        q_+ = q + h v + h² a(q) / 2,    v_+ = v + h (a(q) + a(q_+)) / 2

    Takes q0, v0 (R, d); returns t (n,), q (R, n, d), v (R, n, d) with n = steps + 1.

    Source: L. Verlet, Phys. Rev. 159, 98 (1967).

    >>> t, q, v = verlet(lambda q: -q, [[0.0]], [[1.0]], 0.01, 100)
    >>> q.shape, bool(abs(q[0, -1, 0] - np.sin(1)) < 2e-5)
    ((1, 101, 1), True)
    """
    q = np.asarray(q0, dtype=float).T.copy()
    v = np.asarray(v0, dtype=float).T.copy()
    a = acceleration(q.T).T
    # Times last while stepping, so that every step works on contiguous rows.
    path = np.empty((2, steps + 1, *q.shape))
    path[0, 0], path[1, 0] = q, v
    for step in range(1, steps + 1):
        q = q + h * v + (0.5 * h * h) * a
        a_next = acceleration(q.T).T
        v = v + (0.5 * h) * (a + a_next)
        a = a_next
        path[0, step], path[1, step] = q, v
    moved = np.ascontiguousarray(path.transpose(0, 3, 1, 2))
    t = h * np.arange(steps + 1, dtype=np.float64)
    return t, moved[0], moved[1]


def flow(
    acceleration: Field,
    q0: ArrayLike,
    v0: ArrayLike,
    t: ArrayLike,
    rtol: float = 1e-12,
    atol: float = 1e-13,
) -> tuple[Array, Array]:
    """The exact motion of q'' = a(q) at the increasing times `t` (n,), by DOP853.

    Takes q0, v0 (R, d); returns q, v (R, n, d). The tolerances hold at every point.

    Raises `InputError` when a trajectory runs into a singularity or off to infinity.

    >>> q, v = flow(lambda q: -q, [[0.0], [0.0]], [[1.0], [2.0]], [0.0, 1.0, 3.0])
    >>> q[1, :, 0] / 2 - np.sin([0, 1, 3]) < 1e-14
    array([ True,  True,  True])
    """
    q0 = np.asarray(q0, dtype=float)
    times = np.asarray(t, dtype=float)
    y = dop853.solve(first_order(acceleration, q0.shape[1]), np.hstack([q0, v0]), times,
                     rtol=rtol, atol=atol)  # fmt: skip
    check_complete(y, times)
    d = q0.shape[1]
    return np.ascontiguousarray(y[:, :, :d]), np.ascontiguousarray(y[:, :, d:])


def driven_flow(
    acceleration: Field, q0: ArrayLike, v0: ArrayLike, t: ArrayLike
) -> tuple[Array, Array]:
    """The exact motion of q'' = a(q, q', t), as `flow` gives that of q'' = a(q).

    `acceleration` maps (q, q', t), one array (R, 2d + 1), to (R, d).

    >>> q, v = driven_flow(lambda y: np.cos(y[:, 2:]), [[-1.0]], [[0.0]], [0.0, 1.0, 3.0])
    >>> bool(np.allclose(q[0, :, 0], -np.cos([0, 1, 3]), atol=1e-13))
    True
    """
    q0 = np.asarray(q0, dtype=float)
    times = np.asarray(t, dtype=float)
    runs, d = q0.shape

    def rhs(y: Array) -> Array:
        rate = np.ones((2 * d + 1, len(y)))
        rate[:d] = y.T[d : 2 * d]
        rate[d : 2 * d] = acceleration(y).T
        return rate.T

    # Time is one more coordinate, which runs by itself: the integrator knows y' = f(y) alone.
    start = np.hstack([q0, v0, np.full((runs, 1), times[0])])
    y = dop853.solve(rhs, start, times)
    check_complete(y, times)
    return np.ascontiguousarray(y[:, :, :d]), np.ascontiguousarray(y[:, :, d : 2 * d])


def check_complete(path: Array, times: Array) -> None:
    """Raise `InputError`, telling where, when a path (R, n, k) ends before its times (n,) do."""
    broken = np.isnan(path).any(axis=2)
    if broken.any():
        trajectory, point = np.argwhere(broken)[0]
        raise InputError(
            f"trajectory {trajectory} cannot be followed beyond t = {times[point - 1]:g}: it runs "
            f"into a singularity or off to infinity; choose another start or a shorter time."
        )


def first_order(acceleration: Field, d: int) -> Field:
    """y' = (v, a(q)) for y = (q, v): the right-hand side (R, 2d) -> (R, 2d)."""

    def rhs(y: Array) -> Array:
        rate = np.empty((2 * d, len(y)))
        rate[:d] = y.T[d:]
        rate[d:] = acceleration(y[:, :d]).T
        return rate.T

    return rhs
