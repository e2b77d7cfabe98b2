"""The exact form of a Lagrangian with its fitted parameters, in words and numbers for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from numpy.typing import ArrayLike

from interpret.laws.tables import aligned
from interpret.laws.value import order, plain, with_error
from systems.errors import InputError
from systems.problem import Problem
from systems.samples.phase_space import PhaseSamples
from training.learn.numbers import ParameterFit, fit_parameters


@dataclass(frozen=True, eq=False)
class ExactModel:
    """A `ParameterFit` that prints itself, beside the ``truth`` where that is known."""

    fit: ParameterFit
    truth: Mapping[str, float] = field(default_factory=dict)

    def errors(self) -> dict[str, float]:
        """|recovered - truth| / |truth| by name, the plain distance from a truth of 0."""
        recovered = dict(zip(self.fit.names, self.fit.values.tolist(), strict=True))
        return {
            name: abs(recovered[name] - truth) / (abs(truth) or 1.0)
            for name, truth in self.truth.items()
            if name in recovered
        }

    def __str__(self) -> str:
        """The table of parameters, then what the data say about them."""
        singular = ", ".join(f"{value:.4g}" for value in self.fit.singular_values)
        lines = [
            *aligned(self._table(), gap=3),
            f"{self.fit.rows} accelerations, residual {self.fit.sigma:.3g}; "
            f"singular values of the scaled design: {singular}",
            weak_direction(self.fit),
            *self.fit.weakest().splitlines(),
        ]
        return "\n".join(line for line in lines if line)

    def _table(self) -> list[list[str]]:
        """Head and rows: name, value with its error bar, and the truth with the error."""
        errors = self.errors()
        head = ["parameter", "recovered", "truth", "error"]
        rows = [
            [
                name,
                with_error(float(value), float(deviation)),
                plain(self.truth[name]) if name in errors else "",
                order(errors[name]) if name in errors else "",
            ]
            for name, value, deviation in zip(
                self.fit.names, self.fit.values, self.fit.stderr, strict=True
            )
        ]
        return [head, *rows] if errors else [row[:2] for row in (head, *rows)]


def exact_model(
    system: Problem, samples: PhaseSamples, start: ArrayLike | None = None
) -> ExactModel:
    """Fit all parameters of the system's Lagrangian to ``samples`` and set them beside its own.

    Raises InputError for a system without parameters, and what `fit_parameters` raises.

    >>> import systems
    >>> system = systems.get("trapped_charges", {"k": 2.0, "alpha": 1.0})
    >>> model = exact_model(system, system.draw("far", count=100))
    >>> max(model.errors().values()) < 1e-12
    True
    """
    if not system.parameters:
        raise InputError(f"the system {system.name!r} has no parameters to fit.")
    fit = fit_parameters(system.motion().lagrangian, tuple(system.parameters), samples, start=start)
    return ExactModel(fit, {name: float(value) for name, value in system.parameters.items()})


def weak_direction(fit: ParameterFit) -> str:
    """The combination of parameters that the data constrain least; "" for a single parameter.

    Each parameter counts in the unit in which it moves the accelerations as much as the others.

    >>> import numpy as np
    >>> weak = np.array([0.8, -0.6])
    >>> weak_direction(ParameterFit(("k", "b"), np.ones(2), np.eye(2), np.ones(2), weak, 1.0, 9))
    'the data constrain 0.8 k - 0.6 b least, each in units of the same effect on the accelerations'
    """
    if len(fit.names) < 2:
        return ""
    words = ""
    for name, part in zip(fit.names, fit.weak_direction, strict=True):
        size = f"{abs(part):.2g} {name}"
        sign = "-" if part < 0 else "+"
        words += f" {sign} {size}" if words else f"{'-' if part < 0 else ''}{size}"
    return (
        f"the data constrain {words} least, each in units of the same effect on the accelerations"
    )
