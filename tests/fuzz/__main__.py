"""`python -m tests.fuzz`: many random inputs at what reads them, with progress and a count."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz.harness import Found, fuzz
from tests.fuzz.targets import TARGETS

MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""Small files, written anew for every input: no disk need turn for them."""


def main() -> int:
    """Try the inputs asked for; the exit code is 1 when anything failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    names = [target.name for target in TARGETS]
    parser.add_argument("--target", action="append", choices=names, help="all by default")
    parser.add_argument("--count", type=int, default=100_000, help="of inputs for each target")
    parser.add_argument("--seed", type=int, help="another one each time by default")
    parser.add_argument("--first", type=int, default=0, help="the number of the first input")
    asked = parser.parse_args()
    seed = int.from_bytes(os.urandom(4), "big") if asked.seed is None else asked.seed
    print(f"seed {seed}: `--seed {seed}` tries the same again", flush=True)
    failed = 0
    for target in TARGETS:
        if asked.target and target.name not in asked.target:
            continue
        numbers = range(asked.first, asked.first + asked.count)
        with tempfile.TemporaryDirectory(dir=MEMORY) as place:
            os.chdir(place)
            found = fuzz(target, seed, numbers, _Progress(target.name, asked.count))
            os.chdir("/")
        print(f"\r{found}", flush=True)
        failed += found.failures.total()
        if found.stopped:
            break
    return 1 if failed else 0


class _Progress:
    """A line on stderr, ten times a minute where that is a file."""

    def __init__(self, name: str, count: int) -> None:
        self.name, self.count = name, count
        self.began = self.told = time.monotonic()
        self.every = 0.5 if sys.stderr.isatty() else 6.0
        self.end = "\r" if sys.stderr.isatty() else "\n"

    def __call__(self, found: Found) -> None:
        now = time.monotonic()
        if now - self.told < self.every:
            return
        self.told = now
        left = (self.count - found.tried) * (now - self.began) / found.tried
        print(
            f"{self.name}: {found.tried} of {self.count}, {found.failures.total()} failed, "
            f"{left / 60:.1f} min left",
            end=self.end,
            file=sys.stderr,
            flush=True,
        )


if __name__ == "__main__":
    sys.exit(main())
