"""Fits of problems that are maps: the Born series, and levels in boxes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from interpret.request import Request
from interpret.told_run import ToldRun
from systems import FiniteVolume, InputError, Supervised
from training.watch import Watch

USED: Mapping[type, frozenset[str]] = {
    Supervised: frozenset({"orders", "samples", "noise", "recipe"}),
    FiniteVolume: frozenset({"model", "features", "samples", "noise", "scale"}),
}
"""The settings that mean something to a map, beside seed, steps and device."""


def fit_map(
    problem: Supervised | FiniteVolume,
    asked: Mapping[str, Any],
    *,
    out: str | Path | None = None,
    resume: str | Path | None = None,
    watch: Watch | None = None,
) -> ToldRun:
    """Learn the map and read its law; `asked` are keywords of `interpret.pipeline.fit`.

    Raises InputError for a setting that means nothing to the map, and whatever its fit raises.
    """
    _refuse_others(problem, asked)
    common = {name: asked[name] for name in ("samples", "noise", "seed", "steps")}
    if isinstance(problem, Supervised):
        from interpret.born.pipeline import AskedBorn, fit_born

        series = AskedBorn(orders=asked["orders"], recipe=asked["recipe"], **common)
        return fit_born(problem, series, out=out, resume=resume, watch=watch)
    from interpret.luescher.pipeline import AskedLevels, fit_luescher

    features = asked["features"]
    levels = AskedLevels(
        model=asked["model"] or "neural",
        inputs="grid" if features == "auto" else str(features),
        scale=asked["scale"],
        device=asked["device"],
        **common,
    )
    return fit_luescher(problem, levels, out=out, resume=resume, watch=watch)


def _refuse_others(problem: Supervised | FiniteVolume, asked: Mapping[str, Any]) -> None:
    """Say which settings other than the usual ones would be ignored."""
    usual = {field.name: field.default for field in fields(Request)} | {
        "dataset": None,
        "window": None,
    }
    used = USED[type(problem)] | {"seed", "steps", "device"}
    ignored = [name for name, value in asked.items() if value != usual[name] and name not in used]
    if ignored:
        listed = ", ".join(f"the {name}" for name in ignored)
        raise InputError(f"{problem.name} has no use for all of that; leave out {listed}.")
