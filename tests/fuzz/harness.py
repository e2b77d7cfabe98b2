"""Try many random inputs: each is used or refused by an `InputError`, soon, and none is executed.

Input number n of a seed is the same on every machine, so that what was found is tried again alone.
"""

from __future__ import annotations

import builtins
import random
import signal
import sys
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from systems.errors import InputError

SECONDS = 5.0
"""An input that takes longer hangs."""

CANARY = "fuzz_canary"
"""A builtin function that no input may ever call."""

FORBIDDEN = ("os.system", "os.exec", "os.posix_spawn", "subprocess.Popen", "pickle.find_class")
"""What Python reports when something is executed or unpickled."""


@dataclass(frozen=True)
class Target:
    """What is tried: `make` draws an input, `use` is called with it, in the folder of the trial."""

    name: str
    make: Callable[[random.Random], Any]
    use: Callable[[Any], None]


@dataclass
class Found:
    """What came of the inputs of a target: how many were used, were refused, and failed."""

    target: str
    seed: int
    used: int = 0
    refused: int = 0
    slowest: float = 0.0
    stopped: bool = False
    failures: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)

    @property
    def tried(self) -> int:
        return self.used + self.refused + self.failures.total()

    def fail(self, number: int, why: str, content: Any) -> None:
        """Count a failure; the first of its kind is kept."""
        self.failures[why] += 1
        again = f"--target {self.target} --seed {self.seed} --first {number} --count 1"
        self.examples.setdefault(why, f"{again}\n    {content!r:.2000}")

    def __str__(self) -> str:
        lines = [
            f"{self.target}: {self.tried} inputs of seed {self.seed}: {self.used} used, "
            f"{self.refused} refused, {self.failures.total()} failed; the slowest took "
            f"{self.slowest:.1f} s"
        ]
        for why, count in self.failures.most_common():
            lines.append(f"  {count} x {why}\n    {self.examples[why]}")
        return "\n".join(lines)


class Hang(BaseException):
    """Raised within an input that takes too long; no `except Exception` stops it."""


class Executed(BaseException):
    """Raised where an input is executed."""


def fuzz(target: Target, seed: int, numbers: range, told: Callable[[Found], None]) -> Found:
    """Try the inputs of these numbers, or those until Ctrl-C."""
    found = Found(target.name, seed)
    with watched():
        for number in numbers:
            content = target.make(random.Random(f"{seed}/{target.name}/{number}"))
            started = time.monotonic()
            signal.setitimer(signal.ITIMER_REAL, SECONDS)
            try:
                target.use(content)
                found.used += 1
            except InputError as error:
                if "\n" in str(error).strip() or len(str(error)) > 2000:
                    found.fail(number, "an error of more than a sentence", content)
                else:
                    found.refused += 1
            except KeyboardInterrupt:
                found.stopped = True
                break
            except (Exception, Hang, Executed, SystemExit) as error:  # noqa: BLE001
                found.fail(number, _kind(error), content)
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
            found.slowest = max(found.slowest, time.monotonic() - started)
            told(found)
    return found


def _kind(error: BaseException) -> str:
    """The error and the line of ours that it came from."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if "site-packages" not in f.filename and "/tests/" not in f.filename]
    place = "/".join(ours[-1].filename.split("/")[-3:]) if ours else "?"
    line = ours[-1].lineno if ours else 0
    message = " ".join(str(error).split())
    return f"{type(error).__name__} at {place}:{line}: {message:.80}"


@contextmanager
def watched() -> Iterator[None]:
    """Stop inputs that hang, and find out when one is executed; warnings are no failures."""

    def hang(*_: Any) -> None:
        raise Hang

    def canary(*_: Any) -> None:
        raise Executed("the canary")

    before = signal.signal(signal.SIGALRM, hang)
    setattr(builtins, CANARY, canary)
    _Hook.install()
    _Hook.active = True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        _Hook.active = False
        delattr(builtins, CANARY)
        signal.signal(signal.SIGALRM, before)


class _Hook:
    """Python's audit hook, which cannot be taken away again, only made idle."""

    active = False
    installed = False

    @classmethod
    def install(cls) -> None:
        if not cls.installed:
            sys.addaudithook(cls.audit)
            cls.installed = True

    @classmethod
    def audit(cls, event: str, arguments: tuple[Any, ...]) -> None:
        if cls.active and event in FORBIDDEN:
            raise Executed(f"{event}{arguments}")
