"""Conservation tests by chi-squared: no derivative, so noise is no obstacle."""

from __future__ import annotations

import numpy as np
import sympy

from systems.data import Trajectories
from systems.expressions import symbol
from training.noise import Noise, estimate
from training.stencils import Array

CONSERVED = 1.2
MOVING = 2.0
ADVICE = "give the distance yourself, e.g. --features 'r=sqrt(x**2+y**2)'"


def conserved(trajectories: Trajectories) -> tuple[sympy.Expr | None, str]:
    """The distance that the conservation laws allow the potential to depend on, and why.

    One particle (d = 2, 3): r = |q| when its angular momentum is conserved. Two particles
    (d = 4, 6): r = |q_1 - q_2| when the total momentum and the total angular momentum are. A
    quantity is conserved when chi^2/n of its deviations from its mean over each trajectory, under
    the noise read off the data, is below 1.2, while the momenta themselves move (chi^2/n > 2).
    """
    noise = estimate(trajectories)
    dimension = len(trajectories.coordinates)
    if not _moving(trajectories, noise):
        return None, f"the momenta change by no more than their noise; {ADVICE}"
    if dimension in (2, 3):
        angular = _angular_chi(trajectories, noise, particles=1)
        if angular < CONSERVED:
            reason = f"angular momentum is conserved (chi2/n {angular:.2f}): V depends on |q|"
            return _distance(trajectories.coordinates, None), reason
        return None, f"angular momentum is not conserved (chi2/n {angular:.1f}); {ADVICE}"
    if dimension in (4, 6):
        total = _momentum_chi(trajectories, noise)
        angular = _angular_chi(trajectories, noise, particles=2)
        if max(total, angular) < CONSERVED:
            reason = (
                f"total momentum and angular momentum are conserved (chi2/n {total:.2f}, "
                f"{angular:.2f}): V depends on |q1 - q2|"
            )
            half = dimension // 2
            return _distance(
                trajectories.coordinates[:half], trajectories.coordinates[half:]
            ), reason
        return None, f"momentum or angular momentum is not conserved; {ADVICE}"
    return (
        None,
        f"noise hides the invariant and there is no test for {dimension} coordinates; {ADVICE}",
    )


def _distance(first: tuple[str, ...], second: tuple[str, ...] | None) -> sympy.Expr:
    if second is None:
        return sympy.sqrt(sum(symbol(name) ** 2 for name in first))
    pairs = zip(first, second, strict=True)
    return sympy.sqrt(sum((symbol(a) - symbol(b)) ** 2 for a, b in pairs))


def _moving(trajectories: Trajectories, noise: Noise) -> bool:
    deviations = [_centred(item.p) for item in trajectories]
    return _chi(deviations, [np.broadcast_to(noise.p, d.shape) for d in deviations]) > MOVING


def _momentum_chi(trajectories: Trajectories, noise: Noise) -> float:
    half = len(trajectories.coordinates) // 2
    sigma = np.hypot(noise.p[:half], noise.p[half:])
    deviations = [_centred(item.p[:, :half] + item.p[:, half:]) for item in trajectories]
    return _chi(deviations, [np.broadcast_to(sigma, d.shape) for d in deviations])


def _angular_chi(trajectories: Trajectories, noise: Noise, particles: int) -> float:
    deviations = []
    sigmas = []
    for item in trajectories:
        length = len(trajectories.coordinates) // particles
        total = np.zeros((len(item.t), 3))
        variance = np.zeros((len(item.t), 3))
        for k in range(particles):
            part = slice(k * length, (k + 1) * length)
            q, p = _three(item.q[:, part]), _three(item.p[:, part])
            sigma_q, sigma_p = _three(noise.q[None, part]), _three(noise.p[None, part])
            total += np.cross(q, p)
            variance += _cross_variance(q, sigma_q, p, sigma_p)
        # In a plane only the third component moves.
        kept = slice(2, 3) if length == 2 else slice(0, 3)
        deviations.append(_centred(total[:, kept]))
        sigmas.append(np.sqrt(variance[:, kept]))
    return _chi(deviations, sigmas)


def _cross_variance(q: Array, sigma_q: Array, p: Array, sigma_p: Array) -> Array:
    """The variance of q x p under independent noise."""
    variance = np.zeros_like(q)
    for a in range(3):
        b, c = (a + 1) % 3, (a + 2) % 3
        variance[:, a] = (
            (q[:, b] * sigma_p[:, c]) ** 2
            + (q[:, c] * sigma_p[:, b]) ** 2
            + (p[:, c] * sigma_q[:, b]) ** 2
            + (p[:, b] * sigma_q[:, c]) ** 2
        )
    return variance


def _three(values: Array) -> Array:
    """Pad vectors of the plane to three components."""
    missing = 3 - values.shape[1]
    return np.pad(values, ((0, 0), (0, missing)))


def _centred(values: Array) -> Array:
    centred: Array = values - values.mean(axis=0)
    return centred


def _chi(deviations: list[Array], sigmas: list[Array]) -> float:
    squares = [(d / np.maximum(s, 1e-300)) ** 2 for d, s in zip(deviations, sigmas, strict=True)]
    return float(np.concatenate(squares).mean())
