"""Hidden weights: descents, their checkpoints, and who watches."""
