"""Laws of a potential in one line, and what several files train, for tests of something else."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

from hypothesis import settings

from interpret.laws.judgement import Judgement, Origin
from interpret.laws.law import Law
from interpret.laws.parts import Part, Variables
from interpret.reading.probes import Probes, probe
from systems.find import get
from systems.problem import Dataset, Problem
from systems.samples.trajectories import Trajectories
from training.learn.fit import Fit
from training.learn.motion import train
from training.settings import Settings

dear = settings(max_examples=settings.default.max_examples // 5)
"""For properties whose every example takes long: a fifth of the examples that others have."""

ORIGIN = ("system", "dataset", "seed")
PART = ("terms", "candidates")
JUDGEMENT = ("verdict", "reasons", "chi2_per_n")
VARIABLES = ("domain", "features")


def potential_law(**fields: Any) -> Law:
    """A law with one part, the potential, from everything that it is made of, side by side."""
    part = {name: tuple(fields.pop(name)) for name in PART if name in fields}
    origin = {name: fields.pop(name) for name in ORIGIN if name in fields}
    judgement = {name: fields.pop(name) for name in JUDGEMENT if name in fields}
    variables = {"features": {}} | {n: fields.pop(n) for n in VARIABLES if n in fields}
    return Law(
        origin=Origin(**origin),
        parts=(Part("potential", **part),),
        judgement=Judgement(**judgement),
        variables=Variables(**variables),
        **fields,
    )


def changed(law: Law, **fields: Any) -> Law:
    """The law with other terms, numbers or verdict; closed forms are sought anew where asked."""
    (part,) = law.parts
    flat = {
        "terms": part.terms,
        "candidates": part.candidates,
        "system": law.origin.system,
        "dataset": law.origin.dataset,
        "seed": law.origin.seed,
        "verdict": law.verdict,
        "reasons": law.reasons,
        "chi2_per_n": law.chi2_per_n,
        "domain": law.domain,
        "features": law.features,
        "coefficients": law.coefficients,
        "covariance": law.covariance,
        "recognised": law.recognised,
        "gauge": law.gauge,
        "form": law.form,
    }
    made = potential_law(**{**flat, **fields})
    return replace(made, judgement=replace(made.judgement, remarks=law.judgement.remarks))


@lru_cache
def trained(name: str, dataset: str | None = None, seed: int = 0) -> Fit:
    """The network of a data set of the catalog, trained once for all files."""
    system = get(name)
    return train(system, system.draw(dataset, seed), Settings(seed=seed))


@lru_cache
def samples(name: str, dataset: str | None = None, seed: int = 0) -> Probes:
    """What that network says of its potential."""
    return probe(trained(name, dataset, seed))


def thinned(name: str, dataset: str, every: int) -> Problem:
    """The problem with every so manyth point of a data set, and no other data."""
    problem = get(name)
    draw = problem.dataset(dataset).draw

    def few(seed: int) -> Trajectories:
        data = draw(seed)
        return replace(data, items=tuple(item.at(slice(None, None, every)) for item in data))

    return replace(problem, datasets={dataset: Dataset("fewer points", few)})
