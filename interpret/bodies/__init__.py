"""Many bodies: one law for all pairs, bonds of a chain or a graph, charges and species."""
