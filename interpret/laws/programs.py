"""The accelerations of a law as source code, to be pasted where a motion is integrated."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import sympy
from sympy import Expr, Float, Symbol

from interpret.laws.dynamics import Dynamics
from systems.equations import acceleration, velocity
from systems.errors import InputError, nearest
from systems.forces import TIME

DIGITS: Final = 6
"""Of a decimal in LaTeX, which people read; code has all seventeen."""


def latex(closed: Dynamics, measured: Dynamics) -> str:
    r"""q̈ = a(q, q̇, t), one line a coordinate, closed forms where recognised.

    >>> print(latex(*_spring()))
    \ddot{q} = - 4 q - 0.25 \dot{q}
    """
    names = {velocity(name): rf"\dot{{{_letter(name)}}}" for name in closed.coordinates}
    names |= {acceleration(name): rf"\ddot{{{_letter(name)}}}" for name in closed.coordinates}
    lines = [
        f"{names[equation.lhs]} = {sympy.latex(_short(equation.rhs), symbol_names=names)}"
        for equation in closed.equations
    ]
    if len(lines) == 1:
        return lines[0]
    body = " \\\\\n".join(line.replace(" = ", " &= ", 1) for line in lines)
    return f"\\begin{{aligned}}\n{body}\n\\end{{aligned}}"


def c(closed: Dynamics, measured: Dynamics) -> str:
    """A function of C99, coefficients as measured.

    >>> print(c(*_spring()))
    #include <math.h>
    <BLANKLINE>
    /* q'' of q at the time t: q, v and a hold one number for each. */
    void acceleration(double t, const double *q, const double *v, double *a)
    {
        (void)t;
        a[0] = -4.0*q[0] - 0.25*v[0];
    }
    """
    shared, values = _shared(measured, "{}[{}]")
    lines = [f"const double {name} = {sympy.ccode(what)};" for name, what in shared]
    lines += [f"a[{i}] = {sympy.ccode(value)};" for i, value in enumerate(values)]
    pushed = f", u {', '.join(measured.signals)}" if measured.signals else ""
    more = "const double *u, " if measured.signals else ""
    unused = [name for name in ("t", "q", "v") if not _holds(name, shared, values)]
    body = "\n".join(f"    {line}" for line in (*(f"(void){name};" for name in unused), *lines))
    return (
        "#include <math.h>\n\n"
        f"/* q'' of {', '.join(measured.coordinates)} at the time t: q, v and a hold one number "
        f"for each{pushed}. */\n"
        f"void acceleration(double t, const double *q, const double *v, {more}double *a)\n"
        f"{{\n{body}\n}}"
    )


def numpy(closed: Dynamics, measured: Dynamics) -> str:
    """A function of numpy, coefficients as measured.

    >>> print(numpy(*_spring()))
    import numpy
    <BLANKLINE>
    <BLANKLINE>
    def acceleration(q, v, t=0.0):
        "q'' of q: q and v hold one number for each along their last axis."
        zero = 0.0 * (q[..., 0] + v[..., 0] + t)
        return numpy.stack([zero - 4.0*q[..., 0] - 0.25*v[..., 0]], axis=-1)
    """
    from sympy.printing.numpy import NumPyPrinter

    return _python(measured, "numpy", NumPyPrinter(), "axis")


def torch(closed: Dynamics, measured: Dynamics) -> str:
    """A function of torch, coefficients as measured."""
    from sympy.printing.pytorch import TorchPrinter

    return _python(measured, "torch", TorchPrinter(), "dim")


LANGUAGES: Final[Mapping[str, Callable[[Dynamics, Dynamics], str]]] = {
    "c": c,
    "latex": latex,
    "numpy": numpy,
    "torch": torch,
}
"""What equations of motion are written in: with closed forms, and as measured."""


def written(language: str, closed: Dynamics, measured: Dynamics) -> str:
    """The equations in a language; InputError for one that is not among `LANGUAGES`."""
    if language not in LANGUAGES:
        raise InputError(
            f"a law is written in {', '.join(LANGUAGES)}, not in {language!r:.60}."
            f"{nearest(str(language), LANGUAGES)}"
        )
    return LANGUAGES[language](closed, measured)


def _python(measured: Dynamics, library: str, printer: Any, along: str) -> str:
    shared, values = _shared(measured, "{}[..., {}]")
    # torch has no cosine of a number, and constants take the shape of all that is given.
    time = ["t = torch.as_tensor(t, dtype=q.dtype, device=q.device)"] if library == "torch" else []
    parts = ", ".join(f"zero + {printer.doprint(value)}" for value in values)
    lines = [
        *time,
        "zero = 0.0 * (q[..., 0] + v[..., 0] + t)",
        *(f"{name} = {printer.doprint(what)}" for name, what in shared),
        f"return {library}.stack([{parts.replace('+ -', '- ')}], {along}=-1)",
    ]
    names = ", ".join(measured.coordinates)
    body = "\n".join(f"    {line}" for line in lines)
    return (
        f"import {library}\n\n\n"
        f"def acceleration(q, v, t=0.0{', *u' if measured.signals else ''}):\n"
        f"    \"q'' of {names}: q and v hold one number for each along their last axis.\"\n{body}"
    )


def _shared(measured: Dynamics, place: str) -> tuple[list[tuple[Symbol, Expr]], list[Expr]]:
    """What the accelerations have in common, by names of its own, and what they are then."""
    count = len(measured.coordinates)
    places = [Symbol(place.format(kind, i)) for kind in "qv" for i in range(count)]
    pushed = [Symbol(f"u[{k}]") for k in range(len(measured.signals))]
    named = dict(zip(map(Symbol, measured.arguments), [*places, TIME, *pushed], strict=True))
    values = [a.xreplace(named) for a in measured.numeric_accelerations()]
    shared, found = sympy.cse(values, sympy.numbered_symbols("s"))
    return shared, found


def _holds(name: str, shared: Sequence[tuple[Symbol, Expr]], values: Sequence[Expr]) -> bool:
    used = {item.name for e in (*(e for _, e in shared), *values) for item in e.free_symbols}
    return any(item.split("[")[0] == name for item in used)


def _letter(name: str) -> str:
    letter: str = sympy.latex(Symbol(name))
    return letter


def _short(expr: Expr) -> Expr:
    return expr.xreplace({x: Float(x, DIGITS) for x in expr.atoms(Float)})


def _spring() -> tuple[Dynamics, Dynamics]:
    """A damped spring, for the examples."""
    from interpret.laws.parts import Bodies, Variables

    q, qd = Symbol("q"), Symbol("qd")
    parts = {"potential": 2 * q**2, "dissipative": 0.125 * qd**2}
    spring = Dynamics(parts, Variables({}, {}, Bodies({"q": 1.0})))
    return spring, spring
