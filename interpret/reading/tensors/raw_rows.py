"""What raw samples say of one order of a series, free of the orders below it and beyond.

    y = (laws of the orders below n) + Σ_k c_k K_k(x) + Σ_{n<m<=P} Σ_j b_mj (w_j·x)^m/m! + ...

A trained network N(x) = s·x + Σ a_j E₂(w_j·x) knows a map far better than its derivatives at 0: it
says in which directions w_j the orders beyond n lie. Here each of them has coefficients b of its
own, so that the network's errors in order n are no errors of the law. Samples of scale s are
weighted by s^-p: the smaller they are, the less the orders beyond P matter, until noise does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from interpret.reading.tensors.measures import Compared, Values
from systems.physics.scattering.symmetric import Array, Packing
from systems.samples.values import ValueSamples


@dataclass(frozen=True)
class Setting:
    """How rows are made: weights s^-`power`, and orders up to `last` with columns of their own."""

    power: int
    last: int


@dataclass(frozen=True, eq=False)
class RawRows:
    """A measure of tensors: their values on the samples, weighted, without what is `beside` them.

    `beside` (n, k) is an orthonormal basis of the other orders' columns, which are taken out.

    >>> x = np.array([[1.0], [2.0], [3.0]])
    >>> basis = np.linalg.qr(x)[0]
    >>> rows = RawRows(Packing(1, 1), x, np.ones(3), basis)
    >>> bool(np.abs(rows.seen(x)).max() < 1e-15)
    True
    """

    packing: Packing
    inputs: Array
    weights: Array
    beside: Array
    name: Compared = "samples"

    def __call__(self, packed: Array) -> Array:
        return self.seen(Values(self.packing, self.inputs)(packed))

    def seen(self, values: Array) -> Array:
        """What is seen of values (n,) or (n, K) on the samples."""
        rows = (self.weights * values.T).T
        # Twice, for once leaves round-off of what was taken out.
        for _ in range(2):
            rows = rows - self.beside @ (self.beside.T @ rows)
        return rows


@dataclass(frozen=True, eq=False)
class RawSeries:
    """Samples of a map, and the directions w (d, k) of the network that has learned it.

    `others` (d, l) are those of another network, `known` the columns (n, K) of orders whose terms
    are known, by order.
    """

    samples: ValueSamples
    directions: Array
    others: Array
    known: Mapping[int, Array] = field(default_factory=dict)

    def wider(self) -> RawSeries:
        """The same with the directions of both networks."""
        return replace(self, directions=np.hstack([self.directions, self.others]))

    def columns(self, order: int) -> Array:
        """What an order is made of, (n, K): x itself or the powers z^m/m! where it is not known.

        >>> samples = ValueSamples([[0.5], [1.0]], [0.0, 0.0], [1.0, 1.0])
        >>> RawSeries(samples, np.array([[2.0]]), np.ones((1, 1))).columns(2).tolist()
        [[0.5], [2.0]]
        """
        if order in self.known:
            return self.known[order]
        if order == 1:
            return self.samples.x
        along = self.samples.x @ self.directions
        power = along
        for factor in range(2, order + 1):
            power = power * along / factor
        return power

    def width(self, setting: Setting) -> int:
        """How many columns all orders up to the last have."""
        total = 0
        for order in range(1, setting.last + 1):
            free = self.samples.dimension if order == 1 else int(self.directions.shape[1])
            total += int(self.known[order].shape[1]) if order in self.known else free
        return total

    def weights(self, power: int) -> Array:
        """s^-p, (n,)."""
        return np.asarray(self.samples.scale ** -float(power))

    def rows(self, order: int, setting: Setting, besides: bool = False) -> RawRows:
        """The rows of an order beside all others up to the last; `besides` what is known of it."""
        others = [m for m in range(1, setting.last + 1) if m != order or besides]
        weights = self.weights(setting.power)
        beside = weights[:, None] * np.concatenate(list(map(self.columns, others)), axis=1)
        basis = np.linalg.qr(beside / np.linalg.norm(beside, axis=0))[0]
        return RawRows(Packing(order, self.samples.dimension), self.samples.x, weights, basis)
