"""Symmetric tensors by their distinct entries.

A symmetric tensor of order n in d dimensions has C(d + n - 1, n) distinct entries, those whose
indices i_1 <= ... <= i_n are sorted. They are kept in colexicographic order, in which the entry of
sorted indices is number Σ_k C(i_k + k - 1, k), whatever d is. The tables here are kept once made.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations
from math import comb

import torch
from torch import Tensor

KEPT = 64


def size(dimension: int, order: int) -> int:
    """The number of distinct entries.

    >>> size(3, 2)
    6
    """
    return comb(dimension + order - 1, order)


@lru_cache(maxsize=KEPT)
def places(dimension: int, order: int) -> tuple[Tensor, ...]:
    """The sorted indices of all distinct entries, one tensor an index.

    >>> places(2, 2)
    (tensor([0, 0, 1]), tensor([0, 1, 1]))
    """
    if order == 1:
        return (torch.arange(dimension),)
    # Entries with the last index i come with all below of the order before that end in i or less.
    counts = torch.tensor([size(i + 1, order - 1) for i in range(dimension)])
    last = torch.repeat_interleave(torch.arange(dimension), counts)
    starts = counts.cumsum(0) - counts
    before = torch.arange(len(last)) - starts[last]
    return (*(index[before] for index in places(dimension, order - 1)), last)


def number(indices: Sequence[Tensor], dimension: int) -> Tensor:
    """The numbers of the entries with these sorted indices.

    >>> number(places(3, 2), dimension=3)
    tensor([0, 1, 2, 3, 4, 5])
    """
    total = indices[0]
    for k, index in enumerate(indices[1:], start=2):
        total = total + _binomials(dimension, k).take(index)
    return total


@lru_cache(maxsize=KEPT)
def splits(dimension: int, order: int, part: int) -> tuple[tuple[Tensor, Tensor], ...]:
    """All ways to split the n indices of an entry in two, ``part`` of them with the last one.

    Each way is a pair of numbers for every entry of order n: which entry the part is of order
    ``part``, and which the rest is of order n - part.
    """
    ways = combinations(range(order), part)
    return tuple(_split(dimension, order, way) for way in ways if order - 1 in way)


@lru_cache(maxsize=KEPT)
def pairings(dimension: int, order: int, part: int) -> tuple[Tensor, ...]:
    """Where to find T[S, rest] in a matrix, flattened, for all sets S of ``part`` of the n indices.

    The matrix has a row for each entry of order ``part`` and a column for each of order n - part.
    It is symmetric where these are the same; then only one of S and its rest is taken, the one
    that is above the diagonal.
    """
    found = []
    columns = size(dimension, order - part)
    for way in combinations(range(order), part):
        rows, others = _split(dimension, order, way)
        if 2 * part == order:
            if order - 1 in way:
                continue
            rows, others = torch.minimum(rows, others), torch.maximum(rows, others)
        found.append(rows * columns + others)
    return tuple(found)


def unpack(packed: Tensor, dimension: int, order: int) -> Tensor:
    """The full tensor (d,) * n of the distinct entries (C(d + n - 1, n),).

    >>> unpack(torch.tensor([1.0, 2.0, 3.0]), dimension=2, order=2)
    tensor([[1., 2.],
            [2., 3.]])
    """
    if order == 1:
        return packed
    rows = packed.take(_inserted(dimension, order))
    numbers = _numbers(dimension, order - 1)
    return rows.index_select(0, numbers).reshape((dimension,) * order)


def _split(dimension: int, order: int, way: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """The numbers of the entries with these of the indices, and with the others."""
    indices = places(dimension, order)
    part = [indices[k] for k in way]
    rest = [indices[k] for k in range(order) if k not in way]
    return number(part, dimension), number(rest, dimension)


@lru_cache(maxsize=KEPT)
def _numbers(dimension: int, order: int) -> Tensor:
    """The number of the entry with indices i_1 .. i_n, flattened: (d^n,)."""
    if order == 1:
        return torch.arange(dimension)
    return _inserted(dimension, order)[_numbers(dimension, order - 1)].reshape(-1)


@lru_cache(maxsize=KEPT)
def _inserted(dimension: int, order: int) -> Tensor:
    """The number of the entry that one more index makes of each entry of the order before.

    Shape (C(d + n - 2, n - 1), d).
    """
    # The new index is carried down to its place, past all that are larger.
    carried = torch.arange(dimension)
    columns = []
    for index in reversed(places(dimension, order - 1)):
        columns.append(torch.maximum(index[:, None], carried))
        carried = torch.minimum(index[:, None], carried)
    return number([carried, *reversed(columns)], dimension)


def _binomials(dimension: int, order: int) -> Tensor:
    """C(i + k - 1, k) for k = ``order`` and i = 0 .. d-1."""
    return torch.tensor([comb(i + order - 1, order) for i in range(dimension)])
