"""interpret: turn motion into law.

One call, ``interpret.fit("coulomb")`` or ``interpret.fit(trajectories)``, or step by step:

    system = systems.get("coulomb")
    fit = interpret.learn(system, system.draw())
    (law,) = interpret.read(fit)
    law = interpret.refine(law, fit)
    interpret.compare(law, system)

Names are imported when they are used, so that ``interpret --help`` needs no torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from systems.lazy import lazy

if TYPE_CHECKING:
    from interpret.discovery.features import discover
    from interpret.discovery.lagrangian import discover_lagrangian
    from interpret.discovery.lagrangian.equivalence import compare_lagrangians
    from interpret.discovery.noether import conserved
    from interpret.experiments.born import Born
    from interpret.experiments.levels import Levels
    from interpret.experiments.motion import Motion
    from interpret.experiments.values import Values
    from interpret.experiments.verbs import Fit
    from interpret.judge.certificate import Certificate
    from interpret.judge.prediction import rollout
    from interpret.landscapes.landscape import landscape
    from interpret.laws.comparison import Comparison, compare
    from interpret.laws.constants import recognise
    from interpret.laws.law import Law
    from interpret.pages.page import report
    from interpret.pipeline import certify, conclude, fit, learn, read, refine
    from interpret.planning.releases import next_release
    from interpret.reading.couplings.couplings import Couplings
    from interpret.reading.couplings.expansion import expand
    from interpret.reading.extraction import extract
    from interpret.reading.probes import Probes, probe
    from interpret.reading.regression import regress
    from interpret.regressor import LawRegressor
    from interpret.run import Run
    from interpret.select.library import Library

_HOMES = {
    "Born": "experiments.born",
    "Certificate": "judge.certificate",
    "Comparison": "laws.comparison",
    "Couplings": "reading.couplings.couplings",
    "Fit": "experiments.verbs",
    "Law": "laws.law",
    "LawRegressor": "regressor",
    "Levels": "experiments.levels",
    "Library": "select.library",
    "Motion": "experiments.motion",
    "Probes": "reading.probes",
    "Run": "run",
    "Values": "experiments.values",
    "certify": "pipeline",
    "compare": "laws.comparison",
    "compare_lagrangians": "discovery.lagrangian.equivalence",
    "conclude": "pipeline",
    "conserved": "discovery.noether",
    "discover": "discovery.features",
    "discover_lagrangian": "discovery.lagrangian",
    "expand": "reading.couplings.expansion",
    "extract": "reading.extraction",
    "fit": "pipeline",
    "landscape": "landscapes.landscape",
    "learn": "pipeline",
    "next_release": "planning.releases",
    "probe": "reading.probes",
    "read": "pipeline",
    "recognise": "laws.constants",
    "refine": "pipeline",
    "regress": "reading.regression",
    "report": "pages.page",
    "rollout": "judge.prediction",
}

__all__ = [
    "Born",
    "Certificate",
    "Comparison",
    "Couplings",
    "Fit",
    "Law",
    "LawRegressor",
    "Levels",
    "Library",
    "Motion",
    "Probes",
    "Run",
    "Values",
    "certify",
    "compare",
    "compare_lagrangians",
    "conclude",
    "conserved",
    "discover",
    "discover_lagrangian",
    "expand",
    "extract",
    "fit",
    "landscape",
    "learn",
    "next_release",
    "probe",
    "read",
    "recognise",
    "refine",
    "regress",
    "report",
    "rollout",
]

__getattr__ = lazy("interpret", _HOMES)
