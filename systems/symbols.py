"""What may stand in a formula under a name: functions, constants, and variables of one's own."""

from __future__ import annotations

import keyword
import unicodedata
from typing import Any

import sympy
from sympy import Symbol

from systems.errors import InputError

FUNCTIONS: dict[str, Any] = {
    "sqrt": sympy.sqrt,
    "exp": sympy.exp,
    "log": sympy.log,
    "sin": sympy.sin,
    "cos": sympy.cos,
    "tan": sympy.tan,
    "sinh": sympy.sinh,
    "cosh": sympy.cosh,
    "tanh": sympy.tanh,
    "asin": sympy.asin,
    "acos": sympy.acos,
    "atan": sympy.atan,
    "Abs": sympy.Abs,
    "abs": sympy.Abs,
}
CONSTANTS: dict[str, Any] = {"pi": sympy.pi, "E": sympy.E}


def symbol(name: str) -> Symbol:
    """The symbol called `name`, without assumptions: `symbol("r") == sympy.Symbol("r")`.

    Raises `InputError` for what is no text, for a name that is not an identifier, or that sympy
    would read back as something else (`S`, `N`, `beta`, ...).

    >>> symbol("r") + symbol("x1")
    r + x1
    """
    name = as_text(name, "the name of a variable")
    if not name.isidentifier() or keyword.iskeyword(name) or name.startswith("__"):
        raise InputError(
            f"{name!r} cannot be the name of a variable; use letters and digits, "
            f"e.g. {identifier(name)!r}."
        )
    if hasattr(sympy, name) or name in FUNCTIONS or name.lower() in {"inf", "infinity", "nan"}:
        raise InputError(f"the name {name!r} has a meaning of its own; rename it, e.g. '{name}_'.")
    return Symbol(name)


def identifier(name: str) -> str:
    """The letters, digits and underscores of a name, such that a variable may be called so.

    >>> identifier("x₁"), identifier("pos (left)"), identifier("2nd"), identifier("lambda")
    ('x1', 'pos_left', 'q2nd', 'lambda_')
    """
    if name.isidentifier() and not name.startswith("__"):
        return f"{name}_" if keyword.iskeyword(name) else name
    letters = unicodedata.normalize("NFKC", name)
    allowed = "".join(x if f"q{x}".isidentifier() else " " for x in letters)
    found = "_".join(allowed.split()).strip("_")
    if not found:
        return "q"
    return identifier(found if found.isidentifier() else f"q{found}")


def as_text(value: object, what: str) -> str:
    """The value where it is text; InputError, saying what it should have been, where not.

    In NFC: a letter and its accent are one character, whichever way they were typed.
    """
    if not isinstance(value, str):
        raise InputError(f"{what} is text, not {value!r:.60}.")
    return unicodedata.normalize("NFC", value)
