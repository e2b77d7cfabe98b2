"""Data sets drawn once for all tests of the training."""

from __future__ import annotations

from functools import lru_cache

import pytest

import systems


@lru_cache(maxsize=32)
def drawn(name, dataset=None, seed=0):
    return systems.get(name).draw(dataset, seed)


@pytest.fixture(scope="session")
def sample():
    """sample(name, dataset, seed): the trajectories, drawn once."""
    return drawn
