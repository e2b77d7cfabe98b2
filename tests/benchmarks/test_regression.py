"""Thresholded regression: ours on compressed rows, beside PySINDy on all rows."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pysindy
import pytest

from interpret.select.library_matrix import compiled
from interpret.select.matrix import Compressed
from interpret.select.optimizers import Optimizer
from interpret.select.supports import elimination_path, stlsq, threshold_path
from systems.expressions import symbol

pytestmark = pytest.mark.benchmark(timer=time.process_time)

TITLE = "Thresholded regression"
NOTE = """
CPU time of PySINDy's optimizer on all rows over ours on the same rows, compression included; the
best of 3 rounds by turns. Ours is our own STLSQ, or the same optimizer of PySINDy's fed the
compressed rows (SR3, SSR). 50 thresholds: PySINDy's STLSQ fitted at each of them (five are timed,
and taken tenfold), and ours. Paths: our supports along the whole threshold path and along backward
elimination, which take the place of a choice of threshold. Normal columns, 3 true terms, noise of
0.1 %; the ridge is off. Both find the same support, and coefficients to 1e-10.
"""
SIZES = (
    # rows, columns, how far ahead STLSQ and the 50 thresholds have to be
    (10_000, 10, 6, 200),
    (100_000, 10, 6, 200),
    (1_000_000, 10, 20, 200),
    (10_000, 100, 6, 200),
    (10_000, 1000, 5, 70),
)
TRUE = (1, 4, 7)
THRESHOLD = 0.1
THRESHOLDS = np.geomspace(1e-3, 0.3, 50)
SOME = 10
"""Every tenth of PySINDy's is timed."""

LIBRARY_TITLE = "Library and fit, streamed"
LIBRARY_NOTE = """
All 56 polynomials to degree 5 of three variables at so many points, and STLSQ on each of three
derivatives of the Lorenz system: CPU time of pysindy's PolynomialLibrary and STLSQ over ours, which
evaluates the candidates on stretches that fit the cache and adds up their normal equations, so that
the library matrix is never there as a whole. Noise of 0.1 %; the ridge is off; the better of 2
rounds by turns. Both find the same support, and coefficients to 1e-8.
"""
STRETCH = 2048
AHEAD = 25


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
@pytest.mark.parametrize(("rows", "columns", "ahead", "ahead_of_many"), SIZES)
def test_thresholded_regression(rows, columns, ahead, ahead_of_many, race, record):
    design, truth = drawn(rows, columns)
    wide = columns >= 1000

    def ours(_):
        problem = compressed(design, truth)
        support = stlsq(problem, THRESHOLD)
        return support, problem.solve(support)[0]

    def by_theirs(_):
        optimizer = theirs("STLSQ").fit(design, truth[:, None])
        return support_of(optimizer), optimizer.coef_[0]

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

    def theirs_at_some_thresholds(_):
        some = THRESHOLDS[::SOME]
        each = (pysindy.STLSQ(threshold=t, alpha=0.0, max_iter=50) for t in some)
        return [support_of(optimizer.fit(design, truth[:, None])) for optimizer in each]

    others = ("SR3", "SSR") if not wide else ()
    pairs = [(ours, by_theirs), *((ours_by(name), theirs_by(name)) for name in others)]
    pairs.append((ours_at_every_threshold, theirs_at_some_thresholds))
    work = [our_paths] if not wide else []
    watches = race(*work, *(each for pair in pairs for each in pair), rounds=3)
    path, watches = watches[: len(work)], watches[len(work) :]
    mine, rivals = watches[::2], watches[1::2]
    scale = [1.0] * (len(pairs) - 1) + [len(THRESHOLDS) / len(THRESHOLDS[::SOME])]
    ratios = [c * b.best / a.best for a, b, c in zip(mine, rivals, scale, strict=True)]
    shown = dict(zip(("STLSQ", *others, "50 thresholds"), ratios, strict=True))
    names = ("STLSQ", "SR3", "SSR", "50 thresholds")
    row = {
        "rows × columns": f"{rows:,} × {columns}",
        **{name: f"{shown[name]:.3g}" if name in shown else "" for name in names},
        "our STLSQ, ms": f"{1e3 * mine[0].best:.3g}",
        "our paths, ms": f"{1e3 * path[0].best:.3g}" if path else "",
    }
    record(TITLE, NOTE, row)
    (support, found), (theirs_too, expected) = mine[0].results[0], rivals[0].results[0]
    assert support == theirs_too == TRUE
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)
    for a, b in zip(mine[1:-1], rivals[1:-1], strict=True):
        assert a.results[0] == b.results[0]
    assert mine[-1].results[0][::SOME] == rivals[-1].results[0]
    assert all(TRUE in each for watch in path for each in watch.results[0])
    assert ratios[0] >= ahead
    assert ratios[-1] >= ahead_of_many


@pytest.mark.timeout(900)
@pytest.mark.parametrize("rows", [1_000_000])
def test_library_and_fit_streamed(rows, race, record):
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (rows, 3))
    a, b, c = x.T
    rates = np.column_stack([10 * (b - a), a * (28 - 27 * c) - b, 27 * a * b - 8 / 3 * c])
    rates += 1e-3 * rates.std(axis=0) * rng.standard_normal(rates.shape)
    library = pysindy.PolynomialLibrary(degree=5)
    names = ("x", "y", "z")
    u, v, w = map(symbol, names)
    powers = library.fit(x[:2]).powers_
    candidates = tuple(u**i * v**j * w**k for i, j, k in powers.tolist())
    evaluate = compiled(candidates, names, (0,))
    threshold = 0.5

    def blocks():
        starts = range(0, rows, STRETCH)
        return ((evaluate(x[i : i + STRETCH])[0], rates[i : i + STRETCH]) for i in starts)

    def ours(_):
        found = []
        for problem in Compressed.streamed(blocks, tuple(map(str, candidates))):
            support = stlsq(problem, threshold)
            found.append(problem.solve(support)[0])
        return np.array(found)

    def plain(_):
        design = np.asarray(pysindy.PolynomialLibrary(degree=5).fit_transform(x))
        return pysindy.STLSQ(threshold=threshold, alpha=0.0, max_iter=50).fit(design, rates).coef_

    mine, rival = race(ours, plain, rounds=2)
    row = {
        "points": f"{rows:,}",
        "ours, s": f"{mine.best:.3g}",
        "pysindy, s": f"{rival.best:.3g}",
        "pysindy / ours": f"{rival.best / mine.best:.3g}",
    }
    record(LIBRARY_TITLE, LIBRARY_NOTE, row)
    np.testing.assert_allclose(mine.results[0], rival.results[0], rtol=0, atol=1e-8)
    assert rival.best / mine.best >= AHEAD
