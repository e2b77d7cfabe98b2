"""The one record of a physical system: its law, and how its data sets are drawn.

H = Σ_i p_i² / (2 m_i) + V(q)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import sympy
from numpy.typing import ArrayLike
from sympy import Expr, Float, Integer, Symbol

from systems import integrate, mechanics
from systems.data import Array, Trajectories, checked_mass
from systems.errors import InputError, nearest
from systems.phase_space import PhaseSamples, Window

Draw = Callable[[int], Trajectories]


@dataclass(frozen=True, eq=False)
class Dataset:
    """How one data set is drawn.

    `draw` maps a seed to trajectories, `held_out` to others of the same law, and `parameters` to
    the numbers that the draw puts into the law, such as an angular momentum.
    """

    summary: str
    draw: Draw
    held_out: Draw | None = None
    parameters: Callable[[int], Mapping[str, float]] | None = None


@dataclass(frozen=True, eq=False)
class System:
    """A system with kinetic energy Σ p²/2m and, where it is known, its potential V.

    `name` is what the command line calls it, `summary` one line about it, `reference` its source.
    `mass` has one entry for each of the `coordinates`. `features` are functions of the
    coordinates, such as a distance r. `potential` and the `candidates` of its library are written
    in coordinates, features, or both; the potential may also hold `parameters`, numbers with names,
    and those of a data set. `gauge` lists what no data can fix. `datasets` draw trajectories,
    `windows` points of phase space; the first of each is the default. `known` is the part of the
    potential that an experiment may take as known, such as a trap. `sums` are variables that stand
    for many things alike, such as r for the distance of every pair: a term of a potential that
    holds one of them is summed over all that it stands for.

    Raises `InputError` when masses, names or variables do not fit together.

    >>> q = Symbol("q")
    >>> system = System("spring", "a spring", "R. Hooke, 1678", ("q",), (1.0,), q**2 / 2)
    >>> system.forces()
    (-q,)
    >>> system.flow([[1.0]], [[0.0]], [0.0, 1.0, 2.0])[0].q.ravel().round(6)
    array([ 1.      ,  0.540302, -0.416147])
    """

    name: str
    summary: str
    reference: str
    coordinates: tuple[str, ...]
    mass: tuple[float, ...]
    potential: Expr | None = None
    candidates: tuple[Expr, ...] = ()
    features: Mapping[str, Expr] = field(default_factory=dict)
    datasets: Mapping[str, Dataset] = field(default_factory=dict)
    gauge: tuple[Expr, ...] = (Integer(1),)
    windows: Mapping[str, Window] = field(default_factory=dict)
    parameters: Mapping[str, float] = field(default_factory=dict)
    known: Expr | None = None
    sums: Mapping[str, tuple[Expr, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        checked_mass(self.mass, self.coordinates)
        both = set(self.features) & set(self.coordinates)
        if both:
            raise InputError(f"{', '.join(both)} of {self.name!r} is a coordinate and a feature.")
        for name, feature in self.features.items():
            self._check_variables(f"feature {name}", feature, self.coordinates)
        for candidate in self.candidates:
            self._check_variables(f"candidate {candidate}", candidate, self.variables)

    @classmethod
    def observed(cls, trajectories: Trajectories, name: str = "data") -> System:
        """The system behind measured trajectories: no potential, no candidates, no data sets."""
        return cls(
            name=name,
            summary=f"measured: {trajectories!r}",
            reference="",
            coordinates=trajectories.coordinates,
            mass=tuple(float(m) for m in trajectories.mass),
        )

    @property
    def variables(self) -> tuple[str, ...]:
        """The names that its potential may be written in."""
        return (*self.coordinates, *self.features, *self.sums)

    @property
    def distances(self) -> dict[str, Expr]:
        """The distance of every pair of particles by its name: the features, or the sum over r."""
        pairs = self.sums.get("r", ())
        return dict(self.features) or {f"r_{i}": pair for i, pair in enumerate(pairs)}

    def sample(self, dataset: str | None = None, seed: int = 0) -> Trajectories:
        """The trajectories of a data set, by default of the first one."""
        return self.dataset(dataset).draw(seed)

    def held_out(self, dataset: str | None = None, seed: int = 0) -> Trajectories | None:
        """Trajectories of the same law that `sample` does not show, if there are any."""
        held_out = self.dataset(dataset).held_out
        return None if held_out is None else held_out(seed)

    def truth(self, dataset: str | None = None, seed: int = 0) -> Expr | None:
        """The potential with the numbers of the draw put in, or None where it is unknown."""
        if self.potential is None:
            return None
        if dataset is None and not self.datasets:
            return self._with_numbers(self.potential)
        if dataset in self.windows:
            return self._with_numbers(self.potential)
        parameters = self.dataset(dataset).parameters
        drawn = {} if parameters is None else parameters(seed)
        potential = self._with_numbers(self.potential)
        return potential.subs({Symbol(name): Float(x) for name, x in drawn.items()})

    def phase_samples(
        self, window: str | None = None, seed: int = 0, count: int | None = None
    ) -> PhaseSamples:
        """Random points of a window, by default of the first one, with their accelerations.

        Held-out points are those of another seed.
        """
        q, qd = self.window(window).draw(seed, count)
        return PhaseSamples(self.coordinates, q, qd, self.acceleration()(q))

    def window(self, name: str | None = None) -> Window:
        """The window called `name`, by default the first one."""
        if not self.windows:
            raise InputError(f"the system {self.name!r} has no windows to draw samples from.")
        if name is None:
            return next(iter(self.windows.values()))
        if name not in self.windows:
            raise InputError(
                f"the system {self.name!r} has no window {name!r}; it has "
                f"{', '.join(self.windows)}.{nearest(name, self.windows)}"
            )
        return self.windows[name]

    @property
    def lagrangian(self) -> Expr:
        """L = Σ m q̇²/2 - V in coordinates q and velocities qd, its parameters left as symbols.

        >>> q = Symbol("q")
        >>> System("spring", "", "", ("q",), (1.0,), q**2 / 2).lagrangian
        -q**2/2 + qd**2/2
        """
        if self.potential is None:
            raise InputError(f"the potential of {self.name!r} is unknown.")
        potential = self.in_coordinates(self.potential)
        return mechanics.lagrangian(potential, self.coordinates, self.mass)

    def dataset(self, name: str | None = None) -> Dataset:
        """The data set called `name`, by default the first one."""
        if not self.datasets:
            raise InputError(f"the system {self.name!r} has no data sets to sample.")
        if name is None:
            return next(iter(self.datasets.values()))
        if name not in self.datasets:
            raise InputError(
                f"the system {self.name!r} has no data set {name!r}; it has "
                f"{', '.join(self.datasets)}.{nearest(name, self.datasets)}"
            )
        return self.datasets[name]

    def in_coordinates(self, expr: Expr) -> Expr:
        """`expr` with every feature replaced by what it is in the coordinates, sums written out.

        >>> a, b, x = map(Symbol, "abx")
        >>> both = System("two", "", "", ("a", "b"), (1, 1), x**2, sums={"x": (a, b)})
        >>> both.in_coordinates(x**2 + a)
        a**2 + a + b**2
        """
        written = expr.xreplace({Symbol(name): value for name, value in self.features.items()})
        return sympy.Add(*(self._summed(term) for term in sympy.Add.make_args(written)))

    def _summed(self, term: Expr) -> Expr:
        """One term, summed over all that its variable stands for."""
        for name, things in self.sums.items():
            if term.has(Symbol(name)):
                return sympy.Add(*(term.xreplace({Symbol(name): thing}) for thing in things))
        return term

    def without_known(self) -> System:
        """The same system, its potential what is left when the known part is taken away."""
        if self.potential is None or self.known is None:
            return self
        return replace(self, potential=self.potential - self.known, known=None)

    @property
    def external(self) -> Expr | None:
        """The known part of the potential, in the coordinates, with the parameters' numbers."""
        return None if self.known is None else self.in_coordinates(self._with_numbers(self.known))

    def forces(self) -> tuple[Expr, ...]:
        """F_i = -∂V/∂q_i, in the coordinates.

        Raises `InputError` when the potential is unknown or still holds a parameter.
        """
        potential = self._checked_potential()
        terms = sympy.Add.make_args(potential)
        summed = [(name, t) for t in terms for name in self.sums if t.has(Symbol(name))]
        alone = self.in_coordinates(potential - sympy.Add(*(term for _, term in summed)))
        forces = [-slope for slope in mechanics.gradient(alone, self.coordinates)]
        # A sum over all pairs is differentiated term by term: each knows few of the coordinates.
        for name, term in summed:
            slope = term.diff(Symbol(name))
            for thing in self.sums[name]:
                pull = slope.xreplace({Symbol(name): thing})
                for variable in thing.free_symbols:
                    forces[self.coordinates.index(variable.name)] -= pull * thing.diff(variable)
        return tuple(forces)

    def potential_values(self, q: Array) -> Array:
        """V at the points q (n, d), as an array (n,)."""
        return integrate.compile([self._known_potential()], self.coordinates)(q)[:, 0]

    def acceleration(self) -> integrate.Field:
        """The numpy function q (n, d) -> F(q) / m (n, d)."""
        return self._acceleration

    @cached_property
    def _acceleration(self) -> integrate.Field:
        pairs = zip(self.forces(), self.mass, strict=True)
        return integrate.compile([f / mechanics.exact(m) for f, m in pairs], self.coordinates)

    def flow(self, q0: ArrayLike, p0: ArrayLike, t: ArrayLike) -> Trajectories:
        """The exact motion from the starts q0, p0 (R, d) at the times t (n,)."""
        mass = np.array(self.mass)
        q, v = integrate.flow(self.acceleration(), q0, np.asarray(p0) / mass, t)
        return Trajectories.from_arrays(self.coordinates, mass, t, q, mass * v)

    def verlet(self, q0: ArrayLike, p0: ArrayLike, h: float, steps: int) -> Trajectories:
        """The Störmer–Verlet motion from the starts q0, p0 (R, d), in steps of h."""
        mass = np.array(self.mass)
        t, q, v = integrate.verlet(self.acceleration(), q0, np.asarray(p0) / mass, h, steps)
        return Trajectories.from_arrays(self.coordinates, mass, t, q, mass * v)

    def energy(self, trajectories: Trajectories) -> tuple[Array, ...]:
        """H = Σ p²/2m + V along each trajectory, one array (n,) each."""
        values = self.potential_values(np.concatenate([item.q for item in trajectories]))
        ends = np.cumsum([len(item) for item in trajectories])[:-1]
        return tuple(
            trajectories.kinetic(number) + potential
            for number, potential in enumerate(np.split(values, ends))
        )

    def _known_potential(self) -> Expr:
        """V in the coordinates, when it is known and holds no parameter."""
        return self.in_coordinates(self._checked_potential())

    def _checked_potential(self) -> Expr:
        """V as it is written, when it is known and holds no parameter."""
        if self.potential is None:
            raise InputError(f"the potential of {self.name!r} is unknown.")
        potential = self._with_numbers(self.potential)
        self._check_variables("potential", potential, self.variables)
        return potential

    def _with_numbers(self, expr: Expr) -> Expr:
        """`expr` with the parameters' numbers put in."""
        numbers = {Symbol(name): mechanics.exact(x) for name, x in self.parameters.items()}
        return expr.xreplace(numbers)

    def _check_variables(self, what: str, expr: Expr, known: tuple[str, ...]) -> None:
        unknown = sorted(map(str, sympy.sympify(expr).free_symbols - set(map(Symbol, known))))
        if unknown:
            raise InputError(
                f"the {what} of {self.name!r} contains {', '.join(unknown)}, but the variables "
                f"are {', '.join(known)}.{nearest(unknown[0], known)}"
            )
