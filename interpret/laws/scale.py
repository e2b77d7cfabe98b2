"""The factor of a Lagrangian, which no motion tells: L and s L move everything the same way."""

from __future__ import annotations

from collections.abc import Mapping

import sympy
from sympy import Expr

from interpret.laws.law import Law
from interpret.laws.truth import Words, common, decompose
from systems.equations import exact

KINETIC = "kinetic"


def scale(law: Law, words: Words, truths: Mapping[str, Expr]) -> Expr:
    """s of which s L is the truth in the law's scale: where a kinetic coefficient has no error.

    A law that says its kinetic energy has one of its coefficients fixed, and the other parts are
    relative to it. 1 where the truth lacks that term, or the law has known masses.

    >>> import numpy as np
    >>> from interpret.laws.judgement import Origin
    >>> from interpret.laws.parts import Part, Variables
    >>> from systems.expressions import symbol
    >>> term = symbol("xd") ** 2
    >>> law = Law(origin=Origin("any"), parts=(Part("kinetic", (term,), (term,)),),
    ...           coefficients=[0.5], covariance=[[0.0]], variables=Variables({"xd": (-1, 1)}, {}))
    >>> scale(law, Words(("x",), {}, ()), {"kinetic": 4 * term})
    1/8
    """
    part = next((part for part in law.parts if part.name == KINETIC), None)
    fixed = [each for each in law.measured(part) if each.stderr == 0] if part else []
    if part is None or not fixed or KINETIC not in truths:
        return sympy.S.One
    found = decompose(common(law, part, words, truths[KINETIC]))
    true = dict(zip(part.candidates, found.coefficients, strict=True)).get(fixed[0].term, 0)
    if not true:
        return sympy.S.One
    factor = exact(fixed[0].value) / true
    return exact(float(factor)) if factor.has(sympy.Float) else factor
