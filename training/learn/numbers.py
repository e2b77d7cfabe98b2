"""The named parameters θ of a Lagrangian, read off accelerations by least squares.

Where the accelerations are affine in θ one scaled solve is the fit, and one more, on what it left
over, takes off its round-off; elsewhere Levenberg–Marquardt steps repeat it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from sympy import Expr

from systems.errors import InputError
from systems.samples.phase_space import PhaseSamples
from training.learn.acceleration_model import AccelerationModel, Array, acceleration_model
from training.learn.learned import Learned
from training.solve.linear import Scaled

WEAK = 0.1
"""A parameter whose sd exceeds this fraction of its value is said not to be identifiable."""

MOST_STEPS = 200
STARTING_DAMPING = 1e-3
LARGEST_DAMPING = 1e10
NEGLIGIBLE_STEP = 1e-14


@dataclass(frozen=True, eq=False)
class ParameterFit(Learned):
    """θ with what the rows say about it.

    ``names`` (p); ``values`` (p,); ``covariance`` (p, p) = s² (AᵀA)⁻¹, A the design, in the units
    of the parameters; ``singular_values`` (p,) of A with its columns scaled to unit length;
    ``weak_direction`` (p,), the unit vector in the parameters so scaled that the rows constrain
    least; ``sigma``, s, the root mean square of the residuals per degree of freedom, never less
    than the round-off of the terms; ``rows``.

    A parameter that no row sees has an infinite variance and undefined (nan) covariances.
    """

    names: tuple[str, ...]
    values: Array
    covariance: Array
    singular_values: Array
    weak_direction: Array
    sigma: float
    rows: int

    def state(self) -> dict[str, Any]:
        """What is kept of it in a file: the numbers by name."""
        return {"parameters": dict(zip(self.names, self.values.tolist(), strict=True))}

    @property
    def stderr(self) -> Array:
        """The standard errors (p,), valid for white noise on the accelerations."""
        deviations: Array = np.sqrt(np.diag(self.covariance))
        return deviations

    def weakest(self) -> str:
        """A line for every parameter with sd/|value| > 0.1; the empty string when there is none.

        >>> fit = ParameterFit(("k", "alpha"), np.array([1.0, 2.0]), np.diag([1e-6, 0.16]),
        ...                    np.ones(2), np.array([0.0, 1.0]), 1e-3, 2000)
        >>> fit.weakest()
        'alpha is not identifiable from this window: sd/|alpha| = 0.2'
        """
        with np.errstate(divide="ignore"):
            ratios = self.stderr / np.abs(self.values)
        return "\n".join(
            f"{name} is not identifiable from this window: sd/|{name}| = {ratio:.2g}"
            for name, ratio in zip(self.names, ratios, strict=True)
            if ratio > WEAK
        )

    def weak_combination(self) -> str:
        """The combination of parameters that the rows constrain least; "" for a single parameter.

        Each parameter counts in the unit in which it moves the accelerations as much as the others.

        >>> weak = np.array([0.8, -0.6])
        >>> fit = ParameterFit(("k", "b"), np.ones(2), np.eye(2), np.ones(2), weak, 1e-3, 2000)
        >>> fit.weak_combination()
        'the data constrain 0.8 k - 0.6 b least, each in units of the same effect on the \
accelerations'
        """
        if len(self.names) < 2:
            return ""
        pairs = zip(self.names, self.weak_direction, strict=True)
        words = " ".join(f"{'-' if part < 0 else '+'} {abs(part):.2g} {n}" for n, part in pairs)
        words = words.removeprefix("+ ").replace("- ", "-", int(words.startswith("-")))
        return (
            f"the data constrain {words} least, each in units of the same effect on the "
            f"accelerations"
        )


def fit_parameters(
    lagrangian: Expr,
    parameters: Sequence[str],
    samples: PhaseSamples,
    *,
    start: ArrayLike | None = None,
) -> ParameterFit:
    """θ = argmin mean |q̈(q, q̇; θ) - q̈|².

    Affine accelerations need one scaled solve and one refinement; others are solved by
    Levenberg–Marquardt steps from ``start`` (p,), by default all ones.

    Raises InputError for parameters that are not in L, too few samples, samples at a singularity,
    and steps that do not settle.

    >>> from systems.expressions import symbol
    >>> q, qd, k = map(symbol, ("q", "qd", "k"))
    >>> points = PhaseSamples(("q",), [[1.0], [2.0]], [[0.0], [0.0]], [[-3.0], [-6.0]])
    >>> fit_parameters(qd**2 / 2 - k * q**2 / 2, ["k"], points).values
    array([3.])
    """
    model = acceleration_model(lagrangian, tuple(parameters), samples.coordinates)
    theta = np.ones(len(parameters)) if start is None else np.array(start, dtype=float)
    rows = samples.qdd.size
    if theta.shape != (len(parameters),):
        raise InputError(f"start must hold {len(parameters)} numbers, not {theta.tolist()}.")
    if rows <= len(parameters):
        raise InputError(
            f"{rows} accelerations cannot fix {len(parameters)} parameters and their error bars; "
            f"draw more samples."
        )
    theta = _solved(model, samples, theta) if model.affine else _descended(model, samples, theta)
    return _judged(model, samples, theta)


def _scaled(design: Array) -> Scaled:
    return Scaled.of(torch.from_numpy(design))


def _step(scaled: Scaled, residual: Array, damping: float = 0.0) -> Array:
    return scaled.solve(torch.from_numpy(residual), damping).numpy()


def _solved(model: AccelerationModel, samples: PhaseSamples, theta: Array) -> Array:
    """The solution of an affine model, once refined.

    What a solution leaves over is taken in extended precision where the machine has it: in double,
    the rounding of k q repeats from row to row, and counts where little else tells α.
    """
    rows, design = _finite(*model.linearised(samples, np.zeros_like(theta)), samples)
    scaled = _scaled(design)
    long_design = design.astype(np.longdouble)
    solution = theta.astype(np.longdouble)
    for _ in range(2):
        residual = (rows - long_design @ solution).astype(float)
        solution = solution + _step(scaled, residual)
    return solution.astype(float)


def _descended(model: AccelerationModel, samples: PhaseSamples, theta: Array) -> Array:
    """Levenberg–Marquardt: the damping falls after a step that helps, else it grows."""
    damping = STARTING_DAMPING
    residual, design = _finite(*model.linearised(samples, theta), samples)
    for _ in range(MOST_STEPS):
        scaled = _scaled(design)
        while True:
            step = _step(scaled, residual, damping)
            tried, slopes = model.linearised(samples, theta + step)
            # A trial beyond a singularity has no finite loss, and so does not help either.
            finite = np.isfinite(tried).all() and np.isfinite(slopes).all()
            if finite and tried @ tried < residual @ residual:
                break
            damping *= 10
            if damping > LARGEST_DAMPING:
                # No step, however short, helps: this is the minimum to round-off.
                return theta
        theta, residual, design = theta + step, tried, slopes
        damping /= 10
        if np.linalg.norm(step) <= NEGLIGIBLE_STEP * np.linalg.norm(theta):
            return theta
    raise InputError(
        f"the fit has not settled after {MOST_STEPS} steps, at "
        f"{', '.join(f'{n} = {x:g}' for n, x in zip(model.parameters, theta, strict=True))}; "
        f"try another start."
    )


def _judged(model: AccelerationModel, samples: PhaseSamples, theta: Array) -> ParameterFit:
    """The fit at its solution, with the covariance s² (AᵀA)⁻¹."""
    residual, design = _finite(*model.linearised(samples, theta), samples)
    scaled = _scaled(design)
    misfit = np.linalg.norm(residual) / np.sqrt(len(residual) - scaled.rank)
    # Terms that cancel leave their round-off in the rows, whatever the residual happens to be.
    round_off = np.finfo(float).eps * np.linalg.norm(design * theta) / np.sqrt(len(residual))
    sigma = float(max(misfit, round_off))
    weak = scaled.weak_direction.numpy()
    return ParameterFit(
        model.parameters,
        theta,
        scaled.covariance(sigma**2).numpy(),
        scaled.singular.numpy(),
        weak * np.sign(weak[np.argmax(np.abs(weak))]),
        sigma,
        len(residual),
    )


def _finite(residual: Array, design: Array, samples: PhaseSamples) -> tuple[Array, Array]:
    """The same arrays; raises InputError when a row of them is not finite."""
    broken = ~(np.isfinite(residual) & np.isfinite(design).all(axis=1))
    if broken.any():
        sample = int(np.argmax(broken)) // samples.dimension
        raise InputError(
            f"the Lagrangian is singular or not real at sample {sample}, "
            f"q = {samples.q[sample].tolist()}; leave such samples out, or try another start."
        )
    return residual, design
