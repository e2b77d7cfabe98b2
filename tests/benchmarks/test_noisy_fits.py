"""Noisy fits from the command line, beside the bare imports that they cannot do without."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.benchmarks.test_start import beside

TITLE = "Noisy fits"
NOTE = """
CPU time, user and system, of whole processes on one thread: `interpret fit` of data with 1 % of
noise, from the drawing of the data to the certificate, the best of 3 rounds by turns with a Python
that only imports what such a fit is built on. Beyond: what the command costs beside these imports,
in units of them.
"""
ROUNDS = 3
IMPORTS = "import torch, scipy.optimize, scipy.interpolate, scipy.stats, sympy"


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("asked", "most"),
    [("double_well --dataset T1", 0.8), ("coulomb", 2.0)],
)
def test_a_noisy_fit_costs_a_few_times_its_imports(
    asked: str,
    most: float,
    root: Path,
    tmp_path: Path,
    benchmark: Callable[..., None],
    record: Callable[..., None],
) -> None:
    command = f"fit {asked} --noise 0.01 --quiet"
    ours, bare = beside(command, IMPORTS, root, tmp_path, benchmark, ROUNDS)

    beyond = (ours - bare) / bare
    row = {
        "fit": asked,
        "ours, s": f"{ours:.2f}",
        "imports, s": f"{bare:.2f}",
        "beyond, s": f"{ours - bare:.2f}",
        "beyond / imports": f"{beyond:.2f}",
    }
    record(TITLE, NOTE, row)
    assert beyond < most
