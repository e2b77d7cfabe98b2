"""What the tools of Lüscher's formula answer: small tables that print and write themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from interpret.laws.tables import aligned
from interpret.tools.level_tables import LevelTable, csv_text
from interpret.tools.units import Units
from systems.physics.finite_volume.models import Array

PREDICTORS: Final[Mapping[str, str]] = {
    "formula": "Lüscher's formula",
    "structured": "structured model",
    "network": "network",
}
"""What levels are predicted by, in JSON and in print."""

GAP: Final = 3
"""Blanks between columns: six of them should fit on one line."""

NOWHERE: Final = "-"
"""Printed where there is no number."""


@dataclass(frozen=True, eq=False)
class ZetaTable:
    """Z00(1; q²) and φ(q) at q² (m,), φ in rad and NaN for q² < 0; and some of the zeros (z,)."""

    q2: Array
    values: Array
    phases: Array
    zeros: Array

    def __str__(self) -> str:
        lines = []
        if len(self.q2):
            degrees = np.degrees(self.phases)
            cells = [
                (f"{q2:.12g}", _shown(value, ".14g"), _shown(phi, ".10f"))
                for q2, value, phi in zip(self.q2, self.values, degrees, strict=True)
            ]
            lines += aligned([("q²", "Z00(1; q²)", "φ (degrees)"), *cells], GAP)
        if len(self.zeros):
            lines += ["zeros of Z00(1; q²) in q²", *(f"{zero:.12f}" for zero in self.zeros)]
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """The same as plain numbers; a pole of Z00 is infinite, φ below 0 NaN."""
        columns = zip(self.q2, self.values, np.degrees(self.phases), strict=True)
        return {
            "values": [
                {"q2": float(q2), "z00": float(value), "phi_degrees": float(phi)}
                for q2, value, phi in columns
            ],
            "zeros": self.zeros.tolist(),
        }


@dataclass(frozen=True, eq=False)
class BoxLevels:
    """Levels n = 0, 1, ... in MeV in `boxes` (N,) in fm, by each predictor (N, count).

    NaN stands where there is none; `notes` are sentences on what the numbers rest on.
    """

    units: Units
    boxes: Array
    levels: Mapping[str, Array]
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        header = ("L (fm)", "n", *(PREDICTORS[name] for name in self.levels))
        cells = [
            (f"{box:g}", str(n), *(_shown(energy, ".4f") for energy in energies))
            for box, n, energies in self._rows()
        ]
        return "\n".join(
            [
                f"levels in MeV of two particles of {self.units.mass:g} MeV",
                *aligned([header, *cells], GAP),
                *self.notes,
            ]
        )

    def to_json(self) -> dict[str, Any]:
        """The same as plain numbers, strings, lists and dicts."""
        return {
            "mass": self.units.mass,
            "levels": [
                {"box": box, "n": n, **dict(zip(self.levels, energies, strict=True))}
                for box, n, energies in self._rows()
            ],
            "notes": list(self.notes),
        }

    def to_csv(self) -> str:
        """Columns box, n, E by the formula, and E_structured, E_network where these were asked.

        `LevelTable.load` reads it. Levels that no predictor has are left out.
        """
        others = [f"E_{name}" for name in self.levels if name != "formula"]
        rows = [
            (box, n, *energies) for box, n, energies in self._rows() if np.isfinite(energies).any()
        ]
        return csv_text(["box", "n", "E", *others], rows)

    def _rows(self) -> list[tuple[float, int, tuple[float, ...]]]:
        """The box, n, and the energy by every predictor."""
        counts = next(iter(self.levels.values())).shape[1]
        return [
            (float(box), n, tuple(float(levels[row, n]) for levels in self.levels.values()))
            for row, box in enumerate(self.boxes)
            for n in range(counts)
        ]


@dataclass(frozen=True, eq=False)
class LevelPhases:
    """Of each level of a table q², k cot δ in 1/fm, and δ in rad, NaN at and below threshold; (m,).

    `degrees` says how δ is printed and written.
    """

    units: Units
    table: LevelTable
    q2: Array
    k_cot_delta: Array
    phases: Array
    degrees: bool = True

    def __str__(self) -> str:
        unit = "degrees" if self.degrees else "rad"
        header = ("L (fm)", "n", "E (MeV)", "q²", "k cot δ (1/fm)", f"δ ({unit})")
        cells = [
            (f"{box:g}", str(n), f"{energy:.6f}", *(_shown(value, ".6f") for value in values))
            for box, n, energy, *values in self._rows()
        ]
        lines = [
            f"phase shifts δ = nπ - φ(q) of two particles of {self.units.mass:g} MeV",
            *aligned([header, *cells], GAP),
        ]
        if np.isnan(self.phases).any():
            lines.append("δ is real above threshold alone; k cot δ goes on below")
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """The same as plain numbers, strings, lists and dicts."""
        names = ("box", "n", "E", "q2", "k_cot_delta", "delta")
        return {
            "mass": self.units.mass,
            "unit": "degrees" if self.degrees else "rad",
            "phases": [dict(zip(names, row, strict=True)) for row in self._rows()],
        }

    def to_csv(self) -> str:
        """Columns box, n, E, q2, k_cot_delta, and delta_deg or delta_rad."""
        delta = "delta_deg" if self.degrees else "delta_rad"
        return csv_text(["box", "n", "E", "q2", "k_cot_delta", delta], self._rows())

    def _rows(self) -> list[tuple[float, int, float, float, float, float]]:
        delta = np.degrees(self.phases) if self.degrees else self.phases
        columns = (self.table.boxes, self.table.numbers, self.table.energies, self.q2)
        return [
            (float(box), int(n), float(energy), float(q2), float(k_cot), float(phase_shift))
            for box, n, energy, q2, k_cot, phase_shift in zip(
                *columns, self.k_cot_delta, delta, strict=True
            )
        ]


def _shown(value: float, how: str) -> str:
    return NOWHERE if np.isnan(value) else format(value, how)
