"""Steps of a descent on a GPU, recorded once as CUDA graphs and replayed: one launch for each.

A step of a small network is a hundred kernels of microseconds, which Python launches more slowly
than they run. Source: docs.pytorch.org/docs/stable/notes/cuda.html, "CUDA Graphs".
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor


@runtime_checkable
class Repeating(Protocol):
    """A loss that does the same at all steps of one kind, with the same tensors."""

    def prepare(self, step: int) -> Hashable:
        """Bring what this step needs into those tensors; the kind of the step."""

    def parts(self, parameters: Tensor, kind: Hashable) -> Iterable[Tensor]:
        """What sums up to the loss."""

    def __call__(self, parameters: Tensor, step: int) -> Iterable[Tensor]:
        """Both."""


@dataclass
class Recorded:
    """``taken(kind)`` takes a step of this kind and gives the loss before it, in fixed memory.

    The first step of a kind is taken as it is, so that all that is made on the way exists; the
    second is recorded. A loss is to be read before the next step is taken.
    """

    taken: Callable[[Hashable], Tensor]
    graphs: dict[Hashable, tuple[torch.cuda.CUDAGraph, Tensor] | None] = field(default_factory=dict)
    stream: torch.cuda.Stream = field(default_factory=torch.cuda.Stream)

    def __call__(self, kind: Hashable) -> Tensor:
        if kind not in self.graphs:
            self.graphs[kind] = None
            return self._aside(kind)
        known = self.graphs[kind]
        if known is None:
            known = self.graphs[kind] = self._recorded(kind)
        graph, loss = known
        graph.replay()
        return loss

    def _aside(self, kind: Hashable) -> Tensor:
        """A step on a stream of its own, as recording asks for."""
        self.stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self.stream), warnings.catch_warnings():
            # Adam is told that it will be recorded, and warns that it is not yet.
            warnings.simplefilter("ignore", UserWarning)
            loss = self.taken(kind)
        torch.cuda.current_stream().wait_stream(self.stream)
        return loss

    def _recorded(self, kind: Hashable) -> tuple[torch.cuda.CUDAGraph, Tensor]:
        """What a step does, none of it done yet. All graphs share their memory."""
        graph = torch.cuda.CUDAGraph()
        others = [known[0] for known in self.graphs.values() if known is not None]
        pool = others[0].pool() if others else None
        with torch.cuda.graph(graph, pool=pool, stream=self.stream):
            loss = self.taken(kind)
        return graph, loss
