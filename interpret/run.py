"""Run: everything a fit came to, which prints itself, saves and loads."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from interpret.experiments.verbs import AnyFit, Findings
from interpret.judge.certificate import Certificate
from interpret.keep import folder
from interpret.laws import kept, report
from interpret.laws.comparison import Comparison
from interpret.laws.dynamics import Signals
from interpret.laws.json_numbers import finite
from interpret.laws.law import Law
from interpret.laws.report import NO_LAW, Cost, Statement
from interpret.pictures.picture import DRAWERS, SUFFIX, Picture
from systems.errors import InputError, damage
from systems.problem import Samples
from training.potential import Potential

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class Run:
    """Laws with their comparisons, what was learned, and how they came about.

    - `laws`, their `certificates`, and their `comparisons` where there is a truth.
    - `fit`: there in the process that trained it; a loaded run has its weights (`potential`).
    - `settings`: the experiment, the source and its options, as plain values.
    - `findings`: sentences, numbers and files beside the laws; `cost`: seconds and the like.
    """

    laws: tuple[Law, ...]
    comparisons: tuple[Comparison, ...]
    certificates: tuple[Certificate, ...]
    fit: AnyFit | None
    settings: Mapping[str, Any]
    findings: Findings
    cost: Cost
    provenance: Mapping[str, Any]
    path: Path | None = None

    @property
    def law(self) -> Law:
        """The law; the first of several. InputError where none was found."""
        if not self.laws:
            raise InputError(f"no law was found: {'; '.join(self.findings.notes)}")
        return self.laws[0]

    @property
    def comparison(self) -> Comparison | None:
        """The law beside the truth, where there is one; the first of several."""
        return self.comparisons[0] if self.comparisons else None

    @property
    def certificate(self) -> Certificate:
        """The checks behind the law's verdict; of the first of several."""
        return self.certificates[0] if self.certificates else Certificate()

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences about what was found and chosen on the way."""
        return self.findings.notes

    @property
    def samples(self) -> Samples:
        """What was learned from; InputError for a loaded run, which keeps none."""
        if self.fit is None:
            raise InputError("a saved run keeps no samples; draw or read them again.")
        return self.fit.samples

    @property
    def potential(self) -> Potential:
        """The learned potential, V(q) and its gradient; of a general model L(q, q̇)."""
        if self.fit is not None:
            return Potential.restored(self.fit.learned.state())
        if self.path is None:
            raise InputError("this run was never saved, so it has no weights to load.")
        return Potential.load(self.path / folder.WEIGHTS)

    # What follows

    def predict(
        self,
        q0: ArrayLike,
        v0: ArrayLike | None = None,
        t: ArrayLike | None = None,
        signals: Signals | None = None,
    ) -> tuple[Array, Array] | Array:
        """q(t) and v(t) from q0 and v0 at the first of the times t, as `Law.simulate` has them.

        Of a map that was learned from values, y = f(x) at the points x (n, f), given alone. Raises
        InputError where no law was found, for maps of whole functions, and as `Law.simulate` does.
        """
        source, law = self.settings["source"], self.law
        if law.verdict == NO_LAW:
            raise InputError(
                f"no law of {source} was found in the library: nothing follows from it."
            )
        if self.settings["experiment"] == "values" and v0 is None and t is None:
            return law(q0)
        if self.settings["experiment"] != "motion":
            raise InputError(
                f"{source} is a map, in which nothing moves; a map that was learned from values is "
                f"predicted at points x, as predict(x)."
            )
        if v0 is None or t is None:
            raise InputError("a motion is predicted from q0 and v0 at times t; give all three.")
        return law.simulate(q0, v0, t, signals)

    @property
    def work(self) -> Mapping[str, Any]:
        """Who did how much work, see `interpret.ledger.work`; InputError for a run without."""
        if "work" not in self.findings.numbers:
            raise InputError(
                f"the run of {self.settings['source']} has no account of its forces' work; learn "
                f"forces of trajectories."
            )
        found: Mapping[str, Any] = self.findings.numbers["work"]
        return found

    # Pictured

    @property
    def pictures(self) -> dict[str, Picture]:
        """What is drawn of the run, by kind, as numbers."""
        files = dict(self.findings.files)
        if self.fit is None and self.path is not None:
            files = {item.name: item.read_bytes() for item in self.path.glob(f"*{SUFFIX}")}
        kept = {name: content for name, content in files.items() if name.endswith(SUFFIX)}
        read = [Picture.read(name, folder.encode(content)) for name, content in kept.items()]
        found = {picture.kind: picture for picture in read}
        return {kind: found[kind] for kind in (*DRAWERS, *found) if kind in found}

    @property
    def picture(self) -> bytes:
        """The run's picture as PNG; InputError where it has none."""
        if not self.pictures:
            raise InputError(f"the run of {self.settings['source']} has no picture.")
        return next(iter(self.pictures.values())).draw()

    def draw(self) -> tuple[Path, ...]:
        """Draw every picture into the run's folder, and say where."""
        if self.path is None:
            raise InputError("this run was never saved, so it has no folder to draw into.")
        drawn = {f"{kind}.png": picture.draw() for kind, picture in self.pictures.items()}
        folder.save(self.path, drawn)
        return tuple(self.path / name for name in drawn)

    # Printed

    @property
    def statements(self) -> list[Statement]:
        """What there is to print of each law."""
        if not self.comparisons:
            return [law.statement() for law in self.laws]
        pairs = zip(self.laws, self.comparisons, strict=True)
        return [comparison.beside(law.statement()) for law, comparison in pairs]

    def text(self) -> str:
        """The printed form: laws and tables, then what was noted on the way."""
        short = dict.fromkeys(map(str, self.certificates))
        return "\n".join([self.written("text"), *filter(None, short), *self.notes])

    def certified(self) -> str:
        """Every check of every law, one a line: what ``show --certificate`` prints."""
        return "\n".join(item.table() for item in self.certificates)

    def written(self, form: str) -> str:
        """The laws as "text", "latex" or "html": see `interpret.laws.report.WRITERS`."""
        if form not in report.WRITERS:
            raise InputError(f"laws are written as {', '.join(report.WRITERS)}, not as {form!r}.")
        return report.WRITERS[form](self.statements, self.cost)

    def json(self) -> dict[str, Any]:
        """The object of ``--json``: plain strings and finite numbers; what is unknown is None."""
        objects = [law.summary() for law in self.laws]
        shown: dict[str, Any] = {
            "system": self.settings["source"],
            "law": objects[0] if objects else None,
            "comparison": None if self.comparison is None else self.comparison.summary(),
        }
        if len(self.laws) > 1:
            compared = [comparison.summary() for comparison in self.comparisons]
            shown |= {"laws": objects, "comparisons": compared}
        first = self.laws[0] if self.laws else None
        release = self.certificate.release
        shown |= {
            "features": {} if first is None else first.to_json()["features"],
            "verdict": None if first is None else first.verdict,
            "chi2_per_n": None if first is None else finite(first.chi2_per_n),
            "certificate": self.certificate.to_json(),
            **({} if release is None else {"next": release.to_json()}),
            "iterations": self.cost.iterations,
            "seconds": None if self.cost.seconds is None else finite(self.cost.seconds),
            "run": None if self.path is None else str(self.path),
        }
        if self.findings.numbers:
            shown["details"] = dict(self.findings.numbers)
        return shown

    def __repr__(self) -> str:
        laws = "; ".join(f"{law.expr}, {law.verdict}" for law in self.laws)
        return f"Run({self.settings['source']}: {laws})"

    def __str__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        return self.written("html")

    # Kept

    def save(self, path: str | Path, *, again: bool = False) -> Path:
        """Write the run into a folder (see ``interpret.keep.folder``), all of it or nothing.

        A run that is there already is written over only ``again``, by the fit that goes on from
        it; else InputError.
        """
        if self.fit is None:
            raise InputError("a loaded run is saved already; copy its folder instead.")
        place = folder.place(path) if again else folder.claim(path)
        stream = io.BytesIO()
        torch.save(dict(self.fit.learned.state()), stream)
        files: dict[str, folder.Content] = {
            folder.SETTINGS: {**self.settings, "came_to": self._figures()},
            folder.PROVENANCE: dict(self.provenance),
            folder.HISTORY: {"loss": list(self.fit.learned.history)},
            folder.WEIGHTS: stream.getvalue(),
            **self.findings.files,
            folder.LAW: kept.to_json(self.laws),
        }
        if self.certificates:
            files[folder.CERTIFICATE] = {"laws": [item.to_json() for item in self.certificates]}
        if self.comparisons:
            rows = [comparison.to_json() for comparison in self.comparisons]
            files[folder.COMPARISON] = {"comparisons": rows}
        folder.save(place, files)
        return place

    def _figures(self) -> dict[str, Any]:
        return {
            "seconds": self.cost.seconds,
            "iterations": self.cost.iterations,
            "neurons": self.cost.neurons,
            "notes": list(self.notes),
            "numbers": dict(self.findings.numbers),
        }

    @staticmethod
    def load(path: str | Path) -> Run:
        """The run that ``save`` wrote, of any experiment; InputError for a missing or damaged one.

        A run that version 0.1 has kept is read too, where it kept its law.
        """
        contents = folder.load(path)
        laws = kept.laws(contents["law"])
        with damage(path):
            figures = contents["settings"]["came_to"]
            run = Run(
                laws=laws,
                comparisons=_comparisons(contents["comparison"]),
                certificates=_certificates(contents["certificate"]),
                fit=None,
                settings=folder.settings(contents),
                findings=Findings(
                    tuple(map(str, figures["notes"])), dict(figures.get("numbers", {}))
                ),
                cost=Cost(figures["seconds"], figures["iterations"], figures["neurons"]),
                provenance=dict(contents["provenance"] or {}),
                path=contents["path"],
            )
            # What is kept can be printed.
            run.text()
            run.json()
        return run


def _comparisons(contents: Mapping[str, Any] | None) -> tuple[Comparison, ...]:
    """Those of a run; version 0.1 kept one by itself."""
    if contents is None:
        return ()
    return tuple(map(kept.comparison, contents.get("comparisons", [contents])))


def _certificates(contents: Mapping[str, Any] | None) -> tuple[Certificate, ...]:
    """Those of a run; earlier versions kept none."""
    return () if contents is None else tuple(map(Certificate.from_json, contents["laws"]))
