"""Laws said and judged: their parts and forms, how they print and compare with a truth."""
