"""What a training came to: a function or numbers, with what it cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from training.bases.basis import Basis
from training.bases.composite import hidden_units
from training.features import Features
from training.potential import Potential


class Learned:
    """What has no steps and no network, as numbers by one solve; others say what they have."""

    @property
    def history(self) -> Sequence[float]:
        """The loss along the training."""
        return ()

    @property
    def steps(self) -> int:
        """Steps of a descent, of which the history holds a part; 0 where there was none."""
        return 0

    @property
    def iterations(self) -> int:
        """Steps of a descent, or outer iterations; 0 where one linear solve was enough."""
        return self.steps or len(self.history)

    @property
    def told(self) -> str:
        """How it was trained, where that is worth a sentence."""
        return ""

    @property
    def neurons(self) -> int:
        """Hidden units of the network; 0 without one."""
        return 0

    def state(self) -> Mapping[str, Any]:
        """What is kept of it in a file: tensors, numbers and text."""
        raise NotImplementedError


class LearnedFunction(Learned):
    """A basis times coefficients, as a function of features."""

    basis: Basis
    coefficients: Tensor

    @property
    def features(self) -> Features:
        """What the learned function is a function of."""
        raise NotImplementedError

    @property
    def potential(self) -> Potential:
        """The learned function by itself."""
        return Potential(self.basis, self.coefficients, self.features)

    def state(self) -> Mapping[str, Any]:
        """The potential."""
        return self.potential.state()

    @property
    def neurons(self) -> int:
        """Hidden units of the network; 0 for a basis without any."""
        return hidden_units(self.basis)
