"""What the couplings of a known potential are: its Taylor tensor, and its projection on a basis.

The first is local, and is far from the best polynomial of a wide window; the second is what least
squares tends to with more and more samples of the forces.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from math import factorial, prod

import numpy as np
import sympy
import torch
from numpy.typing import ArrayLike, NDArray
from sympy import Expr
from torch import Tensor

from interpret.discovery.symmetry import Group
from interpret.reading.couplings.couplings import Couplings
from systems import equations
from systems.errors import InputError
from systems.expressions import differentiate, symbol
from systems.integrate import compile
from systems.samples.phase_space import Window
from training.bases.basis import Basis
from training.bases.box import Box
from training.solve.linear import solve

Array = NDArray[np.float64]
NODES = 80
DIGITS = 30


def taylor_truth(
    potential: Expr,
    coordinates: Sequence[str],
    center: ArrayLike,
    scale: ArrayLike = 1.0,
    *,
    order: int | None = None,
    box: int | None = None,
) -> Couplings:
    """c_ij = scale^(i+j) ∂^(i+j)V/∂q0^i∂q1^j / (i! j!) at the center, by sympy.

    Of all i + j <= `order`, or of all i, j <= `box`. For α/(q0 - q1) about (a, -a) in units of 1,
    c_ij = α (-1)^i C(i+j, i) / (2a)^(i+j+1).

    Raises InputError unless one of `order` and `box` is given, and where the potential holds
    another symbol or has no Taylor series at the center, as |q0 - q1| at q0 = q1.

    >>> q0, q1 = symbol("q0"), symbol("q1")
    >>> distance = sympy.sqrt((q0 - q1) ** 2)
    >>> taylor_truth(1 / distance, ("q0", "q1"), (0.5, -0.5), order=2).tensor
    array([[ 1.,  1.,  1.],
           [-1., -2.,  0.],
           [ 1.,  0.,  0.]])
    """
    if (order is None) == (box is None):
        raise InputError("a Taylor tensor is taken to an order, or in a box of orders: name one.")
    highest = order if order is not None else box
    assert highest is not None, "one of the two is given"
    names = tuple(coordinates)
    middle = np.asarray(center, dtype=float)
    at = dict(zip(map(symbol, names), (sympy.Float(c, DIGITS) for c in middle), strict=True))
    _check_known(potential, names)
    derivatives = {(0,) * len(names): _smooth(potential, at)}
    tensor = np.zeros((highest + 1,) * len(names))
    for orders in np.ndindex(tensor.shape):
        if order is not None and sum(orders) > order:
            continue
        if any(orders):
            # One derivative more than an entry that came before.
            axis = next(a for a, m in enumerate(orders) if m)
            below = tuple(m - (a == axis) for a, m in enumerate(orders))
            derivatives[orders] = differentiate(derivatives[below], names[axis])
        value = derivatives[orders].xreplace(at).evalf(DIGITS)
        if not value.is_finite:
            raise InputError(f"{potential} has no Taylor series at {tuple(middle.tolist())}.")
        tensor[orders] = float(value / prod(map(factorial, orders)))
    return Couplings(tensor, middle, np.ones(len(names)), names).in_units(scale)


@dataclass(frozen=True, eq=False)
class Projection:
    """The best approximation of a potential in a basis, best in the mean square of the forces.

    `coefficients` c* (K,); `metric` R (K, K) with |R c|² = <|∂(sum_k c_k φ_k)|²> over the window;
    `norm`, the root mean square of |∂V|; `floor`, the relative error of the forces that the basis
    cannot go below. Coefficients are those of the `basis`; `couplings` are the same polynomial.
    """

    basis: Box
    coordinates: tuple[str, ...]
    coefficients: Tensor
    metric: Tensor
    norm: float
    floor: float

    @property
    def couplings(self) -> Couplings:
        """c* as powers of z."""
        return Couplings.of(self.basis, self.coefficients.numpy(), self.coordinates)

    def distance(self, coefficients: ArrayLike | Couplings) -> float:
        """|R (c - c*)| / |R c*|: the relative difference of the two forces."""
        return self._apart(coefficients) / float((self.metric @ self.coefficients).norm())

    def error(self, coefficients: ArrayLike | Couplings) -> float:
        """<|∂V - ∂(sum_k c_k φ_k)|²>^(1/2) / <|∂V|²>^(1/2): never less than the floor.

        What the basis cannot express is orthogonal to it, so that the two errors add as squares.
        """
        return float(np.hypot(self.floor, self._apart(coefficients) / self.norm))

    def _apart(self, coefficients: ArrayLike | Couplings) -> float:
        if isinstance(coefficients, Couplings):
            coefficients = coefficients.coefficients(self.basis)
        other = torch.as_tensor(np.asarray(coefficients, dtype=float))
        if other.shape != self.coefficients.shape:
            raise InputError(
                f"the basis has {self.basis.size} coefficients, not {tuple(other.shape)}."
            )
        return float((self.metric @ (other - self.coefficients)).norm())


def projected_truth(
    potential: Expr,
    window: Window,
    basis: Box,
    coordinates: Sequence[str] = ("q0", "q1"),
    nodes: int = NODES,
) -> Projection:
    """The projection of V on a box in the metric <∂f·∂g> of a window of two particles on a line.

    The mean is over the window without its gap, and without the other side where it is ordered,
    by Gauss–Legendre quadrature. The window is cut along r = q0 - q1 at the gap's edges and where
    the diagonal passes its corners, so that each piece is smooth.

    Raises InputError for other windows and for a potential with other symbols.

    >>> window = Window("", (0.4, -0.4), 0.7, ordered=True)
    >>> box = Box.coupling(window.center, window.width / 2, highest=2)
    >>> found = projected_truth(symbol("q0") * symbol("q1") ** 2, window, box, nodes=6)
    >>> found.floor < 1e-12, found.couplings.tensor.round(9)[1, 2]
    (True, np.float64(0.042875))
    """
    names = tuple(coordinates)
    if len(window.center) != 2 or window.dimension != 1 or len(names) != 2:
        raise InputError("the projection is taken for two particles on a line alone.")
    _check_known(potential, names)
    q, weights = quadrature(window, nodes)
    slopes = compile(equations.gradient(potential, names), names)(q)
    root = torch.from_numpy(np.repeat(np.sqrt(weights / weights.sum()), 2))
    design = root[:, None] * force_design(basis, q)
    truth = root * torch.from_numpy(-slopes.reshape(-1))
    solution = solve(design, truth)
    norm = float(truth.norm())
    metric = torch.linalg.qr(design, mode="r").R
    return Projection(basis, names, solution.coefficients, metric, norm, solution.residual / norm)


def quadrature(window: Window, nodes: int = NODES) -> tuple[Array, Array]:
    """Points q (m, 2) of the window and their weights (m,), which add up to its area.

    >>> both, one = Window("", (0.0, 0.0), 2.0, 0.1), Window("", (0.0, 0.0), 2.0, 0.1, ordered=True)
    >>> [round(float(quadrature(window, 20)[1].sum()), 12) for window in (both, one)]
    [3.61, 1.805]
    """
    center = np.array(window.center)
    middle, half = center[0] - center[1], window.width / 2
    low, high = middle - 2 * half, middle + 2 * half
    if window.ordered:
        low = max(low, 0.0)
    cuts = {low, high, *(x for x in (middle, -window.gap, window.gap) if low < x < high)}
    t, w = np.polynomial.legendre.leggauss(nodes)
    points, weights = [], []
    for start, end in itertools.pairwise(sorted(cuts)):
        if abs(start + end) / 2 < window.gap:
            continue
        r = (start + end) / 2 + (end - start) / 2 * t
        # For each r, (q0 + q1)/2 runs over what the square leaves of it.
        reach = half - np.abs(r - middle) / 2
        mean = center.mean() + reach[:, None] * t
        points.append(np.stack([mean + r[:, None] / 2, mean - r[:, None] / 2], axis=2))
        weights.append((end - start) / 2 * w[:, None] * reach[:, None] * w)
    if not points:
        raise InputError(
            f"nothing of the window is left by a gap of {window.gap:g}; choose a smaller gap."
        )
    return np.concatenate([p.reshape(-1, 2) for p in points]), np.concatenate(weights, axis=None)


def force_design(basis: Basis, q: Array) -> Tensor:
    """-∂φ_k/∂q_a at the points q (n, d), one row a point and coordinate: (n d, K).

    >>> box = Box.coupling((0.0, 0.0), 1.0, highest=1, kind="monomial")  # z_1, z_0, z_0 z_1
    >>> (force_design(box, np.array([[2.0, 5.0]])) + 0.0).tolist()
    [[0.0, -1.0, -5.0], [-1.0, 0.0, -2.0]]
    """
    with torch.no_grad():
        gradients = basis.gradients(torch.from_numpy(np.array(q, dtype=float)))
    return -gradients.reshape(-1, basis.size)


def fitted(basis: Box, q: Array, force: Array, group: Group | None = None) -> Tensor:
    """c of the potential whose forces -∂V come nearest to `force` (n, d) in least squares: (K,).

    With a `group` only its symmetric combinations are fitted, 44 instead of 80 on one side of the
    diagonal. The coupling's own forces are m q̈ less those of the trap.

    >>> box = Box.coupling((0.0, 0.0), 1.0, highest=1, kind="monomial")
    >>> q = np.random.default_rng(0).uniform(-1, 1, (9, 2))
    >>> fitted(box, q, -3 * q[:, ::-1]).abs().round(decimals=12).tolist()  # V = 3 q0 q1
    [0.0, 0.0, 3.0]
    """
    design = force_design(basis, q)
    truth = torch.from_numpy(np.array(force, dtype=float).reshape(-1))
    if group is None:
        return solve(design, truth).coefficients
    symmetric = torch.from_numpy(group.invariants(basis.orders))
    return symmetric @ solve(design @ symmetric, truth).coefficients


def _smooth(potential: Expr, at: dict[sympy.Symbol, Expr]) -> Expr:
    """V with every |u|, also as sqrt(u²), written as u or -u, whichever it is near the center."""
    real = {x: sympy.Dummy(x.name, real=True) for x in at}
    plain = {dummy: x for x, dummy in real.items()}

    def signed(inside: Expr) -> Expr:
        value = inside.xreplace(plain).xreplace(at)
        if value == 0:
            raise InputError(f"{potential} is not smooth where {inside.xreplace(plain)} = 0.")
        return inside if value > 0 else -inside

    return potential.xreplace(real).replace(sympy.Abs, signed).xreplace(plain)


def _check_known(potential: Expr, names: tuple[str, ...]) -> None:
    strangers = sorted(str(item) for item in potential.free_symbols - set(map(symbol, names)))
    if strangers:
        raise InputError(
            f"the potential {potential} must be one of {', '.join(names)} alone; put in numbers "
            f"for {', '.join(strangers)}, or what it is in the coordinates."
        )
