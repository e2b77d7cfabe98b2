"""Options: what an experiment can be asked for, declared once, with what each of them means.

An option is a field of a frozen record. The command line is made of these fields, and one check,
`build` and `Options.refuse_unused`, serves it and Python alike. Nothing heavy is imported here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import Field, dataclass, field, fields
from numbers import Integral, Number, Real
from typing import Any, Final, Self, TypeVar

from systems.errors import InputError, nearest

SOURCE: Final = "What to fit"
LAW: Final = "The law"
TRAINING: Final = "The training"

ALIASES: Final[Mapping[str, str]] = {"model": "learn", "window": "dataset"}
"""Other names of options, kept for those who know them."""

NUMERIC: Final[Mapping[str, tuple[str, type | None]]] = {
    "int": ("a whole number", Integral),
    "float": ("a number", Real),
}
"""What options that are numbers may be, by the type that their field declares."""

MOST: Final = 2**53
"""Whole numbers are smaller: those that a double holds exactly, and every random stream takes."""

T = TypeVar("T")
OptionsT = TypeVar("OptionsT", bound="Options")


@dataclass(frozen=True)
class Meaning:
    """What `--help` says of an option, and which values it may have."""

    help: str
    panel: str
    metavar: str = ""
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float = MOST


def option(help: str, panel: str, default: Any = None, **meaning: Any) -> Any:
    """A field of a record of options."""
    return field(default=default, metadata={"meaning": Meaning(help, panel, **meaning)})


def threshold_option() -> Any:
    """A field for the threshold of the regression, of experiments that have one."""
    return option("Drop smaller coefficients; by default all thresholds are tried.", LAW, least=0.0)


def optimizer_option() -> Any:
    """A field for how terms are chosen, of experiments that choose them by regression."""
    return option(
        "How terms are chosen: path (of thresholds), or as PySINDy does it: stlsq, sr3, ssr.",
        LAW,
        metavar="NAME",
        choices=("path", "stlsq", "sr3", "ssr"),
    )


def device_option() -> Any:
    """A field for where to train, of experiments that can train on a GPU."""
    return option(
        "Where to train: cpu, cuda, or auto, a GPU where there is one and it helps.",
        TRAINING,
        metavar="NAME",
        choices=("cpu", "cuda", "auto"),
    )


@dataclass(frozen=True, kw_only=True)
class Options:
    """What every experiment can be asked for. None: its own choice.

    dataset   one of the problem's data sets; its first by default
    samples   how many to draw; the data set's own number by default
    noise     white noise added to every channel, as a fraction of its standard deviation
    seed      of the data, of the noise and of what is learned
    steps     most steps of a training

    Raises InputError for a value that an option cannot have.

    >>> Options(seed=-1)
    Traceback (most recent call last):
        ...
    systems.errors.InputError: the seed is -1; it must be 0 or more.
    """

    dataset: str | None = option(
        "One of the data sets of the system; its first by default.", SOURCE, metavar="NAME"
    )
    samples: int | None = option(
        "How many samples to draw; the data set's own number by default.",
        SOURCE,
        least=1,
        most=10**8,  # gigabytes, whatever a sample is
    )
    noise: float = option(
        "Add white noise, a fraction of each channel's standard deviation.",
        TRAINING,
        0.0,
        least=0.0,
    )
    seed: int = option("Fixes the draw of data, noise and network.", TRAINING, 0, least=0)
    steps: int | None = option(
        "Training steps at most; the recipe's own number by default.", TRAINING, least=1
    )

    def __post_init__(self) -> None:
        for item in fields(self):
            _check(item, getattr(self, item.name))

    @property
    def given(self) -> dict[str, Any]:
        """The options that are not what they are by default, by name."""
        return {
            item.name: getattr(self, item.name)
            for item in fields(self)
            if getattr(self, item.name) != item.default
        }

    def refuse_unused(self, what: str, uses: Mapping[str, Iterable[str]]) -> Self:
        """These options, where all that were given mean something to ``what``.

        `uses` says of everything that can be learned which options mean something to it. Raises
        InputError with those that do not, and what they belong to.

        >>> Options(steps=3).refuse_unused("exact", {"exact": ["seed"], "neural": ["steps"]})
        Traceback (most recent call last):
            ...
        systems.errors.InputError: exact has no use for steps (an option of neural); leave it out.
        """
        refused = [name for name in self.given if name not in uses[what]]
        if refused:
            raise InputError(_no_use(what, refused, uses))
        return self

    def to_json(self) -> dict[str, Any]:
        """All options as plain values, text where they are expressions."""
        return {item.name: _plain(getattr(self, item.name)) for item in fields(self)}


def build(
    kind: type[OptionsT], name: str, given: Mapping[str, Any], known: Mapping[str, type]
) -> OptionsT:
    """The options of the experiment `name` from what was given.

    `known` are the records of options of all experiments. Raises InputError for options that this
    experiment does not have, saying which one does.

    >>> build(Options, "motion", {"window": "far"}, {"motion": Options}).dataset
    'far'
    """
    asked = named(given)
    uses = {other: [item.name for item in fields(record)] for other, record in known.items()}
    refused = [key for key in asked if key not in uses[name]]
    if refused:
        raise InputError(_no_use(name, refused, uses))
    return kind(**asked)


def named(given: Mapping[str, T]) -> dict[str, T]:
    """What was given, by the proper names of options; InputError where one is given twice.

    >>> named({"window": "far", "seed": 1})
    {'dataset': 'far', 'seed': 1}
    """
    found: dict[str, T] = {}
    for key, value in given.items():
        proper = ALIASES.get(key, key)
        if proper in found:
            other = next(alias for alias, name in ALIASES.items() if name == proper)
            raise InputError(f"{other} is another name of {proper}; give only one of them.")
        found[proper] = value
    return found


def _no_use(what: str, refused: Iterable[str], uses: Mapping[str, Iterable[str]]) -> str:
    """One sentence about options that mean nothing to it."""
    parts = []
    for name in refused:
        owners = [other for other, known in uses.items() if name in known]
        if not owners:
            every = sorted({option for known in uses.values() for option in known})
            return f"there is no option {name}.{nearest(name, every)}"
        parts.append(f"{name} (an option of {', '.join(owners)})")
    listed = " and ".join([", ".join(parts[:-1]), parts[-1]] if parts[1:] else parts)
    return f"{what} has no use for {listed}; leave {'them' if parts[1:] else 'it'} out."


def _plain(value: Any) -> Any:
    """A value as JSON has it; a mapping as definitions, a library as a list."""
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={what}" for name, what in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value)


def _check(item: Field[Any], value: Any) -> None:
    """Raise InputError unless the option may have this value."""
    meaning: Meaning = item.metadata["meaning"]
    declared = str(item.type).removesuffix(" | None")
    if value is None and declared != item.type:
        return
    named, kind = NUMERIC.get(declared, ("", None))
    if kind and (isinstance(value, bool) or not isinstance(value, kind)):
        raise InputError(f"the {item.name} must be {named}, not {value!r:.60}.")
    if declared.startswith("str") and not _may_be_text(declared, value):
        raise InputError(f"the {item.name} must be text, not {value!r:.60}.")
    if meaning.choices and value not in meaning.choices:
        known = list(map(str, meaning.choices))
        raise InputError(
            f"there is no {item.name} {value!r:.60}; there are {', '.join(known)}."
            f"{nearest(str(value), known)}"
        )
    if meaning.least is not None and not meaning.least <= value < float("inf"):
        raise InputError(f"the {item.name} is {value}; it must be {meaning.least:g} or more.")
    if kind is Integral and value > meaning.most:
        raise InputError(f"the {item.name} must be {meaning.most:.4g} at most.")


def _may_be_text(declared: str, value: Any) -> bool:
    """Whether a value may be given for an option that is text, or else something of ours."""
    if declared == "str":
        return isinstance(value, str)
    if "float" in declared and isinstance(value, float | int):
        return not isinstance(value, bool)
    strange = (Number, bytes) if "Mapping" in declared else (Number, bytes, Mapping)
    return not isinstance(value, strange)
