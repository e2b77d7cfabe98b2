"""A law on stretches of one length, and how these grow until each is a whole trajectory."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from interpret.ledger.screen import State, noise_of
from interpret.ledger.search import Groups
from interpret.ledger.selection import Selection, select
from interpret.ledger.setting import Setting
from interpret.ledger.shooting import INTERVALS, Shooting, Solution

ROUNDS: Final = 6
STILL: Final = 0.05
"""A change of log σ that moves no choice."""


def climbed(
    setting: Setting,
    state: State,
    shooting: Shooting,
    length: int,
    before: Selection | None,
) -> tuple[State, Solution, Selection] | None:
    """The law on stretches of one length, chosen anew until the choice stands; of the first such
    length nothing was chosen `before`."""
    menu = setting.menu(lifted=True)
    seen: set[Groups] = set()
    found: tuple[State, Solution, Selection] | None = None
    for round_ in range(ROUNDS):
        solution = shooting.solved(state.law, menu.of(state.chosen), length, state.noise)
        while solution is None and before is None and round_ == 0 and len(state.chosen) > 1:
            state = less(setting, state)
            solution = shooting.solved(state.law, menu.of(state.chosen), length, state.noise)
        if solution is None:
            # A choice that the motion does not follow leaves the one before.
            return found
        still = np.zeros(solution.law.size)
        noise = noise_of(solution.reduced, still, len(menu.of(state.chosen)), setting)
        moved = float(np.abs(np.log(noise.sigma / state.noise.sigma)).max())
        state, shooting = State(state.chosen, solution.law, noise), solution.shooting
        if setting.candidates.inner:
            setting = setting.at(state.law.inner)
        sought = solution.law.coefficients - setting.given
        toward = np.concatenate([sought, np.zeros_like(solution.law.inner)])
        solution = replace(solution, reduced=solution.reduced.at(noise))
        rows = solution.reduced.toward(toward)
        if setting.chosen:
            selection = Selection(state.chosen, ())
        else:
            selection = select(rows, menu, setting.most, setting.scales, before)
        # What was refuted beside another law is asked again.
        before = selection if selection.chosen == state.chosen else None
        found = state, solution, selection
        if selection.chosen == state.chosen:
            if moved < STILL:
                break
            continue
        nothing = not selection.chosen and not setting.candidates.given
        if selection.chosen in seen or nothing:
            break
        seen.add(state.chosen)
        step = rows.step(menu.of(selection.chosen))
        terms = len(setting.candidates)
        state = State(selection.chosen, setting.law(step[:terms], state.law.inner), noise)
    return found


def less(setting: Setting, state: State) -> State:
    """Without the group whose terms are the smallest part of the motion's acceleration."""
    sizes = np.abs(state.law.coefficients) * setting.scales.accelerations
    groups = setting.candidates.groups
    smallest = min(state.chosen, key=lambda group: max(sizes[k] for k in groups[group]))
    kept = tuple(group for group in state.chosen if group != smallest)
    coefficients = state.law.coefficients.copy()
    coefficients[list(groups[smallest])] = 0.0
    return State(kept, replace(state.law, coefficients=coefficients), state.noise)


def ladder(setting: Setting, longest: int) -> list[int]:
    """Lengths of stretches in segments: from a period, doubled, to the longest course."""
    length = min(max(2, round(setting.period / INTERVALS)), longest)
    rungs = [length]
    while length < longest:
        length = longest if 3 * length > longest else 2 * length
        rungs.append(length)
    return rungs
