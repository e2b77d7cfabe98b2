"""Pictures of runs: numbers that are kept, and what draws them when they are asked for."""
