"""What every measured value says of the parameters: rows, made white, their initial states gone.

    y_i = J_x(i) x_0 + J_θ(i) θ + e_i

Each stretch of a motion has an initial state x_0 of its own. It is eliminated by QR, and what is
left of all stretches is one Gram matrix, in which candidates of every part are columns alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, overload

import numpy as np
from numpy.typing import NDArray

from interpret.ledger.autoregression import HIGHEST_ORDER, Autoregression, fitted

Array = NDArray[np.float64]

SMALLEST: Final = 1e-150
"""What is divided by is no smaller: its square is still a number."""

ROUNDING: Final = 1e-14
"""Added to a unit diagonal: directions that doubles cannot tell have no inverse."""

SAME: Final = 0.02
"""Noise that is off by a fiftieth costs less than a thousandth of an error bar."""

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
        blocks = [part for _, (part,) in alike([(item,) for item in residuals])]
        for c in range(channels):
            series = [block[..., c] for block in blocks]
            error = fitted(series, highest, 1 - freedom / count)
            white = [error.whitened(item[..., None]) for item in series]
            power = sum(float((item**2).sum()) for item in white)
            sigma[c] = max(np.sqrt(power / freedom), least[c])
            errors.append(error)
        return Noise(sigma, tuple(errors))

    @property
    def spread(self) -> Array:
        """The σ (C,) of each channel's errors, which hang together."""
        wider = [error.variances[0] for error in self.errors]
        spread: Array = self.sigma * np.sqrt(np.array(wider))
        return spread

    def at_least(self, sigma: Array | None) -> Noise:
        """The same with no channel's σ below what is known of it (C,), if anything is."""
        return self if sigma is None else replace(self, sigma=np.maximum(self.sigma, sigma))

    def like(self, other: Noise) -> bool:
        """Whether another is the same to what moves no coefficient by a hundredth of its error."""
        orders = [error.order for error in self.errors]
        if max(orders) or orders != [error.order for error in other.errors]:
            return False
        return bool(np.abs(np.log(self.sigma / other.sigma)).max() < SAME)

    def whitened(self, rows: Array) -> Array:
        """Rows (..., n, C, k) as (..., C, n, k) of independent errors with variance 1."""
        pairs = enumerate(zip(self.errors, self.sigma, strict=True))
        return np.stack([e.whitened(rows[..., c, :]) / s for c, (e, s) in pairs], axis=-3)

    def log_likelihood(self, values: int, stretches: int) -> float:
        """-2 log of the likelihood of so many values a channel at the best σ, less a constant."""
        starts = sum(error.log_determinant for error in self.errors)
        return 2 * values * float(np.log(self.sigma).sum()) + stretches * starts


@dataclass(frozen=True)
class Stretch:
    """The rows of one stretch: how its C values at n times move with its initial state,
    ``start`` (n, C, 2d), and with the p parameters, ``columns`` (n, C, p), and the ``target``
    (n, C) that these are to explain. Of m stretches side by side they have one axis more."""

    start: Array
    columns: Array
    target: Array

    def on(self, some: Sequence[int]) -> Stretch:
        """With some of the parameters alone."""
        return replace(self, columns=self.columns[..., list(some)])

    def toward(self, step: Array) -> Stretch:
        """With the target moved by what a step (p,) of the parameters explains."""
        return replace(self, target=self.target + self.columns @ step)


class Rows(Sequence[Stretch]):
    """Stretches, those of one length side by side: numpy's steps are taken for all of them."""

    def __init__(self, blocks: Sequence[tuple[list[int], Stretch]]) -> None:
        self.blocks = tuple(blocks)
        places = ((j, place) for j, (some, _) in enumerate(blocks) for place in enumerate(some))
        self._places = {number: (j, k) for j, (k, number) in places}

    @staticmethod
    def of(stretches: Sequence[Stretch]) -> Rows:
        """Those of any stretches."""
        if isinstance(stretches, Rows):
            return stretches
        parts = [(item.start, item.columns, item.target) for item in stretches]
        return Rows([(numbers, Stretch(*arrays)) for numbers, arrays in alike(parts)])

    def toward(self, step: Array) -> Rows:
        """With the target moved by what a step (p,) of the parameters explains."""
        return Rows([(numbers, block.toward(step)) for numbers, block in self.blocks])

    def on(self, some: Sequence[int]) -> Rows:
        """With some of the parameters alone."""
        return Rows([(numbers, block.on(some)) for numbers, block in self.blocks])

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, index: int) -> Stretch: ...
    @overload
    def __getitem__(self, index: slice) -> list[Stretch]: ...
    def __getitem__(self, index: int | slice) -> Stretch | list[Stretch]:
        """One stretch, or a list of some."""
        if isinstance(index, slice):
            return [self[number] for number in range(len(self))[index]]
        block, place = self._places[range(len(self))[index]]
        found = self.blocks[block][1]
        return Stretch(found.start[place], found.columns[place], found.target[place])

    @property
    def states(self) -> int:
        """The number of all initial states' components."""
        return sum(len(numbers) * block.start.shape[-1] for numbers, block in self.blocks)

    def in_order(self, blocks: Sequence[Array]) -> list[Array]:
        """What there is of every stretch, (m, ...) by blocks, one after the other."""
        return [blocks[j][k] for j, k in map(self._places.__getitem__, range(len(self)))]


def alike(items: Sequence[tuple[Array, ...]]) -> list[tuple[list[int], list[Array]]]:
    """The numbers of items whose arrays have the same shapes, and these arrays, stacked.

    >>> [(numbers, a.shape) for numbers, (a,) in alike([(np.ones(2),), (np.ones(3),)] * 2)]
    [([0, 2], (2, 2)), ([1, 3], (2, 3))]
    """
    found: dict[tuple[tuple[int, ...], ...], list[int]] = {}
    for number, arrays in enumerate(items):
        found.setdefault(tuple(array.shape for array in arrays), []).append(number)
    return [
        (numbers, [np.stack(group) for group in zip(*(items[k] for k in numbers), strict=True)])
        for numbers in found.values()
    ]


class Reduced:
    """The Gram matrix (p + 1, p + 1) of [columns | target], whitened, without initial states.

    >>> t = np.linspace(0, 1, 50)[:, None]
    >>> start = np.stack([np.ones_like(t), t], axis=2)
    >>> one = Stretch(start, (t**2 / 2)[..., None], 3 - t + 5 * t**2 / 2)
    >>> reduced = Reduced([one], Noise.white(np.array([0.1])))
    >>> float(reduced.solved([0])[0].round(9)[0]), reduced.starts(np.array([5.0]))[0].round(9)
    (5.0, array([ 3., -1.]))
    """

    def __init__(self, stretches: Sequence[Stretch], noise: Noise) -> None:
        self.stretches = Rows.of(stretches)
        self.noise = noise
        self._starts: list[tuple[Array, Array]] = []
        self._left: list[Array] = []
        for _, item in self.stretches.blocks:
            size = item.start.shape[-1]
            rows = np.concatenate([item.start, item.columns, item.target[..., None]], axis=-1)
            white = noise.whitened(rows)
            flat = white.reshape(len(white), -1, white.shape[-1])
            q, triangle = orthogonal(flat[..., :size])
            inside = np.swapaxes(q, 1, 2) @ flat[..., size:]
            self._starts.append((triangle, inside))
            self._left.append((flat[..., size:] - q @ inside).reshape(*white.shape[:3], -1))
        left = [item.reshape(-1, item.shape[-1]) for item in self._left]
        self.gram: Array = np.sum([item.T @ item for item in left], axis=0)
        self.count = sum(map(len, left)) - self.stretches.states

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

    def starts(self, step: Array) -> list[Array]:
        """The steps of all initial states (2d,) that go with a step of the parameters."""
        return self.stretches.in_order(self._states(step))

    def _states(self, step: Array) -> list[Array]:
        """The same by blocks, (m, 2d) each."""
        moved = np.append(-step, 1.0)
        pairs = zip(self._inverses, self._starts, strict=True)
        return [(inverse @ (inside @ moved)[..., None])[..., 0] for inverse, (_, inside) in pairs]

    @cached_property
    def _inverses(self) -> list[Array]:
        return [np.asarray(np.linalg.pinv(part, rcond=1e-13), float) for part, _ in self._starts]

    def residuals(self, step: Array) -> list[Array]:
        """What a step leaves of each stretch's values, (n_j, C), in their own units."""
        left = [
            block.target - (block.start @ state[:, None, :, None])[..., 0] - block.columns @ step
            for state, (_, block) in zip(self._states(step), self.stretches.blocks, strict=True)
        ]
        return self.stretches.in_order(left)

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
            parts.append(np.einsum("mcnp,mcn->mnp", item[..., some], left))
        scores = np.concatenate(self.stretches.in_order(parts))
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


def solved(gram: Array, active: Sequence[int]) -> tuple[Array, Array]:
    """Least squares of the last column of a Gram matrix on some others: step, and (AᵀA)⁻¹."""
    some = list(active)
    squares = np.diag(gram)[some]
    # A column of nothing has a coefficient of nothing.
    scale = np.sqrt(np.where(squares > SMALLEST**2, squares, 1.0))
    inside = gram[np.ix_(some, some)] / np.outer(scale, scale)
    inverse = np.linalg.inv(inside + ROUNDING * np.eye(len(some)))
    return inverse @ (gram[some, -1] / scale) / scale, inverse / np.outer(scale, scale)
