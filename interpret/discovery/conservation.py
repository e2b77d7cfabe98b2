"""Conservation tests by chi-squared: no derivative, so noise is no obstacle."""

from __future__ import annotations

import numpy as np
import sympy

from systems.expressions import symbol
from systems.samples.trajectories import Trajectories
from training.prepare.noise import Noise, estimate
from training.prepare.stencils import Array

MOVING = 1.1
SHARE = 0.2
NOISE_LEVEL_ERROR = 0.03
MOST_EXCESS = 0.2


def conserved(trajectories: Trajectories) -> tuple[sympy.Expr | None, str]:
    """The distance that the conservation laws allow the potential to depend on, and why.

    One particle (d = 2, 3): r = |q| when its angular momentum is conserved. Two particles
    (d = 4, 6): r = |q_1 - q_2| when the total momentum and the total angular momentum are.

    chi^2/n of a quantity's deviations from its mean over each trajectory, under the noise read off
    the data, is 1 for a conserved one. The momenta themselves must move (chi^2/n > 1.1); a sum is
    conserved when its excess over 1 is under a fifth of theirs and under 0.2, or under the 3 % that
    the noise level itself is uncertain by.
    """
    noise = estimate(trajectories)
    names = trajectories.coordinates
    particles = 1 if len(names) in (2, 3) else 2
    if len(names) not in (2, 3, 4, 6):
        return None, f"noise hides the invariant, and there is no test for {len(names)} coordinates"
    moving = _momentum_chi(trajectories, noise, 1)
    if moving < MOVING:
        return None, f"the momenta change by little more than their noise (chi2/n {moving:.2f})"
    limit = 1 + min(MOST_EXCESS, max(NOISE_LEVEL_ERROR, SHARE * (moving - 1)))
    angular = _angular_chi(trajectories, noise, particles)
    if angular > limit:
        return None, f"angular momentum is not conserved (chi2/n {angular:.2f})"
    if particles == 1:
        reason = f"angular momentum is conserved (chi2/n {angular:.2f}): V depends on |q|"
        return _distance(names, None), reason
    total = _momentum_chi(trajectories, noise, particles)
    if total > limit:
        return None, f"total momentum is not conserved (chi2/n {total:.2f})"
    reason = (
        f"total momentum and angular momentum are conserved (chi2/n {total:.2f}, {angular:.2f}; "
        f"{moving:.2f} for the momenta by themselves): V depends on |q1 - q2|"
    )
    half = len(names) // 2
    return _distance(names[:half], names[half:]), reason


def _distance(first: tuple[str, ...], second: tuple[str, ...] | None) -> sympy.Expr:
    if second is None:
        return sympy.sqrt(sum(symbol(name) ** 2 for name in first))
    pairs = zip(first, second, strict=True)
    return sympy.sqrt(sum((symbol(a) - symbol(b)) ** 2 for a, b in pairs))


def _momentum_chi(trajectories: Trajectories, noise: Noise, particles: int) -> float:
    """chi^2/n of the sum of the momenta of so many particles (1: of each coordinate's own)."""
    length = len(trajectories.coordinates) // particles
    sigma = np.sqrt((noise.p.reshape(particles, length) ** 2).sum(axis=0))
    deviations = [
        _centred(item.p.reshape(-1, particles, length).sum(axis=1)) for item in trajectories
    ]
    return _chi(deviations, [np.broadcast_to(sigma, d.shape) for d in deviations])


def _angular_chi(trajectories: Trajectories, noise: Noise, particles: int) -> float:
    """chi^2/n of the total angular momentum about the origin."""
    length = len(trajectories.coordinates) // particles
    deviations = []
    sigmas = []
    for item in trajectories:
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
    """The variance of q x p under independent noise, its own square included."""
    variance = np.zeros_like(q)
    for a in range(3):
        b, c = (a + 1) % 3, (a + 2) % 3
        variance[:, a] = (
            (q[:, b] * sigma_p[:, c]) ** 2
            + (q[:, c] * sigma_p[:, b]) ** 2
            + (p[:, c] * sigma_q[:, b]) ** 2
            + (p[:, b] * sigma_q[:, c]) ** 2
            # q and p are measured, noise and all: their squares are too large by sigma^2.
            - (sigma_q[:, b] * sigma_p[:, c]) ** 2
            - (sigma_q[:, c] * sigma_p[:, b]) ** 2
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
