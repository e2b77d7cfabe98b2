"""Which single quantity does the potential depend on? Found from the forces, before training."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np
import sympy

from interpret.discovery.conservation import conserved
from systems.expressions import symbol
from systems.samples.trajectories import Trajectories
from training.features import Features
from training.prepare.fingerprint import is_verlet
from training.prepare.noise import estimate
from training.prepare.selection import select
from training.prepare.stencils import Array
from training.rows.trajectories import pointwise, verlet

SAMPLES = 600
SHARP = 1e-8
GAP = 1e-4
ROUND_TO = 12
CLOSE = 1e-5


@dataclass(frozen=True)
class Invariant:
    """What was found: the features to learn on, and a sentence that says how sure it is.

    ``eigenvalues``: the smallest fractions of |grad u|^2 orthogonal to the force, ascending; the
    first is near zero when u is the invariant, the second tells how lonely it is.
    """

    features: Features
    eigenvalues: tuple[float, ...]
    reason: str


def discover(trajectories: Trajectories) -> Invariant:
    """Find u(q) = q^T S q + b^T q with grad V parallel to grad u; the feature is r = sqrt(u).

    Minimise <|grad u - F_hat (F_hat . grad u)|^2> / <|grad u|^2> over (S, b): a generalised
    eigenproblem of d(d+1)/2 + d unknowns, with the forces F read off the raw trajectories. Where
    the forces all point along one line s, the feature is the coordinate s . q instead. With noise
    the forces are useless for this (0.1 % breaks it): conservation of the total momentum and
    angular momentum is tested instead, which needs no derivative. Failing both, the features are
    the coordinates themselves.

    >>> from systems import get
    >>> invariant = discover(get("coulomb").draw()[:20])
    >>> invariant.features.definitions["r"]
    sqrt((x1 - x2)**2 + (y1 - y2)**2 + (z1 - z2)**2)
    """
    names = trajectories.coordinates
    identity = Features.identity(names)
    if len(names) == 1:
        return Invariant(identity, (), "one coordinate: nothing to discover")
    if not estimate(trajectories).negligible:
        return _by_conservation(trajectories)
    q, force = _forces(trajectories)
    direction = _single_direction(force)
    if direction is not None:
        return _linear(names, direction)
    eigenvalues, matrix, linear = _quadratic(q, force)
    if not (eigenvalues[0] < SHARP and eigenvalues[0] < GAP * eigenvalues[1]):
        reason = (
            f"no single quadratic invariant (eigenvalues {eigenvalues[0]:.1e}, "
            f"{eigenvalues[1]:.1e}): the potential is learned on the coordinates"
        )
        return Invariant(identity, eigenvalues, reason)
    expression = _complete_the_square(names, matrix, linear, CLOSE * float(q.std()))
    positive = bool(np.linalg.eigvalsh(matrix).min() > -CLOSE)
    name = "r" if positive else "u"
    found = sympy.sqrt(expression) if positive else expression
    reason = (
        f"{name} = {found} found from the forces: orthogonal fraction {eigenvalues[0]:.1e}, "
        f"next {eigenvalues[1]:.1e}"
    )
    return Invariant(Features.of(names, {name: found}), eigenvalues, reason)


def _by_conservation(trajectories: Trajectories) -> Invariant:
    """Noisy data: let the conservation laws say which distance matters."""
    names = trajectories.coordinates
    expression, reason = conserved(trajectories)
    if expression is None:
        return Invariant(Features.identity(names), (), reason)
    return Invariant(Features.of(names, {"r": expression}), (), reason)


def _forces(trajectories: Trajectories) -> tuple[Array, Array]:
    """Some samples and dV/dq there, shapes (n, d)."""
    identity = Features.identity(trajectories.coordinates)
    chosen = select(trajectories, identity, SAMPLES)
    inner = tuple(
        np.unique(index.clip(1, len(item.t) - 2))
        for item, index in zip(trajectories, chosen, strict=True)
    )
    rule = verlet if is_verlet(trajectories) else pointwise
    force = rule(trajectories, identity, inner).force.numpy()
    q = np.concatenate([item.q[i] for item, i in zip(trajectories, inner, strict=True)])
    size = np.linalg.norm(force, axis=1)
    felt = size > 1e-6 * size.max()
    return q[felt], force[felt]


def _single_direction(force: Array) -> Array | None:
    """The one line along which all forces act, or None."""
    unit = force / np.linalg.norm(force, axis=1, keepdims=True)
    _, singular, right = np.linalg.svd(unit, full_matrices=False)
    return right[0] if singular[1] < CLOSE * singular[0] else None


def _linear(names: tuple[str, ...], direction: Array) -> Invariant:
    """All forces along one line: V is a function of the coordinate along it."""
    lead = direction[np.argmax(np.abs(direction))]
    slopes = [_tidy(value) for value in direction / lead]
    found = sum(slope * symbol(name) for slope, name in zip(slopes, names, strict=True))
    reason = f"all forces act along one line: the potential is a function of s = {found}"
    return Invariant(Features.of(names, {"s": found}), (), reason)


def _quadratic(q: Array, force: Array) -> tuple[tuple[float, ...], Array, Array]:
    """The eigenvalues and the best u: S (d, d) with max |S| = 1, and b (d,)."""
    from scipy.linalg import eigh

    dimension = q.shape[1]
    centre = q.mean(axis=0)
    spread = float(q.std())
    x = (q - centre) / spread
    pairs = list(combinations_with_replacement(range(dimension), 2))
    gradient = np.zeros((len(x), dimension, len(pairs) + dimension))
    for k, (a, b) in enumerate(pairs):
        gradient[:, a, k] += x[:, b]
        gradient[:, b, k] += x[:, a]
    for a in range(dimension):
        gradient[:, a, len(pairs) + a] = 1.0
    unit = force / np.linalg.norm(force, axis=1, keepdims=True)
    along = np.einsum("nd,ndk->nk", unit, gradient)
    across = gradient - unit[:, :, None] * along[:, None, :]
    orthogonal = np.einsum("ndk,ndl->kl", across, across)
    total = np.einsum("ndk,ndl->kl", gradient, gradient)
    floor = 1e-12 * np.trace(total) / len(total) * np.eye(len(total))
    values, vectors = eigh(orthogonal, total + floor)
    best = vectors[:, 0]
    matrix = np.zeros((dimension, dimension))
    for k, (a, b) in enumerate(pairs):
        matrix[a, b] += best[k] / 2
        matrix[b, a] += best[k] / 2
    # Back from x = (q - centre)/spread: u = q^T S q + b^T q + const.
    matrix = matrix / spread**2
    linear = best[len(pairs) :] / spread - 2 * matrix @ centre
    lead = matrix.flat[np.argmax(np.abs(matrix))]
    lead = abs(lead) * np.sign(np.trace(matrix) or lead)
    eigenvalues = tuple(float(abs(value)) for value in values[:3])
    return eigenvalues, matrix / lead, linear / lead


def _complete_the_square(
    names: tuple[str, ...], matrix: Array, linear: Array, tolerance: float
) -> sympy.Expr:
    """(q - a)^T S (q - a) with 2 S a = -b, written as squares of differences where it is one."""
    shift = -np.linalg.pinv(2 * matrix, rcond=1e-6) @ linear
    moved = [
        symbol(name) - _tidy(offset, tolerance) for name, offset in zip(names, shift, strict=True)
    ]
    tidy = [[_tidy(value) for value in row] for row in matrix]
    terms: sympy.Expr = sympy.Integer(0)
    left = [sum(row) for row in tidy]
    for a, own in enumerate(moved):
        # S = diag(row sums) plus, for every pair, -S_ab (q_a - q_b)^2.
        terms += left[a] * own**2
        for b in range(a):
            terms += -tidy[a][b] * (moved[b] - own) ** 2
    return terms


def _tidy(value: float, tolerance: float = CLOSE) -> sympy.Expr:
    """The nearest small rational within the tolerance, else the number to twelve digits."""
    rational = sympy.Rational(round(value * ROUND_TO), ROUND_TO)
    if abs(float(rational) - value) < tolerance:
        return rational
    return sympy.Float(value, 12)
