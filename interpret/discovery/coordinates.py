"""What the coordinates are: which of them move at all, and which are angles."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from systems.errors import InputError, nearest
from systems.files.names import key
from systems.samples.trajectories import Trajectories, Trajectory
from training.prepare.stencils import Array

STILL: Final = 1e-12
"""What moves by less than so much of the rest does not move: round-off."""

TURN: Final = 2 * np.pi

ON_A_TURN: Final = 0.05
"""A jump is one of the record, and not of the motion, that is 2π but for what the velocity makes
of it, to a twentieth: steps of an honest record end where the velocity says."""

FINE: Final = 0.95
"""Of the steps of a turning coordinate that are less than a quarter of a turn, or jumps: where
more are longer, 2π is no round number of that record, and steps that end there do by chance."""

ANGLE: Final = re.compile(
    r"(theta|thet|th|phi|psi|varphi|vartheta|angle|ang|winkel|[θϑφϕψ])_?\d*|(\w+_)?angle(_\w+)?",
    re.IGNORECASE,
)


def moving(trajectories: Trajectories) -> tuple[Trajectories, str]:
    """The trajectories without the coordinates that never move, and a sentence naming these.

    One never moves that keeps its place, and whose share of the kinetic energy is round-off. Where
    nothing moves, all are kept.

    >>> data = Trajectories.from_arrays("xz", [1, 1], [0, 1, 2], [[[0, 5], [1, 5], [2, 5]]],
    ...                                 [[[1, 0], [1, 0], [1, 0]]])
    >>> moving(data)
    (1 trajectory of x, 3 points, 'z never moves: it is set aside')
    """
    _, q, p, _ = trajectories.stack()
    extent = np.ptp(q, axis=0)
    heat = (p**2 / trajectories.mass).max(axis=0)
    placed = extent <= STILL * np.maximum(np.abs(q).max(axis=0), extent.max())
    still = placed & (heat <= STILL**2 * heat.max())
    if not still.any() or still.all():
        return trajectories, ""
    kept = ~still
    items = tuple(
        Trajectory(item.t, item.q[:, kept], item.p[:, kept], label=item.label)
        for item in trajectories
    )
    names = np.array(trajectories.coordinates)
    some = tuple(names[kept].tolist())
    told = " and ".join(names[still].tolist())
    verb = "never moves: it is" if still.sum() == 1 else "never move: they are"
    return Trajectories(some, trajectories.mass[kept], items), f"{told} {verb} set aside"


def unwrapped(trajectories: Trajectories) -> tuple[Trajectories, tuple[str, ...]]:
    """The trajectories with the jumps by whole turns taken out, and the coordinates that had some.

    A step is a jump where it differs from what the velocities say, h (v + v')/2, by 2π.
    """
    steps = [_turns(item, trajectories.mass) for item in trajectories]
    turned = np.any([turns.any(axis=0) for turns in steps], axis=0)
    if not turned.any():
        return trajectories, ()
    items = tuple(
        replace(item, q=item.q - TURN * np.vstack([np.zeros_like(turns[:1]), turns.cumsum(axis=0)]))
        for item, turns in zip(trajectories, steps, strict=True)
    )
    names = tuple(np.array(trajectories.coordinates)[turned].tolist())
    return replace(trajectories, items=items), names


def _turns(item: Trajectory, mass: Array) -> Array:
    """The whole turns by which each step (n - 1, d) jumps."""
    v = item.p / mass
    expected = np.diff(item.t)[:, None] * (v[1:] + v[:-1]) / 2
    step = np.diff(item.q, axis=0)
    jump = (step - expected) / TURN
    turns = np.round(jump)
    turns[(np.abs(jump - turns) > ON_A_TURN) | (np.abs(expected) >= TURN / 4)] = 0
    turning = ((np.abs(step) < TURN / 4) | (turns != 0)).mean(axis=0) >= FINE
    clear: Array = np.where(turning, turns, 0.0)
    return clear


def angles(
    names: Sequence[str], asked: str | Sequence[str] | None, found: Sequence[str] = ()
) -> tuple[str, ...]:
    """Which coordinates are angles: those asked for, else those found to be, or called so.

    Raises InputError for one that is no coordinate.

    >>> angles(["r", "theta_1", "phi", "theory"], None), angles(["a", "b"], "b")
    (('theta_1', 'phi'), ('b',))
    """
    if asked is not None:
        listed = asked.split(",") if isinstance(asked, str) else asked
        chosen = [name.strip() for name in listed if name.strip()]
        return tuple(_coordinate(name, names) for name in chosen)
    return tuple(name for name in names if name in found or ANGLE.fullmatch(name))


def _coordinate(asked: str, names: Sequence[str]) -> str:
    """The coordinate that is called so, as columns are: θ₁ is θ1, whichever way it is typed."""
    for name in (*(name for name in names if name == asked), *names):
        if key(name) == key(asked):
            return name
    raise InputError(
        f"the angle {asked!r} is no coordinate of the data; the coordinates are "
        f"{', '.join(names)}.{nearest(asked, names)}"
    )
