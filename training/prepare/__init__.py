"""From samples to rows: is there noise, who integrated, which points."""
