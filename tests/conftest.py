"""What every test starts from: a quiet plotting backend, repeatable examples, its own folder.

And what no test should wait for twice: data of the catalog that another test has drawn.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import hypothesis
import pytest
import torch

from systems.problem import Problem, Samples

os.environ.setdefault("MPLBACKEND", "Agg")
if not torch.cuda.is_available():
    # Kernels for a GPU are interpreted where there is none; Triton asks when it is first imported.
    os.environ.setdefault("TRITON_INTERPRET", "1")
gc.set_threshold(100_000, 20, 20)  # expressions are made and dropped by the thousand

# Shared machines stall now and then, so a slow example is no failure; and a test must find the same
# on the next run, and everywhere: what is random is `make fuzz`. `make test-all` tries more.
SAME = hypothesis.settings(
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.register_profile("same", SAME, max_examples=20)
hypothesis.settings.register_profile("many", SAME, max_examples=100)
hypothesis.settings.load_profile("same")


def pytest_collection_finish() -> None:
    """Modules and tests stay to the end: no search for garbage need look through them."""
    gc.collect()
    gc.freeze()


@lru_cache(maxsize=64)
def drawn(draw: Callable[..., Samples], seed: int, count: int | None) -> Samples:
    """The samples of a data set; one seed draws the same ones whenever it is asked."""
    return draw(seed, count, None)


@pytest.fixture(autouse=True, scope="session")
def _drawn_once() -> None:
    """Motion of the catalog is integrated once; `Problem.dataset(name).draw` draws it anew."""

    own = Problem.draw

    def draw(self, dataset=None, seed=0, count=None, report=None):
        if self.mechanics is None:
            return own(self, dataset, seed, count, report)
        return drawn(self.dataset(dataset).draw, seed, count)

    Problem.draw = draw


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, and the test runs in it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def root() -> Path:
    """The root of the repository."""
    return Path(__file__).resolve().parent.parent
