"""Formulas as text: parsed, written, parsed again, differentiated and evaluated."""

from __future__ import annotations

import random

import numpy as np

from systems.expressions import differentiate, parse, parse_assignments, parse_list, text
from systems.integrate import compile
from systems.symbols import FUNCTIONS
from tests.fuzz.harness import Target
from tests.fuzz.mutations import ATTACKS, STRANGE, changed_text

LEAVES = (
    "q",
    "x",
    "r",
    "q",
    "x",
    "pi",
    "E",
    "0",
    "1",
    "2",
    "3",
    "7",
    "0.5",
    "1e-300",
    "1e300",
    "1e5",
)
LARGE = ("10**39", "9" * 40, "1000", "999", "0.001", "1e-9", "(1/3)", "(-2)", "(1/1000)")
TOKENS = (
    *LEAVES,
    *LARGE,
    *FUNCTIONS,
    *"+-*/^(),=.:[]{}'\" ",
    "**",
    "//",
    "ϕ",
    "q1",
    *ATTACKS,
    *STRANGE,
)
SEEDS = (
    "-1/(4*pi*r) + 0.5*r^2",
    "q^2*(q - 2)^2 - (q - 1)^2",
    "r=sqrt(x**2 + q**2), s=x + q",
    "1/r, 1/r**2, 1/(10 - r)",
    "exp(-abs(q)/2)*cos(3*q)/q",
    "4*r**-12 - 4*r**-6",
    "log(1 + tanh(x)**2) - asin(q/10)",
    *ATTACKS,
)


def make(rng: random.Random) -> str:
    """A formula, one that was tampered with, or no formula at all."""
    how = rng.randrange(10)
    if how < 5:
        return _formula(rng, rng.choice((2, 3, 4, 6)))
    if how < 8:
        return changed_text(rng, rng.choice(SEEDS), TOKENS)
    return "".join(rng.choice(TOKENS) for _ in range(rng.choice((1, 3, 8, 20))))


def _formula(rng: random.Random, depth: int) -> str:
    if depth == 0 or rng.random() < 0.15:
        return rng.choice(LEAVES if rng.random() < 0.85 else LARGE)
    how = rng.randrange(8)
    inner = _formula(rng, depth - 1)
    if how < 2:
        return f"{rng.choice(list(FUNCTIONS))}({inner})"
    other = _formula(rng, depth - 1)
    if how < 5:
        return f"({inner}) {rng.choice('+-*/*')} ({other})"
    if how < 7:
        return f"({inner})**{rng.choice(('2', '3', '-1', '-2', '0.5', '(1/2)', '12', *LARGE))}"
    return f"({inner})**({other})"


def use(written: str) -> None:
    """Everything that becomes of a formula before anything is fitted."""
    if "=" in written:
        found = list(parse_assignments(written).values())
    else:
        found = list(parse_list(written))
    for expr in found:
        back = parse(text(expr))
        names = sorted(map(str, back.free_symbols))
        if not names:
            continue
        slope = differentiate(back, names[0])
        with np.errstate(all="ignore"):
            compile([back, slope], names)(np.full((2, len(names)), 0.7))


TARGET = Target("expressions", make, use)
