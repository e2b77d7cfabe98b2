"""The equations of motion of a law, all of its parts in them.

    M q̈ = ∂T/∂q - Ṁ q̇ - ∂V/∂q + (∂/∂q - d/dt ∂/∂q̇) A·q̇ - ∂R/∂q̇ + ∂W/∂q,    M = ∂²T/∂q̇∂q̇

with T = Σ m q̇²/2 of the given masses where the law has no kinetic part.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import sympy
from numpy.typing import ArrayLike, NDArray
from sympy import Eq, Expr

from interpret.laws.parts import MAP, Variables
from systems import equations, integrate
from systems.equations import velocity
from systems.errors import InputError
from systems.forces import TIME, Force, finite_at_rest, generalized_force, softened
from systems.mechanics import Mechanics

Array = NDArray[np.float64]
Curve = Callable[[Array], Array]
Signals = Mapping[str, Curve | ArrayLike]
"""What a drive was measured as, by name: its values (n,) at the times, or a function of time."""

SLIP: Final = 1e-3
"""Dry friction turns over within this part of the largest speed in the data: a body at rest creeps
at most so fast, and the steps of an integrator stay long."""

AT_REST: Final = 1e-12
"""Of the largest speed, so little is added to one that is divided by: there is a force at rest."""


MARGIN: Final = 0.05
"""Of a variable's range in the data: the most extreme of noisy samples lie so far out, or in."""


@dataclass(frozen=True)
class Dynamics:
    """The parts of a law of motion by name, as expressions, and what they are written in.

    Raises InputError for the law of a map, and for a law that does not say what it moves.

    >>> from interpret.laws.parts import Bodies
    >>> q, qd = sympy.Symbol("q"), sympy.Symbol("qd")
    >>> spring = {"potential": 2 * q**2, "dissipative": qd**2 / 4}
    >>> domain = {"q": (-1.0, 1.0), "qd": (-2.0, 2.0)}
    >>> Dynamics(spring, Variables(domain, {}, Bodies({"q": 0.5}))).equations
    [Eq(qdd, -8*q - qd)]
    """

    parts: Mapping[str, Expr]
    variables: Variables

    def __post_init__(self) -> None:
        if MAP in self.parts:
            raise InputError("this is the law of a map: nothing moves by it; ask for its values.")
        if self.variables.bodies is None:
            raise InputError(
                "this law does not say which coordinates move with what masses, as those kept by "
                "earlier versions do not; fit it again."
            )

    @cached_property
    def mechanics(self) -> Mechanics:
        """Coordinates and masses, with the law's potential and what of it was given."""
        bodies = self.variables.bodies
        assert bodies is not None, "laws without are refused"
        potential = self.parts.get("potential", sympy.Integer(0)) + bodies.known
        names, masses = tuple(bodies.mass), tuple(bodies.mass.values())
        return Mechanics(names, masses, potential, self.variables.features, sums=bodies.sums)

    @property
    def coordinates(self) -> tuple[str, ...]:
        """What moves."""
        return self.mechanics.coordinates

    @property
    def state(self) -> tuple[str, ...]:
        """What accelerations depend on: q, q̇ and t."""
        return (*self.coordinates, *(velocity(x).name for x in self.coordinates), TIME.name)

    @property
    def arguments(self) -> tuple[str, ...]:
        """The same, and the signals."""
        return (*self.state, *self.signals)

    @cached_property
    def signals(self) -> tuple[str, ...]:
        """What they depend on beside: functions of time that were measured, such as a drive's u."""
        held = {
            item.name for force in self.forces.values() for f in force for item in f.free_symbols
        }
        return tuple(sorted(held - set(self.state)))

    @property
    def kinetic(self) -> Expr:
        """T: the law's own, else Σ m q̇²/2."""
        given = equations.kinetic(self.coordinates, self.mechanics.mass)
        return self._in_coordinates("kinetic") if "kinetic" in self.parts else given

    @cached_property
    def forces(self) -> dict[str, Force]:
        """The generalized force of every part but the kinetic on each coordinate, in q, q̇ and t."""
        others = [name for name in self.parts if name not in ("potential", "kinetic")]
        return {"potential": self.mechanics.forces()} | {
            name: generalized_force(name, self._in_coordinates(name), self.coordinates)
            for name in others
        }

    @cached_property
    def accelerations(self) -> Force:
        """q̈ as expressions in q, q̇ and t."""
        return self._solved(self.forces)

    @property
    def equations(self) -> list[Eq]:
        """q̈_i = a_i(q, q̇, t), the acceleration of q called qdd; what was measured is u(t)."""
        functions = {sympy.Symbol(u): sympy.Function(u)(TIME) for u in self.signals}
        found = [a.xreplace(functions) for a in self.accelerations]
        pairs = zip(self.coordinates, found, strict=True)
        return [Eq(equations.acceleration(name), a, evaluate=False) for name, a in pairs]

    def numeric(self, *, smooth: bool = False) -> dict[str, Force]:
        """`forces` with all digits of every number; `smooth`: what jumps at rest is a slope.

        Either way there is a number at rest, where v/|v| has none.
        """
        rates = [self.variables.domain.get(velocity(x).name, (0.0, 0.0)) for x in self.coordinates]
        speed = float(np.abs(rates).max()) or 1.0
        mend, width = (softened, SLIP) if smooth else (finite_at_rest, AT_REST)
        rubbed = self.forces.get("dissipative", ())
        mended = tuple(mend(force, self.coordinates, width * speed) for force in rubbed)
        forces = {**self.forces, "dissipative": mended} if rubbed else self.forces
        return {name: tuple(map(_in_digits, force)) for name, force in forces.items()}

    def numeric_accelerations(self, *, smooth: bool = False) -> Force:
        """`accelerations` of `numeric` forces."""
        return tuple(map(_in_digits, self._solved(self.numeric(smooth=smooth))))

    @cached_property
    def _forces(self) -> integrate.Field:
        forces = self.numeric().values()
        return integrate.compile([f for force in forces for f in force], self.arguments)

    def forces_at(
        self, q: ArrayLike, v: ArrayLike, t: ArrayLike, signals: Signals | None = None
    ) -> dict[str, Array]:
        """The force of every part (n, d) at points of motion: see `Law.forces_at`."""
        times = np.asarray(t, dtype=np.float64)
        pushed = [curve(times) for curve in self._curves(signals, times)]
        states = np.column_stack([np.asarray(q), np.asarray(v), times, *pushed])
        values = self._forces(states).reshape(len(states), len(self.forces), -1)
        return {name: values[:, k] for k, name in enumerate(self.forces)}

    def simulate(
        self, q0: ArrayLike, v0: ArrayLike, t: ArrayLike, signals: Signals | None = None
    ) -> tuple[Array, Array]:
        """q and v (n, d), or (R, n, d) of R starts, at the times t (n,): see `Law.simulate`."""
        times = _ascending(t)
        starts = [self._start(name, given) for name, given in (("q0", q0), ("v0", v0))]
        several = max(start.ndim for start in starts) > 1
        try:
            q_start, v_start = np.broadcast_arrays(*map(np.atleast_2d, starts))
        except ValueError as error:
            raise InputError(
                f"q0 and v0 are starts of the same motions, not of {len(starts[0])} and "
                f"{len(starts[1])}."
            ) from error
        curves = self._curves(signals, times)
        field = integrate.compile(self.numeric_accelerations(smooth=True), self.arguments)

        def pushed(y: Array) -> Array:
            return field(np.column_stack([y, *(curve(y[:, -1]) for curve in curves)]))

        q, v = integrate.driven_flow(pushed if curves else field, q_start, v_start, times)
        return (q, v) if several else (q[0], v[0])

    def beyond(self, q: Array, v: Array) -> list[str]:
        """The variables that a motion q, v (n, d) takes out of the data: see `Law.beyond`."""
        features = self.variables.features
        written = integrate.compile([*features.values(), *map(sympy.Symbol, self.state[:-1])],
                                    self.state[:-1])  # fmt: skip
        columns = written(np.column_stack([q, v])).T
        found = []
        for name, column in zip((*features, *self.state[:-1]), columns, strict=True):
            low, top = self.variables.domain.get(name, (-np.inf, np.inf))
            room = MARGIN * (top - low)
            if column.min() < low - room or column.max() > top + room:
                found.append(name)
        return found

    def _curves(self, signals: Signals | None, times: Array) -> list[Curve]:
        """Each signal as a function of time: what was given, or a spline through its values."""
        given = dict(signals or {})
        if sorted(given) != list(self.signals):
            raise InputError(
                f"this law is driven by {', '.join(self.signals) or 'nothing that was measured'}; "
                f"say what that is at the times t, by name, as signals={{...}}."
            )
        return [_curve(name, given[name], times) for name in self.signals]

    def _start(self, name: str, given: ArrayLike) -> Array:
        """Positions or velocities, (d,) or (R, d)."""
        d = len(self.coordinates)
        try:
            start = np.asarray(given, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise InputError(f"{name} are numbers, not {given!r:.60}.") from error
        start = start[None] if start.ndim == 0 else start
        if start.ndim > 2 or start.shape[-1] != d or not np.isfinite(start).all():
            raise InputError(
                f"{name} is one finite number for each of {', '.join(self.coordinates)}, or rows "
                f"of them, not {given!r:.60}."
            )
        return start

    def _in_coordinates(self, name: str) -> Expr:
        return self.mechanics.in_coordinates(self.parts[name])

    def _solved(self, forces: Mapping[str, Force]) -> Force:
        total = [sympy.Add(*each) for each in zip(*forces.values(), strict=True)]
        if "kinetic" in self.parts:
            return equations.accelerations(self.kinetic, self.coordinates, total)
        pairs = zip(total, self.mechanics.mass, strict=True)
        return tuple(force / equations.exact(m) for force, m in pairs)


def _in_digits(expr: Expr) -> Expr:
    """With the seventeen digits that a double has; sympy prints fifteen of its own."""
    return sympy.nfloat(expr, n=17, exponent=False)


def _ascending(t: ArrayLike) -> Array:
    """Times (n,) that grow."""
    try:
        times = np.asarray(t, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"times are numbers, not {t!r:.60}.") from error
    if times.ndim != 1 or not len(times) or not np.isfinite(times).all():
        raise InputError("times are a list of finite numbers, the first that of the start.")
    if (np.diff(times) <= 0).any():
        raise InputError("the times do not ascend: sort them, the first is that of the start.")
    return times


def _curve(name: str, given: Curve | ArrayLike, times: Array) -> Curve:
    """A signal as it is, or through its values (n,) at the times."""
    if callable(given):
        return given
    values = np.asarray(given, dtype=np.float64)
    if values.shape != times.shape or not np.isfinite(values).all():
        raise InputError(f"{name} is a finite number for each of the {len(times)} times.")
    if len(times) < 2:
        return lambda t: np.full(np.shape(t), values[0])
    from scipy.interpolate import CubicSpline

    curve: Curve = CubicSpline(times, values)
    return curve
