"""What the data say before and beside a potential: features, symmetry, Lagrangians."""
