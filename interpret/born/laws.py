"""The law of each order of a measured expansion: its kernel, found among candidates.

    a_n = ∫ dr_1 ... dr_n U(r_1) ... U(r_n) Σ_k c_k x_1^p_1 ... x_n^p_n,   x_1 <= ... <= x_n

where x are the radii r in increasing order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sympy import Expr

from interpret.born import formulas
from interpret.born.errors import standard_errors
from interpret.born.exponents import FreeExponents, free_exponents
from interpret.born.library import HIGHEST, Reading, candidates, degree
from interpret.born.measures import Compared
from interpret.born.selection import Verdict, choose
from interpret.constants import recognise
from interpret.json_numbers import finite
from systems.errors import InputError
from systems.scattering import cells as integrals
from systems.scattering.born import Powers
from systems.scattering.symmetric import Array, Packing

ROUND_OFF = 64 * float(np.finfo(float).eps)


@dataclass(frozen=True)
class BornLaw:
    """The law of one order n, as `read_law` found it.

    - `order`: n.
    - `powers`, `coefficients`, `stderr`: its terms c x_1^p_1 ... x_n^p_n with their error bars.
    - `recognised`: the closed form of each coefficient, or None.
    - `residual`: what the law leaves of the tensor, and `floor` what the whole library leaves,
      both relative to the tensor.
    - `verdict`: *identified*, *ambiguous* where `rivals` of the same size leave less than twice
      as much, or *not in the library*.
    - `free`: the best powers that need not be whole, of a single term in the first two orders.
    - `library`: the candidates that were tried.
    - `compared`: what of the tensor was compared with them, "entries" or "values".
    """

    order: int
    powers: tuple[Powers, ...]
    coefficients: tuple[float, ...]
    stderr: tuple[float, ...]
    recognised: tuple[Expr | None, ...]
    residual: float
    floor: float
    verdict: Verdict
    rivals: tuple[tuple[Powers, ...], ...]
    free: FreeExponents | None
    library: tuple[Powers, ...]
    compared: Compared = "entries"

    @property
    def values(self) -> tuple[float, ...]:
        """The coefficients, closed forms where they were recognised."""
        pairs = zip(self.coefficients, self.recognised, strict=True)
        return tuple(value if form is None else float(form) for value, form in pairs)

    @property
    def dimensional(self) -> bool:
        """Whether every term has the degree n + 1 that makes a_n a length."""
        return all(sum(powers) == degree(self.order) for powers in self.powers)

    @property
    def expression(self) -> Expr:
        """a_n in sympy, as an integral over U(r): see `interpret.born.formulas.expression`."""
        return formulas.expression(self)

    def tensor(self, cells: int) -> Array:
        """The Born tensor (cells, ..., cells) that the law says there is; n! times it is a_n's
        derivative."""
        total = np.zeros(len(Packing(self.order, cells).indices))
        for powers, value in zip(self.powers, self.values, strict=True):
            total += value * integrals.packed(powers, cells)
        return Packing(self.order, cells).unpack(total)

    def __str__(self) -> str:
        return formulas.printed(self)

    def _repr_latex_(self) -> str:
        return f"${formulas.latex(self)}$"

    def to_json(self) -> dict[str, Any]:
        """The law as plain strings, numbers, lists and dicts."""
        rows = zip(self.powers, self.coefficients, self.stderr, self.recognised, strict=True)
        return {
            "order": self.order,
            "law": formulas.written(self),
            "expression": str(self.expression),
            "latex": formulas.latex(self),
            "terms": [
                {
                    "powers": list(powers),
                    "coefficient": value,
                    "stderr": finite(error),
                    "recognised": None if form is None else str(form),
                }
                for powers, value, error, form in rows
            ],
            "residual": self.residual,
            "floor": self.floor,
            "verdict": self.verdict,
            "rivals": [[list(powers) for powers in rival] for rival in self.rivals],
            "free_exponents": None if self.free is None else self.free.to_json(),
            "dimensional": self.dimensional,
            "compared": self.compared,
        }


def read_laws(*derivatives: ArrayLike, inputs: ArrayLike | None = None) -> tuple[BornLaw, ...]:
    """The laws of the first orders, from J (d,), H (d, d), T (d, d, d), ... in this order.

    `inputs` (n, d) are what the map was learned from, where it was: see `read_law`.

    >>> from systems.scattering import born_tensor
    >>> for law in read_laws(born_tensor(1), 2 * born_tensor(2)):
    ...     print(formulas.written(law))
    a1 = -∫ r² U(r) dr
    a2 = -∬ min² max U(r) U(r') dr dr'
    """
    laws = tuple(read_law(derivative, inputs=inputs) for derivative in derivatives)
    orders = [law.order for law in laws]
    if orders != list(range(1, len(laws) + 1)):
        raise InputError(f"derivatives come in the order 1, 2, 3, ..., not {orders}.")
    return laws


def read_law(
    derivative: ArrayLike,
    library: Sequence[Powers] | None = None,
    *,
    inputs: ArrayLike | None = None,
) -> BornLaw:
    """The law of order n from the n-th derivative of a map at U = 0, an array (d,) * n.

    The derivative is n! times the Born tensor; of a learned one only the symmetric part is taken.
    All supports of up to three candidates are tried, and the smallest taken where one term more
    does not halve what is left for the rest of the library: see `interpret.born.selection`. Error
    bars come from the residual: see `interpret.born.errors`.

    The tensor is compared with the candidates entry by entry. A map learned from `inputs` (n, d) is
    asked by its values there, from third order on, where most entries are in directions that no
    input has, and below where the entries identify no law: see `interpret.born.measures`.

    Raises InputError for what is no such derivative, and for a library of another order.

    >>> d = np.arange(1, 9) / 8
    >>> print(formulas.written(read_law(-(d**3 - (d - 1 / 8) ** 3) / 3)))
    a1 = -∫ r² U(r) dr
    """
    array = np.asarray(derivative, dtype=float)
    if array.ndim == 0 or len(set(array.shape)) > 1:
        raise InputError(
            f"the n-th derivative of a map of d inputs has the shape (d,) * n, not {array.shape}."
        )
    order = array.ndim
    library = candidates(order) if library is None else tuple(library)
    tensor = array / math.factorial(order)
    if inputs is None:
        return _read(Reading.of(tensor, library))
    law = _read(Reading.of(tensor, library)) if order in HIGHEST else None
    if law is not None and law.verdict == "identified":
        return law
    by_values = _read(Reading.of(tensor, library, np.asarray(inputs, dtype=float)))
    return by_values if law is None or by_values.verdict == "identified" else law


def _read(reading: Reading) -> BornLaw:
    """The law at the knee of one comparison with the candidates."""
    library = reading.library
    order = reading.measure.packing.order
    problem = reading.compressed()
    choice = choose(problem, smooth=reading.measure.name == "values")
    kept = list(choice.support)
    solved, _ = problem.solve(choice.support)
    scale = reading.size / reading.scale[kept]
    coefficients = (solved[kept] * scale).tolist()
    design = reading.design[:, kept] / reading.scale[kept]
    residual = reading.truth / reading.size - design @ solved[kept]
    smooth = choice.unexplained / math.sqrt(max(len(library) - len(kept), 1))
    errors = standard_errors(design, residual, smooth)
    stderr = ((errors + ROUND_OFF * np.abs(solved[kept])) * scale).tolist()
    alone = len(kept) == 1 and order <= 2
    return BornLaw(
        order=order,
        powers=tuple(library[k] for k in kept),
        coefficients=tuple(coefficients),
        stderr=tuple(stderr),
        recognised=tuple(map(recognise, coefficients, stderr)),
        residual=choice.residual,
        floor=choice.outside,
        verdict=choice.verdict,
        rivals=tuple(tuple(library[k] for k in rival) for rival in choice.rivals),
        free=free_exponents(reading, library[kept[0]], smooth) if alone else None,
        library=library,
        compared=reading.measure.name,
    )
