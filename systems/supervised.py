"""Problems that are a map from inputs to a number, rather than motion: y = f(x)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from systems.errors import InputError
from systems.expressions import symbol

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ValueSamples:
    """n inputs `x` (n, d) with the values `y` (n,) of the map there.

    `scale` (n,) is the size of each input by the rule that drew it, such as an amplitude: where the
    map is expanded about x = 0, samples of scale s say y/s to equal precision.

    Raises `InputError` when shapes disagree, a number is not finite, a scale is not positive, or
    there are no samples.

    >>> ValueSamples([[1.0, 2.0]], [3.0], [1.0])
    1 sample of 2 inputs
    """

    x: Array
    y: Array
    scale: Array

    def __post_init__(self) -> None:
        for name in ("x", "y", "scale"):
            # A frozen record sets its fields this way; from here on they hold float64 arrays.
            object.__setattr__(self, name, np.asarray(getattr(self, name), dtype=float))
        shapes = (self.x.shape[:1], self.y.shape, self.scale.shape)
        if self.x.ndim != 2 or len(set(shapes)) != 1:
            raise InputError(
                f"inputs {self.x.shape}, values {self.y.shape} and scales {self.scale.shape} must "
                f"have the shapes (samples, inputs), (samples,) and (samples,)."
            )
        if not len(self.y):
            raise InputError("there are no samples.")
        if not all(np.isfinite(array).all() for array in (self.x, self.y, self.scale)):
            raise InputError("a number is not finite; remove the samples that hold such numbers.")
        if not (self.scale > 0).all():
            raise InputError("the scale of a sample is a positive number.")

    @property
    def dimension(self) -> int:
        """d, the number of inputs."""
        return int(self.x.shape[1])

    def __len__(self) -> int:
        return len(self.y)

    def __getitem__(self, index: slice | NDArray[np.intp] | NDArray[np.bool_]) -> ValueSamples:
        """Some of the samples, by a slice, by numbers or by a mask."""
        return ValueSamples(self.x[index], self.y[index], self.scale[index])

    def __repr__(self) -> str:
        return f"{_counted(len(self), 'sample')} of {_counted(self.dimension, 'input')}"

    def with_noise(self, fraction: float, seed: int) -> ValueSamples:
        """A copy with white noise on y, σ = `fraction` of the root mean square of y."""
        return self._with(fraction, float(np.sqrt((self.y**2).mean())), seed)

    def with_local_noise(self, fraction: float, seed: int) -> ValueSamples:
        """A copy with noise in proportion to each value: σ_i = `fraction` · |y_i|.

        >>> clean = ValueSamples(np.eye(2), [1.0, 0.0], [1.0, 1.0])
        >>> clean.with_local_noise(0.1, seed=0).y[1].item()
        0.0
        """
        return self._with(fraction, np.abs(self.y), seed)

    def digest(self) -> str:
        """The SHA-256 of every number, in hexadecimal."""
        digest = hashlib.sha256(repr(self.x.shape).encode())
        for array in (self.x, self.y, self.scale):
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()

    def _with(self, fraction: float, size: float | Array, seed: int) -> ValueSamples:
        if not 0 <= fraction < np.inf:
            raise InputError(f"the noise is a fraction such as 0.01, not {fraction}.")
        noise = np.random.default_rng(seed).standard_normal(len(self))
        return replace(self, y=self.y + fraction * size * noise)


@dataclass(frozen=True, eq=False)
class Supervised:
    """A map y = f(x) of d inputs, known by its values.

    `name` is what the command line calls it, `summary` one line about it, `reference` its source.
    `inputs` are the d names of x, `output` that of y. `exact` maps x (n, d) to y (n,) exactly, and
    `draw` maps a seed and a count to that many samples; `count` is how many there are when nobody
    says. `parameters` are the numbers that the draw was made with.

    Raises `InputError` where names are missing or no names.

    >>> def draw(seed, count):
    ...     x = np.random.default_rng(seed).random((count, 1))
    ...     return ValueSamples(x, x[:, 0] ** 2, np.ones(count))
    >>> Supervised("square", "a parabola", "", ("x",), "y", lambda x: x[:, 0] ** 2, draw).sample()
    1000 samples of 1 input
    """

    name: str
    summary: str
    reference: str
    inputs: tuple[str, ...]
    output: str
    exact: Callable[[Array], Array]
    draw: Callable[[int, int], ValueSamples]
    count: int = 1000
    parameters: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.inputs:
            raise InputError(f"the map {self.name!r} has no inputs.")
        for name in (*self.inputs, self.output):
            symbol(name)

    @property
    def dimension(self) -> int:
        """d, the number of inputs."""
        return len(self.inputs)

    @property
    def between(self) -> str:
        """From what the map leads to what, in words."""
        return f"{_counted(self.dimension, 'input')} to {self.output}"

    def sample(self, seed: int = 0, count: int | None = None) -> ValueSamples:
        """Random inputs with their exact values; held-out samples are those of another seed."""
        return self.draw(seed, self.count if count is None else count)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
