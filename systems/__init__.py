"""What is known before anything is learned: problems with their laws, and samples of them.

    >>> import systems
    >>> "coulomb" in systems.names()
    True
    >>> problem = systems.get("double_well")
    >>> problem.draw("T2")
    2 trajectories of q, 10002 points

A problem of one's own is a Python file with a `SYSTEM`, see `get`, or an expression, see
`from_potential` and `from_lagrangian`. Measured trajectories are read by `read`.

Names are imported when they are used, so that what needs one of them waits for no other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from systems.lazy import lazy

if TYPE_CHECKING:
    from systems.errors import InputError
    from systems.files.readers import read
    from systems.find import get, names
    from systems.mechanics import Mechanics
    from systems.problem import Dataset, Map, Problem, Samples, observed
    from systems.samples.phase_space import PhaseSamples, Window
    from systems.samples.trajectories import Trajectories, Trajectory
    from systems.samples.values import ValueSamples
    from systems.system import Supervised, System
    from systems.user import from_lagrangian, from_potential

_HOMES = {
    "Dataset": "problem",
    "InputError": "errors",
    "Map": "problem",
    "Mechanics": "mechanics",
    "PhaseSamples": "samples.phase_space",
    "Problem": "problem",
    "Samples": "problem",
    "Supervised": "system",
    "System": "system",
    "Trajectories": "samples.trajectories",
    "Trajectory": "samples.trajectories",
    "ValueSamples": "samples.values",
    "Window": "samples.phase_space",
    "from_lagrangian": "user",
    "from_potential": "user",
    "get": "find",
    "names": "find",
    "observed": "problem",
    "read": "files.readers",
}

__all__ = [
    "Dataset",
    "InputError",
    "Map",
    "Mechanics",
    "PhaseSamples",
    "Problem",
    "Samples",
    "Supervised",
    "System",
    "Trajectories",
    "Trajectory",
    "ValueSamples",
    "Window",
    "from_lagrangian",
    "from_potential",
    "get",
    "names",
    "observed",
    "read",
]

__getattr__ = lazy("systems", _HOMES)
