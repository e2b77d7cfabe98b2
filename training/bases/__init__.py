"""Bases: what a potential is expanded in."""

from training.bases.basis import Basis
from training.bases.candidates import Candidates
from training.bases.chebyshev import Chebyshev
from training.bases.network import Network, glorot, placed
from training.bases.tangent import Tangent

__all__ = ["Basis", "Candidates", "Chebyshev", "Network", "Tangent", "glorot", "placed"]
