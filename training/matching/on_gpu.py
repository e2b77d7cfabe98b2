"""The loss of a perceptron's forces with its gradient on a GPU, by one kernel: `gpu_kernel`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from typing import ClassVar, Final

import torch
from torch import Tensor

from training.bases.perceptron import Perceptron
from training.matching.force_matching import ACTIVATIONS, REALS, Loop, Points

BLOCK: Final = 32
"""Points that a program takes at once."""

WARPS: Final = 2
PROGRAMS: Final = 8
"""Of each multiprocessor: as many as its registers hold."""

NARROWEST: Final = 16
"""What the matrix units take at least."""

MOST_FEATURES: Final = 4
WIDEST: Final = 32
"""Beyond, the registers do not hold a block, and torch's own kernels are as fast."""


@dataclass(frozen=True, eq=False)
class GpuMatching(Loop):
    """`force_matching.Matching` on a GPU, of perceptrons with two hidden layers."""

    shape: tuple[int, int, int]
    activation: str
    exponentiated: bool
    programs: int
    told: ClassVar[str] = "a kernel compiled for this GPU"

    @staticmethod
    def of(network: Perceptron) -> GpuMatching | None:
        """None where the kernel knows no such network, or there is no Triton to compile it."""
        weights = network.weights
        if not weights[0].is_cuda or not has_triton() or not known(network):
            return None
        units = torch.cuda.get_device_properties(weights[0].device).multi_processor_count
        return GpuMatching.kernel(network, PROGRAMS * units)

    @staticmethod
    def kernel(network: Perceptron, programs: int) -> GpuMatching:
        """By so many programs side by side."""
        first, second, _ = network.weights
        shape = (*first.shape, second.shape[1])
        return GpuMatching(shape, network.activation, network.output == "exp", programs)

    def with_gradient(
        self, parameters: Tensor, points: Sequence[Points], scale: float
    ) -> tuple[Tensor, Tensor]:
        """The loss and its gradient (P,); the points in one part."""
        from training.matching.gpu_kernel import force_matching

        (part,) = points
        count = part.x.shape[1]
        programs = min(self.programs, -(-count // BLOCK))
        features, first, second = self.shape
        parameters = parameters.detach().contiguous()
        sums = parameters.new_empty(programs, parameters.numel() + 1)
        force_matching[(programs,)](
            part.x,
            part.x if part.jacobian is None else part.jacobian,
            part.force,
            parameters,
            sums,
            count,
            F=features,
            D=len(part.force),
            N1=first,
            N2=second,
            FEATURES=_power_of_two(features),
            FIRST=max(NARROWEST, _power_of_two(first)),
            SECOND=max(NARROWEST, _power_of_two(second)),
            IDENTITY=part.jacobian is None,
            EXPONENTIATED=self.exponentiated,
            ACTIVATION=self.activation,
            BLOCK=BLOCK,
            BLOCKS=-(-count // (programs * BLOCK)),
            num_warps=WARPS,
        )
        # Here, for a kernel takes numbers in single precision.
        total = scale * sums.sum(dim=0)
        return total[-1], total[:-1]


@lru_cache
def has_triton() -> bool:
    """Whether there is what compiles the kernel: torch brings it along with CUDA."""
    return find_spec("triton") is not None


def known(network: Perceptron) -> bool:
    """Whether the kernel is of such networks.

    >>> known(Perceptron.glorot(1, (16, 16), seed=0)), known(Perceptron.glorot(1, (16,), seed=0))
    (True, False)
    """
    if len(network.weights) != 3 or network.size != 1:
        return False
    first, second, _ = network.weights
    narrow = max(*first.shape[1:], *second.shape) <= WIDEST and first.shape[0] <= MOST_FEATURES
    return narrow and network.activation in ACTIVATIONS and first.dtype in REALS


def _power_of_two(count: int) -> int:
    return 1 << (count - 1).bit_length()
