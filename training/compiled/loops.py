"""Which compiled loss there is for a network: a loop on a CPU, a kernel on a GPU."""

from __future__ import annotations

from training.bases.perceptron import Perceptron
from training.compiled.force_matching import Loop, Matching
from training.compiled.on_gpu import GpuMatching


def loop(network: Perceptron) -> Loop | None:
    """That of such networks, where they are; None where there is none."""
    return GpuMatching.of(network) if network.weights[0].is_cuda else Matching.of(network)
