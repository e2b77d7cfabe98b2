"""Tasks for other processes, which import them."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any


def mortal(flag: str) -> dict[str, Any]:
    """Takes its process along the first time; an empty name, never."""
    if flag and not Path(flag).exists():
        Path(flag).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return {"verdict": "identified", "threads": os.environ["OMP_NUM_THREADS"]}


def signed(seconds: float) -> dict[str, Any]:
    """Takes a while, and says which process did it."""
    time.sleep(seconds)
    return {"process": os.getpid()}
