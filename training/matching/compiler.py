"""Compile on first use: a library for this processor, kept in the user's cache.

`CXX` names the compiler, which is `c++` otherwise; an empty one means none. A library is kept under
a digest of its sources, of the compiler and of what the compiler knows of the processor, so that a
home folder may be shared by several machines.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from ctypes import CDLL
from functools import lru_cache
from pathlib import Path
from typing import Final

SOURCES: Final = Path(__file__).parent

FLAGS: Final = (
    "-std=c++17", "-O3", "-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math",
    "-fPIC", "-shared", "-w",
)  # fmt: skip
"""Products and sums are fused; their order is the source's own."""

NATIVE: Final = (("-march=native",), ("-mcpu=native",), ())
"""How compilers are told to use what this processor has: the first that they understand."""

LONGEST: Final = 60.0
"""Seconds that a compiler may take."""


@lru_cache
def library(source: str, definitions: tuple[tuple[str, str], ...] = ()) -> CDLL | None:
    """The library of ``source`` with these macros; None where there is no compiler that makes it.

    >>> library("force_matching.cpp", (("REAL", "no_such_type"), ("ACTIVATION", "Tanh"))) is None
    True
    """
    compiler = _compiler()
    if compiler is None:
        return None
    macros = [f"-D{name}={value}" for name, value in definitions]
    try:
        target = _kept(source, compiler, macros)
        if not target.exists():
            _compiled(source, target, (*compiler, *macros))
        return CDLL(str(target))
    except (OSError, subprocess.SubprocessError):
        # No cache that can be written, no such type, a compiler for another machine.
        return None


@lru_cache
def _compiler() -> tuple[str, ...] | None:
    """The command that compiles for this processor."""
    command = shlex.split(os.environ.get("CXX", "c++"))
    if not command or shutil.which(command[0]) is None:
        return None
    for native in NATIVE:
        whole = (*command, *native)
        if _knowledge(whole):
            return whole
    return None


@lru_cache
def _knowledge(command: tuple[str, ...]) -> bytes:
    """What the compiler defines by itself: its version, and the processor's features."""
    asked = [*command, "-dM", "-E", "-x", "c++", os.devnull]
    try:
        return subprocess.run(asked, capture_output=True, check=True, timeout=LONGEST).stdout
    except (OSError, subprocess.SubprocessError):
        return b""


def _kept(source: str, compiler: tuple[str, ...], macros: Sequence[str]) -> Path:
    """Where the library is, or will be."""
    known = hashlib.sha256("\0".join((source, *FLAGS, *compiler, *macros)).encode())
    known.update(_knowledge(compiler))
    for path in [*sorted(SOURCES.glob("*.h")), SOURCES / source]:
        known.update(path.read_bytes())
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "interpret" / f"{Path(source).stem}-{known.hexdigest()[:20]}.so"


def _compiled(source: str, target: Path, command: Sequence[str]) -> None:
    """Make the library; several processes may at once, and the last one's stays."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        made = Path(folder) / target.name
        asked = [*command, *FLAGS, str(SOURCES / source), "-o", str(made)]
        subprocess.run(asked, capture_output=True, check=True, timeout=LONGEST)
        made.replace(target)
