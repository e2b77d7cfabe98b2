"""Integrate a law with its sensitivities, and compare it with the raw trajectories."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from interpret.refinement.hermite import Windows, windows
from interpret.select import library_matrix
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
AT_ONCE = 2**20
"""Numbers of states and tangents that are worked on at once: 8 MB."""


@dataclass(frozen=True)
class Shooting:
    """The maximum-likelihood problem of a law sum_k c_k phi_k(x(q)) on noisy trajectories.

    dq/dt = p/m, dp/dt = -sum_k c_k d phi_k/dq from every trajectory's own initial state;
    chi^2 = sum |(q, p)_observed - (q, p)(t)|^2 / sigma^2. Trajectories are integrated together by
    Runge-Kutta 4, each with its own step, and read off at the measured times by cubic Hermite
    interpolation, which their known velocities and forces make as accurate as the steps.

    ``sigma`` (2d,) noise of q and p; ``steps`` per trajectory; ``windows`` with the numbers of the
    trajectories that were measured at the same times, from their start, and share them.
    """

    trajectories: Trajectories
    features: Features
    library: Library
    sigma: Array
    windows: tuple[tuple[NDArray[np.int64], Windows], ...]
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
        clocks: dict[bytes, list[int]] = {}
        for number, item in enumerate(trajectories):
            clocks.setdefault((item.t - item.t[0]).tobytes(), []).append(number)
        shared = tuple(
            (np.array(numbers), windows(trajectories.items[numbers[0]].t, steps))
            for numbers in clocks.values()
        )
        return Shooting(trajectories, features, library, sigma, shared, steps)

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
            return self._each(lambda cut, some: cut.interpolate(path[:, some], slopes[:, some]))

    def _each(self, at_times: Callable[[Windows, NDArray[np.int64]], Array]) -> list[Array]:
        """What windows and the numbers of their trajectories give, (n, R, ...), one by one."""
        found = [np.empty(0)] * len(self.trajectories)
        for some, cut in self.windows:
            values = at_times(cut, some)
            for place, number in enumerate(some):
                found[number] = values[:, place]
        return found

    @cached_property
    def observed(self) -> tuple[Array, ...]:
        """(q, p) of every trajectory as measured, (n_j, 2d)."""
        return tuple(np.concatenate([item.q, item.p], axis=1) for item in self.trajectories)

    def normal_equations(
        self, states: Array, coefficients: Array
    ) -> tuple[float, Array, Array] | None:
        """chi^2, and per trajectory J^T J (R, P, P) and J^T r (R, P), P = 2d + K.

        The parameters are the initial state, then the coefficients. None where the integration
        left the numbers (a coefficient so wrong that the motion blows up).
        """
        count = states.shape[1] + len(coefficients)
        normal = np.empty((len(states), count, count))
        right = np.empty((len(states), count))
        chi = 0.0
        for some, cut in self._chunks(count):
            grown = self.grown(states, coefficients, some)
            if grown is None:
                return None
            path, slopes, tangent, tangent_slopes = grown
            observed = np.stack([self.observed[number] for number in some], axis=1)
            residual = (observed - cut.interpolate(path, slopes)) / self.sigma
            chi += float((residual**2).sum())
            tangent /= self.sigma[:, None]
            tangent_slopes /= self.sigma[:, None]
            normal[some], right[some] = cut.accumulate(tangent, tangent_slopes, residual)
        return chi, normal, right

    def _chunks(self, parameters: int) -> Iterator[tuple[NDArray[np.int64], Windows]]:
        """The windows, with no more of their trajectories at once than 8 MB hold."""
        each = (self.steps + 1) * len(self.sigma) * (1 + parameters)
        for some, cut in self.windows:
            for part in np.array_split(some, -(-len(some) * each // AT_ONCE)):
                yield part, cut

    def rows(self, states: Array, coefficients: Array) -> list[Array] | None:
        """[∂(q, p)/∂parameters | observed - predicted] over σ, (n_j, 2d, P + 1) a trajectory.

        None where the integration left the numbers.
        """
        grown = self.grown(states, coefficients)
        if grown is None:
            return None
        path, slopes, tangent, tangent_slopes = grown
        predicted = self._each(lambda cut, j: cut.interpolate(path[:, j], slopes[:, j]))
        moved = self._each(lambda cut, j: cut.interpolate(tangent[:, j], tangent_slopes[:, j]))
        return [
            np.concatenate([columns, (observed - path)[:, :, None]], axis=2) / self.sigma[:, None]
            for columns, observed, path in zip(moved, self.observed, predicted, strict=True)
        ]

    def observations(self) -> int:
        """The number of measured values; a channel whose σ is infinite holds none."""
        channels = int(np.isfinite(self.sigma).sum())
        return channels * self.trajectories.points

    def _integrate(self, states: Array, coefficients: Array) -> tuple[Array, Array]:
        """States and their time derivatives at the nodes, (steps + 1, R, 2d)."""
        lengths = self._step_lengths()
        walk = self._walk(states, lambda state: self._velocity(state, coefficients), lengths)
        with np.errstate(all="ignore"):
            path, slopes = zip(*walk, strict=True)
        return np.stack(path), np.stack(slopes)

    def grown(
        self, states: Array, coefficients: Array, some: NDArray[np.int64] | None = None
    ) -> tuple[Array, Array, Array, Array] | None:
        """States at the nodes, their slopes, and both by the parameters; of `some` trajectories.

        Shapes: (steps + 1, R, 2d) twice, (steps + 1, R, 2d, P) twice. None where the motion left
        the numbers.
        """
        lengths = self._step_lengths()
        if some is not None:
            states, lengths = states[some], lengths[some]
        runs, size = states.shape
        # The state is the first column beside the tangents: all are integrated as one.
        start = np.zeros((runs, size, 1 + size + len(coefficients)))
        start[:, :, 0] = states
        start[:, np.arange(size), 1 + np.arange(size)] = 1.0
        path = np.empty((self.steps + 1, *start.shape))
        slopes = np.empty_like(path)
        walk = self._walk(start, lambda grown: self._variation(grown, coefficients), lengths)
        with np.errstate(all="ignore"):
            for k, (grown, rate) in enumerate(walk):
                if not np.isfinite(grown[:, :, 0]).all():
                    return None
                path[k], slopes[k] = grown, rate
        return path[..., 0], slopes[..., 0], path[..., 1:], slopes[..., 1:]

    def _walk(
        self, state: Array, rate: Callable[[Array], Array], lengths: Array
    ) -> Iterator[tuple[Array, Array]]:
        """The state (R, ...) and its rate at every node, by Runge–Kutta 4 in steps of (R,)."""
        h = lengths.reshape(-1, *(1,) * (state.ndim - 1))
        half, sixth = h / 2, h / 6
        for k in range(self.steps + 1):
            one = rate(state)
            yield state, one
            if k == self.steps:
                return
            two = rate(state + half * one)
            three = rate(state + half * two)
            four = rate(state + h * three)
            state = state + sixth * (one + 2 * two + 2 * three + four)

    def _velocity(self, state: Array, coefficients: Array) -> Array:
        """(dq/dt, dp/dt), shape (R, 2d)."""
        d = self._dimension
        q, p = state[:, :d], state[:, d:]
        force = -self.slopes(q) @ coefficients
        return np.concatenate([p / self.trajectories.mass, force], axis=1)

    def slopes(self, q: Array) -> Array:
        """dφ_k/dq of every term at q (n, d): (n, d, K)."""
        (by_feature,) = self._slopes(self.features.values(q))
        if self.features.trivial:
            return by_feature
        result: Array = self.features.jacobian(q) @ by_feature
        return result

    def _variation(self, grown: Array, coefficients: Array) -> Array:
        """The velocity and the right-hand side of the variational equations, (R, 2d, 1 + P)."""
        d = self._dimension
        q, p, tangent = grown[:, :d, 0], grown[:, d:, 0], grown[:, :, 1:]
        x = self.features.values(q)
        gradients, hessians = self._curved(x)
        by_candidate, hessian = gradients, hessians @ coefficients
        if not self.features.trivial:
            jacobian = self.features.jacobian(q)
            by_candidate = jacobian @ gradients
            slope = gradients @ coefficients
            hessian = jacobian @ hessian @ np.swapaxes(jacobian, 1, 2)
            hessian = hessian + (self.features.hessian(q) @ slope[:, None, :, None])[..., 0]
        force = -(by_candidate @ coefficients)
        growth = np.empty_like(grown)
        growth[:, :d, 0] = p / self.trajectories.mass
        growth[:, d:, 0] = force
        growth[:, :d, 1:] = tangent[:, d:] / self.trajectories.mass[:, None]
        growth[:, d:, 1:] = -hessian @ tangent[:, :d]
        growth[:, d:, 1 + 2 * d :] -= by_candidate
        return growth

    @cached_property
    def _slopes(self) -> library_matrix.Derivatives:
        return library_matrix.compiled(self.library.candidates, self.features.names, (1,))

    @cached_property
    def _curved(self) -> library_matrix.Derivatives:
        return library_matrix.compiled(self.library.candidates, self.features.names, (1, 2))

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
