"""Problems by name, from the catalog, or by path, from a file of one's own."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import pkgutil
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

from systems import catalog
from systems.errors import InputError, nearest
from systems.problem import Problem

KINDS = {int: "a whole number", float: "a number", str: "a word"}


def names() -> tuple[str, ...]:
    """The names of the catalog: one for each of its files, none of which is imported.

    >>> "coulomb" in names()
    True
    """
    return tuple(sorted(module.name for module in pkgutil.iter_modules(catalog.__path__)))


def get(name_or_path: str | Path, parameters: Mapping[str, str | float] | None = None) -> Problem:
    """The problem of the catalog with this name, or the `SYSTEM` of a Python file.

    The file is run, so it must be one that you trust. `parameters` are other numbers, or words,
    than the problem's own; a file takes them by a function `make` with annotated arguments that
    returns the problem.

    Raises `InputError` for a name that is not in the catalog, a file that is missing, fails or
    has no `SYSTEM`, and parameters that it does not have.

    >>> get("oscillator").truths(), get("born", {"steps": 8}).map.between
    ({'potential': q**2/2, 'kinetic': qd**2/2}, '8 inputs to a0')
    >>> get("columb")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    systems.errors.InputError: there is no system 'columb'. Did you mean 'coulomb'? There are ...
    """
    name = str(name_or_path)
    if name.endswith(".py"):
        return _problem(_run(Path(name)), name, parameters)
    if name not in names():
        raise InputError(
            f"there is no system {name!r}.{nearest(name, names())} There are {', '.join(names())}."
        )
    return _problem(importlib.import_module(f"systems.catalog.{name}"), name, parameters)


def _run(path: Path) -> ModuleType:
    """The module of a user's file."""
    if not os.path.isfile(path):  # noqa: PTH113  # of a name that no file can have, too
        raise InputError(f"there is no file {str(path)!r}.")
    spec = importlib.util.spec_from_file_location(f"_user_system_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise InputError(f"{str(path)!r} cannot be run as a Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up there
    try:
        spec.loader.exec_module(module)
    except InputError:
        raise
    except Exception as error:
        # Whatever goes wrong in the user's file is the user's to mend; the cause is kept.
        raise InputError(f"{str(path)!r} fails with {type(error).__name__}: {error}.") from error
    return module


def _problem(
    module: ModuleType, name: str, parameters: Mapping[str, str | float] | None
) -> Problem:
    problem = _made(module, name, parameters) if parameters else getattr(module, "SYSTEM", None)
    if not isinstance(problem, Problem):
        raise InputError(f"{name!r} defines no SYSTEM = System(...).")
    return problem


def _made(module: ModuleType, name: str, parameters: Mapping[str, str | float]) -> object:
    """The problem with other parameters, each read as the kind that its default has."""
    make = getattr(module, "make", None)
    if make is None:
        raise InputError(f"the system {name!r} has no parameters to set.")
    defaults = {key: item.default for key, item in inspect.signature(make).parameters.items()}
    read = {}
    for key, value in parameters.items():
        if key not in defaults:
            raise InputError(
                f"the system {name!r} has no parameter {key!r}; it has {', '.join(defaults)}."
                f"{nearest(key, defaults)}"
            )
        kind = type(defaults[key])
        try:
            read[key] = kind(value)
        except ValueError as error:
            raise InputError(
                f"the parameter {key} of {name!r} must be {KINDS[kind]}, not {value!r}."
            ) from error
    return make(**read)
