"""Rows: what the data say of an unknown function, linear in it."""
