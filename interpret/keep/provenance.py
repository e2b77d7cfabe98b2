"""Where a result came from: enough to get it again."""

from __future__ import annotations

import platform
import shlex
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import metadata
from typing import Any, Final

DISTRIBUTION: Final = "interpret-physics"
LIBRARIES: Final = ("numpy", "scipy", "sympy", "torch")


def provenance(
    *, seed: int, digest: str | None, command: Sequence[str] | None = None
) -> dict[str, Any]:
    """Versions, seed, digest of the data, command and date (UTC) of a fit.

    `command` defaults to the command line of this process.

    >>> provenance(seed=3, digest=None, command=["interpret", "show", "my run"])["command"]
    "interpret show 'my run'"
    """
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": shlex.join(sys.argv if command is None else command),
        "seed": seed,
        "data_sha256": digest,
        "versions": versions(),
        "platform": platform.platform(),
    }


def versions() -> dict[str, str]:
    """The versions of Python, of this program and of the libraries that its numbers come from."""
    found = {"python": platform.python_version(), "interpret": version(DISTRIBUTION)}
    for name in LIBRARIES:
        found[name] = version(name)
    return found


def version(distribution: str) -> str:
    """The installed version of a distribution, read without importing it."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "not installed"
