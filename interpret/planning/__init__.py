"""What to measure next: the motion that tells a law from its rivals."""
