"""Which closed form a learned curve has: one term with one constant inside, c g(x; k).

min over k of  min over c, b  Σ_i (f_i - c g(x_i; k) - b)² / σ_i²,    b = 0 of a drag
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interpret.ledger.learned import OF_SPEED, Curve

Array = NDArray[np.float64]
Shape = Callable[[Array, float], Array]

FLOOR: Final = 3e-3
"""A network of few units is no better than this part of its largest value."""

POWERS: Final = np.linspace(0.0, 5.0, 251)
RATES: Final = np.geomspace(0.1, 30.0, 200)
"""Constants that are tried: exponents, and rates over the range of x."""

SHAPES: Final[Mapping[str, tuple[Shape, bool]]] = {
    "u*abs(u)**p": (lambda x, p: np.sign(x) * np.abs(x) ** (p + 1), False),
    "abs(u)**p": (lambda x, p: np.abs(x) ** p, False),
    "tanh(k*u)": (lambda x, k: np.tanh(k * x), True),
    "sin(k*u)": (lambda x, k: np.sin(k * x), True),
}
"""What a curve may look like; whether its constant is a rate, which is scaled by the range of x."""

POWER: Final = "abs(u)**p"


@dataclass(frozen=True)
class Read:
    """A shape with its constant, and what it misses of the curve, rms."""

    shape: str
    constant: float
    missed: float


def read(curve: Curve, shape: str) -> Read:
    """The constant at which a shape is most like a curve.

    >>> x = np.linspace(0.1, 2, 60)
    >>> found = read(Curve(OF_SPEED, x, 0.2 * x**1.5, np.full(60, 1e-3), ()), POWER)
    >>> round(found.constant, 2), found.missed < 1e-3
    (1.5, True)
    """
    function, rate = SHAPES[shape]
    tried = RATES / float(np.abs(curve.x).max()) if rate else POWERS
    weight = 1 / np.maximum(curve.errors, FLOOR * np.abs(curve.values).max())
    whole = weight / np.linalg.norm(weight)

    def level(values: Array) -> Array:
        """Less what a constant explains, where one may be added."""
        return values if curve.variable == OF_SPEED else values - whole * (whole @ values)

    target = level(weight * curve.values)
    best = (float("inf"), 0.0)
    for constant in tried.tolist():
        column = level(weight * function(curve.x, constant))
        size = float(column @ column)
        factor = float(column @ target) / size if size > 0 else 0.0
        best = min(best, (float(((target - factor * column) ** 2).sum()), constant))
    left, constant = best
    return Read(shape, constant, float(np.sqrt(left) / (np.linalg.norm(target) or 1.0)))


def likest(curve: Curve) -> Read:
    """The shape that misses least of a curve."""
    return min((read(curve, shape) for shape in SHAPES), key=lambda found: found.missed)
