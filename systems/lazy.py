"""Public names of a package that are imported when they are used, not when the package is."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazy(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """The `__getattr__` (PEP 562) of a package whose names live in these modules of it.

    A name is imported once: from then on the package has it.

    >>> lazy("systems", {"get": "find"})("get").__name__
    'get'
    >>> lazy("systems", {"get": "find"})("gett")
    Traceback (most recent call last):
        ...
    AttributeError: module 'systems' has no attribute 'gett'
    """

    def imported(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(f"{package}.{homes[name]}"), name)
        setattr(sys.modules[package], name, value)
        return value

    return imported
