"""When to stop: where samples that are not fitted to are predicted worse again.

Under noise a network with many weights goes on to fit the noise; what it has learned before that is
the best of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from training.bases.basis import Trainable
from training.optimise.checkpoint import matching
from training.optimise.projection import Reduced
from training.rows.trajectories import Rows

PATIENCE = 60


class Overtrained(Exception):
    """Ends a descent from within."""


@dataclass
class HeldOut:
    """Watches the misfit on ``rows`` of networks that are fitted to those of ``reduced``.

    ``best`` is the network whose misfit was the least, with its ``misfit``; it is given up looking
    for a better one after 60 iterations.
    """

    reduced: Reduced
    rows: Rows
    best: Trainable | None = None
    misfit: float = np.inf
    waited: int = 0

    def look(self, network: Trainable, may_stop: bool = True) -> None:
        """Take note of a network; raises Overtrained when none has been better for long.

        With ``may_stop`` off it never does, as in a warm-up that a better method follows.
        """
        with torch.no_grad():
            _, coefficients, _ = self.reduced.eliminate(network)
            missed = float((self.rows.design(network) @ coefficients - self.rows.truth).norm())
        self.waited = self.waited + 1 if may_stop else 0
        if missed < self.misfit:
            self.best, self.misfit, self.waited = network, missed, 0
        if self.waited >= PATIENCE:
            raise Overtrained

    def memory(self) -> dict[str, Any]:
        """What was seen so far, in plain values, for a checkpoint."""
        best = None if self.best is None else self.best.parameters().detach().cpu()
        return {"best": best, "misfit": self.misfit, "waited": self.waited}

    def recall(self, memory: Mapping[str, Any], like: Trainable) -> None:
        """Take up what `memory` gave, of networks like this one."""
        if memory.get("best") is not None:
            self.best = like.with_parameters(matching(memory["best"], like.parameters()))
            self.misfit, self.waited = float(memory["misfit"]), int(memory["waited"])
