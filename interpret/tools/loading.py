"""A finished run of `interpret fit --system luescher`, asked about a phase shift of one's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from interpret.keep import folder
from systems.errors import InputError, damage
from systems.physics.finite_volume import luescher_levels
from systems.physics.finite_volume.curves import Curves
from systems.physics.finite_volume.models import Array
from systems.physics.finite_volume.wave_numbers import wave_number
from training.learn.levels.level_network import LevelNetwork
from training.learn.levels.structured import KinematicPhase
from training.optimise.checkpoint import load_tensors

LEVELS: Final = "levels"
OLDER: Final = {"luescher": LEVELS}


@dataclass(frozen=True, eq=False)
class LoadedRun:
    """The curve φ_θ(q) of a run and its network, None where it trained none."""

    path: Path
    phase: KinematicPhase
    network: LevelNetwork | None

    @staticmethod
    def load(run: str | Path) -> LoadedRun:
        """The run in a folder, or of that name under runs/.

        Raises `InputError` for a run that is missing, unfinished, damaged, or of another system.
        """
        kept = folder.load(run)
        path, settings = kept["path"], folder.settings(kept)
        # Version 0.1 said so in the law.
        if LEVELS not in (settings["experiment"], OLDER.get(str(kept["law"].get("kind")))):
            raise InputError(
                f"{path} is a run of {settings['source']}, which has no levels in boxes; "
                f"`interpret fit luescher` makes one that has."
            )
        weights = path / folder.WEIGHTS
        if not weights.is_file():
            raise InputError(f"{path} has lost its {folder.WEIGHTS}; fit the run again.")
        state = load_tensors(weights)
        with damage(weights):
            network = state.get("network")
            return LoadedRun(
                path,
                KinematicPhase.of_state(state),
                None if network is None else LevelNetwork.of_state(network),
            )

    def levels(
        self, energies: Array, phases: Array, boxes: Array, count: int
    ) -> Mapping[str, Array]:
        """By each of its models the levels (N, count) in MeV in boxes (N,) of one phase shift.

        δ is `phases` (K,) in rad at `energies` (K,) in MeV, of pions. NaN stands where a model
        knows no level: outside the table, beyond what it was trained on, and for the structured
        model below threshold. There the network has levels, of a table that begins at threshold.
        """
        rows = np.tile(phases, (len(boxes), 1))
        curve = luescher_levels(energies, rows, boxes, count, kinematic=self.phase)
        if self.network is None:
            return {"structured": curve}
        return {"structured": curve, "network": self._by_network(energies, phases, boxes, count)}

    def _by_network(self, energies: Array, phases: Array, boxes: Array, count: int) -> Array:
        assert self.network is not None, "a run without a network has no such levels"
        grid = self.network.inputs.energies
        shown = np.tile(resampled(energies, phases, grid), (len(boxes), 1))
        predicted = self.network(shown, boxes)[:, :count]
        known = predicted <= min(energies[-1], grid[-1])
        if energies[0] > grid[0]:
            known &= predicted >= energies[0]
        levels = np.full((len(boxes), count), np.nan)
        levels[:, : predicted.shape[1]] = np.where(known, predicted, np.nan)
        return levels


def resampled(energies: Array, phases: Array, at: Array) -> Array:
    """δ (K,) at other energies, by a cubic spline in k; all energies in MeV, of pions.

    Below the table δ is shown to rise from 0 at threshold in proportion to k, and above it to stay
    as it is last: something has to be shown there.

    >>> energies = np.linspace(400.0, 900.0, 60)
    >>> shown = resampled(energies, np.sin(wave_number(energies)), np.array([300.0, 601.0, 999.0]))
    >>> first, below, last = wave_number([400.0, 300.0, 900.0])
    >>> bool(np.isclose(shown[0], np.sin(first) * below / first, rtol=1e-12))
    True
    >>> np.allclose(shown[1:], np.sin([wave_number(601.0), last]), rtol=1e-8)
    True
    """
    curves = Curves(energies, phases[None])
    k = wave_number(at)
    first, last = curves.knots[0], curves.knots[-1]
    delta = curves.at(np.clip(k, first, last), np.zeros(len(k), dtype=np.intp))
    below = k < first
    delta[below] *= k[below] / first
    return delta
