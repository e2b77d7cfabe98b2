"""A sweep over two processes, beside the same over one."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from interpret.sweeps.plan import Trial
from interpret.sweeps.sweep import sweep
from interpret.sweeps.workers import Crew

TITLE = "Sweeps over processes"
NOTE = """
`interpret sweep` of a double well's noisy data, thirty-two seeds: the time on the clock with one
process over that with two, both of one thread, the start of the processes included.
"""
SEEDS = 32
LEAST = 1.6


@pytest.mark.timeout(900)
@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="two processes on one core are no quicker")
def test_two_processes_are_nearly_twice_as_quick(
    tmp_path: Path, benchmark: Callable[..., None], record: Callable[..., None]
) -> None:
    pytest.importorskip("distributed")
    options = {"dataset": "T1", "noise": 0.01}
    trials = [Trial("double_well", {**options, "seed": seed}) for seed in range(SEEDS)]

    def spent(processes: int) -> float:
        begun = time.perf_counter()
        sweep(trials, tmp_path / str(processes), Crew(processes), lambda *_: None)
        return time.perf_counter() - begun

    one, two = benchmark.pedantic(lambda: (spent(1), spent(2)), rounds=1)
    ratio = one / two
    row = {"one, s": f"{one:.1f}", "two, s": f"{two:.1f}", "one / two": f"{ratio:.2f}"}
    record(TITLE, NOTE, row)
    assert ratio >= LEAST
