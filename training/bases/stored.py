"""Bases as plain dictionaries of tensors and text, for torch.save without pickled code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from systems.errors import InputError
from systems.expressions import parse, text
from training.bases.basis import Basis
from training.bases.box import Box
from training.bases.candidates import Candidates
from training.bases.chebyshev import Chebyshev
from training.bases.composite import Shared, Sum
from training.bases.exponential import ExpLog
from training.bases.network import Network
from training.bases.perceptron import Perceptron
from training.bases.scaling import Scaling

EXP_LOG = ("center", "scale", "slope", "inner", "bias", "outer")


def state(basis: Basis) -> dict[str, Any]:
    """What ``restored`` needs to build the basis again; InputError for one that cannot be kept."""
    if isinstance(basis, Network):
        return {"kind": "network", **_layers(basis), "scaling": _scaling(basis.scaling)}
    if isinstance(basis, Perceptron):
        kept = _layers(basis)
        return kept | {
            "kind": "perceptron",
            "activation": basis.activation,
            "output": basis.output,
        }
    if isinstance(basis, ExpLog):
        tensors = {name: getattr(basis, name).detach().cpu() for name in EXP_LOG}
        return {"kind": "exp-log", **tensors}
    if isinstance(basis, Chebyshev):
        orders = [list(order) for order in basis.orders]
        return {"kind": "chebyshev", "scaling": _scaling(basis.scaling), "orders": orders}
    if isinstance(basis, Box):
        return {
            "kind": "box",
            "center": basis.center.cpu(),
            "half_width": basis.half_width.cpu(),
            "orders": [list(order) for order in basis.orders],
            "polynomials": basis.kind,
        }
    if isinstance(basis, Candidates):
        terms = [text(expression) for expression in basis.expressions]
        return {"kind": "candidates", "variables": list(basis.variables), "terms": terms}
    if isinstance(basis, Shared):
        groups = [list(group) for group in basis.groups]
        return {"kind": "shared", "groups": groups, "basis": state(basis.basis)}
    if isinstance(basis, Sum):
        return {"kind": "sum", "parts": [state(part) for part in basis.parts]}
    raise InputError(f"a {type(basis).__name__} basis cannot be saved")


def restored(kept: dict[str, Any]) -> Basis:
    """The basis that ``state`` took apart."""
    return READERS[kept["kind"]](kept)


def _network(kept: dict[str, Any]) -> Basis:
    return Network(Scaling(*kept["scaling"]), tuple(kept["weights"]), tuple(kept["biases"]))


def _perceptron(kept: dict[str, Any]) -> Basis:
    weights, biases = tuple(kept["weights"]), tuple(kept["biases"])
    return Perceptron(weights, biases, kept["activation"], kept["output"])


def _exp_log(kept: dict[str, Any]) -> Basis:
    return ExpLog(**{name: kept[name] for name in EXP_LOG})


def _chebyshev(kept: dict[str, Any]) -> Basis:
    return Chebyshev(Scaling(*kept["scaling"]), _orders(kept))


def _box(kept: dict[str, Any]) -> Basis:
    return Box(kept["center"], kept["half_width"], _orders(kept), kept["polynomials"])


def _candidates(kept: dict[str, Any]) -> Basis:
    return Candidates(tuple(kept["variables"]), tuple(parse(term) for term in kept["terms"]))


def _shared(kept: dict[str, Any]) -> Basis:
    groups = tuple(tuple(group) for group in kept["groups"])
    return Shared(groups, restored(kept["basis"]))


def _sum(kept: dict[str, Any]) -> Basis:
    return Sum(tuple(restored(part) for part in kept["parts"]))


READERS: Mapping[str, Callable[[dict[str, Any]], Basis]] = {
    "network": _network,
    "perceptron": _perceptron,
    "exp-log": _exp_log,
    "chebyshev": _chebyshev,
    "box": _box,
    "candidates": _candidates,
    "shared": _shared,
    "sum": _sum,
}


def _layers(basis: Network | Perceptron) -> dict[str, Any]:
    return {
        "weights": [weight.detach().cpu() for weight in basis.weights],
        "biases": [bias.detach().cpu() for bias in basis.biases],
    }


def _scaling(scaling: Scaling) -> list[Any]:
    return [scaling.lo.cpu(), scaling.hi.cpu(), scaling.logarithmic.cpu()]


def _orders(kept: dict[str, Any]) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(order) for order in kept["orders"])
