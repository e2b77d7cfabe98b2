"""Experiments: what can be fitted. Each has its options, and the verbs that differ.

A new experiment is one more entry of `EXPERIMENTS`: a record of options, and a module of `Verbs`.
The options load nothing heavy; the verbs are imported when they are used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from interpret.experiments.born import Born
from interpret.experiments.levels import Levels
from interpret.experiments.motion import Motion
from interpret.experiments.options import Options, build
from interpret.experiments.values import Values
from systems.errors import InputError

if TYPE_CHECKING:
    from interpret.experiments.verbs import Verbs


@dataclass(frozen=True)
class Experiment:
    """One experiment by name: its record of options, and the module that holds its verbs."""

    name: str
    options: type[Options]
    module: str

    @property
    def verbs(self) -> Verbs:
        """draw, learn, read, refine and the others: see `interpret.experiments.verbs.Verbs`."""
        return cast("Verbs", import_module(self.module))

    def asked(self, options: Options | None, given: Mapping[str, Any]) -> Options:
        """The options given as a record, or one by one; InputError for those of another kind.

        >>> EXPERIMENTS["born"].asked(None, {"orders": 2}).orders
        2
        >>> EXPERIMENTS["motion"].asked(None, {"orders": 2})
        Traceback (most recent call last):
            ...
        systems.errors.InputError: motion has no use for orders (an option of born); leave it out.
        """
        if options is None:
            known = {name: other.options for name, other in EXPERIMENTS.items()}
            return build(self.options, self.name, given, known)
        if given:
            raise InputError(f"give {', '.join(given)} in {type(options).__name__}(...) or alone.")
        if not isinstance(options, self.options):
            raise InputError(
                f"this is fitted with the options {self.options.__name__}(...), not with "
                f"{type(options).__name__}(...)."
            )
        return options


EXPERIMENTS: dict[str, Experiment] = {
    name: Experiment(name, options, f"interpret.experiments.{module}")
    for name, options, module in (
        ("motion", Motion, "motion.dispatch"),
        ("born", Born, "born.series"),
        ("levels", Levels, "levels.levels_in_boxes"),
        ("values", Values, "values.maps"),
    )
}


def option_fields() -> dict[str, Any]:
    """Every option of every experiment by name, as its first owner declares it."""
    found: dict[str, Any] = {}
    for experiment in EXPERIMENTS.values():
        for item in fields(experiment.options):
            found.setdefault(item.name, item)
    return found
