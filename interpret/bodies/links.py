"""Links between particles, and the forces that act along all of them at once.

    V = Σ_b w_b φ(s_b),     F_i = -Σ_b I_bi w_b φ'(s_b) e_b,     a_b = Σ_i I_bi x_i

A link b from particle j to i has the arm a_b = x_i - x_j, one from the origin a_b = x_i. Its length
is s = |a|, e = a/s; along one axis k it is s = a_k with its sign. I is sparse: one product a shape
gives the forces on all particles at all samples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Array = NDArray[np.float64]
Numbers = NDArray[np.intp]

ORIGIN: Final = -1
"""The end of a link that is no particle."""


@dataclass(frozen=True, eq=False)
class Links:
    """B links of `count` particles: from `other` (B,) to `one` (B,), each a particle or `ORIGIN`.

    `axis`: the stretch along it, with its sign; None: the length. `weights` (B,) of each link.

    >>> links = Links.pairs(3)
    >>> links.one, links.other
    (array([0, 0, 1]), array([1, 2, 2]))
    >>> x = np.array([0.0, 1.0, 3.0]).reshape(3, 1, 1)
    >>> links.lengths(x)[:, 0]
    array([1., 3., 2.])
    >>> links.forces(x, lambda s: s[None])[0, :, 0, 0]
    array([ 4.,  1., -5.])
    """

    one: Numbers
    other: Numbers
    count: int
    axis: int | None = None
    weights: Array | None = None

    @staticmethod
    def pairs(count: int, axis: int | None = None) -> Links:
        """One of every pair i < j, from j to i."""
        one, other = np.triu_indices(count, 1)
        return Links(one, other, count, axis)

    @staticmethod
    def singles(count: int, axis: int | None = None) -> Links:
        """One from the origin to each particle."""
        return Links(np.arange(count), np.full(count, ORIGIN), count, axis)

    def __len__(self) -> int:
        return len(self.one)

    def some(self, numbers: Numbers) -> Links:
        """Some of them."""
        weights = None if self.weights is None else self.weights[numbers]
        return replace(self, one=self.one[numbers], other=self.other[numbers], weights=weights)

    def weighted(self, weights: Array) -> Links:
        """The same with other weights (B,)."""
        return replace(self, weights=np.asarray(weights, dtype=np.float64))

    @cached_property
    def incidence(self) -> csr_array:
        """I transposed (N, B): +1 where a link ends, -1 where it begins."""
        every = np.arange(len(self))
        ends = [(self.one, 1.0), (self.other, -1.0)]
        rows = np.concatenate([end[end != ORIGIN] for end, _ in ends])
        columns = np.concatenate([every[end != ORIGIN] for end, _ in ends])
        signs = np.concatenate([np.full((end != ORIGIN).sum(), sign) for end, sign in ends])
        return csr_array((signs, (rows, columns)), shape=(self.count, len(self)))

    def arms(self, x: Array) -> Array:
        """a_b (B, n, D) of positions x (N, n, D); along an axis (B, n, 1)."""
        some = x if self.axis is None else x[..., self.axis : self.axis + 1]
        begun, ended = (
            np.where((end == ORIGIN)[:, None, None], 0.0, some[end])
            for end in (self.other, self.one)
        )
        return np.asarray(ended - begun)

    def lengths(self, x: Array) -> Array:
        """s_b (B, n)."""
        arms = self.arms(x)
        return arms[..., 0] if self.axis is not None else np.sqrt((arms**2).sum(axis=2))

    def pulls(self, x: Array, slopes: Callable[[Array], Array]) -> Iterator[Array]:
        """w_b φ'(s_b) e_b (B, n, D) of each shape in turn, along an axis (B, n, 1)."""
        arms = self.arms(x)
        s = arms[..., 0] if self.axis is not None else np.sqrt((arms**2).sum(axis=2))
        # A particle at the origin is pulled nowhere.
        apart = np.where(s == 0, 1.0, s)[..., None]
        along = np.ones_like(arms) if self.axis is not None else np.divide(arms, apart, out=arms)
        if self.weights is not None:
            along = along * self.weights[:, None, None]
        for slope in slopes(s):
            yield slope[..., None] * along

    def forces(self, x: Array, slopes: Callable[[Array], Array]) -> Array:
        """The forces (K, N, n, D) of shapes whose slopes are given: s (B, n) to (K, B, n)."""
        count, points, dimension = x.shape
        found = [
            -(self.incidence @ pull.reshape(len(self), -1)).reshape(count, points, -1)
            for pull in self.pulls(x, slopes)
        ]
        return self.in_space(np.array(found), dimension)

    def in_space(self, forces: Array, dimension: int) -> Array:
        """Vectors along the links' axis (..., 1) in the whole space (..., D)."""
        if self.axis is None:
            return forces
        whole = np.zeros((*forces.shape[:-1], dimension))
        whole[..., self.axis] = forces[..., 0]
        return whole
