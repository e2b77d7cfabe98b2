"""Run: everything a fit came to, which prints itself, saves and loads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from interpret import report, runs
from interpret.comparison import Comparison
from interpret.law import Law
from systems.data import Trajectories
from systems.errors import InputError
from training.exact import ParameterFit
from training.fit import Fit
from training.general_fit import GeneralFit
from training.phase_fit import PhaseFit
from training.potential import Potential


@dataclass(frozen=True, eq=False, repr=False)
class Run:
    """A law with its comparison, its trained function, and how they came about.

    ``fit`` is there in the process that trained it; a loaded run has its weights alone
    (``potential``). ``notes`` are sentences about choices made on the way (features found, say),
    ``files`` are kept in the run's folder beside its own.
    """

    law: Law
    comparison: Comparison | None
    fit: Fit | PhaseFit | GeneralFit | ParameterFit | None
    settings: Mapping[str, Any]
    seconds: float
    iterations: int
    neurons: int
    notes: tuple[str, ...] = ()
    path: Path | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, runs.Content] = field(default_factory=dict)

    @property
    def potential(self) -> Potential:
        """The learned potential, V(q) and its gradient; of a general model L(q, q̇)."""
        if isinstance(self.fit, ParameterFit):
            raise InputError("the exact model learns numbers, not a potential; ask its law")
        if self.fit is not None:
            return self.fit.potential
        if self.path is None:
            raise InputError("this run was never saved, so it has no weights to load")
        return Potential.load(self.path / runs.WEIGHTS)

    def text(self) -> str:
        """The printed form: law, table, last line; then what was noted on the way."""
        printed = report.text(self.law, self.comparison, self._footer)
        return "\n".join([printed, *self.notes])

    def json(self) -> dict[str, Any]:
        """The object of ``--json``."""
        return report.json_object(self.law, self.comparison, self._footer)

    @property
    def trajectories(self) -> Trajectories:
        """The motion that was learned from; InputError for a loaded run, which keeps none."""
        if self.fit is None:
            raise InputError("a saved run keeps no trajectories; draw or read them again.")
        if not isinstance(self.fit, Fit):
            raise InputError("this run learned from samples of phase space: ask run.fit.samples.")
        return self.fit.prepared.trajectories

    def __repr__(self) -> str:
        return f"Run({self.law.system}: {self.law.expr}, {self.law.verdict})"

    def __str__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        return report.html(self.law, self.comparison, self._footer)

    @property
    def _footer(self) -> report.Footer:
        return report.Footer(
            seconds=self.seconds,
            iterations=self.iterations,
            neurons=self.neurons,
            run=None if self.path is None else str(self.path),
        )

    def save(self, path: str | Path) -> Path:
        """Write the run into a folder (see ``interpret.runs``), all of it or nothing."""
        folder = Path(path)
        if self.fit is None:
            raise InputError("a loaded run is saved already; copy its folder instead")
        files: dict[str, runs.Content] = {
            runs.SETTINGS: {"asked": dict(self.settings), "came_to": self._figures()},
            runs.PROVENANCE: dict(self.provenance),
            runs.HISTORY: {"loss": list(getattr(self.fit, "history", ()))},
            **self._artifacts(),
            runs.LAW: self.law.to_json(),
        }
        if self.comparison is not None:
            files[runs.COMPARISON] = self.comparison.to_json()
        runs.save(folder, files)
        return folder

    def _figures(self) -> dict[str, Any]:
        return {
            "seconds": self.seconds,
            "iterations": self.iterations,
            "neurons": self.neurons,
            "notes": list(self.notes),
        }

    def _artifacts(self) -> Mapping[str, runs.Content]:
        """Weights and picture; a run that brought its own files along has those."""
        from interpret import plots

        if not isinstance(self.fit, Fit):
            return self.files
        truth = None if self.comparison is None else self.comparison.truth
        return {
            runs.WEIGHTS: self.fit.potential.to_bytes(),
            runs.PICTURE: plots.potential(self.fit, self.law, truth),
            **self.files,
        }

    @staticmethod
    def load(path: str | Path) -> Run:
        """The run that ``save`` wrote; raises InputError for a missing or damaged one."""
        contents = runs.load(path)
        try:
            figures = contents["settings"]["came_to"]
            return Run(
                law=Law.from_json(contents["law"]),
                comparison=_comparison(contents["comparison"]),
                fit=None,
                seconds=float(figures["seconds"]),
                iterations=int(figures["iterations"]),
                neurons=int(figures["neurons"]),
                notes=tuple(figures["notes"]),
                settings=contents["settings"]["asked"],
                path=contents["path"],
                provenance=contents["provenance"],
            )
        except (KeyError, TypeError) as error:
            raise InputError(f"{path} is damaged ({error}); fit the run again.") from error


def _comparison(contents: dict[str, Any] | None) -> Comparison | None:
    return None if contents is None else Comparison.from_json(contents)
