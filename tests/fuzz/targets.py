"""What is tried: everything that reads what a user wrote, or what was kept in files."""

from __future__ import annotations

from tests.fuzz import checkpoints, expressions, files, options, runs
from tests.fuzz.harness import Target

TARGETS: tuple[Target, ...] = (
    expressions.TARGET,
    files.CSV,
    files.NPZ,
    files.HDF5,
    files.PARQUET,
    runs.TARGET,
    options.TARGET,
    checkpoints.TARGET,
)
