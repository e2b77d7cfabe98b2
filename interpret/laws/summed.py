"""Terms summed over many things alike: V = Σ_{i<j} (4/r_ij**12 - 4/r_ij**6).

The variables of a term that stand for many things, such as r_ij for the distance of every pair,
stand for them hand in hand: in m_i*m_j/r_ij the masses are those of the pair.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from sympy import Expr

from interpret.laws.forms import Entry, Sum


@dataclass(frozen=True)
class Summed(Sum):
    """Σ c φ, `over` the things that a variable stands for: what is written after Σ, by its name.

    >>> from systems.expressions import symbol
    >>> r, d = symbol("r_ij"), symbol("d_k")
    >>> form = Summed(over={"r_ij": "i<j", "d_k": "k"})
    >>> form.right([("-4.0(1)", r**-6), ("4.0(1)", r**-12), ("0.50(1)", d**2)], "")
    'Σ_{i<j} (-4.0(1)/r_ij**6 + 4.0(1)/r_ij**12) + Σ_k 0.50(1)*d_k**2'
    >>> form.latex("V", [("0.50(1)", d**2)], "a constant")
    'V = \\\\sum_{k} \\\\left(0.50(1) d_{k}^{2}\\\\right) + c'
    """

    over: Mapping[str, str] = field(default_factory=dict)

    def left(self, symbol: str, variables: Sequence[str]) -> str:
        """V: its variables stand for too many things to name."""
        return symbol

    def right(self, entries: Sequence[Entry], gauge: str) -> str:
        """Sum after sum, in brackets where one has several terms."""
        parts = []
        for sign, some in self._groups(entries):
            inside = super().right(some, "")
            if sign:
                index = sign if len(sign) == 1 else f"{{{sign}}}"
                inside = f"Σ_{index} ({inside})" if len(some) > 1 else f"Σ_{index} {inside}"
            parts.append(inside)
        whole = super().right([], gauge).removeprefix("0") if gauge else ""
        return (" + ".join(parts) or "0") + whole

    def latex(self, left: str, entries: Sequence[Entry], gauge: str) -> str:
        """The same as LaTeX."""
        parts = []
        for sign, some in self._groups(entries):
            inside = super().latex("", some, "").removeprefix(" = ")
            parts.append(f"\\sum_{{{sign}}} \\left({inside}\\right)" if sign else inside)
        constant = super().right([], gauge).removeprefix("0") if gauge else ""
        return f"{left} = {' + '.join(parts) or '0'}{constant}"

    def to_json(self) -> dict[str, Any]:
        """Kind, and what is summed over."""
        return {**super().to_json(), "kind": "summed", "over": dict(self.over)}

    @staticmethod
    def from_json(contents: Mapping[str, Any]) -> Summed:
        """What `to_json` wrote."""
        over = {str(name): str(sign) for name, sign in contents["over"].items()}
        return Summed(str(contents["symbol"]), str(contents["name"]), over)

    def _groups(self, entries: Sequence[Entry]) -> list[tuple[str, list[Entry]]]:
        """The entries that are summed over the same, one after the other."""
        pairs = groupby(entries, key=lambda entry: self._sign(entry[1]))
        return [(sign, list(some)) for sign, some in pairs]

    def _sign(self, term: Expr) -> str:
        held = {item.name for item in term.free_symbols}
        return next((sign for name, sign in self.over.items() if name in held), "")
