"""The one error a person can cause, the hints that go with it, what is no list, damaged files."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

LONGEST: Final = 1000
"""Characters of a sentence that somebody may want to read."""

DAMAGE: Final = (
    *(ArithmeticError, AssertionError, AttributeError, EOFError, LookupError, MemoryError),
    *(RuntimeError, TypeError, ValueError),
)
"""What is raised where the contents of a file are not what they should be."""


class InputError(ValueError):
    """What a person gave cannot be used: one clear sentence saying what happened and what to try.

    The command line prints the sentence and exits with code 2; no traceback is shown.

    >>> raise InputError("the trajectory has 2 points; at least 3 are needed.")
    Traceback (most recent call last):
        ...
    systems.errors.InputError: the trajectory has 2 points; at least 3 are needed.
    """

    def __str__(self) -> str:
        """The sentence on one line, its middle left out where a name in it is endless."""
        text = " ".join(super().__str__().splitlines())
        return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]} … {text[-LONGEST // 2 :]}"


class DamagedError(InputError):
    """What was kept in a file cannot be used."""


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


def is_unicode(text: str) -> bool:
    """Whether the text can be written in UTF-8, which half of a surrogate pair cannot.

    >>> is_unicode("ϕ"), is_unicode(chr(0xD800))
    (True, False)
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


@contextmanager
def damage(what: str | Path) -> Iterator[None]:
    """Say in one sentence that ``what`` is damaged, when its contents do not fit together.

    >>> with damage("weights.pt"):
    ...     int("7a")
    Traceback (most recent call last):
        ...
    systems.errors.DamagedError: weights.pt is damaged (invalid literal for int() with base 10: \
'7a'); fit the run again.
    >>> with damage("the law"):
    ...     {}["terms"]
    Traceback (most recent call last):
        ...
    systems.errors.DamagedError: the law lacks 'terms'; fit the run again.
    """
    try:
        yield
    except DamagedError:
        raise
    except KeyError as error:
        raise DamagedError(f"{what} lacks {error!s:.60}; fit the run again.") from error
    except DAMAGE as error:
        reason = " ".join(str(error).split()).removesuffix(".") or type(error).__name__
        raise DamagedError(f"{what} is damaged ({reason:.160}); fit the run again.") from error


def several(given: Any) -> list[Any]:
    """What is given for an option that takes several; raises InputError for what holds none.

    >>> several(("x", "y"))
    ['x', 'y']
    """
    if not isinstance(given, Iterable):
        raise InputError(f"an option that takes several names or terms was given {given!r:.60}.")
    return list(given)
