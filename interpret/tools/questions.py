"""Lüscher's formula on one's own numbers: the zeta function, levels from phase shifts, and back.

    zeta_table([0.1, 0.5])                           # Z00(1; q²) and φ(q)
    box_levels(table, [10.0, 12.0])                  # levels of a `PhaseTable` in boxes
    level_phases(read_levels([300.0, 340.0], 10.0))  # phase shifts at levels

Each gives a small record that prints itself, and has `to_json` and `to_csv`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from interpret.tools.answers import NOWHERE, BoxLevels, LevelPhases, ZetaTable
from interpret.tools.level_tables import LevelTable, PhaseTable, checked_box
from interpret.tools.units import PIONS, Units
from systems.errors import InputError
from systems.physics.finite_volume import (
    k_cot_delta,
    luescher_levels,
    phase,
    phases_from_levels,
    zeta00,
    zeta_zeros,
)
from systems.physics.finite_volume.level_samples import BOXES
from systems.physics.finite_volume.models import Array
from systems.physics.finite_volume.spectrum import LEVELS
from systems.physics.finite_volume.wave_numbers import squared_wave_number

if TYPE_CHECKING:
    from interpret.tools.loading import LoadedRun

COVERED: Final = 1e-9
"""Relative: what is missing less than so much is not missing."""


def zeta_table(q2: Sequence[float], zeros: int = 0) -> ZetaTable:
    """Z00(1; q²) and φ(q), with tan φ = -π^(3/2) q/Z00(1; q²), and the first so many zeros.

    Raises `InputError` where nothing is asked for, and for q² out of range.

    >>> print(zeta_table([-1, 0.5], zeros=1))
    q²    Z00(1; q²)         φ (degrees)
    -1    -5.5572621808381   -
    0.5   0.31205804745211   94.5314934739
    zeros of Z00(1; q²) in q²
    -0.095900719461
    """
    if not len(q2) and not zeros:
        raise InputError("say some q², such as 0.1 or -0.5, or how many --zeros.")
    points = np.asarray(q2, dtype=float)
    phases = np.full(len(points), np.nan)
    scattered = points >= 0
    values = zeta00(points)
    phases[scattered] = phase(np.sqrt(points[scattered]))
    return ZetaTable(points, values, phases, zeta_zeros(zeros) if zeros else np.empty(0))


def box_levels(
    table: PhaseTable,
    boxes: Sequence[float],
    count: int = LEVELS,
    *,
    units: Units = PIONS,
    run: LoadedRun | None = None,
) -> BoxLevels:
    """δ(E_n) + φ(q_n) = nπ: the levels of a phase shift in boxes of L fm, and those of a run.

    Level n is where δ + φ first rises through nπ, which counts them right where nothing is bound.

    Raises `InputError` for boxes that are none, and where the table and what the network of the
    run is shown have no energy in common.

    >>> energies = np.linspace(277.0, 600.0, 60)
    >>> print(box_levels(PhaseTable(energies, 0 * energies), [10.0], count=3))
    levels in MeV of two particles of 138.5 MeV
    L (fm)   n   Lüscher's formula
    10       0   -
    10       1   371.7759
    10       2   446.8844
    -: no such level from 277 to 600 MeV, where the table is
    """
    sizes = np.array([checked_box(box) for box in boxes])
    energies, scaled = units.to_energies(table.energies), units.to_boxes(sizes)
    rows = np.tile(table.phases, (len(sizes), 1))
    found = {"formula": luescher_levels(energies, rows, scaled, count)}
    notes = []
    if run is not None:
        notes = _warnings(table, sizes, units, run)
        found |= run.levels(energies, table.phases, scaled, count)
    levels = {name: units.from_energies(each) for name, each in found.items()}
    if any(np.isnan(each).any() for each in levels.values()):
        learned = ", or none that was learned" if run is not None else ""
        notes.insert(
            0,
            f"{NOWHERE}: no such level from {table.energies[0]:g} to {table.energies[-1]:g} MeV, "
            f"where the table is{learned}",
        )
    return BoxLevels(units, sizes, levels, tuple(notes))


def level_phases(table: LevelTable, *, units: Units = PIONS, degrees: bool = True) -> LevelPhases:
    """δ(E_n) = nπ - φ(q_n) and k cot δ = 2 Z00(1; q²)/(√π L) at the levels of a table.

    Raises `InputError` for levels out of the range of the zeta function.

    >>> print(level_phases(LevelTable(np.full(2, 10.0), np.arange(2), [272.290025, 331.598353])))
    phase shifts δ = nπ - φ(q) of two particles of 138.5 MeV
    L (fm)   n   E (MeV)      q²          k cot δ (1/fm)   δ (degrees)
    10       0   272.290025   -0.042075   0.451110         -
    10       1   331.598353   0.540403    0.091743         78.765788
    δ is real above threshold alone; k cot δ goes on below
    """
    energies = units.to_energies(np.asarray(table.energies, dtype=float))
    boxes = units.to_boxes(table.boxes)
    turned = phases_from_levels(energies[:, None], boxes)[:, 0]
    return LevelPhases(
        units,
        table,
        squared_wave_number(energies) * (boxes / (2 * np.pi)) ** 2,
        k_cot_delta(energies[:, None], boxes)[:, 0] * units.ratio,
        turned + np.pi * table.numbers,
        degrees,
    )


def _warnings(table: PhaseTable, boxes: Array, units: Units, run: LoadedRun) -> list[str]:
    """Where the table and the boxes are not those that the network of a run was trained on."""
    if run.network is None:
        return [f"{run.path} trained no network, only the structured model"]
    shown = units.from_energies(run.network.inputs.energies)
    first, last = table.energies[0], table.energies[-1]
    if first >= shown[-1] or last <= shown[0]:
        raise InputError(
            f"the network of {run.path} is shown phase shifts from {shown[0]:g} to {shown[-1]:g} "
            f"MeV, but the table has those from {first:g} to {last:g} MeV; leave out --run."
        )
    warnings = []
    if first > shown[0] * (1 + COVERED):
        warnings.append(
            f"the table begins at {first:g} MeV: below, the network was shown δ ∝ k, and its "
            f"levels there are left out; a row for the threshold, {shown[0]:g} MeV, brings them"
        )
    if last < shown[-1] * (1 - COVERED):
        warnings.append(
            f"the table ends at {last:g} MeV: above, the network was shown the last δ, and its "
            f"levels there are left out"
        )
    low, high = BOXES[0] / units.ratio, BOXES[-1] / units.ratio
    outside = boxes[(boxes < low * (1 - COVERED)) | (boxes > high * (1 + COVERED))]
    if len(outside):
        sizes = ", ".join(f"{box:g}" for box in outside)
        warnings.append(
            f"the network was trained in boxes of {low:g} to {high:g} fm: in {sizes} fm it "
            f"extrapolates"
        )
    return warnings
