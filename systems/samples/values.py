"""Values of a map at random inputs: what y = f(x) is learned from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from systems.errors import InputError
from systems.samples.noise import noisy

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ValueSamples:
    """n inputs `x` (n, d) with the values `y` (n,) of the map there.

    `scale` (n,) is the size of each input by the rule that drew it, such as an amplitude: where the
    map is expanded about x = 0, samples of scale s say y/s to equal precision. `names` are those of
    the inputs and of y, by default x0, x1, ... and y.

    Raises `InputError` when shapes or names disagree, a number is not finite, a scale is not
    positive, or there are no samples.

    >>> ValueSamples([[1.0, 2.0]], [3.0], [1.0])
    1 sample of 2 inputs
    """

    x: Array
    y: Array
    scale: Array
    names: tuple[str, ...] = ()

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
        names = tuple(self.names) or (*(f"x{i}" for i in range(self.dimension)), "y")
        if len(names) != self.dimension + 1:
            raise InputError(
                f"{len(names)} names are given for {_counted(self.dimension, 'input')} and a value."
            )
        object.__setattr__(self, "names", names)

    @property
    def dimension(self) -> int:
        """d, the number of inputs."""
        return int(self.x.shape[1])

    def __len__(self) -> int:
        return len(self.y)

    def __getitem__(self, index: slice | NDArray[np.intp] | NDArray[np.bool_]) -> ValueSamples:
        """Some of the samples, by a slice, by numbers or by a mask."""
        return replace(self, x=self.x[index], y=self.y[index], scale=self.scale[index])

    def __repr__(self) -> str:
        return f"{_counted(len(self), 'sample')} of {_counted(self.dimension, 'input')}"

    def with_noise(self, fraction: float, seed: int) -> ValueSamples:
        """A copy with white noise on y, σ = `fraction` of the standard deviation of y."""
        return self._with_noise(self.y.std(), fraction, seed)

    def with_relative_noise(self, fraction: float, seed: int) -> ValueSamples:
        """A copy with noise in proportion to each value: σ_i = `fraction` · |y_i|.

        >>> clean = ValueSamples(np.eye(2), [1.0, 0.0], [1.0, 1.0])
        >>> clean.with_relative_noise(0.1, seed=0).y[1].item()
        0.0
        """
        return self._with_noise(np.abs(self.y), fraction, seed)

    def _with_noise(self, size: ArrayLike, fraction: float, seed: int) -> ValueSamples:
        return replace(self, y=noisy(self.y, size, fraction, seed))

    def digest(self) -> str:
        """The SHA-256 of every number, in hexadecimal."""
        digest = hashlib.sha256(repr(self.x.shape).encode())
        for array in (self.x, self.y, self.scale):
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
