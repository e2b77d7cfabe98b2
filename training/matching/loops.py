"""Which loss of forces there is for a network: a kernel on a GPU, a loop on a CPU, or torch's."""

from __future__ import annotations

from training.bases.perceptron import Perceptron
from training.matching.force_matching import Loop, Matching
from training.matching.in_torch import InTorch
from training.matching.on_gpu import GpuMatching


def loop(network: Perceptron) -> Loop:
    """The quickest of such networks, where they are; of one output and an activation of
    `force_matching.ACTIVATIONS`.

    >>> loop(Perceptron.glorot(1, (4,), seed=0)).told in ("", Matching.told)
    True
    """
    compiled = GpuMatching.of(network) if network.weights[0].is_cuda else Matching.of(network)
    return compiled or InTorch(network)
