"""Lagrangians as `sympy.physics.mechanics` writes them, in the symbols of this package.

There the coordinate x is the function x(t), and its velocity that function's derivative; here they
are the symbols x and xd.
"""

from __future__ import annotations

from typing import Any

import sympy
from sympy import Derivative, Expr, Symbol
from sympy.core.function import AppliedUndef

from systems.equations import velocity
from systems.errors import InputError
from systems.expressions import symbol
from systems.forces import TIME

Given = tuple[Expr, tuple[str, ...], tuple[Expr, ...]]
"""L, its coordinates, and the generalized forces beside it: none, or one for each of them."""


def name(function: Any) -> str:
    """What a coordinate is called that is given by name, as a symbol, or as a function of time.

    >>> from sympy.physics.mechanics import dynamicsymbols
    >>> name(dynamicsymbols("theta")), name("x")
    ('theta', 'x')
    """
    return str(function.func if isinstance(function, AppliedUndef) else function)


def plain(lagrangian: Expr) -> Expr:
    """The expression with symbols in place of functions of time, and of symbols of other kinds.

    Raises `InputError` for second derivatives, and for functions of anything but the time.

    >>> from sympy.physics.mechanics import dynamicsymbols
    >>> x, m = dynamicsymbols("x"), sympy.Symbol("m", positive=True)
    >>> plain(m * x.diff() ** 2 / 2 - sympy.cos(x))
    m*xd**2/2 - cos(x)
    """
    rates: dict[Expr, Expr] = {}
    for slope in lagrangian.atoms(Derivative):
        if slope.variables != (TIME,) or not isinstance(slope.expr, AppliedUndef):
            raise InputError(
                f"{slope} is no velocity; a Lagrangian holds coordinates x(t) and their first "
                f"derivatives by the time."
            )
        rates[slope] = velocity(symbol(name(slope.expr)).name)
    moved = lagrangian.xreplace(rates)
    strange = [item for item in moved.atoms(AppliedUndef) if item.args != (TIME,)]
    if strange:
        raise InputError(f"{strange[0]} is no function of the time t alone.")
    places = {item: symbol(name(item)) for item in moved.atoms(AppliedUndef)}
    written = moved.xreplace(places)
    return written.xreplace({item: Symbol(item.name) for item in written.free_symbols})


def given_by(method: Any) -> Given:
    """What a `LagrangesMethod` holds.

    Raises `InputError` for one with constraints: its coordinates are not free.

    >>> from sympy.physics.mechanics import LagrangesMethod, Particle, Point, ReferenceFrame
    >>> from sympy.physics.mechanics import dynamicsymbols
    >>> x, N = dynamicsymbols("x"), ReferenceFrame("N")
    >>> P = Point("P")
    >>> P.set_vel(N, x.diff() * N.x)
    >>> drag = [(P, -3 * x.diff() * N.x)]
    >>> given_by(LagrangesMethod(x.diff() ** 2 - x**2, [x], forcelist=drag, frame=N))
    (-x**2 + xd**2, ('x',), (-3*xd,))
    """
    from sympy.physics.mechanics import LagrangesMethod

    if method.coneqs:
        raise InputError(
            f"this LagrangesMethod has the constraints {', '.join(map(str, method.coneqs))}, so "
            f"that its coordinates are not free; write it in as many as it has freedoms."
        )
    lagrangian = method._L[0]  # it has no other name
    # Its equations are those of L alone, less the generalized forces.
    alone = LagrangesMethod(lagrangian, list(method.q)).form_lagranges_equations()
    forces = (alone - method.form_lagranges_equations()).applyfunc(sympy.expand)
    names = tuple(map(name, method.q))
    return plain(lagrangian), names, tuple(map(plain, forces)) if any(forces) else ()
