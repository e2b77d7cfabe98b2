"""What everybody is given: noisy motions, and of the truth's words what a library needs.

A case of the catalog is drawn, and other motions of it are held out. One that was measured is a
file of `examples/`, whose law is known because a script drew it; the last fifth of each motion is
held out, and its noise is added to what the file has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np
import sympy
from numpy.typing import NDArray
from sympy import Expr, Symbol

import systems
from interpret.experiments.motion import Motion
from interpret.laws.dynamics import Dynamics
from interpret.laws.parts import Bodies, Variables
from systems.equations import gradient, velocity
from systems.expressions import parse
from systems.files.readers import read
from systems.problem import Problem
from systems.samples.trajectories import Trajectories
from tests.leaderboard.judged import Words, written
from tests.trials.catalog import Cell

Array = NDArray[np.float64]
EXAMPLES: Final = Path(__file__).resolve().parents[2] / "examples"
KEPT: Final = 0.8
"""Of each measured motion is shown; what follows is held out."""

MOTIONS: Final = 4
"""Of those held out are followed, each for its first quarter: a chaotic one forgets its start."""


@dataclass(frozen=True)
class World:
    """A case with its noise.

    - `samples`: what is shown, noisy; `clean`: the same without the noise that was added.
    - `held_out`: motions that the law has to follow.
    - `problem`, `options`: what ours is asked.
    - `words`: what laws are written in; `truth`: the accelerations in them, one a coordinate.
    - `library`: the terms that a library of forces has, in the same words.
    """

    samples: Trajectories
    clean: Trajectories
    held_out: Trajectories
    problem: Problem
    options: Motion
    words: Words
    truth: tuple[Expr, ...]
    library: tuple[Expr, ...]


@dataclass(frozen=True)
class Drawn:
    """A system of the catalog; its own drive is told to libraries, which cannot look for one."""

    cell: Cell
    waves: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.cell.system

    def world(self, noise: float) -> World:
        """The samples of seed 0."""
        cell = replace(self.cell, noise=noise)
        problem = systems.get(cell.system)
        samples = cell.samples(problem, 0)
        clean = replace(cell, noise=0.0, thinned=1).samples(problem, 0)
        held_out = problem.held_out(cell.dataset)
        assert isinstance(samples, Trajectories)
        assert isinstance(clean, Trajectories)
        assert isinstance(held_out, Trajectories)
        shown = [item.at(slice(0, len(item) // 4)) for item in held_out[:MOTIONS]]
        motion = problem.motion()
        waves = {Symbol(name): parse(wave) for name, wave in self.waves.items()}
        words = Words(motion.coordinates, motion.distances, waves)
        truth = written(words, accelerations(problem, cell.dataset))
        if noise and cell.thinned > 1:
            items = (item.at(slice(None, None, cell.thinned)) for item in clean)
            clean = replace(clean, items=tuple(items))
        return World(
            samples, clean, replace(held_out, items=tuple(shown)), problem, cell.options(0),
            words, truth, library(words, problem, list(waves)),
        )  # fmt: skip


@dataclass(frozen=True)
class Measured:
    """A file of `examples/`, the accelerations it was drawn from, and a system with its candidates.

    `drives`: columns that push; `apart`: the distance r that these candidates have.
    """

    file: str
    truth: tuple[str, ...]
    like: str
    drives: tuple[str, ...] = ()
    apart: str | None = None

    def __str__(self) -> str:
        return f"{self.file}.csv"

    def world(self, noise: float) -> World:
        """The first part of the file's motions, with more noise."""
        whole = read(EXAMPLES / f"{self.file}.csv", drives=list(self.drives) or None)
        assert isinstance(whole, Trajectories)
        clean = _cut(whole, lambda n: slice(0, int(KEPT * n)))
        samples = clean.with_noise(noise, 1) if noise else clean
        held_out = _cut(whole, lambda n: slice(int(KEPT * n), n))[:MOTIONS]
        problem = systems.observed(samples, self.file)
        known = systems.get(self.like)
        apart = {} if self.apart is None else {"r": parse(self.apart)}
        words = Words(whole.coordinates, apart, {Symbol(name): None for name in self.drives})
        truth = written(words, map(parse, self.truth))
        options = Motion(drive=list(self.drives) or None)
        return World(
            samples, clean, held_out, problem, options,
            words, truth, library(words, known, list(words.waves)),
        )  # fmt: skip


def _cut(data: Trajectories, part: object) -> Trajectories:
    items = tuple(item.at(part(len(item))) for item in data)  # type: ignore[operator]
    return replace(data, items=items)


def accelerations(problem: Problem, dataset: str) -> tuple[Expr, ...]:
    """The true q̈ in coordinates, velocities and the time."""
    motion = problem.motion()
    parts = dict(problem.truths(dataset))
    if motion.kinetic is None:
        del parts["kinetic"]
    variables = Variables({}, motion.features, Bodies.of(motion))
    return Dynamics(parts, variables).accelerations


def library(words: Words, problem: Problem, waves: Sequence[Symbol]) -> tuple[Expr, ...]:
    """The slopes of the candidates along every coordinate, each once; friction and drives.

    Frictions are v_i, |v| v_i and v_i/|v| of the whole speed; beside them stand the constant and
    each drive by itself.
    """
    motion = problem.motion()
    slopes = [
        slope
        for candidate in problem.candidates
        for slope in gradient(motion.in_coordinates(words.plain(candidate)), words.coordinates)
    ]
    rates = [velocity(name) for name in words.coordinates]
    square = sympy.Add(*(rate**2 for rate in rates))
    speed = sympy.sqrt(square) if len(rates) > 1 else sympy.Abs(rates[0])
    rubbed = [term for rate in rates for term in (rate, speed * rate, rate / speed)]
    found: dict[Expr, None] = {sympy.Integer(1): None}
    for force in written(words, [*slopes, *rubbed, *waves]):
        for term in sympy.Add.make_args(force):
            shape = term.as_coeff_Mul()[1]
            if shape != 0 and sympy.expand(-shape) not in map(sympy.expand, found):
                found.setdefault(shape)
    return tuple(found)


PAIR: Final = "sqrt((x1-x2)**2 + (y1-y2)**2)"
"""The distance of two bodies in a plane."""


def _pulled(force: str) -> tuple[str, ...]:
    """Two bodies of mass 1 in a plane, the first drawn to the second by so much, times r."""
    ends = ("x1", "x2"), ("y1", "y2"), ("x2", "x1"), ("y2", "y1")
    return tuple(f"({there}-{here})*({force})" for here, there in ends)


CASES: Final[tuple[Drawn | Measured, ...]] = (
    Drawn(Cell("damped_pendulum", "swings")),
    Drawn(Cell("driven_duffing", "motions"), {"w1": "cos(6*t/5)", "w2": "sin(6*t/5)"}),
    Measured("swing", ("-9.81*sin(theta) - 0.1*thetad",), "damped_pendulum"),
    Drawn(Cell("kepler", "orbits")),
    Drawn(Cell("henon_heiles", "stars")),
    Measured("throw", ("-0.05*sqrt(xd**2+yd**2)*xd", "-9.81-0.05*sqrt(xd**2+yd**2)*yd"),
             "falling_with_drag"),
    Measured("coil", ("-4*x - 0.2*xd + 1.5*u",), "driven_duffing", ("u",)),
    Measured("orbit", _pulled("1/r**3"), "coulomb", apart=PAIR),
    Drawn(Cell("oscillator", "circles")),
    Drawn(Cell("magnetic_trap", "orbits")),
    Measured("trap", ("-x/2 + 3*yd/10", "-y/2 - 3*xd/10"), "magnetic_trap"),
    Drawn(Cell("double_well", "T1", thinned=5)),
    Drawn(Cell("central_force", "reduced", thinned=2)),
    Drawn(Cell("falling_with_drag", "throws")),
    Drawn(Cell("lennard_jones", "clusters")),
    Measured("cluster", _pulled("24/r**8 - 48/r**14"), "lennard_jones", apart=PAIR),
    Drawn(Cell("toda", "waves")),
    Drawn(Cell("double_pendulum", "swings")),
    Drawn(Cell("cart_pole", "falls")),
    Drawn(Cell("coulomb", "long_exact", thinned=5, most=10)),
)  # fmt: skip
BY_NAME: Final = {str(case): case for case in CASES}
