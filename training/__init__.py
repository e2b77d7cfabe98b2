"""training: learn an unknown function from motion. Torch lives here.

Names are imported when they are used, so that what needs no torch does not wait for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from systems.lazy import lazy

if TYPE_CHECKING:
    from training.features import Features
    from training.learn.fit import Fit
    from training.learn.force_field import match_forces
    from training.learn.motion import train
    from training.settings import Settings

_HOMES = {
    "Features": "features",
    "Fit": "learn.fit",
    "Settings": "settings",
    "match_forces": "learn.force_field",
    "train": "learn.motion",
}

__all__ = ["Features", "Fit", "Settings", "match_forces", "train"]

__getattr__ = lazy("training", _HOMES)
