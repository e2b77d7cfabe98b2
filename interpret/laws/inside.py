"""Constants inside of terms: measured numbers such as the pole of 1/(c - r), with their error bars.

A law's terms hold their numbers, so that it is a formula like any other; what is said of it names
those that have no closed form, and says below what they are:

    V(r) = 1.0006(14)/r + 1.001(2)/(c - r)
    where c = 10.001(2)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sympy import Expr, Float, Symbol

from interpret.laws.json_numbers import finite, number
from interpret.laws.measured import Measured
from interpret.laws.value import with_error
from systems.expressions import parse, symbol, text


@dataclass(frozen=True)
class Constant:
    """A number inside of terms, its error bar (inf where no term holds it) and its closed form."""

    value: float
    stderr: float
    recognised: Expr | None = None

    @property
    def number(self) -> Expr:
        """What stands in the terms: the closed form where there is one."""
        return Float(self.value) if self.recognised is None else self.recognised

    def __str__(self) -> str:
        return with_error(self.value, self.stderr)


@dataclass(frozen=True)
class Inside:
    """The `constants` by name, and the `patterns`: terms and candidates with their names in.

    >>> r, c = symbol("r"), symbol("c")
    >>> inside = Inside({"c": Constant(10.001, 0.002)}, (1 / (c - r),))
    >>> term = inside.filled(1 / (c - r))
    >>> inside.named(term), inside.words([term])
    (1/(c - r), ('c = 10.001(2)',))
    """

    constants: Mapping[str, Constant] = field(default_factory=dict)
    patterns: tuple[Expr, ...] = ()

    def filled(self, pattern: Expr) -> Expr:
        """A pattern with the numbers in."""
        return pattern.xreplace({symbol(name): x.number for name, x in self.constants.items()})

    def pattern(self, term: Expr) -> Expr:
        """A term with the names of its constants in; as it is where it holds none."""
        return next((p for p in self.patterns if self.filled(p) == term), term)

    def named(self, term: Expr) -> Expr:
        """A term as it is said: closed forms are put in, other constants called by their names."""
        forms = {symbol(n): x.recognised for n, x in self.constants.items() if x.recognised}
        return self.pattern(term).xreplace(forms)

    def said(self, terms: Sequence[Measured]) -> list[Measured]:
        """Terms with their coefficients, as they are said."""
        return [replace(each, term=self.named(each.term)) for each in terms]

    def held(self, terms: Sequence[Expr]) -> dict[str, Constant]:
        """The constants that some terms hold."""
        used: set[Symbol] = set().union(*(self.pattern(term).free_symbols for term in terms))
        return {name: x for name, x in self.constants.items() if symbol(name) in used}

    def words(self, terms: Sequence[Expr]) -> tuple[str, ...]:
        """The constants of some terms that have no closed form, each with its error bar."""
        held = self.held(terms).items()
        return tuple(f"{name} = {each}" for name, each in held if each.recognised is None)

    def to_json(self) -> dict[str, Any]:
        """Expressions as text, what is not finite as None; nothing where there are no constants."""
        if not self.constants:
            return {}
        constants = {
            name: {
                "value": finite(each.value),
                "stderr": finite(each.stderr),
                "recognised": None if each.recognised is None else text(each.recognised),
            }
            for name, each in self.constants.items()
        }
        return {"constants": constants, "patterns": list(map(text, self.patterns))}

    @staticmethod
    def from_json(contents: Mapping[str, Any]) -> Inside:
        """What `to_json` wrote; nothing for the law of an earlier version."""
        constants = {
            name: Constant(
                number(each["value"]),
                number(each["stderr"]),
                None if each["recognised"] is None else parse(each["recognised"]),
            )
            for name, each in contents.get("constants", {}).items()
        }
        return Inside(constants, tuple(map(parse, contents.get("patterns", ()))))
