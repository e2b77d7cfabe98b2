"""Three models of ππ scattering through a bare σ: Hamiltonian effective field theory (HEFT).

    V(k, k'; E) = g(k) g(k')/(E - m_σ) + (G/m_π²) h(k) h(k')
    g(k) = (g_σ/√m_π) f(c k),   h(k) = f(d k)²

    A  f(x) = 1/(1 + x²)      B  f(x) = 1/(1 + x²)²      C  f(x) = exp(-x²)

Two pions of momenta ±k have the energy E = 2√(k² + m_π²). Energies are in MeV, lengths in fm, and
what is only used inside is in powers of fm, with ħ = c = 1.

Source: Y. Lu et al., Chin. Phys. C 48 (2024) 073101.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from systems.errors import InputError, nearest

Array = NDArray[np.float64]
Index = slice | NDArray[np.intp] | NDArray[np.bool_]

HBARC: Final = 197.3269804
"""ħc in MeV fm."""

PION_MASS: Final = 138.5
"""m_π in MeV."""

THRESHOLD: Final = 2 * PION_MASS
"""The least energy of two free pions, in MeV."""

MASS: Final = PION_MASS / HBARC
"""m_π in 1/fm."""

FORM_FACTORS: Final[Mapping[str, Callable[[Array], Array]]] = {
    "A": lambda x2: 1 / (1 + x2),
    "B": lambda x2: 1 / (1 + x2) ** 2,
    "C": lambda x2: np.exp(-x2),
}
"""f of x²."""

RANGES: Final[Mapping[str, tuple[float, float]]] = {
    "bare_mass": (350.0, 700.0),
    "g": (0.5, 2.5),
    "c": (0.5, 2.0),
    "G": (-0.5, 1.0),
    "d": (0.5, 2.0),
}
"""What `draw` draws from, uniformly."""


@dataclass(frozen=True, eq=False)
class Couplings:
    """N systems of one model, "A", "B" or "C", with five numbers each, all (N,).

    `bare_mass` is m_σ in MeV, `g` is g_σ and `c` its range in fm, `G` the strength of the contact
    and `d` its range in fm. A number given alone holds for all systems.

    Raises `InputError` for a model that is none, for shapes that disagree, for numbers that are not
    finite, and for masses and ranges that are not positive.

    >>> Couplings("A", [500.0, 600.0], 1.2, 0.8, 0.4, 0.7)
    2 systems of model A
    """

    model: str
    bare_mass: Array
    g: Array
    c: Array
    G: Array
    d: Array

    def __post_init__(self) -> None:
        checked_model(self.model)
        values = {name: np.asarray(getattr(self, name), dtype=float) for name in RANGES}
        shapes = {value.shape for value in values.values()} - {()}
        if len(shapes) > 1 or any(len(shape) > 1 for shape in shapes):
            held = ", ".join(f"{name} {value.shape}" for name, value in values.items())
            raise InputError(
                f"the couplings of N systems have the shape (N,), but here are {held}."
            )
        count = shapes.pop()[0] if shapes else 1
        for name, value in values.items():
            if not np.isfinite(value).all():
                raise InputError(f"{name} is not finite; remove the systems where it is not.")
            if name in {"bare_mass", "c", "d"} and not (value > 0).all():
                raise InputError(f"{name} is a positive number, not {value.min():g}.")
            # A frozen record sets its fields this way; from here on they hold float64 arrays.
            object.__setattr__(self, name, np.broadcast_to(value, (count,)).copy())

    def __len__(self) -> int:
        return len(self.g)

    def __getitem__(self, index: Index) -> Couplings:
        """Some of the systems, by a slice, by numbers or by a mask."""
        return Couplings(self.model, *(getattr(self, name)[index] for name in RANGES))

    def __repr__(self) -> str:
        return f"{len(self)} system{'' if len(self) == 1 else 's'} of model {self.model}"

    def vertices(self, k: Array) -> tuple[Array, Array]:
        """(g(k) in fm^1/2, h(k)), each (N, K), at momenta k (K,) or (N, K) in 1/fm.

        >>> one = Couplings("A", 600.0, 1.2, 0.8, 0.4, 0.7)
        >>> [vertex.round(6).tolist() for vertex in one.vertices(np.array([0.0, 1.0]))]
        [[[1.432351, 0.873385]], [[1.0, 0.45043]]]
        """
        f = FORM_FACTORS[self.model]
        k2 = k**2
        g = self.g[:, None] / np.sqrt(MASS) * f(self.c[:, None] ** 2 * k2)
        h = f(self.d[:, None] ** 2 * k2) ** 2
        return g, h


def draw(model: str, count: int, seed: int | np.random.Generator) -> Couplings:
    """So many systems of a model, each number uniform in its range of `RANGES`.

    Some of them bind, and some have resonances that are too narrow to be seen on a coarse grid; see
    `systems.physics.finite_volume.resonances`.

    >>> draw("B", 3, seed=0).bare_mass.round(3).tolist()
    [572.937, 444.425, 364.341]
    """
    checked_model(model)
    if count < 1:
        raise InputError(f"one system or more can be drawn, not {count}.")
    rng = np.random.default_rng(seed)
    return Couplings(model, *(rng.uniform(low, high, count) for low, high in RANGES.values()))


def checked_model(model: str) -> None:
    """Nothing, or `InputError` for a model that is none."""
    if model not in FORM_FACTORS:
        hint = nearest(model.upper(), FORM_FACTORS)
        raise InputError(f"the models are A, B and C; {model!r} is none of them.{hint}")
