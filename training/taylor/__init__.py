"""Taylor tensors of a trained network about any center, to any order, of any depth.

Three ways to the same numbers: one diagram at a time (`diagrams`, `evaluate`), all tensors by
contracted diagrams (`tensors`), and derivatives along directions by power series (`jets`).
"""

from training.taylor import following
from training.taylor.contraction import tensors
from training.taylor.diagrams import Diagram, diagrams, evaluate
from training.taylor.directional import jets
from training.taylor.jets import Jet
from training.taylor.layers import Layers

__all__ = ["Diagram", "Jet", "Layers", "diagrams", "evaluate", "following", "jets", "tensors"]
