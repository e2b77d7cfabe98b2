"""What is known before anything is learned: a problem, and how samples of it are drawn."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import singledispatch
from typing import Protocol, Self

from numpy.typing import ArrayLike
from sympy import Expr, Float, Integer, Symbol

from systems.errors import InputError, nearest
from systems.mechanics import Mechanics
from systems.samples.phase_space import PhaseSamples, Window
from systems.samples.trajectories import Trajectories
from systems.samples.values import ValueSamples

CONSTANT = (Integer(1),)
"""The gauge of a potential: no motion tells one constant from another."""


class Samples(Protocol):
    """Measured or drawn numbers: a law is learned from them."""

    @property
    def names(self) -> tuple[str, ...]:
        """What the columns are called."""

    def __len__(self) -> int: ...

    def digest(self) -> str:
        """The SHA-256 of every number, in hexadecimal."""

    def with_noise(self, fraction: float, seed: int) -> Self:
        """A copy with white noise, σ = `fraction` of each channel's standard deviation."""


Report = Callable[[int, int], None]
"""Told how many of how many are done."""

Draw = Callable[..., Samples]
"""(seed) -> samples whose number is fixed, or (seed, count=None, report=None) -> samples."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """How one data set is drawn: trajectories, points of phase space, or values of a map.

    `draw` maps a seed, a count (None: the data set's own) and whom to tell (or None) to samples;
    given without a parameter `count`, it is called with the seed alone and refuses a count.
    `held_out` maps a seed to others of
    the same law, where another seed of `draw` is no such thing; `parameters` to the numbers that
    the draw puts into the law, such as an angular momentum. `window` is where points of phase
    space are drawn, and `unseen` data are for testing alone. `question` is what the data that are
    held out ask of a law.

    >>> fixed = Dataset("one value", lambda seed: ValueSamples([[seed]], [1.0], [1.0]))
    >>> fixed.draw(0)
    1 sample of 1 input
    """

    summary: str
    draw: Draw
    held_out: Callable[[int], Samples] | None = None
    parameters: Callable[[int], Mapping[str, float]] | None = None
    window: Window | None = None
    unseen: bool = False
    question: str = ""

    def __post_init__(self) -> None:
        if "count" not in inspect.signature(self.draw).parameters:
            # A frozen record sets its fields this way.
            object.__setattr__(self, "draw", _of_fixed_number(self.draw))

    @classmethod
    def of_window(cls, window: Window, mechanics: Mechanics) -> Dataset:
        """Random points of a window, with their exact accelerations."""

        def draw(seed: int, count: int | None = None, report: Report | None = None) -> PhaseSamples:
            q, qd = window.draw(seed, count)
            return PhaseSamples(mechanics.coordinates, q, qd, mechanics.accelerations(q, qd))

        return cls(window.summary, draw, window=window)


@dataclass(frozen=True)
class Map:
    """The map of a problem that is no motion, from `inputs` to an `output`.

    `truths` are its laws by name, where they are known, and `parameters` the numbers that it is
    drawn with.

    >>> Map(("δ", "L"), "E_n").between, str(Map(("U1", "U2", "U3"), "a0"))
    ('δ and L to E_n', 'a0(U1, …)')
    """

    inputs: tuple[str, ...]
    output: str
    truths: Mapping[str, Expr] = field(default_factory=dict)
    parameters: Mapping[str, float] = field(default_factory=dict)

    @property
    def between(self) -> str:
        """From what the map leads to what, in words."""
        many = f"{len(self.inputs)} inputs"
        return f"{many if len(self.inputs) > 2 else ' and '.join(self.inputs)} to {self.output}"

    def __str__(self) -> str:
        inputs = self.inputs if len(self.inputs) <= 2 else (self.inputs[0], "…")
        return f"{self.output}({', '.join(inputs)})"


@dataclass(frozen=True, eq=False)
class Problem:
    """What is known of a motion or a map, its truth included, which `truths` alone tells.

    `name` is what the command line calls it, `summary` one line about it, `reference` its source.
    The first of its `datasets` is the default. `candidates` are what its paper tried, `gauge` lists
    what no data can fix. `experiment` says how it is fitted: "motion", "born", "levels" or
    "values". A motion has `mechanics`, a map a `map`.

    Raises `InputError` for candidates in unknown variables.

    >>> q = Symbol("q")
    >>> spring = Mechanics(("q",), (1,), q**2)
    >>> Problem("spring", "a spring", "R. Hooke, 1678", mechanics=spring).truths()
    {'potential': q**2, 'kinetic': qd**2/2}
    """

    name: str
    summary: str
    reference: str
    datasets: Mapping[str, Dataset] = field(default_factory=dict)
    candidates: tuple[Expr, ...] = ()
    gauge: tuple[Expr, ...] = ()
    experiment: str = "motion"
    mechanics: Mechanics | None = None
    map: Map | None = None

    def __post_init__(self) -> None:
        if self.mechanics is not None:
            for candidate in self.candidates:
                self.mechanics.check_variables(f"candidate {candidate}", candidate)

    @property
    def parameters(self) -> Mapping[str, float]:
        """The numbers, by name, that the problem was made with."""
        about = self.map if self.mechanics is None else self.mechanics
        return {} if about is None else about.parameters

    def motion(self) -> Mechanics:
        """The mechanics; `InputError` where the problem is a map."""
        if self.mechanics is None:
            between = "" if self.map is None else f" from {self.map.between}"
            raise InputError(
                f"{self.name!r} is a map{between}, not a motion: it has no potential, trajectories "
                f"or windows."
            )
        return self.mechanics

    def flow(self, q0: ArrayLike, p0: ArrayLike, t: ArrayLike) -> Trajectories:
        """`Mechanics.flow`, for data sets that a file draws of its own problem."""
        return self.motion().flow(q0, p0, t)

    def verlet(self, q0: ArrayLike, p0: ArrayLike, h: float, steps: int) -> Trajectories:
        """`Mechanics.verlet`, for data sets that a file draws of its own problem."""
        return self.motion().verlet(q0, p0, h, steps)

    def draw(
        self,
        dataset: str | None = None,
        seed: int = 0,
        count: int | None = None,
        report: Report | None = None,
    ) -> Samples:
        """The samples of a data set, by default of the first one, and so many as it has."""
        return self.dataset(dataset).draw(seed, count, report)

    def held_out(self, dataset: str | None = None, seed: int = 0) -> Samples | None:
        """Samples of the same law that `draw` does not show, if there are any.

        Where there are none, `draw` shows others of the same kind with another seed.
        """
        held_out = self.dataset(dataset).held_out
        return None if held_out is None else held_out(seed)

    def truths(self, dataset: str | None = None, seed: int = 0) -> Mapping[str, Expr]:
        """The true laws by name, with the numbers of the draw put in; empty where none is known.

        Of a motion these are its "potential" and "kinetic" energy and the functions of its other
        parts, of a map what its catalog file
        calls them.
        """
        if self.mechanics is None:
            return {} if self.map is None else self.map.truths
        if self.mechanics.potential is None:
            return {}
        potential = self.mechanics.with_numbers(self.mechanics.potential)
        if dataset is not None or self.datasets:
            parameters = self.dataset(dataset).parameters
            drawn = {} if parameters is None else parameters(seed)
            potential = potential.subs({Symbol(name): Float(x) for name, x in drawn.items()})
        numbers = self.mechanics.with_numbers
        kinetic = numbers(self.mechanics.kinetic_energy)
        others = {part: numbers(formula) for part, formula in self.mechanics.others.items()}
        return {"potential": potential, "kinetic": kinetic, **others}

    def dataset(self, name: str | None = None) -> Dataset:
        """The data set called `name`, by default the first one."""
        if not self.datasets:
            raise InputError(f"the system {self.name!r} has no data sets to draw.")
        if name is None:
            return next(iter(self.datasets.values()))
        if name not in self.datasets:
            raise InputError(
                f"the system {self.name!r} has no data set {name!r}; it has "
                f"{', '.join(self.datasets)}.{nearest(name, self.datasets)}"
            )
        return self.datasets[name]

    def window(self, dataset: str | None = None) -> Window:
        """Where in phase space the points of a data set lie; `InputError` where it has no such."""
        window = self.dataset(dataset).window
        if window is None:
            raise InputError(
                f"the system {self.name!r} has no windows to draw samples from; "
                f"{dataset or next(iter(self.datasets))} holds no points of phase space."
            )
        return window


@singledispatch
def observed(samples: Samples, name: str = "data") -> Problem:
    """The problem behind measured samples: no truth, no candidates, no data sets.

    >>> observed(ValueSamples([[1.0, 2.0]], [3.0], [1.0])).map
    Map(inputs=('x0', 'x1'), output='y', truths={}, parameters={})
    """
    raise InputError(f"{samples!r} are no trajectories, points of phase space or values.")


@observed.register
def _(samples: Trajectories, name: str = "data") -> Problem:
    mass = tuple(float(m) for m in samples.mass)
    return _moving(samples, name, Mechanics(samples.coordinates, mass))


@observed.register
def _(samples: PhaseSamples, name: str = "data") -> Problem:
    return _moving(samples, name, Mechanics(samples.coordinates, (1.0,) * samples.dimension))


@observed.register
def _(samples: ValueSamples, name: str = "data") -> Problem:
    *inputs, output = samples.names
    seen = Map(tuple(inputs), output)
    return Problem(name, f"measured: {samples!r}", "", experiment="values", map=seen)


def _moving(samples: Samples, name: str, mechanics: Mechanics) -> Problem:
    return Problem(name, f"measured: {samples!r}", "", gauge=CONSTANT, mechanics=mechanics)


def _of_fixed_number(draw: Draw) -> Draw:
    """A draw of the seed alone as one of seed, count and report, which refuses a count."""

    def drawn(seed: int, count: int | None = None, report: Report | None = None) -> Samples:
        if count is not None:
            raise InputError(
                f"the number of these samples is fixed, so {count} of them cannot be drawn; leave "
                f"the number out."
            )
        return draw(seed)

    return drawn
