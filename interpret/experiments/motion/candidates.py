"""Which candidates a potential of trajectories is read by: those asked for, or some that fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from interpret.experiments.motion import Motion
from interpret.reading.probes import Probes
from interpret.reading.regression import compressed
from interpret.select.defaults import alike, suited, told_apart, usable
from interpret.select.library import Library
from interpret.select.library_matrix import collinear
from systems.problem import Problem

ROUND_OFF: Final = 1e-10
"""Columns of noisy data need only be independent at all: noise averages out, and who is significant
is decided later. Of clean data the network's own misfit is what they have to be told apart by."""

COARSER: Final = 10.0
"""The factor by which data tell less, where a regression finds candidates collinear still."""

BETTER: Final = 3.0
"""A coordinate that is only called like an angle has the candidates of any other where those miss
three times less."""


@dataclass(frozen=True)
class Chosen:
    """The candidates, and sentences about how they were come by."""

    library: Library
    notes: tuple[str, ...] = ()


def chosen(problem: Problem, probes: Probes, options: Motion, angles: Sequence[str]) -> Chosen:
    """The candidates asked for, else the problem's own, else what suits the variables.

    Of the latter those are left out that are constant on the data, or that the data cannot tell
    from the others.
    """
    asked = options.library
    if isinstance(asked, Library):
        return Chosen(asked)
    names = probes.features.names
    if asked is not None:
        return Chosen(Library.parse(asked, names, probes.domain))
    if problem.candidates:
        own = Library(problem.candidates).without_gauge()
        if set(own.variables) <= set(names):
            return Chosen(own)
    circular = tuple(name for name in names if name in angles)
    distances = probes.features.distances
    plain = _reduced(suited(probes.domain, (), distances), probes)
    if len(distances) > 1 and len(set(probes.prepared.trajectories.mass.tolist())) == 1:
        same = _reduced(alike(suited(probes.domain, (), distances), distances), probes)
        if _missed(same, probes) < BETTER * _missed(plain, probes):
            told = "the masses are equal: one law for every pair is sought"
            return Chosen(same.library, (told, *same.notes))
    if not circular:
        return plain
    waves = _reduced(suited(probes.domain, circular, distances), probes)
    told = f"{', '.join(circular)} taken as angle: sines and cosines are tried"
    if options.angles is None and BETTER * _missed(plain, probes) < _missed(waves, probes):
        return plain
    return Chosen(waves.library, (told, *waves.notes))


def _reduced(library: Library, probes: Probes) -> Chosen:
    """The candidates of a default library that these data can tell apart."""
    x, group = probes.levels.x.numpy(), probes.levels.group.numpy()
    library, constant = usable(library, x, probes.features.names, group)
    accuracy = ROUND_OFF if probes.prepared.noisy else max(probes.misfit, ROUND_OFF)
    problem = compressed(probes, library)
    kept = told_apart(problem, accuracy)
    while collinear([library.candidates[k] for k in kept], probes.features.names, x, group):
        # A regression would refuse them: that is nobody's fault who gave no library.
        accuracy *= COARSER
        kept = told_apart(problem, accuracy)
    mixed = [str(c) for k, c in enumerate(library) if k not in kept]
    notes = [
        f"left out of the default library, {why}: {', '.join(dropped)}"
        for why, dropped in (
            ("as constant or not finite on these data", constant),
            ("as these data cannot tell them from the others", mixed),
        )
        if dropped
    ]
    return Chosen(Library(library.candidates[k] for k in kept), tuple(notes))


def _missed(candidates: Chosen, probes: Probes) -> float:
    """What all candidates together miss of the learned function."""
    problem = compressed(probes, candidates.library)
    return problem.solve(problem.full)[1]
