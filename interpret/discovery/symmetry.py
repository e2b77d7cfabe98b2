"""The symmetry of a window on its couplings: which signed exchanges leave the potential as it is.

On one side of q0 = q1, about (a, -a), that is (q0, q1) -> (-q1, -q0), hence
c_ij = (-1)^(i+j) c_ji. About the origin, both sides alike, c_ij = c_ji and odd i + j vanish.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import permutations, product
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from systems.errors import InputError
from systems.samples.phase_space import PhaseSamples, Window

Array = NDArray[np.float64]
Order = tuple[int, ...]
Matrix = tuple[Order, ...]
MOST_PARTICLES = 6
ROUND_OFF = 1e-9


@dataclass(frozen=True)
class Group:
    """Signed permutations g of the coordinates, (g z)_a = s_a z_p(a), as d × d matrices.

    Each acts on the functions f(z) = sum_n c_n z^n, or on sum_n c_n T_n(z), by (g f)(z) = f(g z):
    it permutes the axes of the tensor c and changes signs, and f is symmetric where g c = c.

    `elements` begin with the identity; `Group.of` completes a few of them to a group.

    >>> one_sided = Group.of([[0, -1], [-1, 0]])
    >>> one_sided
    2 signed exchanges of 2 coordinates
    >>> one_sided.defect(np.array([[9.0, 1.0], [-1.0, 5.0]]))
    0.0
    """

    elements: tuple[Matrix, ...]

    @staticmethod
    def of(*generators: ArrayLike) -> Group:
        """The smallest group with these elements.

        Raises InputError for what is no signed permutation, and for none at all.

        >>> Group.of([[0, 1], [1, 0]], [[-1, 0], [0, -1]])
        4 signed exchanges of 2 coordinates
        """
        if not generators:
            raise InputError("a group needs an element; the identity alone will do.")
        matrices = [_signed_permutation(generator) for generator in generators]
        d = len(matrices[0])
        if any(len(matrix) != d for matrix in matrices):
            raise InputError("the elements of a group act on equally many coordinates.")
        elements = [_as_matrix(np.eye(d))]
        for element in elements:  # grows while it is walked through
            for matrix in matrices:
                further = _as_matrix(np.array(matrix) @ np.array(element))
                if further not in elements:
                    elements.append(further)
        return Group(tuple(elements))

    @property
    def dimension(self) -> int:
        """d, the number of coordinates acted on."""
        return len(self.elements[0])

    def __len__(self) -> int:
        return len(self.elements)

    def __repr__(self) -> str:
        return f"{len(self)} signed exchanges of {self.dimension} coordinates"

    def images(self, tensor: ArrayLike) -> Array:
        """g c of every element g, the identity first: (group, *shape of c)."""
        array = np.asarray(tensor, dtype=float)
        if array.ndim != self.dimension or len(set(array.shape)) != 1:
            raise InputError(
                f"the group acts on tensors with {self.dimension} equal sides, not on "
                f"{array.shape}."
            )
        return np.array([_image(element, array) for element in self.elements])

    def mean(self, tensor: ArrayLike) -> Array:
        """The nearest symmetric tensor: the mean of g c over the group."""
        mean: Array = self.images(tensor).mean(axis=0)
        return mean

    def defects(self, tensor: ArrayLike) -> tuple[float, ...]:
        """|c - g c| / |c| of every element, without the constant c_00, which is gauge."""
        images = self.images(tensor)
        images[:, *np.zeros(self.dimension, dtype=int)] = 0
        size = float(np.linalg.norm(images[0])) or 1.0
        return tuple(float(np.linalg.norm(images[0] - image)) / size for image in images)

    def defect(self, tensor: ArrayLike) -> float:
        """max_g |c - g c| / |c|, without c_00; 0 for a symmetric tensor, 2 at most.

        For a group of two elements, c - g c is twice the distance c - mean from the nearest
        symmetric tensor.
        """
        return max(self.defects(tensor))

    def invariants(self, orders: Sequence[Order]) -> Array:
        """The symmetric combinations of a basis' functions, one unit column each: (K, m).

        With S = invariants(basis.orders), the columns of `design @ S` are those of the symmetric
        functions alone, and a fit of them has the coefficients S c in the basis itself.

        Raises InputError where an element takes a function of the basis to none of them.

        >>> from training.bases.box import Box
        >>> box = Box.coupling((0.4, -0.4), 0.35, highest=8)
        >>> Group.of([[0, -1], [-1, 0]]).invariants(box.orders).shape
        (80, 44)
        """
        place = {order: k for k, order in enumerate(orders)}
        # Whole numbers, so that what cancels within an orbit does so exactly.
        total = np.zeros((len(orders), len(orders)), dtype=int)
        for element, order in product(self.elements, orders):
            image, sign = _carried(element, order)
            if image not in place:
                raise InputError(
                    f"the group takes the orders {order} to {image}, which the basis lacks; give "
                    f"all coordinates the same orders."
                )
            total[place[image], place[order]] += sign
        # The column of every member of an orbit is the same but for its sign: keep the first.
        firsts = [k for k, column in enumerate(total.T) if column[k] and not column[:k].any()]
        kept = total[:, firsts]
        unit: Array = kept / np.linalg.norm(kept, axis=0)
        return unit

    def fixes(self, center: ArrayLike, scale: ArrayLike) -> bool:
        """Whether every element maps the center to itself, and like scales to each other."""
        c, s = np.asarray(center, dtype=float), np.asarray(scale, dtype=float)
        reach = ROUND_OFF * np.abs(np.concatenate([c, s])).max()
        matrices = np.array(self.elements)
        return bool(
            np.allclose(matrices @ c, c, rtol=0, atol=reach)
            and np.allclose(np.abs(matrices) @ s, s, rtol=0, atol=reach)
        )


def group_of(window: Window, identical: bool = True) -> Group:
    """The signed exchanges that map a window, its gap and its ordered side to themselves.

    Exchanges of the particles, if they are `identical`, times the reflections and exchanges of
    the axes of space. They are symmetries of every potential that depends on distances between
    particles, and from the origin of the coordinates, alone.

    Raises InputError for more than six identical particles, of which there are too many exchanges.

    >>> group_of(Window("one side", (0.4, -0.4), 0.7, ordered=True)).elements
    (((1, 0), (0, 1)), ((0, -1), (-1, 0)))
    >>> len(group_of(Window("both sides", (0.0, 0.0), 2.0)))
    4
    """
    center = np.array(window.center)
    particles = len(center) // window.dimension
    if identical and particles > MOST_PARTICLES:
        raise InputError(
            f"{particles} identical particles have {particles}! exchanges, too many to go through; "
            f"name a few with Group.of instead."
        )
    orders = permutations(range(particles)) if identical else [tuple(range(particles))]
    elements = []
    for order, axes in product(orders, _rotations(window.dimension)):
        element = np.kron(np.eye(particles)[list(order)], axes)
        moved = np.abs(element @ center - center).max()
        if moved > ROUND_OFF * window.width:
            continue
        if window.ordered and not _keeps_order(element):
            continue
        elements.append(element)
    return Group(tuple(map(_as_matrix, elements)))


def augmented(samples: PhaseSamples, group: Group) -> PhaseSamples:
    """The samples and their images (g q, g q̇, g q̈): all that the symmetry says was measured too.

    >>> sample = PhaseSamples(("q0", "q1"), [[3.0, 1.0]], [[0.5, 0.0]], [[1.0, -2.0]])
    >>> augmented(sample, Group.of([[0, -1], [-1, 0]])).qdd.tolist()
    [[1.0, -2.0], [2.0, -1.0]]
    """
    if samples.dimension != group.dimension:
        raise InputError(
            f"the group acts on {group.dimension} coordinates, the samples have "
            f"{samples.dimension}."
        )
    matrices = [np.array(element, dtype=float) for element in group.elements]

    def orbit(rows: Array) -> Array:
        # Adding 0 turns the -0.0 of a changed sign into 0.0.
        return np.concatenate([rows @ matrix.T for matrix in matrices]) + 0.0

    return replace(samples, q=orbit(samples.q), qd=orbit(samples.qd), qdd=orbit(samples.qdd))


def _signed_permutation(generator: ArrayLike) -> Matrix:
    array = np.asarray(generator)
    one_each = (
        array.ndim == 2
        and array.shape[0] == array.shape[1]
        and np.isin(array, (-1, 0, 1)).all()
        and (np.abs(array).sum(axis=0) == 1).all()
        and (np.abs(array).sum(axis=1) == 1).all()
    )
    if not one_each:
        raise InputError(
            "a signed exchange is a square matrix with one 1 or -1 in each row and column, such "
            "as ((0, -1), (-1, 0))."
        )
    return _as_matrix(array)


def _as_matrix(array: ArrayLike) -> Matrix:
    return tuple(tuple(int(entry) for entry in row) for row in np.asarray(array))


def _places(element: Matrix) -> tuple[list[int], list[int]]:
    """p and s of (g z)_a = s_a z_p(a)."""
    return [int(np.abs(row).argmax()) for row in element], [sum(row) for row in element]


def _image(element: Matrix, tensor: Array) -> Array:
    """The tensor of f(g z): sum_m c_m prod_a (s_a z_p(a))^(m_a)."""
    places, signs = _places(element)
    powers = np.indices(tensor.shape)
    for a, sign in enumerate(signs):
        tensor = tensor * np.float64(sign) ** powers[a]
    # Axis a of c counts the power of z_p(a), so axis b of the image is the a with p(a) = b.
    return tensor.transpose(np.argsort(places))


def _carried(element: Matrix, order: Order) -> tuple[Order, int]:
    """The orders and the sign of the product z^m taken at g z."""
    places, signs = _places(element)
    image = [0] * len(order)
    sign = 1
    for a, m in enumerate(order):
        image[places[a]] = m
        sign *= signs[a] ** m
    return tuple(image), sign


def _rotations(dimension: int) -> list[Array]:
    """All signed exchanges of the axes of space."""
    axes = np.eye(dimension)
    return [
        np.diag(signs) @ axes[list(order)]
        for order in permutations(range(dimension))
        for signs in product((1.0, -1.0), repeat=dimension)
    ]


def _keeps_order(element: NDArray[Any]) -> bool:
    """Whether q_0 > q_1 > ... holds after the exchange too; one ordered point tells."""
    falling = np.arange(len(element), 0, -1.0)
    return bool((np.diff(element @ falling) < 0).all())
