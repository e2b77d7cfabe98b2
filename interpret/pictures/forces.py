"""Pictures of the forces on a motion: part by part, what is left over, and friction over speed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from interpret.laws.law import Law
from interpret.ledger.left_over import LeftOver
from interpret.ledger.motion import Courses
from interpret.ledger.work import forces_along

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[np.float64]
Numbers = Mapping[str, Array]

POINTS: Final = 400
"""Enough for a smooth curve seven inches wide."""

PERIODS: Final = 5.0
"""So much of a motion is drawn: in more nobody tells one swing from the next."""

MOST_ROWS: Final = 3
MOST_PANELS: Final = 6
BINS: Final = 16
FEWEST_PASSES: Final = 3
MEDIAN: Final = 1.4826 * np.sqrt(np.pi / 2)
"""The standard error of a median, times √n, over the median size of normal errors."""

OUTERMOST: Final = 0.01
"""Of the samples so many on each side are not drawn: there nothing holds a free force."""

PART: Final = "part: "
COLOURS: Final = {
    "potential": "tab:blue",
    "gyroscopic": "tab:green",
    "dissipative": "tab:red",
    "drive": "tab:orange",
}
KINDS: Final = ("values", "force", "error")


def force_numbers(law: Law, courses: Courses) -> dict[str, Array]:
    """What `forces` draws: t (n,), m q̈ of the smooth path and the force of every part, (n, d)."""
    course = max(courses.items, key=lambda item: float(item.t[-1] - item.t[0]))
    end = min(float(course.t[-1]), float(course.t[0]) + PERIODS * courses.period)
    t = np.linspace(float(course.t[0]), end, POINTS)
    _, found = forces_along(law, course, t)
    parts = {PART + name: force for name, force in found.items()}
    return {"t": t, "measured": _masses(law) * course.path.a(t), **parts}


def forces(numbers: Numbers, title: str, names: Sequence[str]) -> Figure:
    """Mass times acceleration along a motion, and the forces that it is the sum of.

    ``numbers`` are those of `force_numbers`, ``names`` (d) those of the coordinates.
    """
    from matplotlib.figure import Figure

    rows = min(len(names), MOST_ROWS)
    figure = Figure(figsize=(8, 1.2 + 2.3 * rows), layout="constrained")
    panels = figure.subplots(rows, 1, sharex=True, squeeze=False)[:, 0]
    for i, axes in enumerate(panels):
        axes.axhline(0, color="0.8", lw=0.8)
        for name, colour in COLOURS.items():
            if PART + name in numbers:
                axes.plot(numbers["t"], numbers[PART + name][:, i], color=colour, label=name)
        total = sum(numbers[key][:, i] for key in numbers if key.startswith(PART))
        axes.plot(numbers["t"], total, "k--", lw=1, label="their sum")
        # The law says how much is shown: a smooth curve's accelerations are wild at its ends.
        axes.set_ylim(axes.get_ylim())
        axes.plot(
            numbers["t"], numbers["measured"][:, i], color="0.7", lw=4, zorder=1,
            label="m q̈ of a smooth curve",
        )  # fmt: skip
        axes.set_ylabel(f"force on {names[i]}")
        axes.margins(x=0)
    panels[-1].set_xlabel("t")
    figure.suptitle(f"{title}: forces by part")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False)
    return figure


def left_over_numbers(found: Sequence[LeftOver], scale: float) -> dict[str, Array]:
    """What `left_over` draws of the least probable free forces: their values, forces and errors.

    Forces are accelerations as parts of the `scale`, the rms of the whole.
    """
    some = list(found[:MOST_PANELS])
    numbers = {"probability": np.array([item.probability for item in some])}
    for k, item in enumerate(some):
        order = np.argsort(item.values, kind="stable")
        first, last = OUTERMOST * (len(order) - 1), (1 - OUTERMOST) * (len(order) - 1)
        few = order[np.linspace(first, last, min(len(order), POINTS)).astype(int)]
        columns = (item.values[few], item.force[few] / scale, item.error[few] / scale)
        numbers |= {f"{kind} {k}": part for kind, part in zip(KINDS, columns, strict=True)}
    return numbers


def left_over(numbers: Numbers, labels: Sequence[str]) -> Figure:
    """The free forces of every variable that the law's residuals ask for, with two error bars.

    ``labels`` are a title, the d coordinates, and the variables in their order.
    """
    from matplotlib.figure import Figure

    chances = numbers["probability"]
    title, *names = labels[: len(labels) - len(chances)]
    variables = labels[len(labels) - len(chances) :]
    columns = min(len(chances), MOST_ROWS)
    rows = -(-len(chances) // columns)
    figure = Figure(figsize=(1 + 3.2 * columns, 1.2 + 2.4 * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False, sharey=True)
    for axes in panels.ravel()[len(chances) :]:
        axes.set_visible(False)
    for k, (axes, variable) in enumerate(zip(panels.ravel(), variables, strict=False)):
        value, force, error = (numbers[f"{kind} {k}"] for kind in KINDS)
        for i, name in enumerate(names):
            low, high = (100 * (force[:, i] + side * 2 * error[:, i]) for side in (-1, 1))
            axes.fill_between(value, low, high, color=f"C{i}", alpha=0.2, lw=0)
            axes.plot(value, 100 * force[:, i], color=f"C{i}", label=f"on {name}")
        axes.axhline(0, color="0.4", lw=0.8)
        axes.set_xlabel(variable)
        axes.set_title(f"by chance with p = {chances[k]:.1g}", fontsize="medium")
        axes.margins(x=0)
    for axes in panels[:, 0]:
        axes.set_ylabel("% of the rms acceleration")
    figure.suptitle(f"{title}: force left over, with two error bars")
    handles, texts = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, texts, loc="outside lower center", ncols=len(texts), frameon=False)
    return figure


def drag_numbers(law: Law, courses: Courses) -> dict[str, Array]:
    """What `drag` draws, over speed in bins of equally many samples.

    ``seen`` is the force against the motion that the data ask for, m q̈ less all parts but
    friction; ``read`` is that of the law's dissipative part. They are apart by the median of
    all passes through a bin, and the standard error is by the scatter between them: at the ends of
    a trajectory accelerations are wild.
    """
    speed, seen, read, course = _against_motion(law, courses)
    edges = np.quantile(speed, np.linspace(0, 1, BINS + 1))
    bins = np.clip(np.searchsorted(edges, speed, side="right") - 1, 0, BINS - 1)
    # Neighbours in time have one error: a pass through a bin is one measurement.
    passes = np.cumsum(np.append(True, (np.diff(bins) != 0) | (np.diff(course) != 0)))
    rows = []
    for k in range(BINS):
        inside = bins == k
        _, each = np.unique(passes[inside], return_inverse=True)
        means = np.bincount(each, seen[inside] - read[inside]) / np.bincount(each)
        middle = np.median(means)
        few = len(means) < FEWEST_PASSES
        error = np.nan if few else MEDIAN * np.median(np.abs(means - middle)) / np.sqrt(len(means))
        here = read[inside].mean()
        rows.append((speed[inside].mean(), here + middle, error, here))
    names = ("speed", "seen", "error", "read")
    return dict(zip(names, np.array(rows).T, strict=True))


def drag(numbers: Numbers, title: str) -> Figure:
    """Friction over speed: what the data ask for, bin by bin, and the law that was read."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    speed = numbers["speed"]
    axes.errorbar(
        speed, numbers["seen"], 2 * numbers["error"], fmt="o", color="0.4", ms=4, capsize=3,
        label="data, two standard errors",
    )  # fmt: skip
    axes.plot(speed, numbers["read"], color="tab:red", label="the law's dissipative part")
    if "learned" in numbers:
        axes.plot(numbers["learned at"], numbers["learned"], "k--", lw=1, label="the network")
    axes.axhline(0, color="0.8", lw=0.8)
    axes.set(xlabel="speed |q̇|", ylabel="force against the motion", title=f"{title}: friction")
    axes.set_xlim(left=0)
    axes.legend(frameon=False)
    return figure


def _against_motion(law: Law, courses: Courses) -> tuple[Array, Array, Array, Array]:
    """Of all samples: speed, the drag that the data ask for, the law's, and which course it is."""
    mass, found = _masses(law), []
    for number, course in enumerate(courses.items):
        t = course.t
        v, parts = forces_along(law, course, t)
        speed = np.linalg.norm(v, axis=1)
        read = parts.pop("dissipative")
        rest = mass * course.path.a(t) - sum(parts.values())
        ahead = v / np.where(speed > 0, speed, 1.0)[:, None]
        columns = speed, -(rest * ahead).sum(axis=1), -(read * ahead).sum(axis=1)
        found.append(np.column_stack([*columns, np.full(len(t), number)]))
    speed, seen, read, course_of = np.concatenate(found).T
    return speed, seen, read, course_of


def _masses(law: Law) -> Array:
    bodies = law.variables.bodies
    assert bodies is not None, "a law of forces says what it moves"
    return np.array(list(bodies.mass.values()))
