"""Solving for coefficients: scaled least squares, and families of rows together."""
