"""The one error a person can cause, and the hint that goes with a misspelt name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class InputError(ValueError):
    """What a person gave cannot be used: one clear sentence saying what happened and what to try.

    The command line prints the sentence and exits with code 2; no traceback is shown.

    >>> raise InputError("the trajectory has 2 points; at least 3 are needed.")
    Traceback (most recent call last):
        ...
    systems.errors.InputError: the trajectory has 2 points; at least 3 are needed.
    """


def nearest(name: str, names: Iterable[str]) -> str:
    """The hint ``" Did you mean 'x'?"`` when one of `names` is close to `name`, else ``""``.

    The hint begins with a blank, so that it can follow a sentence directly.

    >>> nearest("columb", ["coulomb", "oscillator"])
    " Did you mean 'coulomb'?"
    >>> nearest("pendulum", ["coulomb", "oscillator"])
    ''
    """
    close = difflib.get_close_matches(name, sorted(names), n=1)
    return f" Did you mean {close[0]!r}?" if close else ""
