"""Trajectories before anything is learned of them: columns compared, jumps and spikes taken out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from interpret.discovery.coordinates import unwrapped
from interpret.judge.channel import Channels
from interpret.judge.channels import channels
from interpret.judge.outlying import outlying
from systems.samples.trajectories import Trajectories


@dataclass(frozen=True)
class Cleaned:
    """What is learned from, how its columns go together, which coordinates turn, and what was
    done, in sentences."""

    trajectories: Trajectories
    columns: Channels
    turned: tuple[str, ...]
    notes: tuple[str, ...]


@lru_cache(maxsize=2)
def cleaned(samples: Trajectories, *, spikes: bool = True) -> Cleaned:
    """The samples without jumps by 2π, without spikes, and without velocities that are none.

    Close encounters of clean motion look like `spikes` to a smooth curve: they may be left in.
    """
    whole, turned = unwrapped(samples)
    columns = channels(whole)
    alone = columns.positions_only and not columns.verdict
    if alone and not whole.derived:
        whole = whole.positions_alone()
    far = outlying(whole, jointly=not columns.positions_only) if spikes else None
    jumps = f"{', '.join(turned)} jumps by 2π: the jumps are taken out" if turned else ""
    set_aside = f"{far.sentence}: set aside" if far else ""
    said = (*(columns.sentences if alone else ()), jumps, set_aside)
    rest = far.without(whole) if far else whole
    return Cleaned(rest, columns, tuple(turned), tuple(filter(None, said)))
