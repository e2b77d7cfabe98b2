"""The command line's outer shell: one line for every error, and the exit codes.

The commands themselves are in `interpret.cli.commands`. Everything heavy is imported inside them,
so that `interpret --help` answers at once.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from typer.exceptions import TyperException

from interpret.cli.commands import NOTHING_KEPT, Interrupted, app

NAMESAKE = (
    "InterpretML (the distribution interpret-core) is installed here too, and its package has the "
    "same name, `interpret`; install interpret-physics in an environment of its own."
)

YOUNG: Final = 100_000
"""Objects made before garbage is looked for among them, Python's own choice being hundreds: most of
a command's are the modules that it loads, which stay. Looking through them cost as much as loading
them."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    0: done. 2: the input cannot be used, said in one line on stderr. 130: interrupted.
    """
    gc.set_threshold(YOUNG, 20, 20)
    atexit.register(gc.freeze)  # the end of the process frees everything anyway
    if hasattr(sys.stdout, "reconfigure"):
        # A terminal that knows no χ² prints ? for it instead of stopping.
        sys.stdout.reconfigure(errors="replace")
    if _installed("interpret_core"):
        return _complain(f"error: {NAMESAKE}", code=2)
    try:
        outcome = app(arguments, prog_name="interpret", standalone_mode=False)
        sys.stdout.flush()
    except (KeyboardInterrupt, Interrupted) as error:
        return _complain(f"interrupted: {str(error) or NOTHING_KEPT}", code=Interrupted.exit_code)
    except TyperException as error:
        return _complain(f"error: {error.format_message()}", code=error.exit_code)
    except BrokenPipeError:
        # Whoever read our output has left, as `head` does: there is nobody to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        from interpret.keep.folder import unusable

        return _complain(f"error: {unusable(error.filename or 'a file', error)}", code=2)
    except MemoryError as error:
        return _complain(f"error: there is not enough memory ({error}); ask for less.", code=2)
    except ValueError as error:
        from systems.errors import InputError

        if not isinstance(error, InputError):
            raise
        return _complain(f"error: {error}", code=2)
    if outcome == Interrupted.exit_code:
        # Typer turns a Ctrl-C that no command has caught into this exit code.
        return _complain(f"interrupted: {NOTHING_KEPT}", code=outcome)
    return outcome if isinstance(outcome, int) else 0


def _complain(message: str, code: int) -> int:
    print(" ".join(message.split()), file=sys.stderr)
    return code


def _installed(distribution: str) -> bool:
    """Whether a distribution has left its notes: `importlib.metadata` costs more than our help."""
    return any(any(Path(folder).glob(f"{distribution}-*.dist-info")) for folder in sys.path)
