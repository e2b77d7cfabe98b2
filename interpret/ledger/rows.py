"""What every measured value says of the parameters: rows, made white, their initial states gone.

    y_i = J_x(i) x_0 + J_θ(i) θ + e_i

Each stretch of a motion has an initial state x_0 of its own. It is eliminated by QR, and what is
left of all stretches is one Gram matrix, in which candidates of every part are columns alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interpret.ledger.autoregression import HIGHEST_ORDER, Autoregression, fitted

Array = NDArray[np.float64]

SMALLEST: Final = 1e-150
"""What is divided by is no smaller: its square is still a number."""

ROUNDING: Final = 1e-14
"""Added to a unit diagonal: directions that doubles cannot tell have no inverse."""

BLOCKS: Final = 16
"""Blocks of time between which scores scatter: enough to tell a variance to a third."""


@dataclass(frozen=True)
class Noise:
    """The σ (C,) of each channel's innovations, and how its errors hang together in time."""

    sigma: Array
    errors: tuple[Autoregression, ...]

    @staticmethod
    def white(sigma: Array) -> Noise:
        """Errors that know nothing of each other."""
        return Noise(sigma, (Autoregression(),) * len(sigma))

    @staticmethod
    def of(
        residuals: Sequence[Array], parameters: int, least: Array, highest: int = HIGHEST_ORDER
    ) -> Noise:
        """That of residuals (n_j, C) from which so many `parameters` were fitted.

        No σ is below `least` (C,).
        """
        channels = residuals[0].shape[1]
        count = sum(map(len, residuals))
        freedom = max(count - parameters / channels, 1.0)
        sigma, errors = least.copy(), []
        alike = [
            np.stack([residuals[number] for number in numbers], axis=1)
            for numbers in _alike([item.shape for item in residuals])
        ]
        for c in range(channels):
            series = [item[..., c] for item in alike]
            error = fitted(series, highest)
            power = sum(float((error.whitened(item) ** 2).sum()) for item in series)
            sigma[c] = max(np.sqrt(power / freedom), least[c])
            errors.append(error)
        return Noise(sigma, tuple(errors))

    def at_least(self, sigma: Array | None) -> Noise:
        """The same with no channel's σ below what is known of it (C,), if anything is."""
        return self if sigma is None else replace(self, sigma=np.maximum(self.sigma, sigma))

    def whitened(self, rows: Array) -> Array:
        """Rows (n, C, k) as (C, n, k) of independent errors with variance 1."""
        pairs = zip(self.errors, self.sigma, strict=True)
        return np.stack([e.whitened(rows[:, c]) / s for c, (e, s) in enumerate(pairs)])

    def log_likelihood(self, values: int, stretches: int) -> float:
        """-2 log of the likelihood of so many values a channel at the best σ, less a constant."""
        starts = sum(error.log_determinant for error in self.errors)
        return 2 * values * float(np.log(self.sigma).sum()) + stretches * starts


@dataclass(frozen=True)
class Stretch:
    """The rows of one stretch: how its C values at n times move with its initial state,
    ``start`` (n, C, 2d), and with the p parameters, ``columns`` (n, C, p), and the ``target``
    (n, C) that these are to explain."""

    start: Array
    columns: Array
    target: Array

    def on(self, some: Sequence[int]) -> Stretch:
        """With some of the parameters alone."""
        return replace(self, columns=self.columns[..., list(some)])

    def toward(self, step: Array) -> Stretch:
        """With the target moved by what a step (p,) of the parameters explains."""
        return replace(self, target=self.target + self.columns @ step)

    def remainder(self, state: Array, step: Array) -> Array:
        """What a step of the initial state and of the parameters leaves of the target (n, C)."""
        left: Array = self.target - self.start @ state - self.columns @ step
        return left


class Reduced:
    """The Gram matrix (p + 1, p + 1) of [columns | target], whitened, without initial states.

    >>> t = np.linspace(0, 1, 50)[:, None]
    >>> start = np.stack([np.ones_like(t), t], axis=2)
    >>> one = Stretch(start, (t**2 / 2)[..., None], 3 - t + 5 * t**2 / 2)
    >>> reduced = Reduced([one], Noise.white(np.array([0.1])))
    >>> float(reduced.solved([0])[0].round(9)[0]), reduced.start(0, np.array([5.0])).round(9)
    (5.0, array([ 3., -1.]))
    """

    def __init__(self, stretches: Sequence[Stretch], noise: Noise) -> None:
        self.stretches = tuple(stretches)
        self.noise = noise
        starts: dict[int, tuple[Array, Array]] = {}
        left: dict[int, Array] = {}
        grams = []
        # Stretches of one length are worked on together.
        for numbers in _alike([item.start.shape for item in self.stretches]):
            some = [self.stretches[number] for number in numbers]
            size = some[0].start.shape[-1]
            rows = np.stack(
                [np.concatenate([s.start, s.columns, s.target[..., None]], axis=2) for s in some]
            )
            many, n, channels, width = rows.shape
            beside = rows.transpose(1, 2, 0, 3).reshape(n, channels, many * width)
            white = noise.whitened(beside).reshape(channels, n, many, width)
            flat = white.transpose(2, 0, 1, 3).reshape(many, channels * n, width)
            q, triangle = orthogonal(flat[..., :size])
            inside = q.transpose(0, 2, 1) @ flat[..., size:]
            rest = flat[..., size:] - q @ inside
            together = rest.reshape(-1, width - size)
            grams.append(together.T @ together)
            for k, number in enumerate(numbers):
                starts[number] = triangle[k], inside[k]
                left[number] = rest[k].reshape(channels, n, -1)
        every = range(len(self.stretches))
        self._starts = [starts[number] for number in every]
        self._left = [left[number] for number in every]
        self.gram: Array = np.sum(grams, axis=0)
        self.count = sum(item.target.size - item.start.shape[-1] for item in self.stretches)

    @cached_property
    def finite(self) -> bool:
        """Whether the motion stayed within the numbers."""
        return bool(np.isfinite(self.gram).all())

    def solved(self, active: Sequence[int]) -> tuple[Array, Array]:
        """The step of some parameters, and its covariance at noise of variance 1."""
        return solved(self.gram, active)

    def step(self, active: Sequence[int]) -> Array:
        """The step (p,) of all parameters, zero but for the active ones."""
        step = np.zeros(len(self.gram) - 1)
        if active:
            step[list(active)] = self.solved(active)[0]
        return step

    def chi_squared(self, step: Array) -> float:
        """What a step leaves of the whitened target."""
        moved = np.append(-step, 1.0)
        return float(moved @ self.gram @ moved)

    def start(self, number: int, step: Array) -> Array:
        """The step of a stretch's initial state (2d,) that goes with a step of the parameters."""
        triangle, inside = self._starts[number]
        right = inside[:, -1] - inside[:, :-1] @ step
        return np.asarray(np.linalg.lstsq(triangle, right, rcond=1e-13)[0], dtype=np.float64)

    def residuals(self, step: Array) -> list[Array]:
        """What a step leaves of each stretch's values, (n_j, C), in their own units."""
        pairs = enumerate(self.stretches)
        return [item.remainder(self.start(number, step), step) for number, item in pairs]

    def robust(self, active: Sequence[int], step: Array) -> Array:
        """The covariance of some parameters by the scatter of their scores between blocks of time.

        The sandwich (JᵀJ)⁻¹ Σ_b s_b s_bᵀ (JᵀJ)⁻¹ holds whatever correlation or wrong model the
        noise's own account has missed. No error bar is below that account's.
        """
        some = list(active)
        covariance = self.solved(some)[1]
        parts = []
        for item in self._left:
            left = item[..., -1] - item[..., :-1] @ step
            parts.append(np.einsum("cnp,cn->np", item[..., some], left))
        scores = np.concatenate(parts)
        blocks = np.array([part.sum(axis=0) for part in np.array_split(scores, BLOCKS)])
        sandwich = covariance @ (blocks.T @ blocks) @ covariance * BLOCKS / (BLOCKS - 1)
        plain = np.maximum(np.diag(covariance), SMALLEST)
        wider = np.sqrt(np.maximum(np.diag(sandwich) / plain, 1.0))
        widened: Array = covariance * np.outer(wider, wider)
        return widened


def orthogonal(columns: Array) -> tuple[Array, Array]:
    """Q and R of columns (..., n, k), whatever their units."""
    scale = np.linalg.norm(columns, axis=-2, keepdims=True) + SMALLEST
    q, r = np.linalg.qr(columns / scale)
    return q, r * scale


def _alike(shapes: Sequence[tuple[int, ...]]) -> list[list[int]]:
    """The numbers of those of one shape, together."""
    found: dict[tuple[int, ...], list[int]] = {}
    for number, shape in enumerate(shapes):
        found.setdefault(shape, []).append(number)
    return list(found.values())


def solved(gram: Array, active: Sequence[int]) -> tuple[Array, Array]:
    """Least squares of the last column of a Gram matrix on some others: step, and (AᵀA)⁻¹."""
    some = list(active)
    squares = np.diag(gram)[some]
    # A column of nothing has a coefficient of nothing.
    scale = np.sqrt(np.where(squares > SMALLEST**2, squares, 1.0))
    inside = gram[np.ix_(some, some)] / np.outer(scale, scale)
    inverse = np.linalg.inv(inside + ROUNDING * np.eye(len(some)))
    return inverse @ (gram[some, -1] / scale) / scale, inverse / np.outer(scale, scale)
