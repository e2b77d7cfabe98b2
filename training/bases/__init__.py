"""Bases: what a potential is expanded in.

All of them are imported here, so that each is known by the name that it is kept under.
"""

from training.bases.basis import Basis
from training.bases.box import Box
from training.bases.candidates import Candidates
from training.bases.chebyshev import Chebyshev
from training.bases.composite import Shared, Sum
from training.bases.exponential import ExpLog
from training.bases.network import Network, glorot, placed
from training.bases.perceptron import Perceptron
from training.bases.ridge import RidgeFunctions
from training.bases.tangent import Tangent

__all__ = [
    "Basis",
    "Box",
    "Candidates",
    "Chebyshev",
    "ExpLog",
    "Network",
    "Perceptron",
    "RidgeFunctions",
    "Shared",
    "Sum",
    "Tangent",
    "glorot",
    "placed",
]
