"""Several processes that train as one, as torchrun starts them: each has a share of the rows.

    torchrun --nproc-per-node 4 -m interpret fit coulomb

What they add up, triangles, normal equations and gradients, is the same in all of them to the last
bit, so that all take the same steps. A process by itself is one of one, and loads nothing for it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from torch import Tensor

COUNT: Final = "WORLD_SIZE"
LOCAL: Final = "LOCAL_RANK"
"""What torchrun tells each process: how many there are, and its number on this machine."""


@contextmanager
def joined() -> Iterator[None]:
    """Join the processes that torchrun has started, if it has: gloo on CPUs, NCCL between GPUs."""
    if int(os.environ.get(COUNT, "1")) == 1:
        yield
        return
    import torch
    from torch import distributed

    backend = "gloo"
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ.get(LOCAL, "0")) % torch.cuda.device_count())
        backend = "cpu:gloo,cuda:nccl"
    distributed.init_process_group(backend)
    try:
        yield
    finally:
        distributed.destroy_process_group()


def count() -> int:
    """How many processes train together."""
    from torch import distributed

    together = distributed.is_available() and distributed.is_initialized()
    return int(distributed.get_world_size()) if together else 1


def number() -> int:
    """Which of them this is, from 0."""
    if int(os.environ.get(COUNT, "1")) == 1:
        return 0
    from torch import distributed

    return int(distributed.get_rank()) if count() > 1 else 0


def summed(part: Tensor) -> Tensor:
    """The sum over all processes.

    >>> import torch
    >>> summed(torch.ones(2)).tolist()
    [1.0, 1.0]
    """
    if count() == 1:
        return part
    from torch import distributed

    total = part.detach().clone()
    distributed.all_reduce(total)
    return total


def pooled(block: Tensor) -> Tensor:
    """The rows (m, k), at most k, of all processes one below the other, filled up with zeros.

    >>> import torch
    >>> pooled(torch.ones(1, 2)).tolist()
    [[1.0, 1.0]]
    """
    if count() == 1:
        return block
    import torch
    from torch import distributed

    own = block.new_zeros(block.shape[1], block.shape[1])
    own[: len(block)] = block
    rows = [torch.empty_like(own) for _ in range(count())]
    distributed.all_gather(rows, own)
    return torch.cat(rows)


def span(design: Tensor) -> Tensor:
    """This process's rows of Q, A = Q R, of the rows A (n, k) of all processes.

    Each has A_p = Q_p R_p, and the R_p one below the other are Q' R: its rows are Q_p Q'_p.
    Source: J. Demmel et al., Communication-optimal parallel and sequential QR and LU
    factorizations, SIAM J. Sci. Comput. 34 (2012) A206.
    """
    import torch

    own: Tensor
    own, upper = torch.linalg.qr(design)
    if count() > 1:
        first = number() * design.shape[1]
        own = own @ torch.linalg.qr(pooled(upper)).Q[first : first + len(upper)]
    return own
