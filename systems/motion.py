"""The motion of any Lagrangian, as numbers: M(q, q̇) q̈ = f(q, q̇) is solved sample by sample.

Masses may depend on the position, velocities may be coupled, forces may be magnetic: nothing is
inverted symbolically. Arrays are (n, d), one row for each sample.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import sympy
from numpy.typing import ArrayLike, NDArray
from sympy import Expr

from systems import dop853, integrate
from systems.equations import forcing, mass_matrix, velocity
from systems.errors import InputError, nearest
from systems.forces import TIME
from systems.samples.phase_space import PhaseSamples

Array = NDArray[np.float64]
Acceleration = Callable[[ArrayLike, ArrayLike], Array]
"""(q (n, d), q̇ (n, d)) -> q̈ (n, d)"""

RTOL, ATOL = 1e-12, 1e-13
"""Tolerances of the flow, relative and absolute, at every point: what doubles can keep."""

LARGEST_CONDITION = 1e12
"""A mass matrix whose condition number is larger, whatever the units, counts as singular."""

EASY = 1e4
"""One below this loses at most four digits of sixteen, and is inverted as it is: that is faster."""


def mass_and_forcing(
    lagrangian: Expr, coordinates: Sequence[str]
) -> tuple[sympy.Matrix, tuple[Expr, ...]]:
    """M (d × d) and f (d) of M q̈ = f, as expressions that hold away from jumps.

    >>> x, xd = sympy.symbols("x xd")
    >>> mass_and_forcing(xd**2 / 2 + sympy.sign(x) + 3 * abs(x), ["x"])
    (Matrix([[1]]), (3*sign(x),))
    """
    return mass_matrix(lagrangian, coordinates), forcing(lagrangian, coordinates)


def acceleration_function(lagrangian: Expr, coordinates: Sequence[str]) -> Acceleration:
    """The numpy function (q, q̇) -> q̈ = M⁻¹ f, every array (n, d).

    Raises `InputError` when the Lagrangian holds a symbol that is neither a coordinate nor a
    velocity, and, when called, when M has no inverse or L no finite slope on a sample.

    >>> r, rd, phid = sympy.symbols("r rd phid")
    >>> orbit = acceleration_function(rd**2 / 2 + r**2 * phid**2 / 2 + 1 / r, ["r", "phi"])
    >>> orbit([[2.0, 0.0]], [[0.5, 1.0]])
    array([[ 1.75, -0.5 ]])
    """
    equations = _Equations(lagrangian, coordinates)

    def accelerations(q: ArrayLike, qd: ArrayLike) -> Array:
        state = equations.state(q, qd)
        qdd = equations.solved(state)
        equations.check(state, qdd)
        return qdd

    return accelerations


def phase_samples(
    lagrangian: Expr, coordinates: Sequence[str], q: ArrayLike, qd: ArrayLike
) -> PhaseSamples:
    """The points (q, q̇), each (n, d), with the accelerations that the Lagrangian gives them.

    Raises `InputError` as `acceleration_function` does.

    >>> x, xd = sympy.symbols("x xd")
    >>> phase_samples(xd**2 / 2 - x**4, ["x"], [[1.0]], [[0.0]]).qdd
    array([[-4.]])
    """
    qdd = acceleration_function(lagrangian, coordinates)(q, qd)
    return PhaseSamples(tuple(coordinates), np.atleast_2d(q), np.atleast_2d(qd), qdd)


def flow(
    lagrangian: Expr,
    coordinates: Sequence[str],
    q0: ArrayLike,
    qd0: ArrayLike,
    t: ArrayLike,
) -> tuple[Array, Array]:
    """The exact motion from the starts q0, q̇0 (R, d) at the increasing times `t` (n,), by DOP853.

    Returns q and q̇, each (R, n, d).

    Raises `InputError` when a trajectory runs into a singularity, of L or of M, or to infinity.

    >>> x, xd = sympy.symbols("x xd")
    >>> q, qd = flow(xd**2 - x**2, ["x"], [[0.0]], [[1.0]], [0.0, 1.0])
    >>> bool(abs(q[0, 1, 0] - np.sin(1)) < 1e-14)
    True
    """
    equations = _Equations(lagrangian, coordinates)
    d = len(coordinates)
    start = equations.state(q0, qd0)
    times = np.asarray(t, dtype=np.float64)
    equations.check(start, equations.solved(start))

    def rate(state: Array) -> Array:
        return np.hstack([state[:, d:], equations.solved(state)])

    path = dop853.solve(rate, start, times, rtol=RTOL, atol=ATOL)
    integrate.check_complete(path, times)
    return np.ascontiguousarray(path[:, :, :d]), np.ascontiguousarray(path[:, :, d:])


def field(
    lagrangian: Expr, coordinates: Sequence[str], beside: Sequence[Expr] = ()
) -> integrate.Field:
    """The numpy function (q, q̇, t), one array (n, 2d + 1), -> q̈ = M⁻¹ (f + Q) (n, d).

    `beside` are other forces Q than those of L, in q, q̇ and t. Where M has no inverse q̈ is nan.

    >>> x, xd = sympy.symbols("x xd")
    >>> field(xd**2 - x**2, ["x"], [2 * TIME - xd])(np.array([[1.0, 4.0, 3.0]]))
    array([[0.]])
    """
    equations = _Equations(lagrangian, coordinates, beside)
    return equations.solved if beside else lambda state: equations.solved(state[:, :-1])


def check_names(lagrangian: Expr, coordinates: Sequence[str]) -> None:
    """Raise `InputError` when L holds anything but coordinates and velocities.

    >>> k, qd = sympy.symbols("k qd")
    >>> check_names(qd**2 - k, ["q"])
    Traceback (most recent call last):
        ...
    systems.errors.InputError: the Lagrangian -k + qd**2 holds k; a Lagrangian of q has the \
variables q, qd, and everything else must be a number.
    """
    known = [*coordinates, *(velocity(name).name for name in coordinates)]
    unknown = sorted({item.name for item in lagrangian.free_symbols} - set(known))
    if unknown:
        hint = next(filter(None, (nearest(name, known) for name in unknown)), "")
        raise InputError(
            f"the Lagrangian {lagrangian} holds {', '.join(unknown)}; a Lagrangian of "
            f"{', '.join(coordinates)} has the variables {', '.join(known)}, and everything else "
            f"must be a number.{hint}"
        )


def solve(masses: Array, right: Array) -> Array:
    """M⁻¹ B of every sample, nan where M is singular; M (n, d, d), B and the result (n, d, m).

    >>> solve(np.array([[[4.0]], [[0.0]]]), np.ones((2, 1, 1)))[:, 0, 0]
    array([0.25,  nan])
    """
    n, d, _ = masses.shape
    easy = _easily_solved(masses, right)
    if easy is not None:
        return easy
    values = np.concatenate([masses, right], axis=2)
    finite = np.asarray(np.isfinite(values).reshape(n, -1).all(axis=1))
    scaled = np.where(finite[:, None, None], masses, 0)
    # Rows and columns of length about 1: whether M has an inverse is no matter of units.
    rows = abs(scaled).max(axis=2, keepdims=True)
    rows[rows == 0] = 1
    scaled = scaled / rows
    columns = abs(scaled).max(axis=1)[:, :, None]
    columns[columns == 0] = 1
    scaled = scaled / columns.transpose(0, 2, 1)
    regular = np.flatnonzero(finite & (np.linalg.det(scaled) != 0))
    # The inverse comes along to judge the condition by.
    identity = np.broadcast_to(np.eye(d), (len(regular), d, d))
    both = np.concatenate([right[regular] / rows[regular], identity], axis=2)
    both = np.linalg.solve(scaled[regular], both)
    condition = d * abs(both[:, :, -d:]).sum(axis=2).max(axis=1, initial=0)
    good = condition < LARGEST_CONDITION
    solution = np.full(right.shape, np.nan)
    solution[regular[good]] = both[good, :, :-d] / columns[regular[good]]
    return solution


def _easily_solved(masses: Array, right: Array) -> Array | None:
    """The same where every M is far from singular in its own units already, else None."""
    try:
        inverse = np.linalg.inv(masses)
    except np.linalg.LinAlgError:
        return None
    with np.errstate(all="ignore"):  # what is not finite is not easy
        condition = abs(masses).sum(axis=2).max(axis=1) * abs(inverse).sum(axis=2).max(axis=1)
    if not (condition < EASY).all() or not np.isfinite(right).all():
        return None
    solution: Array = inverse @ right
    return solution


class _Equations:
    """M q̈ = f, compiled: one state (q, q̇), or (q, q̇, t) where other forces are beside, a row."""

    def __init__(
        self, lagrangian: Expr, coordinates: Sequence[str], beside: Sequence[Expr] = ()
    ) -> None:
        check_names(lagrangian, coordinates)
        masses, forces = mass_and_forcing(lagrangian, coordinates)
        self.d = len(coordinates)
        self.names = [*coordinates, *(velocity(name).name for name in coordinates)]
        if beside:
            forces = tuple(map(sympy.Add, forces, beside))
            self.names.append(TIME.name)
        self.compiled = integrate.compile([*masses, *forces], self.names)

    def state(self, q: ArrayLike, qd: ArrayLike) -> Array:
        """(q, q̇) side by side, (n, 2d)."""
        position, rate = np.atleast_2d(q), np.atleast_2d(qd)
        if position.shape != rate.shape or position.shape[1:] != (self.d,):
            raise InputError(
                f"q {position.shape} and qd {rate.shape} must both have the shape "
                f"(samples, {self.d})."
            )
        return np.hstack([position, rate]).astype(np.float64)

    def values(self, state: Array) -> Array:
        """M and f (n, d² + d) of the states; not finite at poles, without a warning."""
        with np.errstate(all="ignore"):
            return self.compiled(state)

    def solved(self, state: Array) -> Array:
        """q̈ (n, d) of the states; nan where it is not determined."""
        values = self.values(state)
        masses = values[:, : self.d**2].reshape(-1, self.d, self.d)
        return solve(masses, values[:, self.d**2 :, None])[:, :, 0]

    def check(self, state: Array, qdd: Array) -> None:
        """Raise `InputError`, naming the sample, where q̈ is not determined."""
        broken = ~np.isfinite(qdd).all(axis=1)
        if not broken.any():
            return
        sample = int(np.argmax(broken))
        place = ", ".join(
            f"{name} = {x:.3g}" for name, x in zip(self.names, state[sample], strict=True)
        )
        finite = np.isfinite(self.values(state[[sample]])).all()
        reason = (
            "the matrix ∂²L/∂q̇∂q̇ has no inverse there, so that the Lagrangian does not determine "
            "the motion"
            if finite
            else "the Lagrangian or its slope is not a finite number there"
        )
        raise InputError(f"sample {sample} ({place}): {reason}; leave such samples out.")
