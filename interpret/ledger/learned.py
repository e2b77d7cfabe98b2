"""A force whose form nobody knows, learned by a network in the rows of all other candidates.

    drag  -f(|v|) v/|v|,      drive  f(u) on a coordinate,      f(x) = Σ_k c_k tanh(w_k x + b_k)

The hidden weights are trained by variable projection, as a potential's are. What was learned says
which candidates of closed form are worth a try; these are settled on the motion itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from interpret.ledger.candidates import Candidates
from interpret.ledger.flow import Parameters
from interpret.ledger.initial_states import orthogonal
from interpret.ledger.motion import Course, Courses
from interpret.ledger.response import response, stretch
from interpret.ledger.setting import Setting
from training.bases.network import Network, placed
from training.optimise.outer_loop import Outer
from training.optimise.projection import Reduced
from training.rows.responses import ResponseRows
from training.solve.linear import Scaled

Array = NDArray[np.float64]
Push = Callable[[Array, Array], tuple[Array, Array]]
"""States (n, 2d) and moments (n, ...) to x (n,) and the acceleration (n, d) per unit of f(x)."""

OF_SPEED: Final = "|v|"
"""What a drag is a function of."""

WIDTH: Final = 8
"""Units of the network: a law of one variable bends few times."""

ITERATIONS: Final = 40
LONGEST: Final = 200
"""Samples of a stretch at most: the rows of one are a full matrix."""

PROBES: Final = 60
OUTERMOST: Final = 0.02
"""Of the values of x, the outermost two in a hundred say little of f."""

TOLD: Final = 1e-12
"""Columns of others that are no longer than this part of theirs say nothing new."""

CUT: Final = 1e-10
"""Directions of the output layer that the rows see less of are round-off."""


@dataclass(frozen=True)
class Curve:
    """f at values x (n,) of a `variable`, with its error bars (n,), and the training's losses.

    A constant may be added to that of a drive: a constant force is one of the potential.
    """

    variable: str
    x: Array
    values: Array
    errors: Array
    losses: tuple[float, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain numbers."""
        numbers = {"x": self.x, "values": self.values, "errors": self.errors}
        return {"variable": self.variable} | {name: n.tolist() for name, n in numbers.items()}


def drag(candidates: Candidates) -> tuple[str, Push]:
    """The force against the motion, as a function of its speed."""
    mass = np.array(candidates.mass)

    def push(states: Array, moments: Array) -> tuple[Array, Array]:
        v = states[:, candidates.dimension :]
        size = np.linalg.norm(v, axis=1)
        return size, -v / np.maximum(size, np.finfo(float).tiny)[:, None] / mass

    return OF_SPEED, push


def drive(candidates: Candidates, signal: str, coordinate: int) -> tuple[str, Push]:
    """The force of a measured signal on one coordinate."""
    place = 1 + candidates.signals.index(signal)

    def push(states: Array, moments: Array) -> tuple[Array, Array]:
        ahead = np.zeros((len(states), candidates.dimension))
        ahead[:, coordinate] = 1 / candidates.mass[coordinate]
        return moments[:, place], ahead

    return signal, push


def learned(courses: Courses, others: Candidates, force: tuple[str, Push], seed: int) -> Curve:
    """The function f of one variable that explains what the other candidates leave."""
    variable, push = force
    rows = _rows(courses, others, push)
    network: Network = placed(rows.x, WIDTH, seed)
    network, losses = Outer(ITERATIONS, 0.0).train(network, Reduced([rows], [1.0]))
    design = rows.design(network)
    scaled = Scaled.of(design, CUT)
    coefficients = scaled.solve(rows.truth)
    left = float((design @ coefficients - rows.truth).square().sum())
    variance = left / max(len(design) - rows.others.shape[1] - network.size, 1)
    every = rows.x[:, 0].numpy()
    low, high = np.quantile(every, [OUTERMOST, 1 - OUTERMOST]).tolist()
    probes = np.linspace(low, high, PROBES)
    with torch.no_grad():
        units = network.values(torch.from_numpy(probes[:, None]))
    root = (scaled.right[:, : scaled.rank] / scaled.singular[: scaled.rank]) / scaled.lengths[
        :, None
    ]
    errors = np.sqrt(variance) * (units @ root).norm(dim=1).numpy()
    return Curve(variable, probes, (units @ coefficients).numpy(), errors, losses)


def _rows(courses: Courses, others: Candidates, push: Push) -> ResponseRows:
    """The rows of all stretches, white, with what others and starts explain to be taken out."""
    setting = Setting.of(courses, others)
    law = Parameters(setting.given, np.ones(len(others.inner)))
    sigma = np.maximum(courses.scatter, setting.scales.least)
    points: list[Array] = []
    blocks: list[Array] = []
    beside: list[Array] = []
    for course in courses.items:
        for piece in _cut(course, setting):
            block = stretch(piece, response(piece, _unit_forces(push, points)))
            own = stretch(piece, response(piece, _columns(setting, law)))
            whole = np.concatenate([block.columns, own.columns, own.target[..., None]], axis=2)
            white = (whole / sigma[:, None]).reshape(-1, whole.shape[2])
            start = (block.start / sigma[:, None]).reshape(len(white), -1)
            q, _ = orthogonal(start)
            white = white - q @ (q.T @ white)
            blocks.append(white[:, : block.columns.shape[2]])
            beside.append(white[:, block.columns.shape[2] :])
    rest = np.concatenate(beside)
    given, known = list(others.given), setting.given
    target = rest[:, -1] - rest[:, given] @ known[given]
    sought = [k for group in others.groups if not others.inside(group) for k in group]
    basis = _independent(rest[:, sought])
    x = torch.from_numpy(np.concatenate(points)[:, None])
    return ResponseRows.of(
        x, list(map(torch.from_numpy, blocks)), torch.from_numpy(basis), torch.from_numpy(target)
    )


def _cut(course: Course, setting: Setting) -> Sequence[Course]:
    """The stretches of a course, none too long."""
    found = []
    for first, last in setting.pieces(course):
        parts = max(1, -(-(last - first) // LONGEST))
        cuts = np.linspace(first, last, parts + 1).astype(int).tolist()
        found += [course.cut(a, b) for a, b in pairwise(cuts)]
    return found


def _unit_forces(push: Push, points: list[Array]) -> Callable[[Array, Array], Array]:
    """A column for each point: a force there and nowhere else. Their x are added to `points`."""

    def force(states: Array, moments: Array) -> Array:
        x, ahead = push(states, moments)
        points.append(x)
        columns = np.zeros((len(x), ahead.shape[1], len(x)))
        every = np.arange(len(x))
        columns[every, :, every] = ahead
        return columns

    return force


def _columns(setting: Setting, law: Parameters) -> Callable[[Array, Array], Array]:
    """The forces of all candidates, those at an unknown constant left empty."""

    def force(states: Array, moments: Array) -> Array:
        found = setting.field(states, moments, law.coefficients, law.inner).columns
        return np.nan_to_num(found[..., : len(setting.candidates)], posinf=0.0, neginf=0.0)

    return force


def _independent(columns: Array) -> Array:
    """Orthonormal columns that span some."""
    lengths = np.linalg.norm(columns, axis=0)
    scaled = columns[:, lengths > 0] / lengths[lengths > 0]
    left, sizes, _ = np.linalg.svd(scaled, full_matrices=False)
    return left[:, sizes > TOLD * sizes.max(initial=1.0)]
