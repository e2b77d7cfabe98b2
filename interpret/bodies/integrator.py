"""The steps of Störmer–Verlet that made a motion, though only every k-th of them was stored.

With D = d/dt, the positions are samples of an X, and the velocities of a v, of which exactly

    v = sinh(hD)/(hD) Ẋ,     v̇ = (hD/2) coth(hD/2) F(X)/m = (F + h² F̈/12 - ...)/m

Weakly ∫ψ v + ∫ψ' X = h²/6 ∫ψ'' v up to h⁴: the law is not needed to see h, and known h its forces
are ∫(ψ + h² ψ''/12) F, without any error of second order.

Source: modified equations of symplectic methods (E. Hairer, C. Lubich, G. Wanner, Geometric
Numerical Integration, IX; of Störmer–Verlet, Acta Numerica 12 (2003) 399).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from interpret.weak.windows import windows
from systems.samples.trajectories import Trajectories
from training.prepare.fingerprint import ends_are_verlet

LENGTHS: Final = (8, 12, 16)
"""Windows that tell the steps: noise and round-off ask for long ones, coarse samples for short."""

EXPLAINED: Final = 0.5
"""What is left where velocities are those of steps: of exact motion steps explain nothing, and what
an integral misses is of its own shape."""

ALIKE: Final = 0.1
"""Windows of two lengths say the same steps to this part, or what they say is their own error."""

WHOLE: Final = 0.1
"""So near to a whole number are the steps of a sample, where that number can be told."""


def steps_of(data: Trajectories) -> float:
    """h of Störmer–Verlet, 0 of any other motion.

    >>> from systems.integrate import verlet
    >>> q, v = np.array([[1.0]]), np.array([[0.0]])
    >>> t, q, v = verlet(lambda q: -q, q, v, 0.1, 600)
    >>> every_third = Trajectories.from_arrays(["q"], [1.0], t[::3], q[:, ::3], v[:, ::3])
    >>> round(steps_of(every_third), 9)
    0.1
    >>> t = np.linspace(0, 20, 100)
    >>> exact = Trajectories.from_arrays(["q"], [1], t, np.cos(t)[None, :, None],
    ...                                  -np.sin(t)[None, :, None])
    >>> steps_of(exact)
    0.0
    """
    _, q, p, _ = data.stack()
    times = [item.t for item in data]
    scale = p.std(axis=0) / data.mass
    v, q = (each / np.where(scale > 0, scale, 1.0) for each in (p / data.mass, q))
    found = []
    for length in LENGTHS:
        some = windows(times, length)
        apart, bent = some.integrals(v) + some.slopes(q), some.bends(v)
        size = float(np.linalg.norm(apart))
        square = 6 * float((apart * bent).sum() / max((bent**2).sum(), 1e-300))
        if size > 0 and square > 0:
            found.append((float(np.linalg.norm(apart - square / 6 * bent)) / size, np.sqrt(square)))
    told = [step for left, step in sorted(found) if left < EXPLAINED]
    if len(told) < 2 or abs(told[1] - told[0]) > ALIKE * told[0]:
        return 0.0
    stored = float(np.median(np.concatenate(list(map(np.diff, times)))))
    many = stored / told[0]
    whole = round(many)
    if whole == 1 and not ends_are_verlet(data):
        # Central differences of exact motion bear the same mark.
        return 0.0
    return stored / whole if whole and abs(many - whole) < WHOLE else float(told[0])
