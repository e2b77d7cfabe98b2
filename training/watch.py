"""Who watches a training go by."""

from __future__ import annotations

from typing import Protocol


class Watch(Protocol):
    """Anything that wants to see the training go by, a progress bar say."""

    def update(self, step: int, total: int, loss: float | None) -> None:
        """Called after each outer iteration, and with no loss while data are made."""
