"""Lüscher's formula as it was read, k cot δ = (u/L³) Σ_n c_n/(n h/L² - k²) + smooth: three laws.

The integers c_n come from `poles`; the constants h = 4π² and u = 4π, found without knowing of them,
from `blind`. Where an integer is not resolved nothing is said.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from sympy import Expr, Integer

from interpret.laws.forms import Sum
from interpret.laws.judgement import Judgement, Origin
from interpret.laws.law import Law
from interpret.laws.parts import MAP, Part, Variables
from interpret.laws.poles import Poles, place, pole
from interpret.reading.poles.blind import BlindPoles
from interpret.reading.poles.multiples import Unit
from interpret.reading.poles.pole_reading import PoleTable
from systems.expressions import symbol

N, C, BOX = map(symbol, ("n", "c", "L"))
SPACING: Final = N / BOX**2
RESIDUE: Final = C / BOX**3
BOXES: Final = (8.0, 32.0)
"""The range of L, in fm, of the boxes that levels are looked for in."""

NO_UNIT: Final = "no unit was found blind"


def read_laws(
    table: PoleTable, blind: BlindPoles | None = None, system: str = "luescher"
) -> tuple[Law, ...]:
    """The law of a table of poles; of what was found blind, where its poles lie, and their unit.

    Where no integer is resolved the law is "not in the library": it has no terms.

    >>> table = PoleTable((1.0, 5.98, 12.01), (0.01, 0.03, 0.04), 1e-3, 100, 0, 2.2)
    >>> (law,) = read_laws(table)
    >>> law.statement().closed
    ('1/(0 - q²) + 6/(1 - q²) + 12/(2 - q²) + smooth',)
    >>> law.expr
    4*pi*(12/(-k**2 + 8*pi**2/L**2) + 6/(-k**2 + 4*pi**2/L**2) - 1/k**2)/L**3
    """
    laws = [_poles(table, blind, system)]
    if blind is not None and blind.pole_unit is not None:
        laws.append(_unit(blind.pole_unit, SPACING, Sum("p²", "spacing"), system))
    if blind is not None and blind.residue_unit is not None:
        laws.append(_unit(blind.residue_unit, RESIDUE, Sum("residue", "residue"), system))
    return tuple(laws)


def integers(law: Law) -> dict[int, int]:
    """c_n of every n where it is resolved; zeros are left out."""
    rows = zip(law.parts[0].terms, law.recognised, strict=True)
    return {place(term): int(form) for term, form in rows if form is not None}


def _poles(table: PoleTable, blind: BlindPoles | None, system: str) -> Law:
    """Σ c_n/(n - q²), c_n whole numbers where they are resolved."""
    candidates = tuple(map(pole, range(len(table.coefficients))))
    rows = list(zip(table.integers, table.resolved, strict=True))
    kept = [n for n, (integer, resolved) in enumerate(rows) if resolved and integer != 0]
    unresolved = tuple(pole(n) for n, (_, resolved) in enumerate(rows) if not resolved)
    stderr = np.array([table.stderr[n] for n in kept])
    return Law(
        origin=Origin(system),
        parts=(Part(MAP, tuple(map(pole, kept)), candidates, unresolved),),
        coefficients=np.array([table.coefficients[n] for n in kept]),
        covariance=np.diag(stderr**2),
        recognised=tuple(Integer(table.integers[n]) for n in kept),
        variables=Variables({"q": (0.0, float(np.sqrt(table.reach)))}, {}),
        judgement=_judgement(table, blind),
        form=Poles(),
    )


def _judgement(table: PoleTable, blind: BlindPoles | None) -> Judgement:
    """A law as far as integers are resolved, with what was found blind in words."""
    if not any(table.resolved):
        return Judgement("not in the library", (f"no integer is resolved: {table.reading}",))
    remarks = [table.reading]
    if blind is not None:
        remarks += str(blind).splitlines()
        remarks += [NO_UNIT] if blind.pole_unit is None else []
    return Judgement("identified", remarks=tuple(remarks))


def _unit(unit: Unit, term: Expr, form: Sum, system: str) -> Law:
    """What the poles, or their residues, are whole multiples of."""
    names = sorted(item.name for item in term.free_symbols)
    domain = {name: BOXES if name == BOX.name else (1.0, 12.0) for name in names}
    return Law(
        origin=Origin(system),
        parts=(Part(MAP, (term,), (term,)),),
        coefficients=np.array([unit.value]),
        covariance=np.array([[unit.stderr**2]]),
        recognised=(unit.recognised,),
        variables=Variables(domain, {}),
        form=form,
    )
