"""Integrate a law with its sensitivities, and compare it with the raw trajectories."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from interpret.refinement.hermite import Windows, windows
from interpret.select.library import Library
from systems.samples.trajectories import Trajectories
from training.features import Features
from training.prepare.stencils import Array

FEWEST_STEPS = 64
MOST_STEPS = 16384
HOPELESS_STEPS = 1024
STEPS_A_SAMPLE = 4
INTEGRATION_SHARE = 0.02
FINEST_SHARE = 2e-3


@dataclass(frozen=True)
class Shooting:
    """The maximum-likelihood problem of a law sum_k c_k phi_k(x(q)) on noisy trajectories.

    dq/dt = p/m, dp/dt = -sum_k c_k d phi_k/dq from every trajectory's own initial state;
    chi^2 = sum |(q, p)_observed - (q, p)(t)|^2 / sigma^2. Trajectories are integrated together by
    Runge-Kutta 4, each with its own step, and read off at the measured times by cubic Hermite
    interpolation, which their known velocities and forces make as accurate as the steps.

    ``sigma`` (2d,) noise of q and p; ``steps`` per trajectory.
    """

    trajectories: Trajectories
    features: Features
    library: Library
    sigma: Array
    windows: tuple[Windows, ...]
    steps: int

    @staticmethod
    def on(
        trajectories: Trajectories,
        features: Features,
        library: Library,
        sigma: Array,
        steps: int = FEWEST_STEPS,
    ) -> Shooting:
        """The problem with a given number of steps."""
        cut = tuple(windows(item, steps) for item in trajectories)
        return Shooting(trajectories, features, library, sigma, cut, steps)

    def with_library(self, library: Library) -> Shooting:
        """The same data, another library."""
        return replace(self, library=library)

    def resolved(
        self, states: Array, coefficients: Array, most: int | None = None
    ) -> Shooting | None:
        """Double the steps until doubling moves no prediction by more than sigma/√n.

        An error of the integrator is the same in all n values, so it counts √n-fold in the
        coefficients beside the noise; a share of 0.02 is enough for few, 0.002 for any number.

        None where the motion blows up however small the steps are, the law runs off, or where
        `most` steps do not resolve it.
        """
        share = float(np.clip(1 / np.sqrt(self.observations()), FINEST_SHARE, INTEGRATION_SHARE))
        coarse = self
        before = coarse.predictions(states, coefficients)
        # Motion that needs many steps between its samples is not what these samples show.
        longest = max(len(item) for item in self.trajectories)
        enough = min(MOST_STEPS, max(4 * FEWEST_STEPS, STEPS_A_SAMPLE * longest))
        while coarse.steps < enough:
            if most is not None and coarse.steps >= most:
                return None
            fine = Shooting.on(
                self.trajectories, self.features, self.library, self.sigma, 2 * coarse.steps
            )
            after = fine.predictions(states, coefficients)
            moved = max(
                float(np.abs((a - b) / self.sigma).max())
                for a, b in zip(before, after, strict=True)
            )
            if np.isfinite(moved) and moved < share:
                return coarse
            if not np.isfinite(moved) and fine.steps > HOPELESS_STEPS:
                return None
            coarse, before = fine, after
        return coarse if all(np.isfinite(path).all() for path in before) else None

    def predictions(self, states: Array, coefficients: Array) -> list[Array]:
        """(q, p) at the measured times of every trajectory, shapes (n_j, 2d)."""
        path, slopes = self._integrate(states, coefficients)
        with np.errstate(all="ignore"):
            return [cut.interpolate(path[:, j], slopes[:, j]) for j, cut in enumerate(self.windows)]

    def normal_equations(
        self, states: Array, coefficients: Array
    ) -> tuple[float, Array, Array] | None:
        """chi^2, and per trajectory J^T J (R, P, P) and J^T r (R, P), P = 2d + K.

        The parameters are the initial state, then the coefficients. None where the integration
        left the numbers (a coefficient so wrong that the motion blows up).
        """
        grown = self.grown(states, coefficients)
        if grown is None:
            return None
        path, slopes, tangent, tangent_slopes = grown
        count = tangent.shape[-1]
        normal = np.empty((len(self.windows), count, count))
        right = np.empty((len(self.windows), count))
        chi = 0.0
        for j, cut in enumerate(self.windows):
            predicted = cut.interpolate(path[:, j], slopes[:, j])
            residual = (cut.observed - predicted) / self.sigma
            chi += float((residual**2).sum())
            scaled = tangent[:, j] / self.sigma[:, None]
            scaled_slopes = tangent_slopes[:, j] / self.sigma[:, None]
            normal[j], right[j] = cut.accumulate(scaled, scaled_slopes, residual)
        return chi, normal, right

    def rows(self, states: Array, coefficients: Array) -> list[Array] | None:
        """[∂(q, p)/∂parameters | observed - predicted] over σ, (n_j, 2d, P + 1) a trajectory.

        None where the integration left the numbers.
        """
        grown = self.grown(states, coefficients)
        if grown is None:
            return None
        path, slopes, tangent, tangent_slopes = grown
        found = []
        for j, cut in enumerate(self.windows):
            missed = cut.observed - cut.interpolate(path[:, j], slopes[:, j])
            flat = [part[:, j].reshape(len(part), -1) for part in (tangent, tangent_slopes)]
            columns = cut.interpolate(*flat).reshape(*missed.shape, -1)
            both = np.concatenate([columns, missed[:, :, None]], axis=2)
            found.append(both / self.sigma[:, None])
        return found

    def observations(self) -> int:
        """The number of measured values; a channel whose σ is infinite holds none."""
        channels = int(np.isfinite(self.sigma).sum())
        return channels * sum(len(cut.observed) for cut in self.windows)

    def _integrate(self, states: Array, coefficients: Array) -> tuple[Array, Array]:
        """States and their time derivatives at the nodes, (steps + 1, R, 2d)."""
        walk = self._walk(states, lambda state: self._velocity(state, coefficients))
        with np.errstate(all="ignore"):
            path, slopes = zip(*walk, strict=True)
        return np.stack(path), np.stack(slopes)

    def grown(self, states: Array, coefficients: Array) -> tuple[Array, Array, Array, Array] | None:
        """States at the nodes, their slopes, and both by the parameters.

        Shapes: (steps + 1, R, 2d) twice, (steps + 1, R, 2d, P) twice. None where the motion left
        the numbers.
        """
        runs, size = states.shape
        # The state is the first column beside the tangents: all are integrated as one.
        start = np.zeros((runs, size, 1 + size + len(coefficients)))
        start[:, :, 0] = states
        start[:, np.arange(size), 1 + np.arange(size)] = 1.0
        path = np.empty((self.steps + 1, *start.shape))
        slopes = np.empty_like(path)
        walk = self._walk(start, lambda grown: self._variation(grown, coefficients))
        with np.errstate(all="ignore"):
            for k, (grown, rate) in enumerate(walk):
                if not np.isfinite(grown[:, :, 0]).all():
                    return None
                path[k], slopes[k] = grown, rate
        return path[..., 0], slopes[..., 0], path[..., 1:], slopes[..., 1:]

    def _walk(self, state: Array, rate: Callable[[Array], Array]) -> Iterator[tuple[Array, Array]]:
        """The state (R, ...) and its rate at every node, by Runge–Kutta 4."""
        h = self._step_lengths().reshape(-1, *(1,) * (state.ndim - 1))
        for k in range(self.steps + 1):
            one = rate(state)
            yield state, one
            if k == self.steps:
                return
            two = rate(state + h / 2 * one)
            three = rate(state + h / 2 * two)
            four = rate(state + h * three)
            state = state + h / 6 * (one + 2 * two + 2 * three + four)

    def _velocity(self, state: Array, coefficients: Array) -> Array:
        """(dq/dt, dp/dt), shape (R, 2d)."""
        d = self._dimension
        q, p = state[:, :d], state[:, d:]
        force = -self.slopes(q) @ coefficients
        return np.concatenate([p / self.trajectories.mass, force], axis=1)

    def slopes(self, q: Array) -> Array:
        """dφ_k/dq of every term at q (n, d): (n, d, K)."""
        by_feature = self.library.gradients(self.features.values(q), self.features.names)
        if self.features.trivial:
            return by_feature
        result: Array = self.features.jacobian(q) @ by_feature
        return result

    def _variation(self, grown: Array, coefficients: Array) -> Array:
        """The velocity and the right-hand side of the variational equations, (R, 2d, 1 + P)."""
        d = self._dimension
        q, p, tangent = grown[:, :d, 0], grown[:, d:, 0], grown[:, :, 1:]
        x = self.features.values(q)
        by_candidate = gradients = self.library.gradients(x, self.features.names)
        hessian = self.library.hessians(x, self.features.names) @ coefficients
        if not self.features.trivial:
            jacobian = self.features.jacobian(q)
            by_candidate = jacobian @ gradients
            slope = gradients @ coefficients
            hessian = jacobian @ hessian @ np.swapaxes(jacobian, 1, 2)
            hessian = hessian + (self.features.hessian(q) @ slope[:, None, :, None])[..., 0]
        force = -(by_candidate @ coefficients)
        growth = np.empty_like(grown)
        growth[:, :, 0] = np.concatenate([p / self.trajectories.mass, force], axis=1)
        growth[:, :d, 1:] = tangent[:, d:] / self.trajectories.mass[:, None]
        growth[:, d:, 1:] = -hessian @ tangent[:, :d]
        growth[:, d:, 1 + 2 * d :] -= by_candidate
        return growth

    @property
    def _dimension(self) -> int:
        return len(self.trajectories.coordinates)

    def _step_lengths(self) -> Array:
        spans = [item.t[-1] - item.t[0] for item in self.trajectories]
        lengths: Array = np.array(spans) / self.steps
        return lengths


def initial_states(trajectories: Trajectories) -> Array:
    """(q, p) at the first sample of every trajectory, shape (R, 2d).

    >>> from systems import get
    >>> initial_states(get("oscillator").draw()[:2]).shape
    (2, 2)
    """
    return np.stack([np.concatenate([item.q[0], item.p[0]]) for item in trajectories])
