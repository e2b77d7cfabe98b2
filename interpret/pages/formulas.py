"""Laws to look at, as MathML, and to copy, as code."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import sympy
from sympy import Expr, Integral, Symbol
from sympy.core.function import AppliedUndef

from interpret.laws.comparison import Comparison
from interpret.laws.law import Law
from interpret.laws.measured import Equation
from interpret.laws.parts import KINDS
from interpret.laws.programs import LANGUAGES
from interpret.laws.report import NO_LAW
from systems.equations import acceleration, velocity
from systems.errors import InputError

OPENING, CLOSING = "{[(", "}])"
INFIX: Final = '<mo form="infix" lspace="0.25em" rspace="0.25em">'
"""A sign with blanks about it, though it is the first thing of its element."""


def mathml(latex: str) -> list[str]:
    """LaTeX as MathML: an element for each summand, so that a long sum goes on in the next line.

    >>> [part.count("<mfrac>") for part in mathml(r"V = q^{2} - \\frac{1}{q + 1}")]
    [0, 1]
    """
    from latex2mathml.converter import convert

    first, *others = (
        convert(part, display="inline").replace("<math ", '<math displaystyle="true" ')
        for part in summands(latex)
    )
    return [first, *(part.replace("<mo>", INFIX, 1) for part in others)]


def summands(latex: str) -> list[str]:
    r"""The text cut before every + and - that stands in no bracket, and at line breaks.

    >>> summands(r"V(q) = - \frac{1 + a}{q} + q \\ R = v")
    ['V(q) = - \\frac{1 + a}{q}', '+ q', 'R = v']
    """
    found: list[str] = []
    for line in latex.split(r"\\"):
        depth, start = 0, 0
        for place, letter in enumerate(line):
            depth += (letter in OPENING) - (letter in CLOSING)
            # A sign behind an equals sign is no operation.
            if depth == 0 and letter in "+-" and not line[start:place].rstrip().endswith("="):
                found.append(line[start:place].strip())
                start = place
        found.append(line[start:].strip())
    return [part for part in found if part]


def shown(law: Law, equation: Equation, *, measured: bool = False) -> list[str]:
    """An equation of a law as MathML, with closed forms or, `measured`, with error bars."""
    entries = [each.entry(closed=not measured) for each in equation.terms]
    latex = equation.form.latex(equation.left, entries, equation.gauge)
    return mathml(lettered(latex, law))


def truths(law: Law, comparison: Comparison) -> list[list[str]]:
    """The truth of every part as MathML; nothing where it is no sum of ordinary terms."""
    parts = {law.quantity(part): part for part in law.parts}
    if law.form.to_json()["kind"] != "sum":
        return []
    return [
        mathml(lettered(f"{law.equation(parts[name]).left} = {sympy.latex(truth)}", law))
        for name, truth in comparison.truths.items()
        if name in parts
    ]


def lettered(latex: str, law: Law) -> str:
    """The LaTeX of a law with Greek letters, indices and dots wherever names stand for them."""
    bodies = law.variables.bodies
    moved = tuple(bodies.mass) if bodies is not None else ()
    letters = {name: _letter(name) for name in (*moved, *law.domain)}
    dotted = {velocity(name).name: rf"\dot{{{letters[name]}}}" for name in moved}
    dotted |= {acceleration(name).name: rf"\ddot{{{letters[name]}}}" for name in moved}
    # sympy has written those in its own letters, as names alone stand before the equals sign.
    for name, letter in (letters | dotted).items():
        for written in {name, _letter(name)} - {letter}:
            alone = rf"(?<![A-Za-z\\]){re.escape(written)}(?![A-Za-z0-9])"
            latex = re.sub(alone, letter.replace("\\", r"\\"), latex)
    return latex


def _letter(name: str) -> str:
    letter: str = sympy.latex(Symbol(name))
    return letter


# To be copied


def copies(law: Law) -> dict[str, str]:
    """The law as code by language; what it cannot be written in is left out.

    >>> from interpret.laws.judgement import Origin
    >>> from interpret.laws.parts import MAP, Part, Variables
    >>> x = sympy.Symbol("x")
    >>> law = Law(origin=Origin("s"), parts=(Part(MAP, (x**2,), (x**2,)),), coefficients=[0.5],
    ...           covariance=[[1e-4]], variables=Variables({"x": (-1.0, 1.0)}, {}))
    >>> print(copies(law)["numpy"])
    import numpy
    <BLANKLINE>
    <BLANKLINE>
    def f(x):
        return 0.5*x**2
    """
    if law.verdict == NO_LAW or not law.terms:
        return {}
    written = {"sympy": _sympy(law), "LaTeX": law.latex}
    if law.variables.bodies is not None:
        return written | dict(_equations_of_motion(law))
    numeric = law.numeric
    if numeric.has(Integral) or not {s.name for s in numeric.free_symbols} <= set(law.domain):
        return written
    return written | {name: write(law, numeric) for name, write in FUNCTIONS.items()}


def _sympy(law: Law) -> str:
    sums = {_named(law, part.name): law._sum(law.measured(part)) for part in law.parts}
    names = sorted({s.name for expr in sums.values() for s in expr.free_symbols})
    symbols = [f'{name} = Symbol("{name}")' for name in names]
    unknown = {str(f.func) for expr in sums.values() for f in expr.atoms(AppliedUndef)}
    symbols += [f'{name} = Function("{name}")' for name in sorted(unknown)]
    lines = [f"{name} = {sympy.sstr(e, sympy_integers=True)}" for name, e in sums.items()]
    return "\n".join(["from sympy import *", "", *symbols, *lines])


def _named(law: Law, part: str) -> str:
    symbol = getattr(law.form, "symbol", "") or KINDS[part].symbol
    return symbol if symbol.isidentifier() else part


def _equations_of_motion(law: Law) -> Iterator[tuple[str, str]]:
    for language, name in {
        "latex": "LaTeX, q̈",
        "numpy": "numpy",
        "torch": "torch",
        "c": "C",
    }.items():
        assert language in LANGUAGES
        try:
            yield name, law.source(language)
        except InputError as error:
            yield name, f"# {error}"


def _in_numpy(law: Law, numeric: Expr) -> str:
    from sympy.printing.numpy import NumPyPrinter

    return _function(law, "numpy", NumPyPrinter().doprint(numeric))


def _in_torch(law: Law, numeric: Expr) -> str:
    from sympy.printing.pytorch import TorchPrinter

    return _function(law, "torch", TorchPrinter().doprint(numeric))


def _function(law: Law, library: str, body: str) -> str:
    name, arguments = _named(law, law.parts[0].name), ", ".join(law.domain)
    return f"import {library}\n\n\ndef {name}({arguments}):\n    return {body}"


def _in_c(law: Law, numeric: Expr) -> str:
    arguments = ", ".join(f"double {name}" for name in law.domain)
    name = _named(law, law.parts[0].name)
    return (
        f"#include <math.h>\n\ndouble {name}({arguments})\n"
        f"{{\n    return {sympy.ccode(numeric)};\n}}"
    )


FUNCTIONS: Final[Mapping[str, Callable[[Law, Any], str]]] = {
    "numpy": _in_numpy,
    "torch": _in_torch,
    "C": _in_c,
}
"""What a map of values is written in."""
