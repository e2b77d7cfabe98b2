"""What moves, and why: potentials in and outside the library, and forces that have none.

A kind draws its numbers anew for every trial, so that nothing can be tuned to them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Force = Callable[[Array, Array, Array, Array], Array]
"""(q (n, d), v (n, d), t (n,), number of the trajectory (n,)) to a force (n, d)."""


@dataclass(frozen=True)
class World:
    """A motion: V(q) as text, a force beside it, and where in q and v it starts.

    - `true`: whether V alone explains these columns, and the library can say it.
    - `columns`: what is recorded of (q, v), where that is something else.
    - `told`: the masses that the program is told, where they are others.
    - `options`: of the fit.
    """

    coordinates: tuple[str, ...]
    potential: str
    start: tuple[float, float]
    true: bool = False
    force: Force | None = None
    columns: Callable[[Array, Array], tuple[Array, Array]] | None = None
    center: tuple[float, ...] = ()
    mass: tuple[float, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)


class Numbers:
    """Random numbers of four digits, as text for a formula."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng

    def __call__(self, low: float, high: float) -> float:
        """Between two positive numbers, uniform in the logarithm."""
        return float(f"{math.exp(self.rng.uniform(math.log(low), math.log(high))):.4g}")

    def either(self, low: tuple[float, float], high: tuple[float, float]) -> float:
        """In one of two ranges."""
        return self(*(low if self.rng.random() < 0.5 else high))

    def sign(self) -> int:
        return 1 if self.rng.random() < 0.5 else -1


Kind = Callable[[Numbers], World]
X, XY = ("x",), ("x", "y")
R = "sqrt(x**2+y**2)"
PAIR = ("x1", "y1", "x2", "y2")
BETWEEN = "sqrt((x1-x2)**2+(y1-y2)**2)"


# Potentials outside the library


def _line(potential: str, q: float, v: float, center: float = 0.0) -> World:
    return World(X, potential, (q, v), center=(center,))


def _orbit(potential: str, n: Numbers) -> World:
    """Bound about the origin: starts at a distance, mostly across."""
    return World(XY, potential, (0.25, 0.35), center=(n(0.8, 1.3), 0.0))


def _pair(potential: str, n: Numbers, distance: float = 1.0) -> World:
    """Two bodies on a plane that see each other alone."""
    far = distance * n(0.9, 1.3)
    return World(PAIR, potential, (0.15, 0.4), center=(-far / 2, 0.0, far / 2, 0.0),
                 mass=(1.0, 1.0, *(2 * [n(0.4, 2.5)])))  # fmt: skip


OUTSIDE: Final[Mapping[str, Kind]] = {
    "tanh": lambda n: _line(f"{n(0.5, 3)}*log(cosh({n(1, 4)}*x))", n(0.5, 2), 1),
    "morse": lambda n: _line(f"{n(0.5, 2)}*(1-exp(-{n(0.7, 1.5)}*x))**2", 0.5, 0.5),
    "yukawa wall": lambda n: _line(f"exp(-x/{n(0.4, 2.5)})/x + {n(0.2, 0.6)}*x", 0.6, 0.4, 1.2),
    "soft coulomb": lambda n: _line(f"-{n(0.5, 2)}/sqrt(x**2+{n(0.1, 1)})", n(0.5, 1.5), 0.2),
    "gaussian well": lambda n: _line(
        f"-{n(0.5, 3)}*exp(-x**2/{n(0.5, 2)}) + {n(0.05, 0.5)}*x**2", n(0.7, 2), 0.5
    ),
    "sech double well": lambda n: _line(
        f"{n(0.3, 1)}*x**2 + {n(1.5, 4)}/cosh(x/{n(0.4, 1)})**2", 2, 1
    ),
    "corner": lambda n: _line(f"{n(0.5, 2)}*abs(x)**{n.either((1.4, 1.7), (2.3, 2.8))}", 1.5, 0.7),
    "pendulum": lambda n: _line(f"-{n(0.5, 4)}*cos(x)", n(1, 2.6), 0.3),
    "rational": lambda n: _line(f"{n(0.3, 1)}*x**2 + {n(0.5, 3)}/(1+x**2/{n(0.2, 1)})", 2, 0.8),
    "lennard-jones": lambda n: _line(f"{n(1, 3)}*(1/x**12-2/x**6)", 0.12, 0.8, 1.1),
    "yukawa": lambda n: _orbit(f"-{n(1, 2)}*exp(-{R}/{n.either((0.5, 0.8), (1.25, 3))})/{R}", n),
    "soft center": lambda n: _orbit(f"-{n(1, 2)}/sqrt(x**2+y**2+{n(0.1, 0.8)})", n),
    "gaussian center": lambda n: _orbit(f"-{n(1.5, 3)}*exp(-(x**2+y**2)/{n(0.8, 2)})", n),
    "halo": lambda n: _orbit(f"{n(0.5, 1)}*log({n(0.1, 0.5)}+x**2+y**2/{n(0.5, 0.8)}**2)", n),
    "odd power": lambda n: _orbit(
        f"{n(0.5, 2)}*(x**2+y**2)**{n.either((0.6, 0.9), (1.1, 1.4))}", n
    ),
    "screened pair": lambda n: _pair(f"-{n(1, 2)}*exp(-{BETWEEN}/{n(1.3, 3)})/{BETWEEN}", n),
    "soft pair": lambda n: _pair(f"-{n(1, 2)}/sqrt({BETWEEN}**2+{n(0.1, 0.6)})", n),
    "morse pair": lambda n: _pair(f"{n(1, 3)}*(1-exp(-{n(1, 2)}*({BETWEEN}-1)))**2", n),
}


# Potentials inside the library: what is wrong with these data is something else


def _well(n: Numbers) -> World:
    return replace(_line(f"{n(0.2, 1.5)}*x**2 + {n(0.1, 0.8)}*x**4", 1.2, 1), true=True)


def _double(n: Numbers) -> World:
    return replace(_line(f"{n(0.2, 0.6)}*x**4 - {n(0.3, 1.2)}*x**2", 1.5, 1), true=True)


def _tilted(n: Numbers) -> World:
    made = _line(f"{n(0.3, 1)}*x**2 + {n.sign() * n(0.05, 0.2)}*x**3 + {n(0.1, 0.4)}*x**4", 1.2, 1)
    return replace(made, true=True)


def _kepler(n: Numbers) -> World:
    return replace(_orbit(f"-{n(0.8, 2)}/{R}", n), start=(0.2, 0.3), true=True)


def _trap(n: Numbers) -> World:
    return World(XY, f"{n(0.2, 1)}*x**2 + {n(0.3, 1.5)}*y**2", (1, 1), true=True)


PLAIN: Final[Mapping[str, Kind]] = {
    "well": _well,
    "double well": _double,
    "tilted well": _tilted,
    "kepler": _kepler,
    "trap": _trap,
}


def _some(n: Numbers, plane: bool = False) -> World:
    """One of the plain ones."""
    made = list(PLAIN.values()) if not plane else [_kepler, _trap]
    return made[n.rng.integers(len(made))](n)


# Forces without a potential, or with one that changes


def _with(world: World, force: Force) -> World:
    return replace(world, force=force, true=False)


def _speed(v: Array) -> Array:
    return np.linalg.norm(v, axis=1, keepdims=True)


def _drag(n: Numbers) -> World:
    c = n(0.02, 0.3)
    return _with(_some(n), lambda q, v, t, k: -c * v)


def _quadratic(n: Numbers) -> World:
    c = n(0.02, 0.3)
    return _with(_some(n), lambda q, v, t, k: -c * _speed(v) * v)


def _dry(n: Numbers) -> World:
    c = n(0.01, 0.1)
    return _with(_some(n), lambda q, v, t, k: -c * v / np.sqrt(_speed(v) ** 2 + 1e-8))


def _magnetic(n: Numbers) -> World:
    b = n.sign() * n(0.03, 0.6)
    return _with(_some(n, plane=True), lambda q, v, t, k: b * np.stack([v[:, 1], -v[:, 0]], 1))


def _curl(n: Numbers) -> World:
    c = n.sign() * n(0.02, 0.2)
    return _with(_trap(n), lambda q, v, t, k: c * np.stack([q[:, 1], -q[:, 0]], 1))


def _pumped(n: Numbers) -> World:
    c = n(0.05, 0.5)
    return _with(_well(n), lambda q, v, t, k: c * (1 - q**2) * v)


def _driven(n: Numbers) -> World:
    a, w, phase = n(0.03, 0.6), n(0.4, 3), n(0.01, 6.28)
    return _with(
        _some(n), lambda q, v, t, k: a * np.cos(w * t + phase)[:, None] * np.eye(q.shape[1])[0]
    )


def _softening(n: Numbers) -> World:
    c = n.sign() * n(0.003, 0.03)
    return _with(_well(n), lambda q, v, t, k: -c * t[:, None] * q)


def _parametric(n: Numbers) -> World:
    c, w = n(0.05, 0.4), n(0.5, 4)
    return _with(_well(n), lambda q, v, t, k: -c * np.cos(w * t)[:, None] * q)


def _kicked(n: Numbers) -> World:
    a, width = n(0.3, 1.5), n(0.1, 0.5)
    return _with(
        _well(n), lambda q, v, t, k: a * np.exp(-(((t[:, None] - 4) / width) ** 2)) + 0 * q
    )


NONPOTENTIAL: Final[Mapping[str, Kind]] = {
    "drag": _drag,
    "quadratic drag": _quadratic,
    "dry friction": _dry,
    "magnetic": _magnetic,
    "curl": _curl,
    "van der pol": _pumped,
}
CHANGING: Final[Mapping[str, Kind]] = {
    "driven": _driven,
    "softening": _softening,
    "parametric": _parametric,
    "kicked": _kicked,
}


# Columns that are not what they are called


def _scaled(factor: float) -> Callable[[Array, Array], tuple[Array, Array]]:
    return lambda q, v: (q, factor * v)


def _forgotten(n: Numbers) -> World:
    return replace(_some(n), true=False, columns=_scaled(n.either((0.1, 0.8), (1.25, 10))))


def _unit(n: Numbers) -> World:
    factors = (100.0, 1000.0, 0.001, 3.6, 4.740, 60.0)
    return replace(_some(n), true=False, columns=_scaled(factors[n.rng.integers(len(factors))]))


def _degrees(n: Numbers) -> World:
    return World(("theta",), f"-{n(0.5, 4)}*cos(theta)", (1.5, 0.5),
                 columns=lambda q, v: (np.degrees(q), v))  # fmt: skip


def _exchanged(n: Numbers) -> World:
    return replace(_some(n, plane=True), true=False, columns=lambda q, v: (q, v[..., ::-1]))


def _backwards(n: Numbers) -> World:
    return replace(_some(n), true=False, columns=_scaled(-1.0))


def _slightly(n: Numbers) -> World:
    """A few per cent off: the velocities are left aside, and the positions have a right law."""
    return replace(_some(n), columns=_scaled(1 + n.sign() * n(0.02, 0.08)))


def _filtered(n: Numbers) -> World:
    """Velocities through a moving average: right at its middle, and too smooth."""
    half = int(n.rng.integers(2, 6))
    return replace(_some(n), columns=lambda q, v: (q, averaged(v, half)))


def averaged(v: Array, half: int) -> Array:
    """The mean over up to `half` neighbours on either side along axis 1 of (R, n, d).

    >>> averaged(np.arange(5.0).reshape(1, 5, 1) ** 2, 1).ravel()
    array([ 0.        ,  1.66666667,  4.66666667,  9.66666667, 16.        ])
    """
    made = np.empty_like(v)
    n = v.shape[1]
    for i in range(n):
        reach = min(half, i, n - 1 - i)
        made[:, i] = v[:, i - reach : i + reach + 1].mean(axis=1)
    return made


COLUMNS: Final[Mapping[str, Kind]] = {
    "mass forgotten": _forgotten,
    "wrong unit": _unit,
    "degrees": _degrees,
    "exchanged": _exchanged,
    "backwards": _backwards,
    "slightly off": _slightly,
    "filtered": _filtered,
}


# Two laws in one file, and a library that lacks a term


def _two_springs(n: Numbers) -> World:
    c = n.sign() * n(0.05, 0.5)
    return _with(_well(n), lambda q, v, t, k: -c * (k % 2)[:, None] * q)


def _two_powers(n: Numbers) -> World:
    c = n(0.1, 0.6)
    return _with(_well(n), lambda q, v, t, k: -c * (k % 2)[:, None] * q**3)


def _one_dragged(n: Numbers) -> World:
    c = n(0.03, 0.3)
    return _with(_some(n), lambda q, v, t, k: -c * (k == 0)[:, None] * v)


def _lacking(n: Numbers) -> World:
    without = ("x, x**2, x**3", "x, x**3, x**4, x**5, x**6")[n.rng.integers(2)]
    return replace(_well(n), true=False, options={"library": without})


MIXED: Final[Mapping[str, Kind]] = {
    "two springs": _two_springs,
    "two powers": _two_powers,
    "one dragged": _one_dragged,
    "lacking": _lacking,
}

FAMILIES: Final[Mapping[str, Mapping[str, Kind]]] = {
    "outside": OUTSIDE,
    "no potential": NONPOTENTIAL,
    "in time": CHANGING,
    "columns": COLUMNS,
    "mixed": MIXED,
    "right": PLAIN,
}
KINDS: Final[tuple[tuple[str, str], ...]] = tuple(
    (family, name) for family, kinds in FAMILIES.items() for name in kinds
)
