"""Thresholded regression: on QR-compressed rows, as ours does it, beside PySINDy on all rows."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pysindy
import pytest

from interpret.select.matrix import Compressed
from interpret.select.optimizers import Optimizer
from interpret.select.supports import elimination_path, stlsq, threshold_path

pytestmark = pytest.mark.benchmark(timer=time.process_time)

TITLE = "Thresholded regression"
NOTE = """
CPU time of PySINDy's optimizer on all rows over ours on the same rows, compression by QR included;
the best of 3 rounds by turns. Ours is our own STLSQ, or the same optimizer of PySINDy's fed the
compressed rows (SR3, SSR). 10 thresholds: PySINDy's STLSQ fitted at each of them, and ours. Paths:
our supports along the whole threshold path and along backward elimination, which take the place of
a choice of threshold. Normal columns, 3 true terms, noise of 0.1 %; the ridge is off. Both find the
same support.
"""
SIZES = ((10_000, 10), (100_000, 10), (1_000_000, 10), (10_000, 100))
TRUE = (1, 4, 7)
THRESHOLD = 0.1
THRESHOLDS = np.geomspace(1e-3, 0.3, 10)


def drawn(rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """A design with normal columns, and a truth of three of them with a little noise."""
    rng = np.random.default_rng(rows + columns)
    design = rng.standard_normal((rows, columns))
    truth = design[:, TRUE] @ [1.0, -2.0, 0.5]
    return design, truth + 1e-3 * rng.standard_normal(rows)


def compressed(design: np.ndarray, truth: np.ndarray) -> Compressed:
    return Compressed.of(design, truth, tuple(f"x{k}" for k in range(design.shape[1])))


def theirs(name: str) -> Any:
    """PySINDy's optimizer with the settings that ours has too."""
    if name == "SR3":
        weight = pysindy.SR3.calculate_l0_weight(THRESHOLD, 1.0)
        return pysindy.SR3(reg_weight_lam=weight, relax_coeff_nu=1.0, max_iter=1000)
    if name == "SSR":
        return pysindy.SSR(alpha=1e-14, max_iter=1000)
    return pysindy.STLSQ(threshold=THRESHOLD, alpha=0.0, max_iter=50)


def support_of(optimizer: Any) -> tuple[int, ...]:
    return tuple(int(k) for k in np.flatnonzero(optimizer.coef_[0]))


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("rows", "columns"), SIZES)
def test_thresholded_regression(rows, columns, race, record):
    design, truth = drawn(rows, columns)

    def ours(_):
        return stlsq(compressed(design, truth), THRESHOLD)

    def ours_by(name):
        optimizer = Optimizer(name.lower(), THRESHOLD)
        return lambda _: optimizer.choose(compressed(design, truth)).support

    def ours_at_every_threshold(_):
        problem = compressed(design, truth)
        return [stlsq(problem, threshold) for threshold in THRESHOLDS]

    def our_paths(_):
        problem = compressed(design, truth)
        return threshold_path(problem), elimination_path(problem)

    def theirs_by(name):
        return lambda _: support_of(theirs(name).fit(design, truth[:, None]))

    def theirs_at_every_threshold(_):
        each = (pysindy.STLSQ(threshold=t, alpha=0.0, max_iter=50) for t in THRESHOLDS)
        return [support_of(optimizer.fit(design, truth[:, None])) for optimizer in each]

    our_path, *pairs = race(
        our_paths,
        *(ours, theirs_by("STLSQ")),
        *(ours_by("SR3"), theirs_by("SR3")),
        *(ours_by("SSR"), theirs_by("SSR")),
        *(ours_at_every_threshold, theirs_at_every_threshold),
    )
    mine, others = pairs[::2], pairs[1::2]
    ratios = [b.best / a.best for a, b in zip(mine, others, strict=True)]
    names = ("STLSQ", "SR3", "SSR", "10 thresholds")
    row = {
        "rows × columns": f"{rows:,} × {columns}",
        **{name: f"{ratio:.3g}" for name, ratio in zip(names, ratios, strict=True)},
        "our STLSQ, ms": f"{1e3 * mine[0].best:.3g}",
        "our paths, ms": f"{1e3 * our_path.best:.3g}",
    }
    record(TITLE, NOTE, row)
    assert mine[0].results[0] == others[0].results[0] == TRUE
    assert mine[1].results[0] == others[1].results[0] == TRUE
    assert mine[2].results[0] == others[2].results[0]
    assert mine[3].results[0] == others[3].results[0]
    assert all(TRUE in path for path in our_path.results[0])
