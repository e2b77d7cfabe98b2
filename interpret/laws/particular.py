"""What is particular to some terms: coefficients that were given, or that each data set has.

9.81*y is known: its coefficient was not learned
1/r of jupiter: -39.517(2); of all others: -39.478(1)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sympy import Expr, Symbol

from interpret.laws.forms import Form
from interpret.laws.json_numbers import finite, number
from interpret.laws.measured import Measured
from interpret.laws.parts import Part, Variables
from interpret.laws.value import last_place, order, to_place, with_error
from systems.equations import velocity
from systems.errors import InputError, nearest
from systems.expressions import parse, text
from systems.forces import TIME

Array = NDArray[np.float64]
Own = Mapping[str, tuple[float, float]]
"""A coefficient and its error bar by data set."""

MOST_NAMED = 12
"""Data sets that are told one by one."""


def datasets(parts: Sequence[Part]) -> tuple[str, ...]:
    """The data sets whose coefficients were told apart."""
    return tuple(dict.fromkeys(name for part in parts for own in part.own.values() for name in own))


def apart(own: Own, common: float) -> dict[str, tuple[float, float]]:
    """The data sets whose coefficient is not the common one."""
    return {name: pair for name, pair in own.items() if pair[0] != common}


def remarks(terms: Sequence[Measured], parts: Sequence[Part], form: Form) -> Iterator[str]:
    """A sentence about every coefficient that was not learned, or that data sets do not share."""
    for each in terms:
        if each.given:
            term = form.right([each.entry()], "")
            yield f"{term} is {each.given}: its coefficient was not learned"
    for each, own in _own(terms, parts):
        name, others = form.term(each.term), apart(own, each.value)
        if not others:
            yield f"{name}: one coefficient for all {len(own)} data sets"
        elif len(others) == len(own):
            mean = with_error(each.value, each.stderr)
            yield f"{name} differs from data set to data set, {mean} on average: {_listed(others)}"
        else:
            common = with_error(each.value, each.stderr)
            yield f"{name} differs for {_listed(others)}; of all others it is {common}"


def rows(
    terms: Sequence[Measured], parts: Sequence[Part], form: Form
) -> Iterator[tuple[str, str, str]]:
    """Lines of a table for the coefficients of data sets that differ."""
    for each, own in _own(terms, parts):
        for name, (value, error) in apart(own, each.value).items():
            shown = to_place(value, last_place(value, error))
            yield f"{form.term(each.term)} of {name}", shown, order(error)


def of_dataset(
    parts: Sequence[Part], values: Array, covariance: Array, dataset: str
) -> tuple[tuple[Part, ...], Array, Array]:
    """Parts, coefficients and covariance of one data set; InputError for one that there is not."""
    known = datasets(parts)
    if dataset not in known:
        told = f"there are {', '.join(known)}" if known else "all share one law"
        raise InputError(f"there is no data set {dataset!r}: {told}.{nearest(dataset, known)}")
    values, covariance = values.copy(), covariance.copy()
    terms = [(part, term) for part in parts for term in part.terms]
    for k, (part, term) in enumerate(terms):
        if term in part.own and part.own[term][dataset][0] != values[k]:
            values[k], error = part.own[term][dataset]
            covariance[k] = covariance[:, k] = 0.0
            covariance[k, k] = error**2
    return tuple(replace(part, own={}) for part in parts), values, covariance


def signals(variables: Variables) -> set[str]:
    """The functions of time that were measured, such as a drive's u."""
    if variables.bodies is None:
        return set()
    state = {name for x in variables.bodies.mass for name in (x, velocity(x).name)}
    others = {*variables.features, *variables.bodies.sums, TIME.name}
    return {*variables.domain} - state - others


def said(terms: Sequence[Measured], variables: Variables) -> list[Measured]:
    """The terms with the names of constants, and u(t) in the place of u, which was measured.

    >>> from interpret.laws.parts import Bodies
    >>> from systems.expressions import symbol
    >>> variables = Variables({"x": (0, 1), "t": (0, 9), "u": (0, 1)}, {}, Bodies({"x": 1.0}))
    >>> pushed = Measured("drive", symbol("u") * symbol("x"), 0.7, 0.01, None)
    >>> said([pushed], variables)[0].term, names_of([pushed.term], variables)
    (u(t)*x, ['x', 't'])
    """
    functions = {Symbol(name): Symbol(f"{name}({TIME})") for name in signals(variables)}
    named = variables.inside.said(terms)
    return [replace(each, term=each.term.xreplace(functions)) for each in named]


def names_of(terms: Sequence[Expr], variables: Variables) -> list[str]:
    """What terms are written in, all of the variables where they are in none."""
    used = {item.name for term in terms for item in term.free_symbols}
    measured = signals(variables)
    used = used - measured | {TIME.name} if used & measured else used
    every = [name for name in variables.domain if name not in measured]
    return [name for name in every if name in used] or every


def to_json(parts: Sequence[Part]) -> dict[str, Any]:
    """The coefficients of data sets as plain text and numbers; nothing where none are apart."""
    rows = [
        {
            "part": part.name,
            "term": text(term),
            "datasets": {n: list(map(finite, pair)) for n, pair in own.items()},
        }
        for part in parts
        for term, own in part.own.items()
    ]
    return {"own": rows} if rows else {}


def of_part(contents: Mapping[str, Any], name: str) -> dict[Expr, Own]:
    """What `to_json` wrote of one part."""
    rows = [row for row in contents.get("own", []) if row["part"] == name]
    return {
        parse(row["term"]): {
            str(label): (number(pair[0]), number(pair[1]))
            for label, pair in row["datasets"].items()
        }
        for row in rows
    }


def _own(terms: Sequence[Measured], parts: Sequence[Part]) -> Iterator[tuple[Measured, Own]]:
    """The terms that data sets may have coefficients of their own for, with these."""
    held: list[tuple[Part, Expr]] = [(part, term) for part in parts for term in part.terms]
    for each, (part, term) in zip(terms, held, strict=True):
        if term in part.own:
            yield each, part.own[term]


def _listed(own: Own) -> str:
    some = [f"{name} ({with_error(*pair)})" for name, pair in own.items()]
    more = f" and {len(some) - MOST_NAMED} more" if len(some) > MOST_NAMED else ""
    return ", ".join(some[:MOST_NAMED]) + more
