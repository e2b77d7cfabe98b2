"""A motion and its tangents by Runge–Kutta 4, all trajectories side by side.

The tangents T = ∂(q, p)/∂(initial state, coefficients) obey a linear equation along the motion,

    dT_q/dt = T_p/m,     dT_p/dt = -V'' T_q - ∂φ_k/∂q,

whose matrices are known there: they are worked out at all places at once, and the steps may be
longer than the motion's own.

Source: E. Hairer, S. Nørsett, G. Wanner, "Solving Ordinary Differential Equations I", section I.14.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from training.prepare.stencils import Array


def runge_kutta(
    rate: Callable[[Array], Array], start: Array, lengths: Array, steps: int
) -> tuple[Array, Array]:
    """States and rates at every node, (steps + 1, R, c) each, in steps of lengths (R,).

    >>> path, _ = runge_kutta(lambda y: -y, np.ones((1, 1)), np.array([0.1]), 10)
    >>> bool(abs(path[-1, 0, 0] - np.exp(-1)) < 1e-6)
    True
    """
    h = lengths[:, None]
    path = np.empty((steps + 1, *start.shape))
    rates = np.empty_like(path)
    path[0], rates[0] = start, rate(start)
    for k in range(steps):
        state, one = path[k], rates[k]
        two = rate(state + h / 2 * one)
        three = rate(state + h / 2 * two)
        four = rate(state + h * three)
        path[k + 1] = state + h / 6 * (one + 2 * two + 2 * three + four)
        rates[k + 1] = rate(path[k + 1])
    return path, rates


def halfway(path: Array, rates: Array, lengths: Array, stride: int) -> Array:
    """The nodes of steps `stride` times as long, and the places halfway, one after the other.

    Halfway along a single step lies the cubic's value there.
    """
    if stride > 1:
        return path[:: stride // 2]
    places = np.empty((2 * len(path) - 1, *path.shape[1:]))
    places[::2] = path
    bent = lengths[:, None] / 8 * (rates[:-1] - rates[1:])
    places[1::2] = (path[:-1] + path[1:]) / 2 + bent
    return places


def along(curvature: Array, pull: Array, mass: Array, lengths: Array) -> tuple[Array, Array]:
    """Tangents at the nodes of a motion and their rates, (N + 1, R, 2d, 2d + K) each.

    From -V'' (2N + 1, R, d, d) and the terms' forces (2N + 1, R, d, K) at the nodes and halfway.

    >>> bent, none = -np.ones((21, 1, 1, 1)), np.zeros((21, 1, 1, 0))
    >>> tangents, _ = along(bent, none, np.ones(1), np.array([0.1]))
    >>> bool(abs(tangents[-1, 0, 0, 0] - np.cos(1.0)) < 1e-6)
    True
    """
    places, runs, d, terms = pull.shape
    h = lengths[:, None, None]
    per_mass = 1 / mass[:, None]
    tangents = np.zeros((places // 2 + 1, runs, 2 * d, 2 * d + terms))
    rates = np.empty_like(tangents)
    tangents[0, :, range(2 * d), range(2 * d)] = 1.0

    def rate(place: int, tangent: Array, out: Array) -> Array:
        np.multiply(tangent[:, d:], per_mass, out=out[:, :d])
        np.matmul(curvature[place], tangent[:, :d], out=out[:, d:])
        out[:, d:, 2 * d :] += pull[place]
        return out

    two, three, four = np.empty((3, *tangents.shape[1:]))
    rate(0, tangents[0], rates[0])
    for k in range(len(tangents) - 1):
        now, one = tangents[k], rates[k]
        rate(2 * k + 1, now + h / 2 * one, two)
        rate(2 * k + 1, now + h / 2 * two, three)
        rate(2 * k + 2, now + h * three, four)
        tangents[k + 1] = now + h / 6 * (one + 2 * (two + three) + four)
        rate(2 * k + 2, tangents[k + 1], rates[k + 1])
    return tangents, rates
