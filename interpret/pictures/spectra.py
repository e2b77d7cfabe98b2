"""A run in one picture: errors of levels, poles, and the integers on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from interpret.reading.poles.pole_reading import PoleTable
from systems.physics.finite_volume import degeneracies, zeta_sum
from systems.physics.finite_volume.points import LevelPoints

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

NARROWEST, WIDEST = 1e-4, 1e2
"""Of errors, in MeV."""

BINS: Final = np.geomspace(NARROWEST, WIDEST, 61)
HEIGHT: Final = 140
MOST_DRAWN: Final = 4000
ERRORS: Final = "errors of "


def level_numbers(
    errors: Mapping[str, Array], points: LevelPoints, table: PoleTable
) -> dict[str, Array]:
    """What `picture` draws of a run, by name.

    `errors` (n, count) are predicted less true levels in MeV of every set that was held out; kept
    is how many of each set lie in each of sixty bins, (60,). ``q2`` and ``heights`` (m,) are
    2π² q cot δ at 4000 predicted levels at most, ``coefficients`` and ``stderr`` (n,) those of the
    poles.
    """
    shuffled = np.random.default_rng(0).permutation(len(points))
    some = points[shuffled[:MOST_DRAWN]]
    return {
        **{ERRORS + name: _counts(missed) for name, missed in errors.items()},
        "q2": some.q**2,
        "heights": 2 * np.pi**2 * some.q / np.tan(some.phases),
        "coefficients": np.array(table.coefficients),
        "stderr": np.array(table.stderr),
    }


def picture(numbers: Mapping[str, Array]) -> Figure:
    """What a run has found, of `level_numbers`.

    Left the sizes of the errors; in the middle 2π² q cot δ at predicted levels, on Lüscher's S(q²);
    right the coefficients of its poles, on the number of momenta of each length.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(14, 4), layout="constrained")
    sizes, poles, integers = figure.subplots(1, 3)
    for name, counts in numbers.items():
        if name.startswith(ERRORS):
            sizes.stairs(counts, BINS, label=name.removeprefix(ERRORS))
    sizes.axvline(1, color="0.7", lw=0.8)
    sizes.set(xscale="log", xlabel="|E - E_true| (MeV)", ylabel="levels")
    sizes.legend()
    _draw_poles(poles, numbers["q2"], numbers["heights"])
    _draw_integers(integers, numbers["coefficients"], numbers["stderr"])
    return figure


def _counts(missed: Array) -> Array:
    found = np.abs(missed[np.isfinite(missed)])
    return np.histogram(np.clip(found, NARROWEST, WIDEST), BINS)[0].astype(float)


def _draw_poles(axes: Axes, q2: Array, heights: Array) -> None:
    along = np.linspace(0.01, q2.max(), 4000)
    sums = zeta_sum(along)
    # The curve breaks where it passes from one pole to the next.
    sums[np.abs(sums) > 2 * HEIGHT] = np.nan
    axes.plot(along, sums, color="tab:orange", lw=3, alpha=0.5, label="Lüscher's formula")
    axes.plot(q2, heights, "k.", ms=1.5, label="predicted levels")
    axes.set(xlabel="q² = (kL/2π)²", ylabel="2π² q cot δ", ylim=(-HEIGHT, HEIGHT))
    axes.legend(loc="lower right")


def _draw_integers(axes: Axes, coefficients: Array, stderr: Array) -> None:
    n = np.arange(len(coefficients))
    axes.bar(n, degeneracies(len(n) - 1), color="tab:orange", alpha=0.4, label="momenta")
    axes.errorbar(n, coefficients, stderr, fmt="k.", capsize=3, label="recovered")
    axes.set(xlabel="n", ylabel="c_n")
    axes.legend(loc="upper left")
