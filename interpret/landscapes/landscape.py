"""The loss over two parameters of a Lagrangian, exact and as single precision sees it.

    loss(θ) = mean |q̈(q, q̇; θ) - q̈|²    on a grid of θ = (θ1, θ2)

Where q̈ is affine in θ the loss is a quadratic, and the whole picture is one matrix product about
its minimum. Evaluated row by row in single precision the same valley looks rough wherever the rows
are large and hardly tell the parameters apart: that roughness is round-off.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import cast

import numpy as np
from numpy.typing import NDArray
from sympy import Expr

from interpret.landscapes.surface import Closeup, Profile, Surface, grid
from interpret.landscapes.view import View
from systems.equations import exact
from systems.errors import InputError, nearest
from systems.expressions import symbol
from systems.problem import Problem
from systems.samples.phase_space import PhaseSamples
from systems.seeds import other_stream
from training.learn.acceleration_model import acceleration_model
from training.learn.descents import METHODS, DescentPath, Walk, descend_parameters
from training.learn.numbers import fit_parameters

Array = NDArray[np.float64]
Range = tuple[float, float]

MARGIN = 0.05
"""What a picture shows beyond the paths on it, as a fraction of its ranges."""


@dataclass(frozen=True, eq=False)
class Landscape:
    """``loss`` (P, P) at θ = (axes[0][i], axes[1][j]) for the two parameters ``names``.

    ``optimum`` (2,) minimises the loss, ``truth`` (2,) made the data, where that is known.
    """

    names: tuple[str, str]
    axes: tuple[Array, Array]
    loss: Array
    optimum: Array
    truth: Array | None
    surface: Surface

    @property
    def method(self) -> str:
        """How ``loss`` was found: "closed form" or "vmap"."""
        return self.surface.method

    @cached_property
    def float32(self) -> Array:
        """The same picture (P, P), samples and sums in single precision; made when first asked."""
        return self.surface.naive(grid(self.axes), "float32").reshape(self.loss.shape)

    def profile(self, reach: float = 0.01) -> Profile:
        """The loss along the weak direction to ± ``reach`` times the largest number of θ*."""
        return self.surface.profile(self._length(reach))

    def closeup(self, reach: float = 0.01, pixels: int = 121) -> Closeup:
        """Both pictures in the valley's own axes, as far along the weak direction as `profile`."""
        return self.surface.closeup(self._length(reach), pixels)

    def roughness(self, reach: float = 0.01) -> tuple[float, float]:
        """The scatter of the naive loss about the exact one near the optimum, in dex.

        In float32, the rounding of the samples included, and in float64; along the weak direction.
        """
        return self.profile(reach).roughness()

    def _length(self, reach: float) -> float:
        return reach * (float(np.abs(self.optimum).max()) or 1.0)

    def to_npz_bytes(self, paths: Sequence[DescentPath] = ()) -> bytes:
        """The axes, both pictures and the paths as the bytes of an NPZ file.

        Arrays ``axis_<name>``, ``loss``, ``float32``, ``optimum``, ``truth`` (where known), and
        ``path_<method>`` (steps + 1, 2) with ``losses_<method>`` (steps + 1,).
        """
        arrays = {"loss": self.loss, "float32": self.float32, "optimum": self.optimum}
        for name, axis in zip(self.names, self.axes, strict=True):
            arrays[f"axis_{name}"] = axis
        if self.truth is not None:
            arrays["truth"] = self.truth
        for path in paths:
            arrays[f"path_{path.method}"] = path.parameters
            arrays[f"losses_{path.method}"] = path.losses
        stream = io.BytesIO()
        np.savez_compressed(stream, **arrays)  # type: ignore[arg-type]
        return stream.getvalue()


def landscape(
    lagrangian: Expr,
    parameters: Sequence[str],
    samples: PhaseSamples,
    ranges: Sequence[Range] | None = None,
    pixels: int = 200,
    truth: Sequence[float] | None = None,
) -> Landscape:
    """The loss over two ``parameters`` on ``pixels`` × ``pixels`` points of the ``ranges``.

    Without ranges they go from 0 to twice the truth, or the optimum where no truth is given.

    Raises InputError for other than two parameters, empty ranges, or a Lagrangian that
    `training.learn.numbers.fit_parameters` cannot fit, as one with further parameters.

    >>> q, qd, k, a = map(symbol, ("q", "qd", "k", "a"))
    >>> points = PhaseSamples(("q",), [[1.0], [2.0], [3.0]], np.zeros((3, 1)), [[1.0], [0], [-1]])
    >>> picture = landscape(qd**2 / 2 - k * q**2 / 2 + a * q, ["k", "a"], points, pixels=3)
    >>> picture.optimum.round(9), picture.loss[1, 1] < 1e-28, picture.loss[2, 1].round(9)
    (array([1., 2.]), np.True_, np.float64(4.666666667))
    """
    if len(parameters) != 2:
        raise InputError(
            f"a landscape is drawn over two parameters, not over {len(parameters)}; put in numbers "
            f"for the others."
        )
    pixels = View(pixels=pixels).pixels
    names = (parameters[0], parameters[1])
    known = None if truth is None else np.array(truth, dtype=float)
    optimum = fit_parameters(lagrangian, names, samples, start=_start(ranges, known)).values
    center = optimum if known is None else known
    first, second = (
        _axis(pixels, *(_about(float(value)) if ranges is None else ranges[number]))
        for number, value in enumerate(center)
    )
    surface = Surface(acceleration_model(lagrangian, names, samples.coordinates), samples, optimum)
    loss = surface.exact(grid((first, second))).reshape(pixels, pixels)
    return Landscape(names, (first, second), loss, optimum, known, surface)


def landscape_of(
    system: Problem, view: View | None = None, methods: Sequence[str] = METHODS
) -> tuple[Landscape, tuple[DescentPath, ...]]:
    """The landscape of a known system in a window, and how descents walk it from its far corner.

    The parameters span it from 0 to twice their values and on to where the descents go, which
    start at twice the values: at (2, 2), as the reports do, where both are 1.

    Raises InputError for an unknown window, parameter or method.

    >>> import systems
    >>> few = View(dataset="far", samples=20, pixels=5, steps=3)
    >>> picture, (path,) = landscape_of(systems.get("trapped_charges"), few, ["adam"])
    >>> picture.names, picture.loss.shape, path.parameters.shape
    (('k', 'alpha'), (5, 5), (4, 2))
    """
    view = view or View()
    known = system.motion()
    names = _two_of(system, view)
    samples = _samples(system, view)
    truth = [float(system.parameters[name]) for name in names]
    others = {symbol(name): exact(x) for name, x in system.parameters.items() if name not in names}
    lagrangian = known.lagrangian.xreplace(others)
    corner = [2 * value for value in truth]
    paths = tuple(
        descend_parameters(lagrangian, names, samples, Walk(method, view.steps), start=corner)
        for method in methods
    )
    walked = np.concatenate([path.parameters for path in paths] or [np.array([corner])])
    ranges = [_around(value, walked[:, number]) for number, value in enumerate(truth)]
    return landscape(lagrangian, names, samples, ranges, view.pixels, truth), paths


def _samples(system: Problem, view: View) -> PhaseSamples:
    """The samples of the system that the loss is taken on."""
    system.window(view.dataset)  # refuses what is no motion in phase space
    drawn = cast(PhaseSamples, system.draw(view.dataset, view.seed, view.samples))
    return drawn.with_noise(view.noise, other_stream(view.seed))


def _two_of(system: Problem, view: View) -> tuple[str, ...]:
    """The names of the parameters to draw, all of them the system's."""
    names = view.names or tuple(system.parameters)[:2]
    for name in names:
        if name not in system.parameters:
            raise InputError(
                f"the system {system.name!r} has no parameter {name!r}; it has "
                f"{', '.join(system.parameters) or 'none'}.{nearest(name, system.parameters)}"
            )
    return names


def _start(ranges: Sequence[Range] | None, truth: Array | None) -> Array | None:
    """Where a model that is not affine is fitted from."""
    if ranges is None:
        return truth
    return np.array([(low + high) / 2 for low, high in ranges])


def _about(value: float) -> Range:
    """From 0 to twice the value; ± 1 about 0."""
    if value == 0:
        return -1.0, 1.0
    return min(0.0, 2 * value), max(0.0, 2 * value)


def _around(value: float, walked: Array) -> Range:
    """The range about the value, widened to hold a path, by its own width at most."""
    low, high = _about(value)
    width = high - low
    lowest = max(float(walked.min()), low - width)
    highest = min(float(walked.max()), high + width)
    return min(low, lowest - MARGIN * width), max(high, highest + MARGIN * width)


def _axis(pixels: int, low: float, high: float) -> Array:
    if not (np.isfinite([low, high]).all() and low < high):
        raise InputError(f"a range goes from a number to a larger one, not from {low} to {high}.")
    return np.linspace(low, high, pixels)
