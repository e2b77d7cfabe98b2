"""Sweeps: many fits, on many processes, each of them kept as soon as it is done."""
