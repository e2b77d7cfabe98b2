"""The physics of a motion: coordinates, masses and forces, and what follows from them.

H = Σ_i p_i² / (2 m_i) + V(q), and friction, magnetic forces and drives beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import sympy
from numpy.typing import ArrayLike
from sympy import Expr, Symbol

from systems import alike, equations, integrate, motion
from systems.errors import InputError, nearest
from systems.expressions import differentiate
from systems.forces import TIME, generalized_force
from systems.samples.masses import checked_mass
from systems.samples.trajectories import Array, Trajectories


@dataclass(frozen=True, eq=False)
class Mechanics:
    """Kinetic energy Σ m q̇²/2 and, where it is known, the potential V; other forces by their part.

    `mass` has one entry for each of the `coordinates`. `features` are functions of the coordinates,
    such as a distance r; the potential is written in coordinates, features, or both, and may hold
    `parameters`, numbers with names. `known` is the part of it that an experiment may take as
    known, such as a trap. `sums` are variables that stand for many things alike, such as r for the
    distance of every pair: a term that holds one of them is summed over all that it stands for. A
    term may hold several, of as many things: m_i*m_j/r_ij is summed over the pairs.
    `others` are the parts beside the potential (`systems.forces`), in coordinates q, velocities qd
    and the time t: R of "dissipative" forces, A·q̇ of "gyroscopic" ones, the work W of a "drive".
    `kinetic` is T(q, q̇) where it is not Σ m q̇²/2: masses are then 1, and the momenta of samples
    are the velocities.

    Raises `InputError` when masses, names or variables do not fit together.

    >>> q = Symbol("q")
    >>> spring = Mechanics(("q",), (1.0,), q**2 / 2)
    >>> spring.forces()
    (-q,)
    >>> spring.flow([[1.0]], [[0.0]], [0.0, 1.0, 2.0])[0].q.ravel().round(6)
    array([ 1.      ,  0.540302, -0.416147])
    >>> damped = replace(spring, others={"dissipative": Symbol("qd") ** 2 / 10})
    >>> damped.flow([[1.0]], [[0.0]], [0.0, 1.0, 2.0])[0].q.ravel().round(6)
    array([ 1.      ,  0.568972, -0.25807 ])
    >>> ring = Mechanics(("a",), (1.0,), -sympy.cos(Symbol("a")), kinetic=2 * Symbol("ad") ** 2)
    >>> ring.accelerations([[1.0]], [[0.0]]).round(6)
    array([[-0.210368]])
    """

    coordinates: tuple[str, ...]
    mass: tuple[float, ...]
    potential: Expr | None = None
    features: Mapping[str, Expr] = field(default_factory=dict)
    parameters: Mapping[str, float] = field(default_factory=dict)
    known: Expr | None = None
    sums: Mapping[str, Sequence[Expr]] = field(default_factory=dict)
    others: Mapping[str, Expr] = field(default_factory=dict)
    kinetic: Expr | None = None

    def __post_init__(self) -> None:
        checked_mass(self.mass, self.coordinates)
        both = set(self.features) & set(self.coordinates)
        if both:
            raise InputError(f"{', '.join(both)} is a coordinate and a feature; rename one.")
        for name, feature in self.features.items():
            _check(f"feature {name}", feature, self.coordinates)
        for part, formula in self.others.items():
            _check(f"{part} part", formula, (*self._state, *self.parameters))
        if self.kinetic is None:
            return
        _check("kinetic energy", self.kinetic, (*self._state[:-1], *self.parameters))
        if any(m != 1 for m in self.mass):
            raise InputError(
                f"the kinetic energy {self.kinetic} says what the masses are; leave them out."
            )

    @property
    def variables(self) -> tuple[str, ...]:
        """The names that the potential may be written in."""
        return (*self.coordinates, *self.features, *self.sums)

    @property
    def distances(self) -> dict[str, Expr]:
        """The distance of every pair of particles by its name: the features, or the sum over r."""
        pairs = self.sums.get("r", ())
        return dict(self.features) or {f"r_{i}": pair for i, pair in enumerate(pairs)}

    @property
    def lagrangian(self) -> Expr:
        """L = T + A·q̇ - V in coordinates q and velocities qd, its parameters left as symbols.

        >>> Mechanics(("q",), (1.0,), Symbol("q") ** 2 / 2).lagrangian
        -q**2/2 + qd**2/2
        """
        gyroscopic = self.others.get("gyroscopic", sympy.Integer(0))
        return self.kinetic_energy + gyroscopic - self.in_coordinates(self._potential())

    @property
    def kinetic_energy(self) -> Expr:
        """T in coordinates q and velocities qd, its parameters left as symbols."""
        given = self.kinetic
        return equations.kinetic(self.coordinates, self.mass) if given is None else given

    @property
    def external(self) -> Expr | None:
        """The known part of the potential, in the coordinates, with the parameters' numbers."""
        return None if self.known is None else self.in_coordinates(self.with_numbers(self.known))

    def without_known(self) -> Mechanics:
        """The same motion, its potential what is left when the known part is taken away."""
        if self.potential is None or self.known is None:
            return self
        return replace(self, potential=self.potential - self.known, known=None)

    def with_numbers(self, expr: Expr) -> Expr:
        """`expr` with the parameters' numbers put in."""
        numbers = {Symbol(name): equations.exact(x) for name, x in self.parameters.items()}
        return expr.xreplace(numbers)

    def in_coordinates(self, expr: Expr) -> Expr:
        """`expr` with every feature replaced by what it is in the coordinates, sums written out.

        >>> a, b, x = map(Symbol, "abx")
        >>> both = Mechanics(("a", "b"), (1, 1), x**2, sums={"x": (a, b)})
        >>> both.in_coordinates(x**2 + a)
        a**2 + a + b**2
        """
        written = expr.xreplace({Symbol(name): value for name, value in self.features.items()})
        return sympy.Add(*(self._summed(term) for term in sympy.Add.make_args(written)))

    def check_variables(self, what: str, expr: Expr) -> None:
        """Raise `InputError` where `expr` holds anything but the variables of the potential."""
        _check(what, expr, self.variables)

    def forces(self) -> tuple[Expr, ...]:
        """F_i = -∂V/∂q_i, in the coordinates.

        Raises `InputError` when the potential is unknown or still holds a parameter.
        """
        terms = sympy.Add.make_args(self._written())
        summed = [(name, t) for t in terms for name in self.sums if t.has(Symbol(name))]
        among = {term for _, term in summed}
        alone = self.in_coordinates(sympy.Add(*(term for term in terms if term not in among)))
        forces = [-slope for slope in equations.gradient(alone, self.coordinates)]
        # A sum over all pairs is differentiated term by term: each knows few of the coordinates.
        for name, term in summed:
            slope = differentiate(term, name)
            for thing, each in zip(self.sums[name], self._each(term), strict=True):
                pull = slope.xreplace(each)
                for variable in thing.free_symbols:
                    along = differentiate(thing, variable)
                    forces[self.coordinates.index(variable.name)] -= pull * along
        # What stands beside a sum's variable is one and the same in all of its terms.
        for term in {term for _, term in summed}:
            for number in (n for n, name in enumerate(self.coordinates) if term.has(Symbol(name))):
                slope = differentiate(term, self.coordinates[number])
                forces[number] -= sympy.Add(*(slope.xreplace(each) for each in self._each(term)))
        return tuple(forces)

    def potential_values(self, q: Array) -> Array:
        """V at the points q (n, d), as an array (n,)."""
        potential = self.in_coordinates(self._numeric())
        return integrate.compile([potential], self.coordinates)(q)[:, 0]

    def acceleration(self) -> integrate.Field:
        """The numpy function q (n, d) -> F(q) / m (n, d)."""
        return self._acceleration

    @cached_property
    def _acceleration(self) -> integrate.Field:
        if self._many:
            return self._summed_acceleration
        pairs = zip(self.forces(), self.mass, strict=True)
        return integrate.compile([f / equations.exact(m) for f, m in pairs], self.coordinates)

    def accelerations(self, q: ArrayLike, v: ArrayLike, t: ArrayLike = 0.0) -> Array:
        """q̈ (n, d) of all parts at q with the velocities v (n, d), at one time or each its own.

        nan where the kinetic energy does not determine it.
        """
        state = np.hstack([q, v])
        times = np.broadcast_to(np.ravel(t), len(state))
        with np.errstate(all="ignore"):  # the potential may be singular at some of them
            return self._driven(np.column_stack([state, times]))

    @cached_property
    def _driven(self) -> integrate.Field:
        """(q, q̇, t) as one array (n, 2d + 1) -> q̈ (n, d)."""
        if self._many and not self.others and self.kinetic is None:
            d = len(self.coordinates)
            return lambda state: self._summed_acceleration(state[:, :d])
        total = [*self.forces()]
        for part, formula in self.others.items():
            force = generalized_force(part, self.with_numbers(formula), self.coordinates)
            total = [a + b for a, b in zip(total, force, strict=True)]
        if self.kinetic is not None:
            return motion.field(self.with_numbers(self.kinetic), self.coordinates, total)
        pairs = zip(total, self.mass, strict=True)
        return integrate.compile([f / equations.exact(m) for f, m in pairs], self._state)

    @property
    def _many(self) -> bool:
        """Whether there are so many things in a sum that they are not written out."""
        return any(len(things) > alike.FEW for things in self.sums.values())

    @cached_property
    def _summed_acceleration(self) -> integrate.Field:
        """q (n, d) -> F(q) / m (n, d), of all things in a sum by one formula."""
        together = alike.of_sums(self._written(), self.sums, self.coordinates)
        mass = np.array(self.mass)
        return lambda q: -alike.gradient(together, q) / mass

    @property
    def _state(self) -> tuple[str, ...]:
        """What forces may depend on: positions, velocities and the time."""
        rates = (equations.velocity(name).name for name in self.coordinates)
        return (*self.coordinates, *rates, TIME.name)

    def flow(self, q0: ArrayLike, p0: ArrayLike, t: ArrayLike) -> Trajectories:
        """The exact motion from the starts q0, p0 (R, d) at the times t (n,)."""
        mass = np.array(self.mass)
        v0 = np.asarray(p0) / mass
        if self.others or self.kinetic is not None:
            q, v = integrate.driven_flow(self._driven, q0, v0, t)
        else:
            q, v = integrate.flow(self.acceleration(), q0, v0, t)
        return Trajectories.from_arrays(self.coordinates, mass, t, q, mass * v)

    def verlet(self, q0: ArrayLike, p0: ArrayLike, h: float, steps: int) -> Trajectories:
        """The Störmer–Verlet motion from the starts q0, p0 (R, d), in steps of h.

        Raises InputError where other forces than the potential's act: its steps know no velocity.
        """
        if self.others or self.kinetic is not None:
            has = f"{', '.join(self.others)} forces" if self.others else "masses that vary"
            raise InputError(
                f"Störmer–Verlet steps know forces of the positions alone, and this motion has "
                f"{has}; draw it with `flow`."
            )
        mass = np.array(self.mass)
        t, q, v = integrate.verlet(self.acceleration(), q0, np.asarray(p0) / mass, h, steps)
        return Trajectories.from_arrays(self.coordinates, mass, t, q, mass * v)

    def energy(self, trajectories: Trajectories) -> tuple[Array, ...]:
        """E = Σ q̇ ∂T/∂q̇ - T + V along each trajectory, one array (n,) each; of Σ m q̇²/2, T + V."""
        values = self.potential_values(np.concatenate([item.q for item in trajectories]))
        ends = np.cumsum([len(item) for item in trajectories])[:-1]
        potentials = np.split(values, ends)
        if self.kinetic is None:
            moved = [trajectories.kinetic(number) for number in range(len(trajectories))]
        else:
            energy = equations.energy(self.with_numbers(self.kinetic), self.coordinates)
            along = integrate.compile([energy], self._state[:-1])
            moved = [along(np.hstack([item.q, item.p]))[:, 0] for item in trajectories]
        return tuple(a + b for a, b in zip(moved, potentials, strict=True))

    def _summed(self, term: Expr) -> Expr:
        """One term, summed over all that its variables stand for, hand in hand."""
        if not any(term.has(Symbol(name)) for name in self.sums):
            return term
        return sympy.Add(*(term.xreplace(each) for each in self._each(term)))

    def _each(self, term: Expr) -> list[dict[Symbol, Expr]]:
        """What the variables of a summed term are, one of all that they stand for after another."""
        held = {name: things for name, things in self.sums.items() if term.has(Symbol(name))}
        symbols = [Symbol(name) for name in held]
        return [dict(zip(symbols, some, strict=True)) for some in zip(*held.values(), strict=True)]

    def _potential(self) -> Expr:
        """V as it is written, when it is known."""
        if self.potential is None:
            raise InputError(f"the potential of {', '.join(self.coordinates)} is unknown.")
        return self.potential

    def _written(self) -> Expr:
        """The same with every feature replaced by what it is in the coordinates."""
        return self._numeric().xreplace({Symbol(name): x for name, x in self.features.items()})

    def _numeric(self) -> Expr:
        """V as it is written, when it is known and holds no parameter without a number."""
        potential = self.with_numbers(self._potential())
        self.check_variables("potential", potential)
        return potential


def _check(what: str, expr: Expr, known: tuple[str, ...]) -> None:
    unknown = sorted(map(str, sympy.sympify(expr).free_symbols - set(map(Symbol, known))))
    if unknown:
        raise InputError(
            f"the {what} contains {', '.join(unknown)}, but the variables are {', '.join(known)}."
            f"{nearest(unknown[0], known)}"
        )
