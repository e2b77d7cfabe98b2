"""Physical systems: their laws, and the trajectories that follow from them.

    >>> import systems
    >>> systems.names()[:3]
    ('born', 'central_force', 'coulomb')
    >>> system = systems.get("double_well")
    >>> system.sample("T2")
    2 trajectories of q, 10002 points

A system of one's own is a Python file with a `SYSTEM`, see `get`, or an expression, see
`from_potential` and `from_lagrangian`. Measured trajectories are read by `read`.
"""

from systems.boxes import FiniteVolume
from systems.data import Trajectories, Trajectory
from systems.errors import InputError
from systems.find import Known, get, lookup, names
from systems.phase_space import PhaseSamples, Window
from systems.readers import read
from systems.supervised import Supervised, ValueSamples
from systems.system import Dataset, System
from systems.user import from_lagrangian, from_potential

__all__ = [
    "Dataset",
    "FiniteVolume",
    "InputError",
    "Known",
    "PhaseSamples",
    "Supervised",
    "System",
    "Trajectories",
    "Trajectory",
    "ValueSamples",
    "Window",
    "from_lagrangian",
    "from_potential",
    "get",
    "lookup",
    "names",
    "read",
]
