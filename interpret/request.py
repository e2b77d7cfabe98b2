"""What a run was asked for: kept in the run, so that --resume can ask the same again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from interpret.source import Source
from systems.errors import InputError


@dataclass(frozen=True)
class Request:
    """The source of the motion and the settings of the fit, as plain text and numbers."""

    source: Source
    features: str = "auto"
    library: str | None = None
    threshold: float | None = None
    optimizer: str = "path"
    noise: float = 0.0
    recipe: str = "default"
    steps: int | None = None
    seed: int = 0
    device: str = "cpu"
    model: str | None = None
    samples: int | None = None
    trap: str = "auto"
    terms: int = 4
    descent: str | None = None
    orders: int = 3
    scale: str = "default"

    @property
    def settings(self) -> dict[str, Any]:
        """Everything but the source: the keyword arguments of `interpret.pipeline.fit`."""
        settings = asdict(self)
        del settings["source"]
        return settings | {"dataset": self.source.dataset, "window": self.source.window}

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary that `from_json` reads back."""
        return asdict(self)

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Request:
        """Read `to_json` back; raises InputError when the record is damaged.

        >>> request = Request(Source(system="coulomb"), seed=3)
        >>> Request.from_json(request.to_json()) == request
        True
        """
        try:
            return cls(**{**record, "source": Source(**record["source"])})
        except (KeyError, TypeError) as error:
            raise InputError(
                f"the run does not say what it was asked for ({error}); fit it again."
            ) from error
