"""Runs that are told in a text of their own: the Born series, and levels in boxes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from interpret import runs
from systems.errors import InputError


@dataclass(frozen=True, eq=False)
class ToldRun:
    """What a fit came to, as text and as plain numbers.

    ``kind`` is "born" or "luescher"; ``lines`` are the printed form; ``contents`` the JSON object;
    ``found`` is what was trained, in the process that trained it, and None in a loaded run.
    """

    kind: str
    lines: tuple[str, ...]
    contents: Mapping[str, Any]
    settings: Mapping[str, Any] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, runs.Content] = field(default_factory=dict)
    found: Any = None
    path: Path | None = None

    def text(self) -> str:
        """The printed form."""
        return "\n".join(self.lines)

    def json(self) -> dict[str, Any]:
        """The object of ``--json``."""
        return {**self.contents, "run": None if self.path is None else str(self.path)}

    def __str__(self) -> str:
        return self.text()

    def save(self, path: str | Path) -> Path:
        """Write the run into a folder (see ``interpret.runs``), all of it or nothing."""
        folder = Path(path)
        law = {"kind": self.kind, "lines": list(self.lines), **self.contents}
        runs.save(
            folder,
            {
                runs.SETTINGS: {"asked": dict(self.settings)},
                runs.PROVENANCE: dict(self.provenance),
                **self.files,
                runs.LAW: law,
            },
        )
        return folder

    @staticmethod
    def load(path: str | Path) -> ToldRun:
        """The run that ``save`` wrote; raises InputError for a missing or damaged one."""
        kept = runs.load(path)
        law = dict(kept["law"])
        kind = law.pop("kind", None)
        if kind is None:
            raise InputError(f"{path} holds a law with a potential; Run.load reads it.")
        lines = tuple(law.pop("lines", ()))
        asked = (kept["settings"] or {}).get("asked", {})
        return ToldRun(kind, lines, law, asked, kept["provenance"] or {}, path=kept["path"])
