"""Networks as plain dictionaries of tensors and text, for torch.save without pickled code."""

from __future__ import annotations

from typing import Any

from systems.errors import InputError
from training.bases.basis import Basis
from training.bases.network import Network
from training.bases.perceptron import Perceptron
from training.bases.scaling import Scaling


def state(basis: Basis) -> dict[str, Any]:
    """What ``restored`` needs to build the basis again; InputError for one without weights."""
    if isinstance(basis, Network):
        scaling = basis.scaling
        kept = _layers(basis)
        return kept | {
            "kind": "network",
            "scaling": [scaling.lo.cpu(), scaling.hi.cpu(), scaling.logarithmic.cpu()],
        }
    if isinstance(basis, Perceptron):
        kept = _layers(basis)
        return kept | {
            "kind": "perceptron",
            "activation": basis.activation,
            "output": basis.output,
        }
    raise InputError(f"a {type(basis).__name__} basis has no weights to save")


def restored(kept: dict[str, Any]) -> Network | Perceptron:
    """The basis that ``state`` took apart."""
    weights, biases = tuple(kept["weights"]), tuple(kept["biases"])
    if kept["kind"] == "perceptron":
        return Perceptron(weights, biases, kept["activation"], kept["output"])
    return Network(Scaling(*kept["scaling"]), weights, biases)


def _layers(basis: Network | Perceptron) -> dict[str, Any]:
    return {
        "weights": [weight.detach().cpu() for weight in basis.weights],
        "biases": [bias.detach().cpu() for bias in basis.biases],
    }
