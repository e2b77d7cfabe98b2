"""Levenberg and Marquardt's descent of hidden weights, the output layer projected out.

    δ = -(J_pᵀ J_p + λ)⁻¹ J_pᵀ r,    a = -(J_pᵀ J_p + λ)⁻¹ J_pᵀ r″(δ),    dw = δ + a/2

The second term follows the bend of a narrow valley, where straight steps have to be short: r″, the
residual's second derivative along δ, is a difference of three residuals.

Sources: M. K. Transtrum and J. P. Sethna, arXiv:1201.5885 (2012), section 5, for the acceleration;
K. Madsen, H. B. Nielsen and O. Tingleff, Methods for Non-Linear Least Squares Problems (2004),
section 2.2, for λ.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar

from torch import Tensor

from training.bases.basis import Trainable
from training.optimise.linearised import Linearised, linearised
from training.optimise.projection import After, Limits, Reduced

T = TypeVar("T", bound=Trainable)

MOST_REJECTIONS = 20
PATIENCE = 15
FIRST_DAMPING = 1e-2
LEAST_DAMPING = 1e-17

GROWTH: Final = 4.0
LEAST_LEFT: Final = 0.1
"""λ grows so much when a step is rejected; this part of it is left at least when one is as good as
its prediction."""

SHORT: Final = 0.1
"""The part of δ that residuals are taken at on both sides."""

MOST_BENT: Final = 0.75
"""Where a is larger than this part of δ, the valley bends too much to be followed by a parabola."""


def levenberg_marquardt(
    network: T,
    reduced: Reduced,
    limits: Limits,
    after: After,
    memory: Mapping[str, float] | None = None,
) -> T:
    """Damped, accelerated Gauss-Newton on the hidden weights with the output layer projected out.

    λ follows how well a step's gain was predicted. Stops at L <= tolerance^2, after 15 steps that
    gain less than the limits' part of L each, or when 20 dampings in a row are rejected. It
    remembers λ and the number of steps that gained little.
    """
    remembered = {"damping": FIRST_DAMPING, "stalled": 0.0} | dict(memory or {})
    damping, stalled = remembered["damping"], remembered["stalled"]
    loss, coefficients = reduced.solved(network)
    for _ in range(limits.iterations):
        linear = linearised(network, reduced, coefficients)
        for _ in range(MOST_REJECTIONS):
            found = moved(linear, damping)
            if found is not None:
                step, predicted = found
                tried = network.with_parameters(network.parameters() + step)
                trial, coefficients = reduced.solved(tried)
                if trial < loss:
                    break
            damping *= GROWTH
        else:
            break
        gain = (loss - trial) / loss
        damping = max(damping * left(loss - trial, predicted), LEAST_DAMPING)
        network, loss = tried, trial
        stalled = stalled + 1 if gain < limits.least_gain else 0
        after(loss, network, {"damping": damping, "stalled": stalled})
        if loss <= limits.tolerance**2 or stalled >= PATIENCE:
            break
    return network


def left(gained: float, predicted: float) -> float:
    """The part of λ that is left after a step of this gain and the predicted one; 1 where it gained
    half of that, and where round-off predicted none.

    >>> left(1.0, 1.0), left(0.5, 1.0), left(0.0, 1.0), left(1e-20, -1e-30)
    (0.1, 1.0, 2.0, 1.0)
    """
    share = min(1.0, gained / predicted) if predicted > 0 else 0.5
    return max(LEAST_LEFT, 1 - (2 * share - 1) ** 3)


def moved(linear: Linearised, damping: float) -> tuple[Tensor, float] | None:
    """dw (P,), and what δ would gain if the residual were linear; None where λ is too small."""
    place, solve = linear.place, linear.damped(damping)
    if solve is None:
        return None
    straight = -solve(linear.residual_side)
    predicted = straight @ (damping * linear.scale * straight - linear.gradient)
    flat = place.network.parameters()
    ahead, behind = (
        place.reduced.residual(place.network.with_parameters(flat + side * SHORT * straight))
        for side in (1, -1)
    )
    bend = (ahead - 2 * place.residual + behind) / SHORT**2
    acceleration = -solve(linear.side(bend))
    if float(acceleration.norm()) <= MOST_BENT * float(straight.norm()):
        straight = straight + acceleration / 2
    return straight, float(predicted)
