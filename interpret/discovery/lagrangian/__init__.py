"""A Lagrangian from a list of candidates, and how many others would do: `discover_lagrangian`."""

from interpret.discovery.lagrangian.lagrangian_law import LagrangianLaw
from interpret.discovery.lagrangian.search import discover_lagrangian

__all__ = ["LagrangianLaw", "discover_lagrangian"]
