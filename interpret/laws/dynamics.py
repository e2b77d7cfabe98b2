"""The equations of motion of a law, all of its parts in them.

    M q̈ = ∂T/∂q - Ṁ q̇ - ∂V/∂q + (∂/∂q - d/dt ∂/∂q̇) A·q̇ - ∂R/∂q̇ + ∂W/∂q,    M = ∂²T/∂q̇∂q̇

with T = Σ m q̇²/2 of the given masses where the law has no kinetic part.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import sympy
from numpy.typing import ArrayLike, NDArray
from sympy import Eq, Expr, Symbol

from interpret.laws.parts import MAP, Variables
from systems import equations, integrate
from systems.equations import velocity
from systems.errors import InputError, nearest
from systems.forces import TIME, Force, finite_at_rest, generalized_force, softened
from systems.mechanics import Mechanics

Array = NDArray[np.float64]

SLIP: Final = 1e-3
"""Dry friction turns over within this part of the largest speed in the data: a body at rest creeps
at most so fast, and the steps of an integrator stay long."""

AT_REST: Final = 1e-12
"""Of the largest speed, so little is added to one that is divided by: there is a force at rest."""


@dataclass(frozen=True)
class Dynamics:
    """The parts of a law of motion by name, as expressions, and what they are written in.

    Raises InputError for the law of a map, and for a law that does not say what it moves.

    >>> from interpret.laws.parts import Bodies
    >>> q, qd = Symbol("q"), Symbol("qd")
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
        """q̈_i = a_i(q, q̇, t), the acceleration of q called qdd."""
        pairs = zip(self.coordinates, self.accelerations, strict=True)
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
        return integrate.compile([f for force in forces for f in force], self.state)

    def forces_at(self, q: ArrayLike, v: ArrayLike, t: ArrayLike) -> dict[str, Array]:
        """The force of every part (n, d) at points of motion: see `Law.forces_at`."""
        states = np.column_stack([np.asarray(q), np.asarray(v), np.asarray(t)])
        values = self._forces(states).reshape(len(states), len(self.forces), -1)
        return {name: values[:, k] for k, name in enumerate(self.forces)}

    def simulate(self, q0: ArrayLike, v0: ArrayLike, t: ArrayLike) -> tuple[Array, Array]:
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
        field = integrate.compile(self.numeric_accelerations(smooth=True), self.state)
        q, v = integrate.driven_flow(field, q_start, v_start, times)
        return (q, v) if several else (q[0], v[0])

    def function(self, library: str) -> Callable[..., Any]:
        """a(q, v, t) by numpy or torch, (..., d) each, of any time: see `Law.lambdify`."""
        if library not in LIBRARIES:
            raise InputError(
                f"functions are made of {' or '.join(LIBRARIES)}, not of {library!r:.60}."
                f"{nearest(str(library), LIBRARIES)}"
            )
        arguments = [Symbol(f"x{i}") for i in range(len(self.state))]
        named = dict(zip(map(Symbol, self.state), arguments, strict=True))
        written = [a.xreplace(named) for a in self.numeric_accelerations()]
        compiled = sympy.lambdify(arguments, written, library, cse=True)
        return LIBRARIES[library](compiled, len(self.coordinates))

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
        return equations.accelerations(self.kinetic, self.coordinates, total)


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


def _by_numpy(compiled: Callable[..., Any], dimension: int) -> Callable[..., Any]:
    def acceleration(q: ArrayLike, v: ArrayLike, t: ArrayLike = 0.0) -> Array:
        q, v = np.asarray(q, dtype=np.float64), np.asarray(v, dtype=np.float64)
        columns = [part[..., i] for part in (q, v) for i in range(dimension)]
        shape = np.broadcast_shapes(q.shape[:-1], v.shape[:-1], np.shape(t))
        values = compiled(*columns, np.asarray(t, dtype=np.float64))
        return np.stack([np.broadcast_to(value, shape) for value in values], axis=-1)

    return acceleration


def _by_torch(compiled: Callable[..., Any], dimension: int) -> Callable[..., Any]:
    import torch
    from torch import Tensor

    def acceleration(q: Tensor, v: Tensor, t: Tensor | float = 0.0) -> Tensor:
        time = torch.as_tensor(t, dtype=q.dtype, device=q.device)
        columns = [part[..., i] for part in (q, v) for i in range(dimension)]
        shape = np.broadcast_shapes(q.shape[:-1], v.shape[:-1], time.shape)
        values = (
            torch.as_tensor(x, dtype=q.dtype, device=q.device) for x in compiled(*columns, time)
        )
        return torch.stack([value.expand(shape) for value in values], dim=-1)

    return acceleration


LIBRARIES: Final[Mapping[str, Callable[[Callable[..., Any], int], Callable[..., Any]]]] = {
    "numpy": _by_numpy,
    "torch": _by_torch,
}
"""What makes of a compiled list of expressions a function of q, v and t."""
