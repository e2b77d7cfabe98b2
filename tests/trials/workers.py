"""Trials in processes of their own: one that hangs or dies takes no other along.

Every process runs one trial at a time and answers with one line of the results.
"""

from __future__ import annotations

import contextlib
import multiprocessing as mp
import os
import signal
import time
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from tests.trials.outcome import Outcome, Trial, append

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
GRACE = 10.0
"""Seconds after its limit at which a process that does not answer is killed."""

Run = Callable[[Trial], Outcome]


def one_thread_each() -> None:
    """BLAS and torch of every process that is started from here on use one thread."""
    for name in THREADS:
        os.environ[name] = "1"


class Hang(BaseException):
    """Raised within a trial that takes too long; no `except Exception` stops it."""


def tried(run: Run, trial: Trial, limit: float) -> tuple[Outcome, float]:
    """The outcome of a trial, an error or a hang too, and its seconds of the processor."""

    def hang(*_: Any) -> None:
        raise Hang(f"not done in {limit:g} s")

    before = signal.signal(signal.SIGALRM, hang)
    started = time.process_time()
    signal.setitimer(signal.ITIMER_REAL, limit)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            outcome = run(trial)
    except (Exception, Hang) as error:  # noqa: BLE001
        outcome = Outcome(trial, "", "", failure=_kind(error))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    return outcome, time.process_time() - started


def _kind(error: BaseException) -> str:
    """The error and the line of ours that it came from."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if "site-packages" not in f.filename and "/tests/" not in f.filename]
    place = "/".join(ours[-1].filename.split("/")[-3:]) if ours else "?"
    line = ours[-1].lineno if ours else 0
    return f"{type(error).__name__} at {place}:{line}: {' '.join(str(error).split()):.200}"


def _serve(pipe: Connection, run: Run, limit: float, code: str) -> None:
    """Run the trials that come along the pipe, until None does, or nobody is there any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's
    with contextlib.suppress(EOFError, OSError):
        while (trial := pipe.recv()) is not None:
            outcome, seconds = tried(run, trial, limit)
            pipe.send(outcome.line(code, seconds))


@dataclass
class _Worker:
    process: Any
    pipe: Connection
    trial: Trial
    due: float


@dataclass(frozen=True)
class Pool:
    """So many processes, each of which may take so long for a trial; all end after so long."""

    run: Run
    jobs: int
    limit: float
    seconds: float = float("inf")


def keep(
    pool: Pool,
    trials: Iterable[Trial],
    results: Path,
    code: str,
    told: Callable[[Trial, str], None],
) -> None:
    """Run trials, and add a line to the results for each as soon as it is done."""
    end = time.monotonic() + pool.seconds
    for trial, line in lines(pool, trials, code):
        append(results, line)
        told(trial, line)
        if time.monotonic() > end:
            break


def lines(pool: Pool, trials: Iterable[Trial], code: str) -> Iterator[tuple[Trial, str]]:
    """Every trial with its line, in the order in which they are done."""
    one_thread_each()
    context = mp.get_context("spawn")
    waiting = iter(trials)
    busy: dict[Connection, _Worker] = {}

    def start(trial: Trial) -> None:
        ours, theirs = context.Pipe()
        process = context.Process(
            target=_serve, args=(theirs, pool.run, pool.limit, code), daemon=True
        )
        process.start()
        theirs.close()
        ours.send(trial)
        # A new process has to load the program first.
        busy[ours] = _Worker(process, ours, trial, time.monotonic() + pool.limit + 6 * GRACE)

    try:
        for _, trial in zip(range(pool.jobs), waiting, strict=False):
            start(trial)
        while busy:
            ready = wait(list(busy), timeout=1.0)
            late = [pipe for pipe, worker in busy.items() if time.monotonic() > worker.due]
            for pipe in {*ready, *late}:
                worker = busy.pop(pipe)
                line = _answer(worker)
                yield worker.trial, line or _lost(worker, pipe in ready, code)
                following = next(waiting, None)
                if line and following is not None:
                    pipe.send(following)
                    due = time.monotonic() + pool.limit + GRACE
                    busy[pipe] = _Worker(worker.process, pipe, following, due)
                elif line:
                    pipe.send(None)
                    worker.process.join()
                elif following is not None:
                    start(following)
    finally:
        for worker in busy.values():
            worker.process.kill()


def _answer(worker: _Worker) -> str:
    """The line of a worker; "" of one that died or does not answer."""
    try:
        return worker.pipe.recv() if worker.pipe.poll() else ""
    except (EOFError, OSError):
        return ""


def _lost(worker: _Worker, ended: bool, code: str) -> str:
    """The line of a trial whose process has ended, or does not come back."""
    if not ended:
        worker.process.kill()
    worker.process.join()
    why = f"Died: exit code {worker.process.exitcode}" if ended else "Hang: killed"
    return Outcome(worker.trial, "", "", failure=why).line(code, 0.0)
