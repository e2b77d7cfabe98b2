"""Conservation tests by chi-squared: no derivative, so noise is no obstacle."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from interpret.discovery.naming import particles
from systems.samples.trajectories import Trajectories
from training.prepare.noise import Noise, estimate
from training.prepare.stencils import Array

MOVING = 1.1
SHARE = 0.2
NOISE_LEVEL_ERROR = 0.03
MOST_EXCESS = 0.2


def conserved(trajectories: Trajectories) -> tuple[tuple[tuple[str, ...], ...], str]:
    """The particles on whose distances the conservation laws allow the potential to depend alone.

    One particle (d = 2, 3): on |q|, when its angular momentum is conserved. Several: on the
    distances of all pairs, when the total momentum and the total angular momentum are. Returned are
    the coordinates of each particle, none where that is not so, and why.

    chi^2/n of a quantity's deviations from its mean over each trajectory, under the noise read off
    the data, is 1 for a conserved one. The momenta themselves must move (chi^2/n > 1.1); a sum is
    conserved when its excess over 1 is under a fifth of theirs and under 0.2, or under the 3 % that
    the noise level itself is uncertain by.
    """
    noise = estimate(trajectories)
    names = trajectories.coordinates
    bodies = (names,) if len(names) in (2, 3) else particles(names)
    if not bodies:
        return (), f"noise hides the invariant, and there is no test for {len(names)} coordinates"
    columns = [[names.index(name) for name in body] for body in bodies]
    moving = _momentum_chi(trajectories, noise, [[k] for k in range(len(names))])
    if moving < MOVING:
        return (), f"the momenta change by little more than their noise (chi2/n {moving:.2f})"
    limit = 1 + min(MOST_EXCESS, max(NOISE_LEVEL_ERROR, SHARE * (moving - 1)))
    angular = _angular_chi(trajectories, noise, columns)
    if angular > limit:
        return (), f"angular momentum is not conserved (chi2/n {angular:.2f})"
    if len(bodies) == 1:
        return bodies, f"angular momentum is conserved (chi2/n {angular:.2f}): V depends on |q|"
    total = _momentum_chi(trajectories, noise, [list(axis) for axis in zip(*columns, strict=True)])
    if total > limit:
        return (), f"total momentum is not conserved (chi2/n {total:.2f})"
    distances = "|q1 - q2|" if len(bodies) == 2 else "the distances of all pairs"
    return bodies, (
        f"total momentum and angular momentum are conserved (chi2/n {total:.2f}, {angular:.2f}; "
        f"{moving:.2f} for the momenta by themselves): V depends on {distances}"
    )


def _momentum_chi(trajectories: Trajectories, noise: Noise, sums: Sequence[Sequence[int]]) -> float:
    """chi^2/n of the sums of the momenta of these columns, each about its mean."""
    sigma = np.array([np.sqrt((noise.p[list(some)] ** 2).sum()) for some in sums])
    _, _, p, group = trajectories.stack()
    total = np.stack([p[:, list(some)].sum(axis=1) for some in sums], axis=1)
    return _chi(total, sigma, group)


def _angular_chi(
    trajectories: Trajectories, noise: Noise, bodies: Sequence[Sequence[int]]
) -> float:
    """chi^2/n of the total angular momentum about the origin of particles with these columns."""
    _, q, p, group = trajectories.stack()
    total = np.zeros((len(q), 3))
    variance = np.zeros((len(q), 3))
    for body in bodies:
        part = list(body)
        place, momentum = _three(q[:, part]), _three(p[:, part])
        sigma_q, sigma_p = _three(noise.q[None, part]), _three(noise.p[None, part])
        total += np.cross(place, momentum)
        variance += _cross_variance(place, sigma_q, momentum, sigma_p)
    # In a plane only the third component moves.
    kept = slice(2, 3) if len(bodies[0]) == 2 else slice(0, 3)
    return _chi(total[:, kept], np.sqrt(variance[:, kept]), group)


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


def _chi(values: Array, sigma: Array, group: NDArray[np.intp]) -> float:
    """The mean square of values (n, k) about their mean over each trajectory, over σ²."""
    starts = np.flatnonzero(np.diff(group, prepend=-1))
    counts = np.diff(starts, append=len(group))[:, None]
    means = np.add.reduceat(values, starts, axis=0) / counts
    return float((((values - means[group]) / np.maximum(sigma, 1e-300)) ** 2).mean())
