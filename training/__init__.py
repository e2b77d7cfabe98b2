"""training: learn an unknown function from motion. Torch lives here."""

from training.features import Features
from training.fit import Fit, train
from training.settings import Settings

__all__ = ["Features", "Fit", "Settings", "train"]
