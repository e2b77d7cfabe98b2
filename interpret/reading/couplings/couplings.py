"""The coupling tensor c_ij of a potential: its polynomial in centred and scaled coordinates.

Compare tensors about the same center, near the data, and never raw monomials about the origin:
those differ by up to hundreds of times their size while the forces agree to 1e-2 .. 1e-11, because
far from the data the high powers cancel each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sympy
from numpy.typing import ArrayLike, NDArray

from interpret.discovery.symmetry import Group
from interpret.reading.couplings import axis_maps, coupling_text
from systems.errors import InputError, nearest
from systems.expressions import symbol
from training.bases.box import Box

Array = NDArray[np.float64]
ROUND_OFF = 1e-12


@dataclass(frozen=True, eq=False, repr=False)
class Couplings:
    """V(q) = sum_ij c_ij z_0^i z_1^j with z = (q - center)/scale, for any number d of coordinates.

    `tensor` (N+1,)*d has the units of V, `center` (d,) and `scale` (d,) those of q; one number
    serves as the scale of all coordinates. c_00 is gauge.

    Couplings are values: equal when tensor, center, scale and coordinates are. Raises InputError
    for shapes that do not match, a scale that is not positive, and entries that are not finite.

    >>> saddle = Couplings([[0, 0, 1], [0, 3, 0], [0, 0, 0]], (1, -1), 0.5, ("q0", "q1"))
    >>> saddle.expr
    12.0*(q0 - 1.0)*(q1 + 1.0) + 4.0*(q1 + 1.0)**2
    >>> saddle([[2.0, 0.0]]), saddle.gradient([[2.0, 0.0]])
    (array([16.]), array([[12., 20.]]))
    """

    tensor: Array
    center: Array
    scale: Array
    coordinates: tuple[str, ...]

    def __post_init__(self) -> None:
        for name in self.coordinates:
            symbol(name)
        d = len(self.coordinates)
        object.__setattr__(self, "coordinates", tuple(self.coordinates))
        scale = np.asarray(self.scale, dtype=float)
        fields = {
            "tensor": np.array(self.tensor, dtype=float),
            "center": np.array(self.center, dtype=float),
            "scale": np.full(d, scale) if scale.ndim == 0 else scale.copy(),
        }
        shapes = [array.shape for array in fields.values()]
        if len(shapes[0]) != d or len(set(shapes[0])) != 1 or shapes[1:] != [(d,), (d,)]:
            raise InputError(
                f"couplings of {d} coordinates need a tensor with {d} equal sides, and {d} numbers "
                f"each for center and scale, not the shapes {', '.join(map(str, shapes))}."
            )
        if not all(np.isfinite(array).all() for array in fields.values()):
            raise InputError("the tensor, the center and the scale of couplings must be finite.")
        if not (fields["scale"] > 0).all():
            raise InputError("the scale of couplings must be above 0.")
        for name, array in fields.items():
            array.setflags(write=False)
            # A frozen record sets its fields this way; from here on they hold float64 arrays.
            object.__setattr__(self, name, array)

    @staticmethod
    def of(basis: Box, coefficients: ArrayLike, coordinates: Sequence[str]) -> Couplings:
        """sum_m c_m phi_m of a box, with the powers of z that its Chebyshev polynomials hold.

        The conversion is exact: T_n has whole coefficients. The constant it leaves in c_00, such
        as the -1 of T_2, keeps the values those of the box.

        >>> box = Box.coupling((0.0, 0.0), 1.0, highest=2, kind="chebyshev")
        >>> Couplings.of(box, [0, 1, 0, 0, 0, 0, 0, 0], ("q0", "q1")).tensor[0]
        array([-1.,  0.,  2.])
        """
        values = np.asarray(coefficients, dtype=float)
        if values.shape != (basis.size,):
            raise InputError(
                f"a box of {basis.size} functions needs as many coefficients, not {values.shape}."
            )
        highest = max(map(max, basis.orders))
        tensor = np.zeros((highest + 1,) * len(basis.center))
        tensor[tuple(np.array(basis.orders).T)] = values
        if basis.kind == "chebyshev":
            tensor = axis_maps.along_each(
                tensor, [axis_maps.powers_of_chebyshev(highest)] * tensor.ndim
            )
        center, scale = basis.center.cpu().numpy(), basis.half_width.cpu().numpy()
        return Couplings(tensor, center, scale, tuple(coordinates))

    def coefficients(self, basis: Box) -> Array:
        """c of the polynomial in a box about the same center, (K,): the inverse of `of`.

        Raises InputError where the center differs or the box lacks one of the orders, but for the
        constant.
        """
        if not np.allclose(basis.center.cpu().numpy(), self.center, rtol=ROUND_OFF, atol=0):
            raise InputError("the box has another center; move the couplings there with .about.")
        tensor = self.in_units(basis.half_width.cpu().numpy()).tensor
        if basis.kind == "chebyshev":
            inverse = axis_maps.chebyshev_of_powers(self.highest)
            tensor = axis_maps.along_each(tensor, [inverse] * self.dimension)
        known = {order: float(tensor[order]) for order in np.ndindex(tensor.shape)}
        lacking = [m for m, c in known.items() if c and any(m) and m not in basis.orders]
        if lacking:
            raise InputError(f"the box lacks the order {lacking[0]} of the couplings.")
        return np.array([known.get(order, 0.0) for order in basis.orders])

    @property
    def dimension(self) -> int:
        """d, the number of coordinates."""
        return len(self.coordinates)

    @property
    def highest(self) -> int:
        """N, the highest power of a coordinate that there is room for."""
        return len(self.tensor) - 1

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Couplings) and self.to_json() == other.to_json()

    __hash__ = None  # type: ignore[assignment]

    def __call__(self, q: ArrayLike) -> Array:
        """V at the points q: (n, d) -> (n,)."""
        z = (np.asarray(q, dtype=float).reshape(-1, self.dimension) - self.center) / self.scale
        values = np.broadcast_to(self.tensor, (len(z), *self.tensor.shape))
        for a in reversed(range(self.dimension)):
            powers = z[:, a, None] ** np.arange(self.highest + 1)
            values = np.einsum("n...k,nk->n...", values, powers)
        return values

    def gradient(self, q: ArrayLike) -> Array:
        """∂V/∂q at the points q: (n, d) -> (n, d)."""
        return np.stack([self.derivative(name)(q) for name in self.coordinates], axis=1)

    def derivative(self, coordinate: str) -> Couplings:
        """∂V/∂q along one coordinate, about the same center.

        >>> Couplings([0, 0, 3], (0,), 1, ("q",)).derivative("q").tensor
        array([0., 6., 0.])
        """
        if coordinate not in self.coordinates:
            raise InputError(
                f"the couplings have no coordinate {coordinate!r}; they have "
                f"{', '.join(self.coordinates)}.{nearest(coordinate, self.coordinates)}"
            )
        a = self.coordinates.index(coordinate)
        sides = [np.eye(self.highest + 1)] * self.dimension
        sides[a] = axis_maps.derived(self.highest) / self.scale[a]
        return replace(self, tensor=axis_maps.along_each(self.tensor, sides))

    def in_units(self, scale: ArrayLike = 1.0) -> Couplings:
        """The same polynomial in (q - center)/scale: c_ij (new scale/old scale)^(i+j).

        In units of 1 the entries are the derivatives ∂^(i+j)V/∂q0^i∂q1^j / (i! j!) at the center.
        """
        wanted = np.broadcast_to(np.asarray(scale, dtype=float), (self.dimension,))
        powers = np.arange(self.highest + 1)
        sides = [np.diag(ratio**powers) for ratio in wanted / self.scale]
        return replace(self, tensor=axis_maps.along_each(self.tensor, sides), scale=wanted)

    def about(self, center: ArrayLike) -> Couplings:
        """The same polynomial in powers of q - another center, by the binomial theorem.

        c'_n = sum_{m >= n} c_m C(m, n) s^(m-n), s = (new center - old center)/scale. Do not
        compare raw monomials about an origin far from the data: there the binomials magnify
        differences that no force shows.
        """
        wanted = np.asarray(center, dtype=float)
        shifts = (wanted - self.center) / self.scale
        sides = [axis_maps.moved(self.highest, float(shift)) for shift in shifts]
        return replace(self, tensor=axis_maps.along_each(self.tensor, sides), center=wanted)

    def defect(self, group: Group) -> float:
        """max_g |c - g c| / |c| without c_00, how far V is from symmetric; see `symmetry.Group`.

        Raises InputError where the group moves the center, about which nothing would be symmetric.
        """
        if group.dimension != self.dimension or not group.fixes(self.center, self.scale):
            raise InputError(
                "the symmetry does not map the center and the scale of the couplings to "
                "themselves; move them with .about to a point that it leaves where it is."
            )
        return group.defect(self.tensor)

    def entries(self) -> list[coupling_text.Entry]:
        """(orders, c) of every entry that is not 0, the largest first."""
        places = [tuple(int(m) for m in place) for place in np.argwhere(self.tensor)]
        pairs = [(order, float(self.tensor[order])) for order in places]
        return sorted(pairs, key=lambda pair: -abs(pair[1]))

    @property
    def expr(self) -> sympy.Expr:
        """V in powers of q - center, in which it is best evaluated."""
        entries = self.in_units().entries()
        return coupling_text.expression(self.coordinates, self.center.tolist(), entries)

    def __str__(self) -> str:
        highest = f"couplings to order {self.highest}"
        return coupling_text.table(highest, self._axes(), self.entries())

    __repr__ = __str__

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {coupling_text.latex(self._axes(), self.entries())}$"

    def _axes(self) -> list[coupling_text.Axis]:
        sides = (self.coordinates, self.center.tolist(), self.scale.tolist())
        return list(zip(*sides, strict=True))

    def to_json(self) -> dict[str, Any]:
        """The couplings as plain lists, numbers and strings."""
        return {
            "coordinates": list(self.coordinates),
            "center": self.center.tolist(),
            "scale": self.scale.tolist(),
            "tensor": self.tensor.tolist(),
        }

    @staticmethod
    def from_json(contents: Mapping[str, Any]) -> Couplings:
        """The couplings that `to_json` wrote, bit for bit; InputError where there are none."""
        try:
            return Couplings(
                np.array(contents["tensor"], dtype=float),
                np.array(contents["center"], dtype=float),
                np.array(contents["scale"], dtype=float),
                tuple(str(name) for name in contents["coordinates"]),
            )
        except KeyError as error:
            raise InputError(f"the couplings lack {error}; write them again.") from error
        except (TypeError, ValueError) as error:
            raise InputError(f"the couplings are damaged ({error}); write them again.") from error
