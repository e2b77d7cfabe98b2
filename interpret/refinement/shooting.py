"""Integrate a law with its sensitivities, and compare it with the raw trajectories."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from interpret.refinement.flow import along, halfway, runge_kutta
from interpret.refinement.hermite import Clock, shared
from interpret.select import library_matrix
from interpret.select.library import Library
from systems.samples.trajectories import Trajectories
from training.features import Features
from training.prepare.stencils import Array

Numbers = NDArray[np.int64]

FEWEST_STEPS = 64
MOST_STEPS = 16384
HOPELESS_STEPS = 1024
STEPS_A_SAMPLE = 4
INTEGRATION_SHARE = 0.02
FINEST_SHARE = 2e-3
TANGENT_SHARE = 2e-3
"""Tangents that are off by less than this part move error bars by no more, and no fit's minimum."""
AT_ONCE = 2**20
"""Numbers of states and tangents that are worked on at once: 8 MB."""


@dataclass(frozen=True)
class Shooting:
    """The maximum-likelihood problem of a law sum_k c_k phi_k(x(q)) on noisy trajectories.

    dq/dt = p/m, dp/dt = -sum_k c_k d phi_k/dq from every trajectory's own initial state;
    chi^2 = sum |(q, p)_observed - (q, p)(t)|^2 / sigma^2. Trajectories are integrated together by
    Runge-Kutta 4, each with its own step, and read off at the measured times by cubic Hermite
    interpolation, which their known velocities and forces make as accurate as the steps.

    ``sigma`` (2d,) noise of q and p; ``steps`` per trajectory, of which the tangents take as many
    at once as ``stride`` says; ``clocks``: the trajectories by the times they were measured at.
    """

    trajectories: Trajectories
    features: Features
    library: Library
    sigma: Array
    clocks: tuple[Clock, ...]
    steps: int
    stride: int = 1

    @staticmethod
    def on(
        trajectories: Trajectories,
        features: Features,
        library: Library,
        sigma: Array,
        steps: int = FEWEST_STEPS,
    ) -> Shooting:
        """The problem with a given number of steps."""
        shared: dict[bytes, list[int]] = {}
        for number, item in enumerate(trajectories):
            shared.setdefault((item.t - item.t[0]).tobytes(), []).append(number)
        clocks = tuple(
            Clock.of(np.array(numbers), trajectories.items[numbers[0]].t, steps)
            for numbers in shared.values()
        )
        return Shooting(trajectories, features, library, sigma, clocks, steps)

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
            moved = np.max(
                [np.abs(a - b).max(axis=0) for a, b in zip(before, after, strict=True)], axis=0
            )
            off = float((moved / self.sigma).max())
            if np.isfinite(off) and off < share:
                return coarse.striding(moved)
            if not np.isfinite(off) and fine.steps > HOPELESS_STEPS:
                return None
            coarse, before = fine, after
        return coarse if all(np.isfinite(path).all() for path in before) else None

    def striding(self, moved: Array) -> Shooting:
        """With longer steps of the tangents, where twice the steps `moved` (2d,) the path little.

        The error of Runge–Kutta 4 is 16 times as large for steps twice as long.
        """
        spread = np.concatenate(self.observed).std(axis=0)
        part = float((moved / np.where(spread > 0, spread, np.inf)).max())
        for stride in (4, 2):
            if part * stride**4 < TANGENT_SHARE and self.steps % stride == 0:
                return self._strides(stride)
        return self

    def _strides(self, stride: int) -> Shooting:
        clocks = (Clock.of(c.numbers, c.times, self.steps, stride) for c in self.clocks)
        return replace(self, clocks=tuple(clocks), stride=stride)

    def some(self, numbers: Sequence[int]) -> Shooting:
        """The problem of some trajectories, with the same steps."""
        chosen = self.trajectories[list(numbers)]
        part = Shooting.on(chosen, self.features, self.library, self.sigma, self.steps)
        return part._strides(self.stride)

    def predictions(self, states: Array, coefficients: Array) -> list[Array]:
        """(q, p) at the measured times of every trajectory, shapes (n_j, 2d)."""
        path, slopes = self._integrate(states, coefficients)
        with np.errstate(all="ignore"):
            return self._each(path, slopes)

    def _each(self, nodes: Array, slopes: Array) -> list[Array]:
        """Values (n_j, ...) at the measured times of each trajectory, from (N + 1, R, ...)."""
        found = [np.empty(0)] * len(self.trajectories)
        for clock in self.clocks:
            cut = clock.path if len(nodes) > self.steps else clock.tangents
            values = cut.interpolate(nodes[:, clock.numbers], slopes[:, clock.numbers])
            for place, number in enumerate(clock.numbers):
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
        path, rates = self._integrate(states, coefficients)
        if not np.isfinite(path).all():
            return None
        nodes = self.steps // self.stride + 1
        for some, clocks in shared(self.clocks, AT_ONCE // (nodes * len(self.sigma) * (1 + count))):
            tangent, growth = self._tangents(path[:, some], rates[:, some], coefficients, some)
            with np.errstate(all="ignore"):
                tangent /= self.sigma[:, None]
                growth /= self.sigma[:, None]
                for clock, part in clocks:
                    own = some[part]
                    observed = np.stack([self.observed[number] for number in own], axis=1)
                    predicted = clock.path.interpolate(path[:, own], rates[:, own])
                    residual = (observed - predicted) / self.sigma
                    chi += float((residual**2).sum())
                    normal[own], right[own] = clock.tangents.accumulate(
                        tangent[:, part], growth[:, part], residual
                    )
        return chi, normal, right

    def rows(self, states: Array, coefficients: Array) -> list[Array] | None:
        """[∂(q, p)/∂parameters | observed - predicted] over σ, (n_j, 2d, P + 1) a trajectory.

        None where the integration left the numbers.
        """
        path, slopes = self._integrate(states, coefficients)
        if not np.isfinite(path).all():
            return None
        predicted = self._each(path, slopes)
        moved = self._each(*self._tangents(path, slopes, coefficients))
        return [
            np.concatenate([columns, (observed - path)[:, :, None]], axis=2) / self.sigma[:, None]
            for columns, observed, path in zip(moved, self.observed, predicted, strict=True)
        ]

    def observations(self) -> int:
        """The number of measured values; a channel whose σ is infinite holds none."""
        channels = int(np.isfinite(self.sigma).sum())
        return channels * self.trajectories.points

    def grown(self, states: Array, coefficients: Array) -> tuple[Array, Array] | None:
        """States at the nodes, (N + 1, R, 2d), and the tangents at each, (N + 1, R, 2d, P).

        None where the motion left the numbers.
        """
        path, slopes = self._integrate(states, coefficients)
        if not np.isfinite(path).all():
            return None
        finest = replace(self, stride=1)
        return path, finest._tangents(path, slopes, coefficients)[0]

    def _integrate(self, states: Array, coefficients: Array) -> tuple[Array, Array]:
        """States and their time derivatives at the nodes, (steps + 1, R, 2d)."""
        lengths = self._step_lengths()

        def rate(state: Array) -> Array:
            return self._velocity(state, coefficients)

        with np.errstate(all="ignore"):
            return runge_kutta(rate, states, lengths, self.steps)

    def _tangents(
        self, path: Array, slopes: Array, coefficients: Array, some: Numbers | None = None
    ) -> tuple[Array, Array]:
        """∂(q, p)/∂(initial state, coefficients) along paths, and its time derivatives.

        Both (N + 1, R, 2d, P), at every node, or at one of so many as the stride says.
        """
        lengths = self._step_lengths(some)
        d = self._dimension
        places = halfway(path, slopes, lengths, self.stride)
        shape = places.shape[:2]
        with np.errstate(all="ignore"):
            curvature, pull = self._curvature(places[..., :d].reshape(-1, d), coefficients)
            return along(
                -curvature.reshape(*shape, d, d),
                -pull.reshape(*shape, d, -1),
                self.trajectories.mass,
                self.stride * lengths,
            )

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

    def _curvature(self, q: Array, coefficients: Array) -> tuple[Array, Array]:
        """d²V/dq² (n, d, d) and dφ_k/dq (n, d, K) at q (n, d)."""
        gradients, hessians = self._curved(self.features.values(q))
        if self.features.trivial:
            return hessians @ coefficients, gradients
        jacobian = self.features.jacobian(q)
        hessian = jacobian @ (hessians @ coefficients) @ np.swapaxes(jacobian, 1, 2)
        slope = gradients @ coefficients
        hessian += (self.features.hessian(q) @ slope[:, None, :, None])[..., 0]
        return hessian, jacobian @ gradients

    @cached_property
    def _slopes(self) -> library_matrix.Derivatives:
        return library_matrix.compiled(self.library.candidates, self.features.names, (1,))

    @cached_property
    def _curved(self) -> library_matrix.Derivatives:
        return library_matrix.compiled(self.library.candidates, self.features.names, (1, 2))

    @property
    def _dimension(self) -> int:
        return len(self.trajectories.coordinates)

    def _step_lengths(self, some: Numbers | None = None) -> Array:
        """Of every trajectory, or of some, (R,)."""
        spans = [item.t[-1] - item.t[0] for item in self.trajectories]
        lengths: Array = np.array(spans) / self.steps
        return lengths if some is None else lengths[some]


def initial_states(trajectories: Trajectories) -> Array:
    """(q, p) at the first sample of every trajectory, shape (R, 2d).

    >>> from systems import get
    >>> initial_states(get("oscillator").draw()[:2]).shape
    (2, 2)
    """
    return np.stack([np.concatenate([item.q[0], item.p[0]]) for item in trajectories])
