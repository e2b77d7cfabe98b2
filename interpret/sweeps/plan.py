"""What a sweep is to do, as a file of TOML says it: every combination is one trial.

    systems = ["oscillator", "swing.csv"]    names of the catalog, files of systems or of data
    seeds = 100                              0 to 99, or a list
    noise = [0.01, 0.05]
    bootstraps = 200                         each draws its trajectories, or points, once more

    [options]                                those of a fit; a list is one trial for each of it
    learn = ["potential", "forces"]

Several `[[sweep]]` tables, each with these keys, are swept one after the other.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any, Final

from interpret.experiments import EXPERIMENTS
from interpret.experiments.options import named
from interpret.pipeline import opened
from systems.errors import InputError, nearest
from systems.files.readers import is_data

KEYS: Final = ("systems", "seeds", "noise", "bootstraps", "options")
MANY: Final = "sweep"

MOST: Final = 1_000_000
"""Trials of one sweep: each is a file, and a folder holds no more of them with ease."""


@dataclass(frozen=True)
class Trial:
    """One fit: of a source, with options, and of the `draw`-th bootstrap of its samples.

    >>> Trial("coulomb", {"noise": 0.01, "seed": 3}).case
    'coulomb, noise 0.01'
    """

    source: str
    options: Mapping[str, Any] = field(default_factory=dict)
    draw: int | None = None

    @property
    def case(self) -> str:
        """What it has in common with the trials that differ in their numbers alone."""
        others = [f"{key} {value}" for key, value in self.options.items() if key != "seed"]
        drawn = ["bootstraps"] if self.draw is not None else []
        return ", ".join([Path(self.source).stem, *others, *drawn])

    def name(self, version: str) -> str:
        """What its file is called: the source in words, and a digest of all that it hangs on."""
        content = Path(self.source).read_bytes() if Path(self.source).is_file() else b""
        asked = json.dumps([self.source, dict(self.options), self.draw, version], sort_keys=True)
        digest = hashlib.sha256(asked.encode() + hashlib.sha256(content).digest())
        return f"{Path(self.source).stem[:40]}-{digest.hexdigest()[:16]}"


def read(path: Path) -> list[Trial]:
    """The trials of a file; InputError for what no fit could be asked for."""
    try:
        contents = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}.") from error
    except ValueError as error:
        raise InputError(f"{path} is no TOML: {error}.") from error
    tables = contents.get(MANY, [contents])
    if MANY in contents and (len(contents) > 1 or not _is_list_of(dict, tables)):
        raise InputError(f"{path} holds [[{MANY}]] tables alone, or the keys of one.")
    trials = [trial for table in tables for trial in _trials(path, table)]
    if len(trials) > MOST:
        raise InputError(f"{path} asks for {len(trials)} trials; {MOST} are the most.")
    return list({json.dumps(_plain(trial)): trial for trial in trials}.values())


def _trials(path: Path, table: Mapping[str, Any]) -> Iterator[Trial]:
    """Every combination of what a table holds, seeds last: what is stopped has tried some of each.

    Relative files lie beside the table's.
    """
    unknown = [key for key in table if key not in KEYS]
    if unknown:
        raise InputError(
            f"{path} has the key {unknown[0]!r}, but a sweep has {', '.join(KEYS)}."
            f"{nearest(unknown[0], KEYS)}"
        )
    sources = table.get("systems")
    if not sources or not _is_list_of(str, sources):
        raise InputError(f'{path} names what to fit, such as systems = ["coulomb"].')
    options = named(table.get("options", {}))
    for key in ("seed", "noise"):
        if key in options:
            raise InputError(f"{path} says {key} beside its options, as {KEYS[1:3]} at the top.")
    seeds = _counted(path, "seeds", table.get("seeds", 1))
    noises = table.get("noise", [0.0])
    draws = _counted(path, "bootstraps", table["bootstraps"]) if "bootstraps" in table else [None]
    choices = [value if isinstance(value, list) else [value] for value in options.values()]
    each_noise = noises if isinstance(noises, list) else [noises]
    for draw, seed in product(draws, seeds):
        for source, noise, *chosen in product(sources, each_noise, *choices):
            given = dict(zip(options, chosen, strict=True))
            given |= {"noise": noise} if "noise" in table else {}
            given |= {"seed": seed} if "seeds" in table else {}
            trial = Trial(_placed(source, path), given, draw)
            if (draw, seed) == (draws[0], seeds[0]):
                _check(trial)
            yield trial


def _check(trial: Trial) -> None:
    """Refuse what the fit would refuse, before anything is fitted."""
    problem, _ = opened(trial.source)
    EXPERIMENTS[problem.experiment].asked(None, trial.options)


def _placed(source: str, path: Path) -> str:
    """A file with its whole path, a name as it is."""
    beside = path.parent / source
    if is_data(source) or source.endswith(".py") or beside.is_file():
        return str(beside.resolve())
    return source


def _counted(path: Path, key: str, given: Any) -> list[int]:
    """So many whole numbers from 0, or those of a list."""
    if isinstance(given, int) and not isinstance(given, bool) and 0 < given <= MOST:
        return list(range(given))
    if given and _is_list_of(int, given) and min(given) >= 0:
        return list(given)
    raise InputError(f"{path}: {key} is how many, such as 20, or a list of whole numbers.")


def _is_list_of(kind: type, given: Any) -> bool:
    return isinstance(given, list) and all(
        isinstance(item, kind) and not isinstance(item, bool) for item in given
    )


def _plain(trial: Trial) -> list[Any]:
    return [trial.source, dict(trial.options), trial.draw]
