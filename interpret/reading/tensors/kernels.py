"""The law of each order of a measured expansion: its kernel, found among candidates.

    a_n = ∫ dr_1 ... dr_n U(r_1) ... U(r_n) Σ_k c_k x_1^p_1 ... x_n^p_n,   x_1 <= ... <= x_n

where x are the radii r in increasing order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, cast

import numpy as np
import sympy
from numpy.typing import ArrayLike
from sympy import Expr

from interpret.laws.integrals import BornIntegral
from interpret.laws.judgement import Judgement, Origin
from interpret.laws.law import Law
from interpret.laws.parts import MAP, Part, Variables
from interpret.laws.value import order as in_one_digit
from interpret.laws.value import with_error
from interpret.reading.tensors.exponents import FreeExponents, free_exponents
from interpret.reading.tensors.kernel_candidates import HIGHEST, Reading, candidates, degree
from interpret.reading.tensors.measures import Compared
from interpret.reading.tensors.standard_errors import standard_errors
from interpret.select.knee import CLEAR, KNEE, Knee, KneeChoice
from systems.errors import InputError
from systems.expressions import symbol
from systems.physics.scattering.born_series import Powers, radii
from systems.physics.scattering.symmetric import Array

ROUND_OFF = 64 * float(np.finfo(float).eps)

SMALLEST_FLOOR = 1e-12
"""Less than this part of a tensor is round-off, and no measure of how well a law does."""

MOST_RIVALS = 3
WHOLE = {
    "entries": "the tensor",
    "values": "the tensor's values on the inputs",
    "samples": "what is seen of it in the samples",
}
FACTOR = {"entries": KNEE, "values": CLEAR, "samples": KNEE}


PLAIN: Final = Knee()
"""Up to three terms, as many as make what is left half as large each."""


@dataclass(frozen=True)
class Kernel:
    """The kernel of one order, as `read_kernel` found it.

    - `law`: with its verdict; *ambiguous* where `rivals` of the same size leave hardly more.
    - `residual`: what the law leaves of the tensor, and `floor` what the whole library leaves,
      both relative to the tensor.
    - `free`: the best powers that need not be whole, of a single term in the first two orders.
    - `compared`: what of the tensor was compared with the candidates, "entries" or "values".
    """

    law: Law
    residual: float
    floor: float
    rivals: tuple[tuple[Powers, ...], ...]
    free: FreeExponents | None
    compared: Compared

    @property
    def powers(self) -> tuple[Powers, ...]:
        """Those of the law's terms."""
        form = cast(BornIntegral, self.law.form)
        return tuple(form.powers(term) for term in self.law.terms)


def read_laws(
    *derivatives: ArrayLike, inputs: ArrayLike | None = None, system: str = "born"
) -> tuple[Law, ...]:
    """The laws of the first orders, from J (d,), H (d, d), T (d, d, d), ... in this order.

    `inputs` (n, d) are what the map was learned from, where it was: see `read_kernel`.

    >>> from systems.physics.scattering import born_tensor
    >>> for law in read_laws(born_tensor(1, 8), 2 * born_tensor(2, 8)):
    ...     print(law.statement().closed[0])
    -∫ r² U(r) dr
    -∬ min² max U(r) U(r') dr dr'
    """
    kernels = [read_kernel(array, inputs=inputs, system=system) for array in derivatives]
    orders = [cast(BornIntegral, kernel.law.form).order for kernel in kernels]
    if orders != list(range(1, len(kernels) + 1)):
        raise InputError(f"derivatives come in the order 1, 2, 3, ..., not {orders}.")
    return tuple(kernel.law for kernel in kernels)


def read_kernel(
    derivative: ArrayLike,
    library: Sequence[Powers] | None = None,
    *,
    inputs: ArrayLike | None = None,
    system: str = "born",
) -> Kernel:
    """The law of order n from the n-th derivative of a map at U = 0, an array (d,) * n.

    The derivative is n! times the Born tensor; of a learned one only the symmetric part is taken.
    All supports of up to three candidates are tried, and the smallest taken where one term more
    does not halve what is left for the rest of the library: see `interpret.select.knee`. Error
    bars come from the residual: see `interpret.reading.tensors.standard_errors`.

    The tensor is compared with the candidates entry by entry. A map learned from `inputs` (n, d) is
    asked by its values there, from third order on, where most entries are in directions that no
    input has, and below where the entries identify no law: see `measures`.

    Raises InputError for what is no such derivative, and for a library of another order.

    >>> d = np.arange(1, 9) / 8
    >>> print(read_kernel(-(d**3 - (d - 1 / 8) ** 3) / 3).law.expr)
    -Integral(r**2*U(r), (r, 0, 1))
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
        return read_at_knee(Reading.of(tensor, library), system)
    kernel = read_at_knee(Reading.of(tensor, library), system) if order in HIGHEST else None
    if kernel is not None and kernel.law.verdict == "identified":
        return kernel
    by_values = read_at_knee(Reading.of(tensor, library, np.asarray(inputs, dtype=float)), system)
    better = kernel is None or by_values.law.verdict == "identified"
    return by_values if better else cast(Kernel, kernel)


def law_tensor(law: Law, cells: int) -> Array:
    """The Born tensor (cells, ..., cells) of a law, its coefficients closed where recognised.

    n! times it is the n-th derivative of the map.
    """
    form = cast(BornIntegral, law.form)
    numbers = zip(law.recognised, law.coefficients.tolist(), strict=True)
    values = [number if exact is None else float(exact) for exact, number in numbers]
    return form.tensor(list(zip(values, law.terms, strict=True)), cells)


def monomial(powers: Powers) -> Expr:
    """The candidate in sympy.

    >>> monomial((2, 1))
    max*min**2
    """
    names = radii(len(powers))
    return sympy.Mul(*(symbol(name) ** power for name, power in zip(names, powers, strict=True)))


def read_at_knee(reading: Reading, system: str, knee: Knee = PLAIN) -> Kernel:
    """The law at the knee of one comparison with the candidates."""
    library = reading.library
    order = reading.measure.packing.order
    problem = reading.compressed()
    choice = replace(knee, smooth=reading.measure.name == "values").choose(problem)
    kept = list(choice.support)
    solved, _ = problem.solve(choice.support)
    scale = reading.size / reading.scale[kept]
    design = reading.design[:, kept] / reading.scale[kept]
    residual = reading.truth / reading.size - design @ solved[kept]
    smooth = choice.unexplained / math.sqrt(max(len(library) - len(kept), 1))
    errors = standard_errors(design, residual, smooth)
    stderr = (errors + ROUND_OFF * np.abs(solved[kept])) * scale
    alone = len(kept) == 1 and order <= 2
    free = free_exponents(reading, library[kept[0]], smooth) if alone else None
    rivals = tuple(tuple(library[k] for k in rival) for rival in choice.rivals)
    form = BornIntegral(order)
    law = Law(
        origin=Origin(system),
        parts=(
            Part(
                MAP,
                tuple(monomial(library[k]) for k in kept),
                tuple(map(monomial, library)),
            ),
        ),
        coefficients=solved[kept] * scale,
        covariance=np.diag(stderr**2),
        variables=Variables(dict.fromkeys(radii(order), (0.0, 1.0)), {}),
        judgement=_judgement(choice, rivals, free, reading, [library[k] for k in kept]),
        form=form,
    )
    return Kernel(law, choice.residual, choice.outside, rivals, free, reading.measure.name)


def _judgement(
    choice: KneeChoice,
    rivals: Sequence[Sequence[Powers]],
    free: FreeExponents | None,
    reading: Reading,
    kept: Sequence[Powers],
) -> Judgement:
    """The verdict, and in words what the law leaves and what else was considered."""
    order = reading.measure.packing.order
    form = BornIntegral(order)
    compared = reading.measure.name
    remarks = [
        f"leaves {in_one_digit(choice.residual)} of {WHOLE[compared]}, all "
        f"{len(reading.library)} candidates {in_one_digit(choice.outside)}"
    ]
    if free is not None:
        rows = zip(radii(order), free.powers, free.powers_stderr, strict=True)
        powers = ", ".join(f"{name}^{with_error(power, error)}" for name, power, error in rows)
        remarks.append(f"powers set free: {powers}")
    if any(sum(powers) != degree(order) for powers in kept):
        remarks.append(f"not of degree {order + 1}: a{order} is then no length")
    reasons: tuple[str, ...] = ()
    if rivals:
        shown = "; ".join(
            " + ".join(form.term(monomial(powers)) for powers in rival)
            for rival in rivals[:MOST_RIVALS]
        )
        more = f" and {len(rivals) - MOST_RIVALS} more" if len(rivals) > MOST_RIVALS else ""
        reasons = (f"as good within a factor {FACTOR[compared]:g}: {shown}{more}",)
    ratio = choice.residual / max(choice.outside, SMALLEST_FLOOR)
    return Judgement(choice.verdict, reasons, ratio**2, tuple(remarks))
