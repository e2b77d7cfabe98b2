"""The one record of a physical system: its law, and how its data sets are drawn.

H = Σ_i p_i² / (2 m_i) + V(q)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import sympy
from numpy.typing import ArrayLike
from sympy import Expr, Float, Integer, Symbol

from systems import integrate, mechanics
from systems.data import Array, Trajectories, checked_mass
from systems.errors import InputError, nearest

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
    in coordinates, features, or both; the potential may also hold the parameters of a data set.
    `gauge` lists what no data can fix. The first data set is the default.

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

    def __post_init__(self) -> None:
        checked_mass(self.mass, self.coordinates)
        both = set(self.features) & set(self.coordinates)
        if both:
            raise InputError(f"{', '.join(both)} of {self.name!r} is a coordinate and a feature.")
        for name, feature in self.features.items():
            self._check_variables(f"feature {name}", feature, self.coordinates)
        variables = (*self.coordinates, *self.features)
        for candidate in self.candidates:
            self._check_variables(f"candidate {candidate}", candidate, variables)

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
        if not self.datasets and dataset is None:
            return self.potential
        parameters = self.dataset(dataset).parameters
        drawn = {} if parameters is None else parameters(seed)
        return self.potential.subs({Symbol(name): Float(x) for name, x in drawn.items()})

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
        """`expr` with every feature replaced by what it is in the coordinates."""
        return expr.xreplace({Symbol(name): value for name, value in self.features.items()})

    def forces(self) -> tuple[Expr, ...]:
        """F_i = -∂V/∂q_i, in the coordinates.

        Raises `InputError` when the potential is unknown or still holds a parameter.
        """
        slopes = mechanics.gradient(self._known_potential(), self.coordinates)
        return tuple(-slope for slope in slopes)

    def potential_values(self, q: Array) -> Array:
        """V at the points q (n, d), as an array (n,)."""
        return integrate.compile([self._known_potential()], self.coordinates)(q)[:, 0]

    def acceleration(self) -> integrate.Field:
        """The numpy function q (n, d) -> F(q) / m (n, d)."""
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
        if self.potential is None:
            raise InputError(f"the potential of {self.name!r} is unknown.")
        self._check_variables("potential", self.potential, (*self.coordinates, *self.features))
        return self.in_coordinates(self.potential)

    def _check_variables(self, what: str, expr: Expr, known: tuple[str, ...]) -> None:
        unknown = sorted(map(str, sympy.sympify(expr).free_symbols - set(map(Symbol, known))))
        if unknown:
            raise InputError(
                f"the {what} of {self.name!r} contains {', '.join(unknown)}, but the variables "
                f"are {', '.join(known)}.{nearest(unknown[0], known)}"
            )
