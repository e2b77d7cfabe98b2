"""Coupling tensors: read off a fit, expanded, printed, compared."""
