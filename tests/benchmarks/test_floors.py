"""What the processor itself can do: the floors that every other figure stands on."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest
import torch

pytestmark = pytest.mark.benchmark(timer=time.process_time)

TITLE = "Floors"
NOTE = """
What one core does at best, the best of 7 rounds: a product of 768 × 768 matrices (GEMM, in double
and single precision, as BLAS does it); x y + z of arrays in the core's own cache (FMA); tanh of the
same and their sigmoid, as torch has them; and copying 256 MB (stream, what is read and written).
"""
IN_CACHE = 1 << 13
MATRIX = 768
LARGE = 1 << 24


def rate(work: Callable[[], object], repeats: int, each: float) -> float:
    """The most that is done in a second, of so much each time."""
    found = []
    for _ in range(7):
        started = time.process_time()
        for _ in range(repeats):
            work()
        found.append(repeats * each / (time.process_time() - started))
    return max(found)


def test_floors(benchmark, record):
    x, y, z = torch.rand(3, IN_CACHE, dtype=torch.float64)
    out, a = torch.empty_like(x), torch.rand(MATRIX, MATRIX, dtype=torch.float64)
    single = a.float()
    source = np.ones(LARGE)
    target = np.zeros(LARGE)

    def add_product() -> torch.Tensor:
        return torch.addcmul(z, x, y, out=out)

    def all_of_them() -> dict[str, str]:
        flops = 2.0 * MATRIX**3
        return {
            "GEMM double, Gflop/s": f"{rate(lambda: a @ a, 2, flops) / 1e9:.1f}",
            "GEMM single, Gflop/s": f"{rate(lambda: single @ single, 4, flops) / 1e9:.1f}",
            "FMA, Gflop/s": f"{rate(add_product, 2000, 2.0 * IN_CACHE) / 1e9:.2f}",
            "tanh, G/s": f"{rate(lambda: torch.tanh(x, out=out), 200, IN_CACHE) / 1e9:.3f}",
            "sigmoid, G/s": f"{rate(lambda: torch.sigmoid(x, out=out), 200, IN_CACHE) / 1e9:.3f}",
            "stream, GB/s": f"{rate(lambda: np.copyto(target, source), 2, 16.0 * LARGE) / 1e9:.1f}",
        }

    row = benchmark.pedantic(all_of_them, rounds=1)
    record(TITLE, NOTE, row)
    assert all(float(value) > 0 for value in row.values())
