"""interpret: turn motion into law.

One call, ``interpret.fit("coulomb")`` or ``interpret.fit(trajectories)``, or step by step:

    system = systems.get("coulomb")
    fit = training.train(system, system.sample(seed=0))
    law = interpret.regress(interpret.probe(fit), interpret.Library.of(system))
    interpret.compare(law, system)

Names are imported when they are used, so that ``interpret --help`` needs no torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from interpret.comparison import Comparison, compare
    from interpret.constants import recognise
    from interpret.invariants import discover
    from interpret.lagrangians.couplings import Couplings
    from interpret.lagrangians.discovery import discover_lagrangian
    from interpret.lagrangians.equivalence import compare_lagrangians
    from interpret.lagrangians.expansion import expand
    from interpret.lagrangians.extraction import extract
    from interpret.lagrangians.landscape import landscape
    from interpret.law import Law
    from interpret.library import Library
    from interpret.pipeline import fit
    from interpret.prediction import rollout
    from interpret.refinement import refine
    from interpret.regression import regress
    from interpret.run import Run
    from interpret.samples import Samples, probe

_HOMES = {
    "Comparison": "comparison",
    "Couplings": "lagrangians.couplings",
    "Law": "law",
    "Library": "library",
    "Run": "run",
    "Samples": "samples",
    "compare": "comparison",
    "compare_lagrangians": "lagrangians.equivalence",
    "discover": "invariants",
    "discover_lagrangian": "lagrangians.discovery",
    "expand": "lagrangians.expansion",
    "extract": "lagrangians.extraction",
    "fit": "pipeline",
    "landscape": "lagrangians.landscape",
    "probe": "samples",
    "recognise": "constants",
    "refine": "refinement",
    "regress": "regression",
    "rollout": "prediction",
}

__all__ = [
    "Comparison",
    "Couplings",
    "Law",
    "Library",
    "Run",
    "Samples",
    "compare",
    "compare_lagrangians",
    "discover",
    "discover_lagrangian",
    "expand",
    "extract",
    "fit",
    "landscape",
    "probe",
    "recognise",
    "refine",
    "regress",
    "rollout",
]


def __getattr__(name: str) -> Any:
    """Import a public name from its module, once."""
    if name not in _HOMES:
        raise AttributeError(f"module 'interpret' has no attribute {name!r}")
    value = getattr(import_module(f"interpret.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
