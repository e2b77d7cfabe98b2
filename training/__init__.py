"""training: learn an unknown function from motion. Torch lives here."""

from training.features import Features
from training.fit import Fit
from training.settings import Settings
from training.trainer import train

__all__ = ["Features", "Fit", "Settings", "train"]
