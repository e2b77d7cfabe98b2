"""Variable projection: train the hidden weights with the output layer eliminated.

Source: G. H. Golub and V. Pereyra, SIAM J. Numer. Anal. 10 (1973) 413.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from training import processes
from training.bases.basis import Trainable
from training.rows.trajectories import Rows
from training.solve.families import shared, stack
from training.solve.linear import compress, solve

T = TypeVar("T", bound=Trainable)
After = Callable[[float, Any, Mapping[str, float]], None]
"""(loss, network, what the descent remembers) -> None, called after every iteration."""

RIDGE = 1e-8
STALLED_LOG = 1e-5
LEAST_GAIN = 1e-3


@dataclass(frozen=True)
class Limits:
    """A descent ends when ``iterations`` are spent or the loss is ``tolerance``² or less.

    Levenberg–Marquardt ends too where step after step gains less than the part ``least_gain``.
    """

    iterations: int
    tolerance: float
    least_gain: float = LEAST_GAIN


@dataclass(frozen=True)
class Reduced:
    """The reduced loss: L(w) = min_c |A(w) c - b|^2 + ridge^2 |c|^2, stacked over the families.

    Of several processes each has a share of A's rows and of the residual, see `training.processes`.

    The ridge makes the minimum over c a smooth function of w, where cutting off singular values
    would let it jump; once w is trained, the last solve is done without it.
    """

    families: Sequence[Rows]
    weights: Sequence[float]
    ridge: float = RIDGE

    @cached_property
    def own(self) -> Sequence[Rows]:
        """This process's share of the families."""
        return shared(self.families)

    def eliminate(self, network: Trainable) -> tuple[Tensor, Tensor, Tensor]:
        """A with the ridge's rows below, c*(w), and the residual A c* - b."""
        design, truth = stack(self.own, self.weights, network)
        design = torch.cat([design, self.penalty(network)])
        truth = torch.cat([truth, truth.new_zeros(network.size)])
        with torch.no_grad():
            coefficients = _solved(design, truth)
        return design, coefficients, design @ coefficients - truth

    def penalty(self, network: Trainable) -> Tensor:
        """The ridge's rows (K, K), of the first process."""
        ridge = self.ridge if processes.number() == 0 else 0.0
        return ridge * torch.eye(network.size).to(network.parameters())

    def solved(self, network: Trainable) -> tuple[float, Tensor]:
        """L(w) and c*(w)."""
        with torch.no_grad():
            _, coefficients, residual = self.eliminate(network)
            return float(processes.summed(residual.square().sum())), coefficients

    def residual(self, network: Trainable) -> Tensor:
        """This process's rows of A c* - b, with the ridge's below."""
        with torch.no_grad():
            return self.eliminate(network)[2]

    def loss(self, network: Trainable) -> float:
        """L(w)."""
        return self.solved(network)[0]

    def loss_and_gradient(self, network: Trainable, flat: Tensor) -> tuple[float, Tensor]:
        """L(w) and dL/dw; c* needs no derivative, being the minimum over c (envelope theorem)."""
        flat = flat.detach().requires_grad_(True)
        _, _, residual = self.eliminate(network.with_parameters(flat))
        loss = residual.square().sum()
        (gradient,) = torch.autograd.grad(loss, flat)
        return float(processes.summed(loss.detach())), processes.summed(gradient)


def _solved(design: Tensor, truth: Tensor) -> Tensor:
    """c* (K,) from the rows of all processes: R c = Qᵀ b, which the ridge leaves regular.

    NaN where a step has gone so far that the rows cannot be said: a descent turns back there.
    """
    upper = compress(design, truth)
    if processes.count() > 1:
        together = processes.pooled(upper)
        upper = compress(together[:, :-1], together[:, -1])
    size = design.shape[1]
    if not upper.isfinite().all():
        return design.new_full((size,), torch.nan)
    square, right = upper[:size, :size], upper[:size, size:]
    found: Tensor = torch.linalg.solve_triangular(square, right, upper=True)[:, 0]
    # Without a ridge columns may be one another's multiples.
    return found if found.isfinite().all() else solve(square, right[:, 0]).coefficients


def lbfgs(
    network: T,
    reduced: Reduced,
    limits: Limits,
    after: After,
    memory: Mapping[str, float] | None = None,
) -> T:
    """Minimise log L(w) by L-BFGS (memory 50) until L <= tolerance^2 or the iterations are spent.

    The logarithm keeps the line search's stopping tests meaningful over twenty decades of loss.
    It remembers nothing: the gradients of before are inside scipy, and lost when it goes on.
    """
    # Imported here, for a potential that one solve finds needs no descent.
    from scipy.optimize import minimize

    del memory
    start = network.parameters()
    best = (np.inf, start)

    def objective(point: np.ndarray) -> tuple[float, np.ndarray]:
        nonlocal best
        flat = torch.from_numpy(point).to(start)
        loss, gradient = reduced.loss_and_gradient(network, flat)
        if loss < best[0]:
            best = (loss, flat.clone())
        floor = max(loss, 1e-300)
        return float(np.log(floor)), (gradient / floor).cpu().numpy()

    def callback(_: np.ndarray) -> None:
        after(best[0], network.with_parameters(best[1]), {})
        if best[0] <= limits.tolerance**2:
            raise StopIteration

    options: dict[str, float] = {"maxiter": limits.iterations, "maxfun": 2 * limits.iterations}
    options |= {"maxcor": 50, "ftol": STALLED_LOG, "gtol": 1e-12}
    minimize(
        objective,
        start.cpu().numpy(),
        jac=True,
        method="L-BFGS-B",
        callback=callback,
        options=options,
    )
    return network.with_parameters(best[1])
