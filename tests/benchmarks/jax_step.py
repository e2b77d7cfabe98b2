"""A step of gradient descent on forces, as JAX compiles it: one tangent along the residual and one
pass back, over chunks of the points by `lax.scan`."""

from __future__ import annotations

import os
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.bases.perceptron import Perceptron

Array = NDArray[np.float32]

CHUNK = 1000
"""Points that stay in the cache."""

ONE_THREAD = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"


class JaxDescent:
    """The same descent as `test_step_cost` takes, from the weights of a perceptron with tanh."""

    def __init__(self, network: Perceptron, x: Array, force: Array, rate: float) -> None:
        os.environ.setdefault("XLA_FLAGS", ONE_THREAD)
        import jax
        import jax.numpy as jnp
        from jax import lax

        layers = zip(network.weights, network.biases, strict=True)
        self.weights: Any = [(jnp.array(w.numpy()), jnp.array(b.numpy())) for w, b in layers]
        chunks = jnp.array(x.reshape(-1, CHUNK, x.shape[1]))
        forces = jnp.array(force.reshape(-1, CHUNK, x.shape[1]))
        scale = 2 / force.size

        def potential(weights: Any, place: Any) -> Any:
            for weight, bias in weights[:-1]:
                place = jnp.tanh(place @ weight + bias)
            weight, bias = weights[-1]
            return (place @ weight + bias).sum()

        def chunk(weights: Any, part: tuple[Any, Any]) -> Any:
            places, truth = part
            slope = jax.grad(potential, argnums=1)(weights, places)
            along = scale * lax.stop_gradient(slope - truth)
            return jax.jvp(lambda at: potential(weights, at), (places,), (along,))[1]

        def step(weights: Any) -> Any:
            def add(total: Any, part: tuple[Any, Any]) -> tuple[Any, None]:
                found = jax.grad(chunk)(weights, part)
                return jax.tree.map(jnp.add, total, found), None

            gradient, _ = lax.scan(add, jax.tree.map(jnp.zeros_like, weights), (chunks, forces))
            return jax.tree.map(lambda w, g: w - rate * g, weights, gradient)

        self.step = jax.jit(step)
        self.ready = jax.block_until_ready

    def run(self, steps: int) -> float:
        """CPU seconds a step after the first."""
        self.weights = self.ready(self.step(self.weights))
        started = time.process_time()
        for _ in range(steps - 1):
            self.weights = self.step(self.weights)
        self.ready(self.weights)
        return (time.process_time() - started) / (steps - 1)

    def trained(self) -> Perceptron:
        """The network as it is now."""
        import torch

        weights, biases = (
            tuple(torch.tensor(np.asarray(part)) for part in parts)
            for parts in zip(*self.weights, strict=True)
        )
        return Perceptron(weights, biases)
