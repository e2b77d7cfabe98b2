"""Where samples come from, as the command line says it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from systems.errors import InputError, is_unicode

if TYPE_CHECKING:
    from systems.files.understood import Understood
    from systems.problem import Problem

KINDS = ("system", "data", "potential", "lagrangian")

# The options that say more about a kind of source; each is refused beside any other kind.
DETAILS = {
    "set": ("system", "lagrangian"),
    "rayleigh": ("lagrangian",),
    "start": ("lagrangian",),
    "mass": ("data", "potential"),
    "coordinates": ("data", "potential", "lagrangian"),
    "momenta": ("data",),
    "velocities": ("data",),
    "accelerations": ("data",),
}


@dataclass(frozen=True)
class Columns:
    """What is said of the coordinates: their masses, and which columns hold what, as text."""

    mass: str | None = None
    coordinates: str | None = None
    momenta: str | None = None
    velocities: str | None = None
    accelerations: str | None = None
    drive: str | None = None
    sigma: str | None = None

    def columns(self) -> dict[str, Any]:
        """The masses and the names of columns, taken apart; what was not given is None."""
        kinds = ("coordinates", "momenta", "velocities", "accelerations")
        named = {kind: _names(kind, getattr(self, kind)) for kind in kinds}
        others = {"drives": _names("drive", self.drive), "sigmas": _names("sigma", self.sigma)}
        return {"mass": _numbers("mass", self.mass), **others, **named}


@dataclass(frozen=True)
class Source(Columns):
    """One of a known system, a file of trajectories, a potential or a Lagrangian, as text.

    Raises InputError when there is none, more than one, or a detail that belongs to another kind.

    >>> Source(system="coulomb").name
    'coulomb'
    >>> Source(data="measured/spring.csv", mass="0.5").name
    'spring'
    >>> Source(system="coulomb", mass="1")
    Traceback (most recent call last):
        ...
    systems.errors.InputError: --mass goes with --data or --potential, not with --system.
    """

    system: str | None = None
    data: str | None = None
    potential: str | None = None
    lagrangian: str | None = None
    set: str | None = None
    rayleigh: str | None = None
    start: str | None = None

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value is not None and not isinstance(value, str):
                raise InputError(f"--{name} is text, not {value!r:.60}.")
            if value is not None and not is_unicode(value):
                raise InputError(f"--{name} {value!r:.60} is no text in UTF-8; rename it.")
        given = [kind for kind in KINDS if getattr(self, kind) is not None]
        if not given:
            raise InputError(
                "say what to fit: a system (`interpret systems` lists them), a file of data, "
                "--potential EXPR or --lagrangian EXPR."
            )
        if len(given) > 1:
            raise InputError(f"give only one of {_options(given)}.")
        for detail, kinds in DETAILS.items():
            if getattr(self, detail) is not None and given[0] not in kinds:
                raise InputError(
                    f"--{detail} goes with {_options(kinds, 'or')}, not with --{given[0]}."
                )

    @classmethod
    def of(cls, given: str | None, **options: str | None) -> Source:
        """The source given by itself, a name or a file, or by the options.

        >>> Source.of("swing.csv") == Source(data="swing.csv")
        True
        >>> Source.of("coulomb", set="k=1") == Source(system="coulomb", set="k=1")
        True
        """
        if given is None:
            return cls(**options)
        from systems.files.readers import is_data

        kind = "data" if is_data(given) else "system"
        if options.get(kind) is not None:
            raise InputError(f"{given} and --{kind} {options[kind]} are two sources; give one.")
        return cls(**{**options, kind: given})

    def resolved(self) -> Source:
        """The same source from wherever it is asked for: its file with the whole path.

        >>> Source(data="/tmp/../swing.csv").resolved().data
        '/swing.csv'
        """
        data, system = self.data, self.system
        if data is not None:
            data = str(Path(data).resolve())
        if system is not None and system.endswith(".py"):
            system = str(Path(system).resolve())
        return replace(self, data=data, system=system)

    @property
    def name(self) -> str:
        """What the run is called when nobody names it."""
        if self.system is not None:
            return Path(self.system).stem
        if self.data is not None:
            return Path(self.data).stem
        return "potential" if self.potential is not None else "lagrangian"

    def open(self, report: Callable[[int, int], None] | None = None) -> Problem | Understood:
        """The problem or what the data hold; raises InputError when they cannot be had.

        `report` hears how much of a large file is read.
        """
        said = self.columns()

        import systems

        if self.data is not None:
            from systems.files.readers import understand

            return understand(self.data, report=report, **said)
        if self.potential is not None:
            return systems.from_potential(
                self.potential, said["mass"], coordinates=said["coordinates"]
            )
        if self.lagrangian is not None:
            return systems.from_lagrangian(
                self.lagrangian,
                coordinates=said["coordinates"],
                parameters=_numbers_by_name("set", self.set),
                rayleigh=self.rayleigh,
                starts=[_numbers_by_name("start", one) for one in (self.start or "").split(";")]
                if self.start
                else (),
            )
        assert self.system is not None
        return systems.get(self.system, _settings(self.set))


def _options(names: list[str] | tuple[str, ...], last: str = "and") -> str:
    *rest, final = (f"--{name}" for name in names)
    return f"{', '.join(rest)} {last} {final}" if rest else final


def _names(option: str, text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    names = tuple(name.strip() for name in text.split(","))
    if not all(names):
        raise InputError(f"--{option} {text!r} has an empty name; write them like x,y,z.")
    return names


def _numbers(option: str, text: str | None) -> tuple[float, ...] | None:
    if text is None:
        return None
    try:
        return tuple(float(number) for number in text.split(","))
    except ValueError as error:
        raise InputError(
            f"--{option} {text!r} is not a list of numbers; write them like 1,1,0.5."
        ) from error


def _numbers_by_name(option: str, text: str | None) -> dict[str, float]:
    """Numbers by their names, as they are written: ``"k=4, m=pi/2"``."""
    from systems.expressions import parse_assignments

    given = parse_assignments(text) if text is not None else {}
    for name, what in given.items():
        if not what.is_number:
            raise InputError(f"--{option} {name}={what} is no number.")
    return {name: float(what) for name, what in given.items()}


def _settings(text: str | None) -> dict[str, str] | None:
    """``"k=4,law=yukawa"`` as names and words; which of them are numbers the system knows."""
    if text is None:
        return None
    found: dict[str, str] = {}
    for part in text.split(","):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not (name and equals and value):
            raise InputError(f"--set {text!r} is not a list such as k=4,m1=2.")
        if name in found:
            raise InputError(f"--set {text!r} gives {name} twice.")
        found[name] = value
    return found
