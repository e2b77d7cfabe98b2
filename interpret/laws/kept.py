"""Laws and comparisons as they are kept in files, read back bit for bit.

A file of format 2 holds `{"format": 2, "laws": [...]}`. Format 1, that of version 0.1, is one law
of a potential by itself; runs that were kept as printed sentences cannot be read back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, get_args

import numpy as np
from sympy import Expr

from interpret.laws import particular
from interpret.laws.comparison import Comparison
from interpret.laws.forms import Form, Sum
from interpret.laws.integrals import BornIntegral
from interpret.laws.json_numbers import number
from interpret.laws.judgement import Judgement, Origin
from interpret.laws.law import Law
from interpret.laws.parts import Part, Variables
from interpret.laws.poles import Poles
from interpret.laws.summed import Summed
from interpret.laws.term import Term
from interpret.laws.verdicts import Outcome
from systems.errors import InputError, damage
from systems.expressions import parse

FORMAT: Final = 2

FORMS: dict[str, Callable[[Mapping[str, Any]], Form]] = {
    "sum": Sum.from_json,
    "integral": BornIntegral.from_json,
    "poles": Poles.from_json,
    "summed": Summed.from_json,
}


def to_json(laws: Sequence[Law]) -> dict[str, Any]:
    """The laws of a run as plain strings, numbers, lists and dicts."""
    return {"format": FORMAT, "laws": [law.to_json() for law in laws]}


def laws(contents: Mapping[str, Any]) -> tuple[Law, ...]:
    """The laws that `to_json` wrote, or version 0.1; None is read as nan.

    Raises InputError, with what is wrong, for anything else. Expressions are parsed against a
    whitelist, never evaluated.
    """
    if "kind" in contents:
        raise InputError(
            f"this run of {contents['kind']!s:.60} was kept by version 0.1, as sentences without "
            f"their laws; fit it again."
        )
    version = contents.get("format", 1)
    if version not in (1, FORMAT):
        raise InputError(
            f"the law is of format {version!s:.60}, which a newer version has written."
        )
    with damage("the law"):
        return tuple(map(law, contents["laws"] if version == FORMAT else [_upgraded(contents)]))


def law(contents: Mapping[str, Any]) -> Law:
    """The law that `Law.to_json` wrote."""
    with damage("the law"):
        return _law(contents)


def comparison(contents: Mapping[str, Any]) -> Comparison:
    """The comparison that `Comparison.to_json` wrote; raises InputError when it is none."""
    with damage("the comparison"):
        truth = contents["truth"]
        truths = truth if isinstance(truth, dict) else {"potential": truth}
        if contents["verdict"] not in get_args(Outcome):
            raise InputError(f"{contents['verdict']!r:.60} is no verdict.")
        return Comparison(
            verdict=contents["verdict"],
            reason=str(contents["reason"]),
            terms=tuple(Term.from_json(term) for term in contents["terms"]),
            truths={name: parse(what) for name, what in truths.items()},
            remainder=number(contents["remainder"]),
            form=_form(contents.get("form")),
            gauge=str(contents.get("gauge", "one constant")),
        )


def _law(contents: Mapping[str, Any]) -> Law:
    rows = contents["terms"]
    forms = (row["recognised"] for row in rows)
    covariance = [[number(entry) for entry in row] for row in contents["covariance"]]
    return Law(
        origin=Origin(str(contents["system"]), contents["dataset"], int(contents["seed"])),
        parts=tuple(_part(contents, name) for name in contents["candidates"]),
        coefficients=np.array([number(row["coefficient"]) for row in rows]),
        covariance=np.array(covariance).reshape(len(rows), len(rows)),
        recognised=tuple(None if form is None else parse(form) for form in forms),
        variables=Variables.from_json(contents),
        gauge=str(contents["gauge"]),
        judgement=Judgement.from_json(contents),
        form=_form(contents["form"]),
    )


def _part(contents: Mapping[str, Any], name: str) -> Part:
    return Part(
        name,
        tuple(parse(row["term"]) for row in contents["terms"] if row["part"] == name),
        _parsed(contents["candidates"][name]),
        _parsed(contents["undetermined"].get(name, [])),
        {
            parse(row["term"]): str(row["given"])
            for row in contents["terms"]
            if row["part"] == name and row.get("given")
        },
        particular.of_part(contents, name),
    )


def _parsed(texts: Sequence[str]) -> tuple[Expr, ...]:
    return tuple(map(parse, texts))


def _form(contents: Mapping[str, Any] | None) -> Form:
    return Sum() if contents is None else FORMS[contents["kind"]](contents)


def _upgraded(contents: Mapping[str, Any]) -> dict[str, Any]:
    """A law of format 1: it has one part, the potential."""
    return {
        **contents,
        "form": Sum().to_json(),
        "terms": [{**row, "part": "potential"} for row in contents["terms"]],
        "candidates": {"potential": contents["candidates"]},
        "undetermined": {},
        "remarks": [],
        "missed": 0.0,
    }
