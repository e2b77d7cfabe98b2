"""Self-scaled Broyden: a quasi-Newton descent with a dense matrix H, the inverse Hessian it learns.

    d = -H g,    s = α d,    y = g₊ - g,
    H₊ = (H - H y yᵀ H / yᵀHy + φ v vᵀ) / τ + s sᵀ / sᵀy,    v = √(yᵀHy) (s / sᵀy - H y / yᵀHy)

τ scales down what H knew, φ takes the update between BFGS (1) and DFP (0), both chosen from what
the last step has shown of the curvature. H is dense, which thousands of weights can afford; L-BFGS
stalls decades above what it comes to. Here is one descent on a processor: one triangle of H,
changed in place by BLAS. Many at once, on any device: `broyden_batched`.

Source: J. F. Urbán, P. Stefanou, J. A. Pons, J. Comput. Phys. 523 (2025) 113656 (arXiv:2405.04230),
after M. Al-Baali, Comput. Optim. Appl. 9 (1998) 191.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from training.bases.basis import Trainable
from training.optimise.projection import After, Limits, Reduced

T = TypeVar("T", bound=Trainable)
Array = NDArray[np.float64]
Objective = Callable[[Array], tuple[float, Array]]
"""Weights (P,) -> the loss and its gradient (P,)."""

DECREASE: Final = 1e-4
CURVATURE: Final = 0.9
"""Wolfe's strong conditions: the loss falls by a part of what the slope promises, and the size of
the slope by a tenth (J. Nocedal and S. Wright, Numerical Optimization, 2006, section 3.1)."""

MOST_TRIALS: Final = 20
"""Lengths that are tried along a line: it is then a minimum to rounding."""

NEAREST: Final = 0.1
"""A trial keeps this part of the interval from both of its ends."""

STALLED: Final = 1e-4
PATIENCE: Final = 15
"""So many steps in a row end the descent that each gain less than the part STALLED of the loss."""

MOST_FAILURES: Final = 1
"""A line along which nothing is gained has H forgotten; a second one in a row ends the descent."""

TINY_EXCESS: Final = 1e-14
"""yᵀHy sᵀH⁻¹s / (sᵀy)² is above 1 by Cauchy and Schwarz; where it is 1 to rounding, H is as good as
can be, and the update that of BFGS."""


@dataclass(frozen=True, eq=False)
class Place:
    """Weights (P,), and the loss and its gradient (P,) there."""

    weights: Array
    loss: float
    gradient: Array

    @staticmethod
    def at(weights: Array, objective: Objective) -> Place:
        """The place of these weights."""
        return Place(weights, *objective(weights))

    @property
    def steepest(self) -> Array:
        """The way down where no curvature is known: to where the slope would have brought the loss,
        a sum of squares, to 0, of a length of one at most.
        """
        slope = math.sqrt(self.gradient @ self.gradient) or 1.0
        return -self.gradient / slope * min(1.0, self.loss / slope)


class Inverse:
    """H, which is ``scale`` times a symmetric matrix of which the upper triangle is kept."""

    def __init__(self, size: int) -> None:
        self.triangle = np.eye(size, order="F")
        self.scale = 1.0
        self.fresh = True

    def next(self, before: Place, direction: Array, length: float, after: Place) -> Array:
        """-H₊ g₊ after a step from -H g, a length of it, where H₊ is what H becomes by that.

        Where sᵀy is not positive H stays what it was.
        """
        # Imported here, for a potential that one solve finds needs no descent.
        from scipy.linalg.blas import dsymv, dsyr

        step, change = length * direction, after.gradient - before.gradient
        along, curved = float(step @ change), -length * float(step @ before.gradient)
        if self.fresh and along > 0:
            # The first H is a number, of the size that the first step shows.
            self.scale = along / float(change @ change)
            curved = float(step @ step) / self.scale
        ahead: Array = dsymv(self.scale, self.triangle, after.gradient)
        if not along > 0:
            return -ahead
        moved = self.scale * change if self.fresh else ahead + direction
        self.fresh = False
        across = float(change @ moved)
        phi, tau = mixture(curved / along, across / along, len(step))
        # All that is added in two outer products: of s + a multiple of H y, and of H y.
        of_step = phi * across / along**2 / tau + 1 / along
        mixed = -phi / along / tau
        of_moved = (phi - 1) / across / tau - mixed**2 / of_step
        joined = step + mixed / of_step * moved
        self.scale /= tau
        dsyr(of_step / self.scale, joined, a=self.triangle, overwrite_a=1)
        dsyr(of_moved / self.scale, moved, a=self.triangle, overwrite_a=1)
        ahead = ahead / tau
        ahead += of_step * float(joined @ after.gradient) * joined
        ahead += of_moved * float(moved @ after.gradient) * moved
        return -ahead


def mixture(b: float, h: float, size: int) -> tuple[float, float]:
    """φ and τ of b = sᵀH⁻¹s / sᵀy and h = yᵀHy / sᵀy, for so many weights: as the source chooses
    them.

    >>> mixture(1.0, 1.0, 10)
    (1.0, 1.0)
    """
    least = min(1.0, 1 / b)
    excess = b * h - 1
    if not excess > TINY_EXCESS:
        return 1.0, least
    low = min(1.0, h * (1 - math.sqrt(excess / (1 + excess))))
    theta = max((low - 1) / excess, min(1 / low, (1 - b) / b))
    sigma = 1 + theta * excess
    evened = least * abs(sigma) ** (-1 / max(size - 1, 1))
    shrunk = min(evened, least / theta if theta > 0 else sigma)
    return (1 - theta) / sigma, shrunk


def searched(start: Place, direction: Array, objective: Objective) -> tuple[float, Place]:
    """A length along the direction that meets Wolfe's strong conditions, and the place there.

    Where none is found, the place that was the lowest, and a length of 0 where that is the start. A
    bracket grows by doubling and shrinks to where a parabola has its minimum, that through the loss
    and the slope at its lower end and the loss at its upper one.
    """
    slope = low_slope = float(direction @ start.gradient)
    low, low_loss = 0.0, start.loss
    high = high_loss = math.inf
    best, length = (0.0, start), 1.0
    for _ in range(MOST_TRIALS):
        place = Place.at(start.weights + length * direction, objective)
        here = float(direction @ place.gradient)
        falls = place.loss <= start.loss + DECREASE * length * slope
        if falls and abs(here) <= -CURVATURE * slope:
            return length, place
        if place.loss < best[1].loss:
            best = length, place
        if falls and here < 0:
            low, low_loss, low_slope = length, place.loss, here
        else:
            high, high_loss = length, place.loss
        if math.isinf(high):
            length *= 2
            continue
        width = high - low
        bend = high_loss - low_loss - low_slope * width
        share = -low_slope * width / bend / 2 if 0 < bend < math.inf else 0.5
        length = low + min(max(share, NEAREST), 1 - NEAREST) * width
    return best


def descent(start: Place, objective: Objective, limits: Limits) -> Iterator[Place]:
    """The places after each step, down to the tolerance, or until hardly anything is gained.

    >>> size = np.array([1.0, 100.0])
    >>> bowl = lambda w: (float(w @ (size * w)), 2 * size * w)
    >>> *_, last = descent(Place.at(np.ones(2), bowl), bowl, Limits(30, 1e-10))
    >>> last.loss < 1e-20
    True
    """
    here, failures, stalled = start, 0, 0
    inverse, direction = Inverse(len(start.weights)), start.steepest
    for _ in range(limits.iterations):
        length, place = searched(here, direction, objective)
        gained = here.loss - place.loss
        stalled = stalled + 1 if not gained >= STALLED * here.loss else 0
        if gained > 0:
            direction = inverse.next(here, direction, length, place)
            here, failures = place, 0
        else:
            failures += 1
        if failures or not direction @ here.gradient < 0:
            inverse, direction = Inverse(len(start.weights)), here.steepest
        yield here
        if here.loss <= limits.tolerance**2 or failures > MOST_FAILURES or stalled >= PATIENCE:
            break


def broyden(
    network: T,
    reduced: Reduced,
    limits: Limits,
    after: After,
    memory: Mapping[str, float] | None = None,
) -> T:
    """Minimise L(w) by self-scaled Broyden until L <= tolerance^2 or hardly anything is gained.

    It remembers nothing: H is large, and begun anew when it goes on.
    """
    del memory
    start = network.parameters()

    def at(weights: Array) -> T:
        return network.with_parameters(torch.from_numpy(weights).to(start))

    def objective(weights: Array) -> tuple[float, Array]:
        loss, gradient = reduced.loss_and_gradient(network, torch.from_numpy(weights).to(start))
        return loss, gradient.cpu().numpy().astype(np.float64)

    begun = place = Place.at(start.cpu().numpy().astype(np.float64), objective)
    for place in descent(begun, objective, limits):
        after(place.loss, at(place.weights), {})
    return at(place.weights)
