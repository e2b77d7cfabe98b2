"""What a law conserves, and the symmetries behind it: `conserved`."""

from interpret.discovery.noether.conserved import Conservation, conserved

__all__ = ["Conservation", "conserved"]
