"""Processes that each do one task at a time, on this machine or on others, by dask.distributed.

A process that dies or hangs takes no other task along: dask starts a new one, and its task is
given to another process once more.
"""

from __future__ import annotations

import faulthandler
import time
import traceback
import warnings
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from systems.errors import InputError

if TYPE_CHECKING:
    from distributed import Client

T = TypeVar("T")
R = TypeVar("R")

DEATHS: Final = 1
"""A task may take so many processes along before it is its own fault."""

PATIENCE: Final = 20.0
"""Seconds in which a scheduler answers, and the first process of this machine is there."""

SETTINGS: Final = {
    "distributed.scheduler.allowed-failures": DEATHS,
    # No task waits behind another on a process: it would be blamed for that one's death.
    "distributed.scheduler.worker-saturation": 1.0,
    # What a long library call keeps from answering is no fault.
    "distributed.admin.tick.limit": "1h",
}


@dataclass(frozen=True)
class Crew:
    """So many processes of one thread each on this machine, or those of a scheduler elsewhere.

    `limit`: seconds that a task may take, after which its process is ended.
    """

    processes: int = 1
    address: str | None = None
    limit: float = float("inf")


@dataclass(frozen=True)
class Answer(Generic[R]):
    """What came of a task: its `result`, or the `failure` that kept it from one.

    `seconds` are the processor's.
    """

    result: R | None
    failure: str = ""
    seconds: float = 0.0


def answers(
    crew: Crew, work: Callable[[T], R], tasks: Mapping[str, T]
) -> Generator[tuple[str, Answer[R]], None, None]:
    """Every task by name with what came of it, in the order in which they are done.

    `work` is a function of a module, for other processes import it. Raises InputError where
    distributed is not installed, or no scheduler answers.
    """
    if not tasks:
        return
    with _client(crew) as client:
        from distributed import as_completed

        done = partial(tried, work, limit=crew.limit)
        waiting = client.map(done, list(tasks.values()), pure=False)
        names = {future.key: name for future, name in zip(waiting, tasks, strict=True)}
        ready = as_completed(waiting)
        # Dask forgets what nobody holds; what is held is done again when its process dies.
        del waiting
        for future in ready:
            error = future.exception()
            answer = future.result() if error is None else Answer(None, _lost(error, crew.limit))
            yield names[future.key], answer
            del future


def tried(work: Callable[[T], R], task: T, limit: float = float("inf")) -> Answer[R]:
    """What comes of a task, an error too; a process that takes longer says where, and ends.

    >>> tried(abs, -2).result, tried(abs, "two").failure.split(" at ")[0]
    (2, 'TypeError')
    """
    started = time.process_time()
    if limit < float("inf"):
        faulthandler.dump_traceback_later(limit, exit=True)
    result, failure = None, ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = work(task)
    except Exception as error:  # noqa: BLE001
        failure = _told(error)
    finally:
        if limit < float("inf"):
            faulthandler.cancel_dump_traceback_later()
    return Answer(result, failure, time.process_time() - started)


def _told(error: Exception) -> str:
    """The error and the line of ours that it came from."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "site-packages" not in frame.filename]
    place = "/".join(ours[-1].filename.split("/")[-3:]) if ours else "?"
    line = ours[-1].lineno if ours else 0
    return f"{type(error).__name__} at {place}:{line}: {' '.join(str(error).split()):.200}"


def _lost(error: BaseException, limit: float) -> str:
    """The failure of a task that nobody has answered for."""
    if type(error).__name__ != "KilledWorker":
        return f"{type(error).__name__}: {' '.join(str(error).split()):.200}"
    hung = "" if limit == float("inf") else f", or it was not done in {limit:g} s"
    return f"Died: {DEATHS + 1} processes ended on this task{hung}"


@contextmanager
def _client(crew: Crew) -> Iterator[Client]:
    """Somebody to give tasks to."""
    try:
        import dask
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise InputError(
            "many fits are spread over processes by dask.distributed: "
            "pip install 'interpret-physics[sweep]'."
        ) from error
    with dask.config.set(SETTINGS):
        if crew.address is not None:
            with _at(crew.address, Client) as client:
                yield client
            return
        # Dask's own words are of its processes, which come and go; its page is at any free port,
        # for the usual one may be another cluster's.
        quiet = {"silence_logs": "CRITICAL", "dashboard_address": ":0"}
        one_each = {"threads_per_worker": 1, "processes": True}
        with (
            LocalCluster(n_workers=crew.processes, **one_each, **quiet) as cluster,
            Client(cluster, timeout=PATIENCE) as client,
        ):
            yield client


def _at(address: str, client: Any) -> Client:
    try:
        found: Client = client(address, timeout=PATIENCE)
    except (OSError, ValueError, TypeError) as error:
        raise InputError(
            f"no scheduler of dask answers at {address!r:.80}; start one with `dask scheduler` and "
            f"`dask worker ADDRESS`, and give its address, such as tcp://host:8786."
        ) from error
    return found
