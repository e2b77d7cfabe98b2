"""Problems as a file of one's own writes them: a motion by `System`, a map by `Supervised`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sympy import Expr

from systems.errors import InputError
from systems.expressions import parse, symbol
from systems.mechanics import Mechanics
from systems.problem import CONSTANT, Dataset, Map, Problem, Report
from systems.samples.trajectories import Array
from systems.samples.values import ValueSamples

ORDER = (
    "coordinates", "mass", "potential", "candidates", "features", "datasets", "gauge", "windows",
    "parameters", "known", "sums", "others", "kinetic",
)  # fmt: skip
"""What follows the reference of a `System`, where it is given by position."""


def System(name: str, summary: str, reference: str, *rest: Any, **named: Any) -> Problem:
    """A motion: `System(name, summary, reference, coordinates, mass, potential, ...)`.

    `candidates`, `gauge` and `datasets` are `Problem`'s, all else is `Mechanics`'; every one of the
    `windows` is a data set of random points, after the `datasets`. The order is that of `ORDER`.

    >>> from systems.samples.phase_space import Window
    >>> q = symbol("q")
    >>> spring = System("spring", "a spring", "R. Hooke, 1678", ("q",), (1.0,), q**2 / 2,
    ...                 windows={"near": Window("near 0", (0.0,), 1.0)})
    >>> spring.draw("near", seed=1, count=5)
    5 samples of q with qd and qdd
    """
    given = {**dict(zip(ORDER, rest, strict=False)), **named}
    candidates = given.pop("candidates", ())
    gauge = given.pop("gauge", CONSTANT)
    datasets = given.pop("datasets", {})
    windows = given.pop("windows", {})
    mechanics = Mechanics(**given)
    points = {key: Dataset.of_window(window, mechanics) for key, window in windows.items()}
    return Problem(
        name, summary, reference, {**datasets, **points}, candidates, gauge, mechanics=mechanics
    )


def Supervised(
    name: str,
    summary: str,
    reference: str,
    *values: Any,
    candidates: tuple[Expr, ...] = (),
    **more: Any,
) -> Problem:
    """A map y = f(x): `Supervised(name, summary, reference, inputs, output, exact, draw, ...)`.

    See `Values` for what follows the reference. Raises `InputError` where names are missing or no
    names, and for a truth or candidates in anything but the inputs.

    >>> import numpy as np
    >>> def draw(seed, count):
    ...     x = np.random.default_rng(seed).random((count, 1))
    ...     return ValueSamples(x, x[:, 0] ** 2, np.ones(count))
    >>> square = Supervised("square", "", "", ("x",), "y", lambda x: x[:, 0] ** 2, draw,
    ...                     truth="x**2")
    >>> square.draw(), square.truths()
    (1000 samples of 1 input, {'map': x**2})
    """
    given = Values(*values, **more)
    if not given.inputs:
        raise InputError(f"the map {name!r} has no inputs.")
    for each in (*given.inputs, given.output):
        symbol(each)
    for candidate in candidates:
        given.checked(candidate)
    return Problem(
        name,
        summary,
        reference,
        {"default": Dataset(f"{given.count} samples", given.drawn)},
        candidates,
        experiment="values",
        map=Map(given.inputs, given.output, given.truths, given.parameters),
    )


@dataclass(frozen=True, eq=False)
class Values:
    """A map of one's own, known by its values.

    `inputs` are the d names of x, `output` that of y. `exact` maps x (n, d) to y (n,) exactly, and
    `draw` maps a seed and a count to that many samples; `count` is how many there are when nobody
    says. `parameters` are the numbers that the draw was made with, and `truth` is y in the inputs,
    an expression or its text, where it is known.
    """

    inputs: tuple[str, ...]
    output: str
    exact: Callable[[Array], Array] | None
    draw: Callable[[int, int], ValueSamples]
    count: int = 1000
    parameters: Mapping[str, float] = field(default_factory=dict)
    truth: Expr | str | None = None

    def drawn(
        self, seed: int, count: int | None = None, report: Report | None = None
    ) -> ValueSamples:
        """The samples, their columns called as the map calls them."""
        samples = self.draw(seed, self.count if count is None else count)
        return replace(samples, names=(*self.inputs, self.output))

    @property
    def truths(self) -> Mapping[str, Expr]:
        """The truth, where there is one, as `Problem` tells it."""
        return {} if self.truth is None else {"map": self.checked(self.truth)}

    def checked(self, formula: Expr | str) -> Expr:
        """The formula as an expression in the inputs alone."""
        expr = parse(formula, self.inputs) if isinstance(formula, str) else formula
        strange = sorted(map(str, expr.free_symbols - set(map(symbol, self.inputs))))
        if strange:
            raise InputError(
                f"{expr} holds {', '.join(strange)}, which is no input of the map; its inputs are "
                f"{', '.join(self.inputs)}."
            )
        return expr
