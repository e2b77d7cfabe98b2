"""Loops that a C++ compiler makes for this processor where there is one, and torch takes else."""
