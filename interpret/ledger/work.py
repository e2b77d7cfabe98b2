"""Who does the work: the energy row of a law, along the measured path.

    Δ(½ Σ m v²) = Σ_k W_k + rest,     W_k = ∫ F_k·v dt

of every part k of the law; a gyroscopic force does none. Along the smooth path through the data W_k
is taken twice: all of it, ∫ |F_k·v| dt, which says how much the part has to do with the motion, and
what is left of it when the motion has come and gone, the net. The first add up to the work done.

Source: H. Goldstein, "Classical Mechanics", 2nd ed., section 1-1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from interpret.laws import particular
from interpret.laws.law import Law
from interpret.ledger.motion import Course, Courses
from interpret.ledger.noise import NORMAL
from interpret.ledger.response import PLACES, WEIGHTS

Array = NDArray[np.float64]

ONE_WAY: Final = 0.99
"""Work of which so much is net is written as one number: it only gives, or only takes."""

NONE: Final = 1e-12
"""Rounding: a magnetic force's power is a difference of equal numbers."""


@dataclass(frozen=True)
class Share:
    """A part's work as a fraction of all that was done: all of it, and what it came to."""

    gross: float
    net: float

    def __str__(self) -> str:
        """One signed number where it only gives or only takes.

        >>> str(Share(0.06, -0.06)), str(Share(0.94, 0.02))
        ('-0.06', '0.94 (net 0.02)')
        """
        if self.gross < NONE:
            return "0"
        if abs(self.net) >= ONE_WAY * self.gross:
            return f"{self.net:.2g}"
        return f"{self.gross:.2g} (net {self.net:.2g})"


@dataclass(frozen=True)
class Work:
    """The work done by all parts, in the data's units of energy, and each part's share of it.

    ``left_over`` is what no part accounts for: the spread of the rest over the rms of the kinetic
    energy. The noise that the smooth path follows is in it.

    >>> parts = {"potential": Share(0.94, 0.02), "dissipative": Share(0.06, -0.06)}
    >>> print(Work(31.0, parts, 0.004))
    of 1.00 of work done: potential 0.94 (net 0.02), dissipative -0.06; left over 0.4 %
    """

    done: float
    parts: Mapping[str, Share]
    left_over: float

    def __str__(self) -> str:
        shares = ", ".join(f"{name} {share}" for name, share in self.parts.items())
        return f"of 1.00 of work done: {shares}; left over {100 * self.left_over:.2g} %"

    def to_json(self) -> dict[str, Any]:
        """Plain numbers."""
        parts = {name: vars(share) for name, share in self.parts.items()}
        return {"done": self.done, "parts": parts, "left_over": self.left_over}


def work(law: Law, courses: Courses) -> Work:
    """Each part's work along the smooth paths of all trajectories."""
    rows = [_row(law, course) for course in courses.items]
    gross = {name: sum(float(row.gross[name]) for row in rows) for name in rows[0].gross}
    net = {name: sum(float(row.net[name][-1]) for row in rows) for name in rows[0].gross}
    done = sum(gross.values())
    parts = {name: Share(gross[name] / (done or 1.0), net[name] / (done or 1.0)) for name in gross}
    left = np.concatenate([row.rest - np.median(row.rest) for row in rows])
    kinetic = np.concatenate([row.kinetic for row in rows])
    size = float(np.sqrt((kinetic**2).mean()))
    # The median is not moved by the ends of a trajectory, where derived velocities are wild.
    return Work(done, parts, NORMAL * float(np.median(np.abs(left))) / (size or 1.0))


def forces_along(law: Law, course: Course, t: Array) -> tuple[Array, dict[str, Array]]:
    """The velocities of the smooth path and the force of every part, (n, d) each, at times (n,)."""
    q, v = np.split(course.path.state(t), 2, axis=1)
    own = law.of(course.label) if course.label in particular.datasets(law.parts) else law
    return v, own.forces_at(q, v, t, {u: course.signals[u] for u in own.signals})


@dataclass(frozen=True)
class _Row:
    """Along one trajectory: all of each part's work, what it has come to, and ½ Σ m v² (n,)."""

    gross: Mapping[str, float]
    net: Mapping[str, Array]
    kinetic: Array

    @property
    def rest(self) -> Array:
        """What the parts do not account for (n,)."""
        rest: Array = self.kinetic - self.kinetic[0] - sum(self.net.values())
        return rest


def _row(law: Law, course: Course) -> _Row:
    h = np.diff(course.t)
    times = (course.t[:-1, None] + PLACES * h[:, None]).ravel()
    v, forces = forces_along(law, course, times)
    gross, net = {}, {}
    for name, force in forces.items():
        power = (force * v).sum(axis=1).reshape(len(h), len(PLACES))
        gross[name] = float(np.abs(power) @ WEIGHTS @ h)
        net[name] = np.append(0.0, np.cumsum(power @ WEIGHTS * h))
    speed = np.split(course.path.state(course.t), 2, axis=1)[1]
    assert law.variables.bodies is not None, "a law of forces says what it moves"
    return _Row(gross, net, speed**2 @ np.array(list(law.variables.bodies.mass.values())) / 2)
