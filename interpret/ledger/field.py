"""All candidates' forces at many points at once, with the slopes that tangents need."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import sympy
from numpy.typing import NDArray
from sympy import Expr, Symbol

from interpret.ledger.candidates import Candidates
from systems import integrate
from systems.equations import velocity
from systems.expressions import differentiate
from systems.forces import TIME, softened

Array = NDArray[np.float64]

DRY: Final = 0.03
"""Dry friction turns over within this part of the rms speed: v/|v| is v/√(v² + ε²)."""

TINY: Final = 1e-6
"""The same, where a power of the speed has a value at rest but its slope has none."""


@dataclass(frozen=True)
class Forces:
    """At S points: the total acceleration (S, d), its slopes by (q, q̇) (S, d, 2d), and the
    acceleration per unit of every coefficient and inner constant (S, d, P + N)."""

    total: Array
    slopes: Array
    columns: Array


@dataclass(frozen=True)
class Field:
    """Σ_k c_k a_k(q, q̇, t) of candidates; `speed` is the rms of |q̇|, the scale of dry friction."""

    candidates: Candidates
    speed: float

    def __call__(self, state: Array, t: Array, coefficients: Array, inner: Array) -> Forces:
        """The forces at states (S, 2d) and times t (S,), or moments (S, 1 + k): with k signals."""
        d, points = self.candidates.dimension, len(t)
        constants = np.concatenate([coefficients, inner])
        given = np.broadcast_to(constants, (points, len(constants)))
        # Where a law has run off, or a constant is out of bounds, there are no numbers.
        with np.errstate(all="ignore"):
            values = self._compiled(np.column_stack([state, t, given]))
        terms, inside = len(coefficients), len(inner)
        columns, slopes, within = np.split(values, np.cumsum([terms * d, 2 * d * d]), axis=1)
        columns = columns.reshape(points, terms, d)
        total = np.einsum("k,skd->sd", coefficients, columns)
        whole = np.concatenate([columns, within.reshape(points, inside, d)], axis=1)
        return Forces(total, slopes.reshape(points, d, 2 * d), whole.transpose(0, 2, 1))

    @cached_property
    def _compiled(self) -> integrate.Field:
        known = self.candidates
        names = known.coordinates
        state = [*names, *(velocity(name).name for name in names)]
        weights = [Symbol(f"_c{k}") for k in range(len(known))]
        accelerations = [[self._smooth(a) for a in item.acceleration] for item in known]
        total = [
            sympy.Add(*(c * a[i] for c, a in zip(weights, accelerations, strict=True)))
            for i in range(len(names))
        ]
        slopes = [self._safe(differentiate(a, x)) for a in total for x in state]
        within = [differentiate(a, constant) for constant in known.inner for a in total]
        flat = [a for item in accelerations for a in item]
        return integrate.compile(
            [*flat, *slopes, *within], [*state, TIME, *known.signals, *weights, *known.inner]
        )

    def _smooth(self, expr: Expr) -> Expr:
        """An acceleration with its jumps at rest made steep slopes: v/|v| is v/√(v² + ε²)."""
        return softened(expr, self.candidates.coordinates, DRY * self.speed)

    def _safe(self, expr: Expr) -> Expr:
        """A slope that has a value at rest: no root of a speed of zero is divided by."""
        rates = {velocity(name) for name in self.candidates.coordinates}
        tiny = sympy.Float((TINY * self.speed) ** 2)

        def apart(base: Expr, exponent: Expr) -> Expr:
            if exponent.is_integer or not base.free_symbols or base.free_symbols - rates:
                return base**exponent
            return (base + tiny) ** exponent

        return expr.replace(sympy.Pow, apart)
