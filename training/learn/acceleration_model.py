"""The accelerations of a Lagrangian with named parameters, and their derivatives in closed form.

    q̈ = M⁻¹ (∂L/∂q - ∂²L/∂q̇∂q q̇),    loss(θ) = mean |q̈(q, q̇; θ) - q̈|² over all rows

A row is one coordinate of one sample. Where q̈ is affine in θ, as in the stiffness of a trap or a
product of charges, the loss is a quadratic, known everywhere from one QR decomposition.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import sympy
import torch
from numpy.typing import NDArray
from sympy import Expr

from systems import equations
from systems.errors import InputError, nearest
from systems.expressions import symbol
from systems.integrate import Field, compile
from systems.samples.phase_space import PhaseSamples
from training.solve.linear import compress

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class AccelerationModel:
    """q̈(q, q̇; θ) in d coordinates and p parameters, with ∂q̈/∂θ in closed form.

    ``affine`` says that ∂q̈/∂θ depends on no parameter. Rows are ordered sample by sample.
    """

    coordinates: tuple[str, ...]
    parameters: tuple[str, ...]
    accelerations: tuple[Expr, ...]
    affine: bool
    field: Field

    @property
    def variables(self) -> tuple[str, ...]:
        """Coordinates, velocities and parameters: what the accelerations are written in."""
        rates = (equations.velocity(name).name for name in self.coordinates)
        return (*self.coordinates, *rates, *self.parameters)

    def linearised(self, samples: PhaseSamples, theta: Array) -> tuple[Array, Array]:
        """Residuals q̈ - q̈(θ) (n d,) and design ∂q̈/∂θ (n d, p) at ``theta`` (p,).

        They are not finite where the Lagrangian is singular.
        """
        n, d, p = len(samples), len(self.coordinates), len(self.parameters)
        points = np.hstack([samples.q, samples.qd, np.broadcast_to(theta, (n, p))])
        with np.errstate(all="ignore"):
            values = self.field(points)
        residual = (samples.qdd - values[:, :d]).reshape(-1)
        return residual, values[:, d:].reshape(n * d, p)


@lru_cache(maxsize=64)
def acceleration_model(
    lagrangian: Expr, parameters: tuple[str, ...], coordinates: tuple[str, ...]
) -> AccelerationModel:
    """The accelerations of L(q, q̇; θ), derived once for each Lagrangian.

    Raises InputError when a parameter is given twice or is not in L, when L holds another symbol,
    or when it does not determine the accelerations.

    >>> q, qd, k = map(symbol, ("q", "qd", "k"))
    >>> spring = acceleration_model(qd**2 / 2 - k * q**2 / 2, ("k",), ("q",))
    >>> spring.accelerations, spring.affine
    ((-k*q,), True)
    """
    _check_names(lagrangian, parameters, coordinates)
    accelerations = equations.accelerations(lagrangian, coordinates)
    slopes = tuple(s for value in accelerations for s in equations.gradient(value, parameters))
    unknown = {symbol(name) for name in parameters}
    if any(slope.free_symbols & unknown for slope in slopes):
        # What looks nonlinear may cancel: m in both the force and the mass, say.
        slopes = tuple(map(sympy.simplify, slopes))
    affine = not any(slope.free_symbols & unknown for slope in slopes)
    rates = [equations.velocity(name).name for name in coordinates]
    field = compile([*accelerations, *slopes], [*coordinates, *rates, *parameters])
    return AccelerationModel(coordinates, parameters, accelerations, affine, field)


@dataclass(frozen=True, eq=False)
class QuadraticLoss:
    """loss(θ) = |R (θ - θ*, -1)|² / rows, R the QR factor of [A, r] at the minimum θ*.

    About its minimum nothing cancels: the valley's floor is as exact as its slopes.
    """

    minimum: Array
    factor: Array
    rows: int

    def __call__(self, theta: Array) -> Array:
        """The losses (P,) at the points ``theta`` (P, p)."""
        moved = theta - self.minimum
        # r is orthogonal to A up to round-off, but that round-off counts where r is large.
        misfit = moved @ self.factor[:, :-1].T - self.factor[:, -1]
        losses: Array = np.einsum("ij,ij->i", misfit, misfit) / self.rows
        return losses


def quadratic_loss(
    model: AccelerationModel, samples: PhaseSamples, minimum: Array
) -> QuadraticLoss:
    """The loss of an affine model in closed form, about its ``minimum`` (p,)."""
    residual, design = model.linearised(samples, minimum)
    factor = compress(torch.from_numpy(design), torch.from_numpy(residual)).numpy()
    return QuadraticLoss(minimum, factor, len(residual))


def _check_names(
    lagrangian: Expr, parameters: tuple[str, ...], coordinates: tuple[str, ...]
) -> None:
    """Raise InputError unless L is written in coordinates, velocities and these parameters."""
    rates = tuple(equations.velocity(name).name for name in coordinates)
    held = {item.name for item in lagrangian.free_symbols}
    free = sorted(held - set(coordinates) - set(rates))
    if not parameters or len(set(parameters)) < len(parameters):
        raise InputError(
            f"name the parameters to fit, each once: the Lagrangian holds {', '.join(free)}."
        )
    for name in parameters:
        if name not in free:
            raise InputError(
                f"the Lagrangian has no parameter {name!r}; it has "
                f"{', '.join(free) or 'none'}.{nearest(name, free)}"
            )
    rest = sorted(set(free) - set(parameters))
    if rest:
        raise InputError(
            f"{', '.join(rest)} must be a parameter or have a number; the coordinates are "
            f"{', '.join(coordinates)}."
        )
