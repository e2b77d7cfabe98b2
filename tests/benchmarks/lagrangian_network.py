"""A network as a Lagrangian, with its Euler–Lagrange residual written out by hand.

    L(q, q̇) = |q̇|²/2 + φ(q, q̇)

Along the tangent (ḋq, ḋq̇) = (q̇, q̈) the value of L changes at the rate

    Ḋ(q, q̇; ḋq, ḋq̇) = ∂L/∂q · ḋq + ∂L/∂q̇ · ḋq̇,    so that

    d/dt ∂L/∂q̇ - ∂L/∂q = ∂Ḋ/∂q̇ - ∂Ḋ/∂ḋq :

one tangent forward and one pass back give the whole residual. Both run here on whole batches, in
plain matrix products.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from systems.errors import InputError
from training.bases.perceptron import ACTIVATIONS, Perceptron

CURVATURES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "tanh": lambda h, slope: -2 * h * slope,
    "softplus": lambda h, slope: slope * (1 - slope),
}
"""Name -> d²h/dz² as a function of h and dh/dz."""


@dataclass(frozen=True)
class LagrangianNetwork:
    """L(q, q̇) = |q̇|²/2 + φ(q, q̇), φ a perceptron of the 2d inputs (q, q̇).

    Raises `InputError` for an activation without a second derivative, for an output that is not
    linear, and for an odd number of inputs.

    >>> network = LagrangianNetwork.glorot(2, (8, 8), seed=0)
    >>> q = qd = qdd = torch.ones(5, 2, dtype=torch.float64)
    >>> network(q[0], qd[0]).shape, network.residual(q, qd, qdd).shape
    (torch.Size([]), torch.Size([5, 2]))
    """

    perceptron: Perceptron

    def __post_init__(self) -> None:
        if self.perceptron.activation not in CURVATURES or self.perceptron.output != "linear":
            raise InputError(
                f"a Lagrangian is differentiated twice: its network must have a linear output and "
                f"the activation {' or '.join(CURVATURES)}, not {self.perceptron.activation!r} "
                f"with the output {self.perceptron.output!r}."
            )
        if len(self.perceptron.weights[0]) % 2:
            raise InputError("the network of a Lagrangian has as many inputs q̇ as inputs q.")

    @staticmethod
    def glorot(
        dimension: int, hidden: tuple[int, ...], seed: int, activation: str = "tanh"
    ) -> LagrangianNetwork:
        """A network of `dimension` coordinates with Glorot's weights, in double precision."""
        single = Perceptron.glorot(2 * dimension, hidden, seed, activation)
        return LagrangianNetwork(single.to(torch.zeros((), dtype=torch.float64)))

    @property
    def dimension(self) -> int:
        """d, the number of coordinates."""
        return len(self.perceptron.weights[0]) // 2

    def __call__(self, q: Tensor, qd: Tensor) -> Tensor:
        """L of one sample: q, q̇ (d,) -> scalar."""
        network = self.perceptron.values(torch.cat([q, qd])[None])[0, 0]
        return (qd * qd).sum() / 2 + network

    def parameters(self) -> Tensor:
        """All weights, then all biases, in one flat vector."""
        return self.perceptron.parameters()

    def with_parameters(self, flat: Tensor) -> LagrangianNetwork:
        """The same network with other weights; differentiable in ``flat``."""
        return replace(self, perceptron=self.perceptron.with_parameters(flat))

    def residual(self, q: Tensor, qd: Tensor, qdd: Tensor) -> Tensor:
        """d/dt ∂L/∂q̇ - ∂L/∂q (n, d) of samples (n, d); differentiable in the weights.

        The same as `tangents.euler_lagrange_residual` of this network, but faster.
        """
        weights = self.perceptron.weights
        layers = self._forward(torch.cat([q, qd], dim=1), torch.cat([qd, qdd], dim=1))
        # The pass back: of Ḋ with respect to the pushed tangent (pull), and to the value (twist),
        # which enters through the slopes of all later layers.
        pull = weights[-1][:, 0]
        twist: Tensor | None = None
        for layer in reversed(range(len(layers))):
            slope, bend, tangent = layers[layer]
            through = bend * tangent * pull
            twist = through if twist is None else torch.addcmul(through, slope, twist)
            pull = slope * pull
            if layer:
                pull, twist = pull @ weights[layer].T, twist @ weights[layer].T
        assert twist is not None, "a perceptron has a hidden layer"
        along_q, along_qd = weights[0].T.tensor_split(2, dim=1)
        residual: Tensor = qdd + twist @ along_qd - pull @ along_q
        return residual

    def _forward(self, value: Tensor, tangent: Tensor) -> list[tuple[Tensor, Tensor, Tensor]]:
        """h'(z), h''(z) and the tangent of z for every hidden layer, each (n, width)."""
        activate, slope_of = ACTIVATIONS[self.perceptron.activation]
        curvature_of = CURVATURES[self.perceptron.activation]
        layers = []
        hidden = zip(self.perceptron.weights[:-1], self.perceptron.biases[:-1], strict=True)
        for weight, bias in hidden:
            z = torch.addmm(bias, value, weight)
            value = activate(z)
            slope = slope_of(z, value)
            tangent_of_z = tangent @ weight
            tangent = slope * tangent_of_z
            layers.append((slope, curvature_of(value, slope), tangent_of_z))
        return layers
