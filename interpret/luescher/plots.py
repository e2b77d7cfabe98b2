"""A run in one picture: errors of levels, poles, and the integers on them."""

from __future__ import annotations

import io
from collections.abc import Mapping

import numpy as np

from interpret.luescher.reading import Reading
from systems.finite_volume import degeneracies, zeta_sum
from training.stencils import Array

NARROWEST, WIDEST = 1e-4, 1e2
"""Of errors, in MeV."""

HEIGHT = 140
MOST_DRAWN = 4000


def picture(errors: Mapping[str, Array], reading: Reading) -> bytes:
    """A PNG of what a run has found.

    `errors` (n, count) are predicted less true levels in MeV of every set that was held out. Left
    their sizes; in the middle 2π² q cot δ at predicted levels, on Lüscher's S(q²); right the
    coefficients of its poles, on the number of momenta of each length.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(14, 4), layout="constrained")
    FigureCanvasAgg(figure)
    sizes, poles, integers = figure.subplots(1, 3)

    bins = np.geomspace(NARROWEST, WIDEST, 61)
    for name, missed in errors.items():
        found = np.abs(missed[np.isfinite(missed)])
        sizes.hist(np.clip(found, NARROWEST, WIDEST), bins, histtype="step", label=name)
    sizes.axvline(1, color="0.7", lw=0.8)
    sizes.set(xscale="log", xlabel="|E - E_true| (MeV)", ylabel="levels")
    sizes.legend()

    shuffled = np.random.default_rng(0).permutation(len(reading.points))
    points = reading.points[shuffled[:MOST_DRAWN]]
    q2 = np.linspace(0.01, reading.table.reach, 4000)
    sums = zeta_sum(q2)
    # The curve breaks where it passes from one pole to the next.
    sums[np.abs(sums) > 2 * HEIGHT] = np.nan
    poles.plot(q2, sums, color="tab:orange", lw=3, alpha=0.5, label="Lüscher's formula")
    height = 2 * np.pi**2 * points.q / np.tan(points.phases)
    poles.plot(points.q**2, height, "k.", ms=1.5, label="predicted levels")
    poles.set(xlabel="q² = (kL/2π)²", ylabel="2π² q cot δ", ylim=(-HEIGHT, HEIGHT))
    poles.legend(loc="lower right")

    n = np.arange(len(reading.table.coefficients))
    integers.bar(n, degeneracies(len(n) - 1), color="tab:orange", alpha=0.4, label="momenta")
    integers.errorbar(
        n, reading.table.coefficients, reading.table.stderr, fmt="k.", capsize=3, label="recovered"
    )
    integers.set(xlabel="n", ylabel="c_n")
    integers.legend(loc="upper left")

    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=120)
    return stream.getvalue()
