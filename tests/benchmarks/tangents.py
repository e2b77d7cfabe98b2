"""Equations of motion of any torch Lagrangian, by tangents instead of Hessians.

    d/dt ∂L/∂q̇ - ∂L/∂q = M q̈ + C q̇ - ∂L/∂q,    M = ∂²L/∂q̇∂q̇,  C = ∂²L/∂q̇∂q

A Lagrangian is a function L(q, q̇, *parameters) of one sample: q and q̇ are (d,), the result is a
scalar, and `torch.func` must be able to differentiate it. The functions made of it here take whole
batches, (n, d), and pass the parameters on to every sample; the results can be differentiated with
respect to the parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch.func import grad, hessian, jacrev, jvp, vmap

Lagrangian = Callable[..., Tensor]
"""(q (d,), q̇ (d,), *parameters) -> scalar"""

Batched = Callable[..., Tensor]
"""Arrays (n, d), then the parameters -> (n, ...)"""


def euler_lagrange_residual(lagrangian: Lagrangian) -> Batched:
    """(q, q̇, q̈, *parameters) -> d/dt ∂L/∂q̇ - ∂L/∂q, all (n, d): zero along the motion.

    One tangent is pushed through the gradient, along (q̇, q̈): no Hessian and no inverse. Training
    on it costs little more than on values; `LagrangianNetwork.residual` is faster still.

    >>> free = euler_lagrange_residual(lambda q, qd: (qd * qd).sum() / 2 - 9.81 * q[0])
    >>> free(torch.zeros(1, 1), torch.ones(1, 1), torch.tensor([[-9.81]]))
    tensor([[0.]])
    """

    def one(q: Tensor, qd: Tensor, qdd: Tensor, *parameters: object) -> Tensor:
        slope, rate = _pushed(lagrangian, parameters, q, qd, qd, qdd)
        return rate - slope

    return _over_samples(one, 3)


def accelerations(lagrangian: Lagrangian) -> Batched:
    """(q, q̇, *parameters) -> q̈ = M⁻¹ (∂L/∂q - C q̇), all (n, d).

    The d columns of M and the product C q̇ are d + 1 tangents of one gradient: C is never formed.

    >>> spring = accelerations(lambda q, qd, k: (qd * qd).sum() / 2 - k * (q * q).sum() / 2)
    >>> spring(torch.tensor([[1.0]]), torch.tensor([[0.0]]), torch.tensor(4.0))
    tensor([[-4.]])
    """

    def one(q: Tensor, qd: Tensor, *parameters: object) -> Tensor:
        slope, transport, masses = _equations(lagrangian, q, qd, parameters)
        return _solved(masses, slope - transport)

    return _over_samples(one, 2)


def accelerations_full_hessian(lagrangian: Lagrangian) -> Batched:
    """The same q̈ from M and C written out, as the textbook has it: to check the others by.

    Costs tens of times the residual, and more the more coordinates there are.

    Source: M. Cranmer et al., "Lagrangian neural networks", 2020 (arXiv:2003.04630), eq. 6.
    """

    def one(q: Tensor, qd: Tensor, *parameters: object) -> Tensor:
        masses = hessian(lagrangian, argnums=1)(q, qd, *parameters)
        mixed = jacrev(jacrev(lagrangian, argnums=1), argnums=0)(q, qd, *parameters)
        slope = jacrev(lagrangian, argnums=0)(q, qd, *parameters)
        return _solved(masses, slope - mixed @ qd)

    return _over_samples(one, 2)


def _equations(
    lagrangian: Lagrangian, q: Tensor, qd: Tensor, parameters: tuple[object, ...]
) -> tuple[Tensor, Tensor, Tensor]:
    """∂L/∂q (d,), C q̇ (d,) and M (d, d) of one sample."""
    still = torch.zeros_like(q)[None]
    basis = torch.eye(len(q), dtype=q.dtype, device=q.device)
    along_q = torch.cat([qd[None], torch.zeros_like(basis)])
    along_qd = torch.cat([still, basis])
    one = partial(_pushed, lagrangian, parameters, q, qd)
    slopes, rates = vmap(one)(along_q, along_qd)
    return slopes[0], rates[0], rates[1:]


def _pushed(
    lagrangian: Lagrangian,
    parameters: tuple[object, ...],
    q: Tensor,
    qd: Tensor,
    along_q: Tensor,
    along_qd: Tensor,
) -> tuple[Tensor, Tensor]:
    """∂L/∂q of one sample, and the rate of ∂L/∂q̇ along a tangent; each (d,)."""

    def gradients(q: Tensor, qd: Tensor) -> tuple[Tensor, Tensor]:
        both: tuple[Tensor, Tensor] = grad(lagrangian, argnums=(0, 1))(q, qd, *parameters)
        return both

    (slope, _), (_, rate) = jvp(gradients, (q, qd), (along_q, along_qd))[:2]
    return slope, rate


def _solved(masses: Tensor, forces: Tensor) -> Tensor:
    """M⁻¹ f of one sample."""
    solution: Tensor = torch.linalg.solve(masses, forces)
    return solution


def _over_samples(one: Callable[..., Tensor], arrays: int) -> Batched:
    """The function of one sample on batches: the first `arrays` arguments are (n, d)."""

    def batch(*arguments: object) -> Tensor:
        shared = len(arguments) - arrays
        mapped = vmap(one, in_dims=(0,) * arrays + (None,) * shared)
        result: Tensor = mapped(*arguments)
        return result

    return batch
