"""What a run was asked for: kept in the run, so that --resume can ask the same again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from interpret.cli.source import Source
from systems.errors import InputError


@dataclass(frozen=True)
class Request:
    """The source of the samples, and the options that were given, as plain text and numbers."""

    source: Source
    options: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary that `from_json` reads back."""
        return {"source": asdict(self.source), "options": dict(self.options)}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Request:
        """Read `to_json` back; raises InputError when the record is damaged.

        >>> request = Request(Source(system="coulomb"), {"seed": 3})
        >>> Request.from_json(request.to_json()) == request
        True
        """
        try:
            source, options = record["source"], record["options"]
            if not isinstance(options, dict):
                raise TypeError("its options are no object")
            return cls(Source(**source), options)
        except (KeyError, TypeError) as error:
            raise InputError(
                f"the run does not say what it was asked for ({error}); fit it again."
            ) from error
