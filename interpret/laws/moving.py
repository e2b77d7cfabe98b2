"""What a law of motion does next: its forces, its equations, and the motion that follows.

d/dt ∂L/∂q̇ - ∂L/∂q + ∂R/∂q̇ = ∂W/∂q,     L = T(q, q̇) + A(q)·q̇ - V(q)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import sympy
from numpy.typing import ArrayLike, NDArray
from sympy import Eq, Expr, Float

from interpret.laws import programs
from interpret.laws.dynamics import Dynamics, Signals
from interpret.laws.forms import Form
from interpret.laws.functions import function
from interpret.laws.measured import Measured
from interpret.laws.parts import Part, Variables
from systems.forces import Force
from systems.mechanics import Mechanics

Array = NDArray[np.float64]


class Moving:
    """The half of a law that is about motion; of a map's law all of it raises InputError.

    Expressions have closed forms where they were recognised. Numbers are by the coefficients as
    measured: together these follow the data, whatever each of them is taken for.

    >>> from interpret.laws.law import Law
    >>> from interpret.laws.judgement import Origin
    >>> from interpret.laws.parts import Bodies
    >>> from systems.expressions import symbol
    >>> q, qd = symbol("q"), symbol("qd")
    >>> parts = Part("potential", (q**2,), (q**2,)), Part("dissipative", (qd**2,), (qd**2,))
    >>> law = Law(origin=Origin("spring"), parts=parts, coefficients=[2.0, 0.05],
    ...           covariance=[[1e-20, 0], [0, 1e-20]],
    ...           variables=Variables({"q": (-1, 1), "qd": (-2, 2)}, {}, Bodies({"q": 1.0})))
    >>> law.kinetic, law.potential, law.dissipation, law.drive
    (qd**2/2, 2*q**2, qd**2/20, 0)
    >>> law.forces_at([[1.0]], [[2.0]], [0.0])["dissipative"]
    array([[-0.2]])
    >>> law.equations()
    [Eq(qdd, -4*q - qd/10)]
    >>> q, v = law.simulate(1.0, 0.0, [0.0, 1.0, 2.0])
    >>> q[:, 0].round(4), v.shape
    (array([ 1.    , -0.3737, -0.6094]), (3, 1))
    >>> law.lambdify("numpy")([[1.0], [0.5]], [[0.0], [1.0]])
    array([[-4. ],
           [-2.1]])
    >>> print(law.source("latex"))
    \\ddot{q} = - 4 q - \\frac{\\dot{q}}{10}
    """

    parts: tuple[Part, ...]
    variables: Variables
    form: Form

    def measured(self, part: Part | None = None) -> list[Measured]:
        """The terms with their coefficients, of one part or of all."""
        raise NotImplementedError

    @property
    def expr(self) -> Expr:
        """The parts added as they stand, without the constant."""
        raise NotImplementedError

    def in_coordinates(self) -> Expr:
        """The law with the features written out in the coordinates of the data."""
        return sympy.Add(*map(self.written_out, sympy.Add.make_args(self.expr)))

    def written_out(self, term: Expr) -> Expr:
        """A term in the coordinates of the data: features written out, sums over many things too.

        >>> from interpret.laws.law import Law
        >>> from interpret.laws.judgement import Origin
        >>> from interpret.laws.parts import Bodies
        >>> a, b, x = sympy.symbols("a b x")
        >>> moved = Bodies({"a": 1.0, "b": 1.0}, {"x": (a, b)})
        >>> law = Law(origin=Origin("two"), parts=(Part("potential", (x**2,), (x**2,)),),
        ...           coefficients=[0.5], covariance=[[0.0]],
        ...           variables=Variables({"x": (-1.0, 1.0)}, {}, moved))
        >>> law.written_out(x**4), law.in_coordinates()
        (a**4 + b**4, a**2/2 + b**2/2)
        """
        bodies = self.variables.bodies
        if bodies is None or not bodies.sums:
            named = {sympy.Symbol(name): what for name, what in self.variables.features.items()}
            return term.xreplace(named)
        names, masses = tuple(bodies.mass), tuple(bodies.mass.values())
        moved = Mechanics(names, masses, features=self.variables.features, sums=bodies.sums)
        return moved.in_coordinates(term)

    @property
    def potential(self) -> Expr:
        """V(q), without the constant; 0 without one."""
        return self._part("potential")

    @property
    def gyroscopic(self) -> Expr:
        """A(q)·q̇, whose force does no work; 0 without one."""
        return self._part("gyroscopic")

    @property
    def dissipation(self) -> Expr:
        """Rayleigh's R(q̇), whose force is -∂R/∂q̇; 0 without one."""
        return self._part("dissipative")

    @property
    def drive(self) -> Expr:
        """W(q, t), whose force is ∂W/∂q; 0 without one."""
        return self._part("drive")

    @property
    def kinetic(self) -> Expr:
        """T(q, q̇): the law's own, or Σ m q̇²/2 of the masses that the data were given with."""
        return self._closed.kinetic

    def forces(self) -> dict[str, Force]:
        """F_i(q, q̇, t) of every part by its name, with closed forms: -∂V/∂q of the potential."""
        return dict(self._closed.forces)

    def forces_at(
        self, q: ArrayLike, v: ArrayLike, t: ArrayLike, signals: Signals | None = None
    ) -> dict[str, Array]:
        """F (n, d) of every part at n points: q and v (n, d), t (n,); coefficients as measured."""
        return self._measured.forces_at(q, v, t, signals)

    @property
    def signals(self) -> tuple[str, ...]:
        """Functions of time in its drive that were measured, by name."""
        return self._measured.signals

    def equations(self) -> list[Eq]:
        """q̈_i = a_i(q, q̇, t) of all parts and masses, with closed forms; one for each coordinate.

        The velocity of q is the symbol qd, its acceleration qdd, the time t.
        """
        return self._closed.equations

    def simulate(
        self, q0: ArrayLike, v0: ArrayLike, t: ArrayLike, signals: Signals | None = None
    ) -> tuple[Array, Array]:
        """q(t) and v(t) = q̇(t), (n, d) each, from q0 and v0 (d,) at the first of the times t (n,).

        Of R starts (R, d) they are (R, n, d). The motion is that of the coefficients as measured,
        to the last digits of a double; dry friction turns over within a thousandth of the largest
        speed in the data. What a drive was measured as, such as u, is given by `signals`: its
        values (n,) at the times, or a function of time.

        Raises InputError for a map, for times that do not ascend, for starts of another shape, and
        where the motion runs into a singularity or off to infinity.
        """
        return self._measured.simulate(q0, v0, t, signals)

    def beyond(self, q: Array, v: Array) -> list[str]:
        """The variables that a motion (n, d) takes beyond the data: there a law is extrapolated.

        By more than a twentieth of their range; of those whose range is not known nothing is said.
        """
        return self._measured.beyond(q, v)

    def lambdify(self, library: str = "numpy") -> Callable[..., Any]:
        """a(q, v, t) -> q̈ by "numpy" or "torch": q, v and q̈ (..., d), t a number or (...,).

        By the coefficients as measured, with dry friction as it is; signals follow t, in the order
        of their names. That of torch can be differentiated.
        """
        return function(self._measured, library)

    def source(self, language: str = "c") -> str:
        """The equations of motion as text: "c", "numpy" or "torch" code, or "latex".

        Code has the coefficients as measured, LaTeX closed forms. In C it is
        ``void acceleration(double t, const double *q, const double *v, double *a)``.
        """
        return programs.written(language, self._closed, self._measured)

    @cached_property
    def _closed(self) -> Dynamics:
        parts = {part.name: self._sum(self.measured(part)) for part in self.parts}
        return Dynamics(parts, self.variables)

    @cached_property
    def _measured(self) -> Dynamics:
        pairs = {
            part.name: [(Float(each.value), each.term) for each in self.measured(part)]
            for part in self.parts
        }
        return Dynamics({n: self.form.expr(each) for n, each in pairs.items()}, self.variables)

    def _part(self, name: str) -> Expr:
        part = next((part for part in self.parts if part.name == name), None)
        return sympy.Integer(0) if part is None else self._sum(self.measured(part))

    def _sum(self, some: Sequence[Measured]) -> Expr:
        return self.form.expr([(each.factor, each.term) for each in some])
