"""How the terms were chosen: what sets of candidates of every size leave of the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from interpret.select.matrix import ROUND_OFF, Compressed, Support
from interpret.select.supports import elimination_path

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[np.float64]
Numbers = Mapping[str, Array]

LEFT: Final = "left of the data, as a part of it"
LONGEST: Final = 60
"""Characters of a set of terms that are still read."""


def path_numbers(problem: Compressed, support: Support) -> tuple[dict[str, Array], tuple[str, ...]]:
    """What `choice` draws of the way down from the whole library, with the support among it.

    ``sizes`` and ``left`` (n,): the terms of each set, and |A c - b|/|b|; ``chosen`` (1,) is which
    of them was taken. Beside them the axis' label, and the terms of each set.

    >>> rows = np.random.default_rng(0).standard_normal((50, 3))
    >>> problem = Compressed.of(rows, rows[:, 1], ("a", "b", "c"))
    >>> numbers, (_, *sets) = path_numbers(problem, (1,))
    >>> numbers["sizes"], numbers["chosen"], sets
    (array([0, 1, 2, 3]), array([1]), ['', 'b', 'a, b', 'a, b, c'])
    """
    sets = sorted({*elimination_path(problem), tuple(support)}, key=lambda s: (len(s), s))
    size = max(float(np.linalg.norm(problem.truth)), 1e-300)
    # Of nothing all is left: the first step down from there is seen too.
    left = np.array([max(problem.solve(one)[1] / size, ROUND_OFF) if one else 1.0 for one in sets])
    numbers = {
        "sizes": np.array([len(one) for one in sets]),
        "left": left,
        "chosen": np.array([sets.index(tuple(support))]),
    }
    return numbers, (LEFT, *(", ".join(problem.names[k] for k in one) for one in sets))


def choice(numbers: Numbers, labels: Sequence[str]) -> Figure:
    """What each set leaves over the number of its terms; the one that was taken is ringed.

    ``labels`` are a title, what is measured, and the terms of each set.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    title, measured, *sets = labels
    sizes, left, taken = numbers["sizes"], numbers["left"], int(numbers["chosen"][0])
    figure = Figure(figsize=(7, 3.8), layout="constrained")
    axes = figure.subplots()
    axes.plot(sizes, left, ".", ms=6, color="0.6", label="sets of candidates")
    least = [left[sizes == size].min() for size in np.unique(sizes)]
    axes.plot(np.unique(sizes), least, color="0.6", lw=1)
    axes.plot(sizes[taken], left[taken], "o", ms=10, mfc="none", mew=2, label="taken")
    axes.set(xlabel="terms", ylabel=measured, title=title)
    if (left > 0).all() and left.max() > 10 * left.min():
        axes.set_yscale("log")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    shown = sets[taken]
    shown = shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 1]}…"
    axes.annotate(shown, (sizes[taken], left[taken]), (10, 6), textcoords="offset points",
                  color="C0")  # fmt: skip
    axes.margins(0.12)
    axes.legend()
    return figure
