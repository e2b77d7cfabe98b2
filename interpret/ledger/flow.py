"""Short segments of many motions, integrated side by side with their tangents.

    ẏ = (v, a(y, t)),    ż = [[0, 1], ∂a/∂y] z + (0, ∂a/∂c),    y = (q, v)

z holds ∂y/∂(initial state, coefficients, inner constants).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from interpret.ledger.field import Forces

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Tableau:
    """An explicit Runge–Kutta method: k_s = f(y + h Σ a_sj k_j, t + c_s h), y + h Σ b_s k_s.

    So many `steps` of it are made from one time to the next.
    """

    a: Array
    b: Array
    c: Array
    steps: int = 1


RK4: Final = Tableau(
    np.array([[0, 0, 0, 0], [0.5, 0, 0, 0], [0, 0.5, 0, 0], [0, 0, 1.0, 0]]),
    np.array([1, 2, 2, 1]) / 6,
    np.array([0, 0.5, 0.5, 1]),
)


def eighth_order() -> Tableau:
    """Dormand and Prince's method of order eight, without its step control."""
    from scipy.integrate import DOP853

    return Tableau(DOP853.A[:12, :12], DOP853.B[:12], DOP853.C[:12])


@dataclass(frozen=True)
class Parameters:
    """What a law is made of: a coefficient of every candidate (P,), and inner constants (N,)."""

    coefficients: Array
    inner: Array

    def moved(self, step: Array) -> Parameters:
        """Both, moved by a step (P + N,)."""
        count = len(self.coefficients)
        return Parameters(self.coefficients + step[:count], self.inner + step[count:])

    @property
    def size(self) -> int:
        """P + N."""
        return len(self.coefficients) + len(self.inner)


class Field(Protocol):
    """Accelerations that are linear in forces or masses: `interpret.ledger.field.Field`, say."""

    def __call__(self, state: Array, t: Array, coefficients: Array, inner: Array) -> Forces:
        """Those at states (S, 2d) and moments (S,) or (S, 1 + k), with their slopes."""
        ...


Clock = Callable[[Array], Array]
"""Times (S,) -> moments (S, 1 + k): with the k signals of each segment then."""


def flow(
    field: Field,
    starts: Array,
    times: Array,
    law: Parameters,
    method: Tableau,
    clock: Clock = np.asarray,
) -> tuple[Array, Array]:
    """States (S, m + 1, 2d) and tangents (S, m + 1, 2d, 2d + P + N) of S segments.

    `starts` (S, 2d) hold at the first of the `times` (S, m + 1), which every step goes between;
    the `clock` adds to times what else was measured.

    >>> from interpret.ledger.candidates import Candidates
    >>> from interpret.ledger import field
    >>> from systems.expressions import symbol
    >>> spring = Candidates(("q",), (1.0,)).with_terms("potential", [symbol("q") ** 2 / 2])
    >>> times = np.linspace(0, 1, 11)[None]
    >>> one = Parameters(np.ones(1), np.zeros(0))
    >>> path, tangent = flow(field.Field(spring, 1.0), np.array([[1.0, 0.0]]), times, one, RK4)
    >>> bool(np.allclose(path[0, -1], [np.cos(1), -np.sin(1)], atol=1e-6))
    True
    >>> tangent.shape
    (1, 11, 2, 3)
    """
    segments, size = starts.shape
    d = size // 2
    path = np.empty((segments, times.shape[1], size))
    tangents = np.empty((segments, times.shape[1], size, size + law.size))
    y, z = starts, np.zeros((segments, size, size + law.size))
    z[:, np.arange(size), np.arange(size)] = 1.0
    path[:, 0], tangents[:, 0] = y, z
    rates, growth = (np.empty((len(method.b), *item.shape)) for item in (y, z))
    for step in range(1, (times.shape[1] - 1) * method.steps + 1):
        sample, part = divmod(step - 1, method.steps)
        h = (times[:, sample + 1] - times[:, sample]) / method.steps
        for stage, (row, fraction) in enumerate(zip(method.a, method.c, strict=True)):
            here, grown = _along(y, rates, h, row[:stage]), _along(z, growth, h, row[:stage])
            now = clock(times[:, sample] + (part + fraction) * h)
            forces = field(here, now, law.coefficients, law.inner)
            rates[stage, :, :d], rates[stage, :, d:] = here[:, d:], forces.total
            growth[stage, :, :d] = grown[:, d:]
            np.matmul(forces.slopes, grown, out=growth[stage, :, d:])
            growth[stage, :, d:, size:] += forces.columns
        y, z = _along(y, rates, h, method.b), _along(z, growth, h, method.b)
        path[:, sample + 1], tangents[:, sample + 1] = y, z
    return path, tangents


def _along(start: Array, rates: Array, h: Array, weights: Array) -> Array:
    """A state (S, ...), moved for times h (S,) by the weighted sum of rates (s, S, ...)."""
    some = np.flatnonzero(weights)
    if not len(some):
        return start
    used = slice(some[0], some[-1] + 1)
    moved = weights[used] @ rates[used].reshape(used.stop - used.start, -1)
    moved = moved.reshape(start.shape)
    moved *= h.reshape(-1, *(1,) * (start.ndim - 1))
    moved += start
    return moved
