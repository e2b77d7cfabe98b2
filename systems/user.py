"""A motion of one's own, from its potential or its Lagrangian, as an expression or as text."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sympy import Expr

from systems import dop853, dynamicsymbols, integrate
from systems.equations import exact, velocity
from systems.errors import InputError, nearest
from systems.expressions import parse, symbol
from systems.forces import TIME
from systems.mechanics import Mechanics
from systems.problem import CONSTANT, Dataset, Problem
from systems.samples.masses import checked_mass
from systems.samples.phase_space import Window
from systems.samples.trajectories import Array, Trajectories
from systems.sizes import degree
from systems.splitting import split

if TYPE_CHECKING:
    from sympy.physics.mechanics import LagrangesMethod

STARTS = 10
POINTS = 1001
DRAWN = 4 * STARTS  # so many are tried for each duration
DURATIONS = (10.0, 3.0, 1.0, 0.3)  # shorter ones where the motion escapes or collides, in units τ
FARTHEST = 100.0  # a motion that leaves |q| < 100 has escaped
MAX_STEPS = 1000
HALVINGS = 10
HIGHEST_POWER = 100  # sympy simplifies (q + qd)**100 in 0.2 s, its 900th power in 13 s


def from_potential(
    potential: str | Expr,
    mass: Sequence[float] | None = None,
    name: str = "user",
    coordinates: Sequence[str] | None = None,
) -> Problem:
    """The motion H = Σ p²/2m + V(q) for a given V.

    `coordinates` are by default the variables of V in alphabetical order, `mass` one number for
    each of them, by default 1. Its data set `default` holds ten trajectories of 1001 points from
    random starts with |q_i| <= 1.

    Raises `InputError` for text that is not a formula, and for masses or coordinates that do not
    fit it.

    >>> mechanics = from_potential("(x^2 + y^2)/2 + x^2*y", mass=[1, 2]).motion()
    >>> mechanics.coordinates, mechanics.forces()
    (('x', 'y'), (-2*x*y - x, -x**2 - y))
    """
    given = _names(coordinates)
    expr = potential if isinstance(potential, Expr) else parse(potential, given or None)
    names = given or tuple(sorted(str(variable) for variable in expr.free_symbols))
    if not names:
        raise InputError(f"the potential {expr} is constant, so that nothing moves.")
    masses = tuple(checked_mass((1.0,) * len(names) if mass is None else mass, names).tolist())
    mechanics = Mechanics(names, masses, expr)
    mechanics.forces()  # refuses a potential in other variables than the coordinates
    return _problem(mechanics, name, f"V = {expr}")


def _problem(mechanics: Mechanics, name: str, summary: str) -> Problem:
    datasets = _datasets(mechanics)
    return Problem(
        name, summary, "given by the user", datasets, gauge=CONSTANT, mechanics=mechanics
    )


def _datasets(mechanics: Mechanics, starts: Sequence[Array] = ()) -> dict[str, Dataset]:
    """Trajectories, and of varying masses points of phase space, which alone tell them at once."""
    if starts:
        given = np.array(starts)
        path = Dataset(
            f"{len(given)} trajector{'y' if len(given) == 1 else 'ies'} from given starts",
            draw=lambda seed: _followed(mechanics, given, 1.0, len(given)),
        )
    else:
        path = Dataset(
            summary=f"{STARTS} trajectories from random starts with |q| <= 1",
            draw=lambda seed: _random_motions(mechanics, np.random.default_rng(seed)),
            held_out=lambda seed: _random_motions(mechanics, np.random.default_rng([seed, 1])),
        )
    if mechanics.kinetic is None or set(mechanics.others) - {"gyroscopic"}:
        return {"default": path}
    d = len(mechanics.coordinates)
    center = tuple(np.mean(starts, axis=0)[:d].tolist()) if starts else (0.0,) * d
    width = 1.0 if starts else 2.0
    window = Window(f"{width:g} wide around {_place(center)}", center, width, gap=0.0)
    return {"default": path, "points": Dataset.of_window(window, mechanics)}


def _place(center: Sequence[float]) -> str:
    return ", ".join(f"{x:g}" for x in center) if any(center) else "the origin"


def from_lagrangian(
    lagrangian: str | Expr | LagrangesMethod,
    name: str = "user",
    coordinates: Sequence[Any] | None = None,
    *,
    parameters: Mapping[Any, float] | None = None,
    rayleigh: str | Expr | None = None,
    starts: Sequence[Mapping[str, float]] = (),
) -> Problem:
    """The motion of a Lagrangian L(q, q̇) of any masses, in which `qd` is the velocity of `q`.

    L may also be sympy's own: an expression in `dynamicsymbols`, or a `LagrangesMethod`, with its
    forces. What L says of positions and the time t is a drive. `parameters` are the numbers of
    other symbols, `rayleigh` is R, whose friction is -∂R/∂q̇. The coordinates are by default all
    variables whose velocities occur. Its data set `default` holds ten motions from random starts,
    or those of the `starts`, each the numbers of some coordinates and velocities by name, the
    others 0; where masses vary `points` are random points of phase space with accelerations.

    Raises `InputError` for text that is not a formula, for symbols that are neither coordinates nor
    velocities nor have a number, powers too high to be simplified, and an L that does not
    determine the motion.

    >>> from_lagrangian("xd^2/4 - x^4").motion().forces()
    (-4*x**3,)
    >>> orbit = from_lagrangian("rd^2/2 + r^2*phid^2/2 + k/r", parameters={"k": 2})
    >>> orbit.motion().coordinates, orbit.truths()["potential"]
    (('phi', 'r'), -2/r)
    """
    given: Any = lagrangian
    forces: Sequence[Expr] = ()
    if not isinstance(given, str | Expr):
        given, coordinates, forces = dynamicsymbols.given_by(given)
    expr, friction, *forces = _with_numbers(
        [given, "0" if rayleigh is None else rayleigh, *forces], parameters or {}
    )
    if degree(expr) > HIGHEST_POWER:
        raise InputError(f"the Lagrangian has a power beyond {HIGHEST_POWER}; choose a lower one.")
    names = _names(coordinates) or _moving(expr)
    known = {symbol(each) for x in names for each in (x, velocity(x).name)} | {TIME}
    strange = set().union(*(each.free_symbols for each in (expr, friction, *forces))) - known
    if not names or strange:
        what = ", ".join(sorted(map(str, strange))) or "nothing"
        raise InputError(
            f"the Lagrangian {expr} has {what} besides coordinates q and their velocities qd; "
            f"give constants a number (--set k=1, or parameters), and write every velocity with a "
            f"d at the end."
        )
    mechanics = split(expr, names, friction, forces)
    problem = _problem(mechanics, name, f"L = {expr}")
    return replace(problem, datasets=_datasets(mechanics, [_start(names, one) for one in starts]))


def _with_numbers(given: Sequence[str | Expr], parameters: Mapping[Any, float]) -> list[Expr]:
    """The expressions in plain symbols, those with a number replaced by it."""
    numbers = {symbol(dynamicsymbols.name(key)): exact(value) for key, value in parameters.items()}
    read = [parse(each) if isinstance(each, str) else dynamicsymbols.plain(each) for each in given]
    return [each.xreplace(numbers) for each in read]


def _moving(lagrangian: Expr) -> tuple[str, ...]:
    """The coordinates: those with a velocity, and of what ends in d what L is not linear in."""
    held = {variable.name for variable in lagrangian.free_symbols}
    ended = sorted(name[:-1] for name in held if name.endswith("d") and len(name) > 1)
    return tuple(
        name
        for name in ended
        # A cyclic coordinate does not occur, but a constant may be called rod.
        if name in held or lagrangian.diff(velocity(name), 2) != 0
    )


def _start(names: Sequence[str], given: Mapping[str, float]) -> Array:
    """(q, q̇) of a start (2d,), by name; those not given are 0."""
    known = [*names, *(velocity(name).name for name in names)]
    for key in given:
        if key not in known:
            raise InputError(
                f"there is no {key} to start from; there are {', '.join(known)}."
                f"{nearest(key, known)}"
            )
    return np.array([float(given.get(key, 0.0)) for key in known])


def _names(coordinates: Sequence[Any] | None) -> tuple[str, ...]:
    """The names of coordinates that were given, one by itself or several; () for none."""
    if coordinates is None:
        return ()
    given = (coordinates,) if isinstance(coordinates, str) else coordinates
    if not isinstance(given, Iterable):
        raise InputError(f"coordinates are a list of names, not {given!r:.60}.")
    names = tuple(map(dynamicsymbols.name, given))
    for name in names:
        symbol(name)
    return names


def _random_motions(mechanics: Mechanics, rng: np.random.Generator) -> Trajectories:
    """Ten motions from random starts that neither escape nor run into a singularity.

    Positions are uniform in |q_i| <= 1. Time is counted in units τ, the power of ten nearest to
    the time in which the force moves a body by 1, and velocities are uniform in |v_i| <= 1/τ.
    """
    d = len(mechanics.coordinates)
    q0 = rng.uniform(-1, 1, (DRAWN, d))
    v0 = rng.uniform(-1, 1, (DRAWN, d))
    tau = _time_unit(mechanics, q0)
    v0 /= tau
    for _ in range(HALVINGS):  # nothing moves faster than light
        v0[~np.isfinite(mechanics.accelerations(q0, v0)).all(axis=1)] /= 2
    return _followed(mechanics, np.hstack([q0, v0]), tau, STARTS)


def _followed(mechanics: Mechanics, start: Array, tau: float, wanted: int) -> Trajectories:
    """So many of the motions from the starts (R, 2d), for 10 τ, or less where too few last."""
    d = len(mechanics.coordinates)
    mass = np.array(mechanics.mass)
    fenced = _fenced(mechanics, d)
    runs = np.hstack([start, np.zeros((len(start), 1))])
    for duration in DURATIONS:
        t = np.linspace(0, duration * tau, POINTS)
        y = dop853.solve(fenced, runs, t, max_steps=MAX_STEPS)
        kept = y[_usable(mechanics, y[:, :, :d])][:wanted]
        if len(kept) == wanted:
            q, v = kept[:, :, :d], kept[:, :, d : 2 * d]
            return Trajectories.from_arrays(mechanics.coordinates, mass, t, q, mass * v)
    raise InputError(
        f"hardly any of {len(start)} starts with |q| <= {abs(start[:, :d]).max():.3g} can be "
        f"followed under V = {mechanics.potential}; give trajectories or starts of your own "
        f"instead."
    )


def _fenced(mechanics: Mechanics, d: int) -> integrate.Field:
    """y' of y = (q, q̇, t), not a number beyond the fence: there the integrator gives up early."""

    def inside(y: Array) -> Array:
        moved = mechanics.accelerations(y[:, :d], y[:, d : 2 * d], y[:, 2 * d :])
        rate = np.hstack([y[:, d : 2 * d], moved, np.ones((len(y), 1))])
        rate[abs(y[:, :d]).max(axis=1) > FARTHEST] = np.nan
        return rate

    return inside


def _usable(mechanics: Mechanics, q: Array) -> NDArray[np.bool_]:
    """Which paths q (R, n, d) are complete, with a potential that is real and finite: (R,)."""
    complete = np.isfinite(q).all(axis=(1, 2))
    with np.errstate(all="ignore"):  # log(-1) is NaN, and thus refused
        values = mechanics.potential_values(q.reshape(-1, q.shape[-1]))
    real = np.isfinite(values).reshape(q.shape[:2]).all(axis=1)
    return np.logical_and(complete, real)


def _time_unit(mechanics: Mechanics, q: Array) -> float:
    """τ = |a|^(-1/2), rounded to a power of ten, for the median acceleration |a| at rest at `q`."""
    size = np.linalg.norm(mechanics.accelerations(q, np.zeros(q.shape)), axis=1)
    if not size.any():
        if mechanics.kinetic is not None:
            return 1.0  # it moves by its masses alone
        raise InputError(f"V = {mechanics.potential} exerts no force where |q| <= 1.")
    size = size[np.isfinite(size) & (size > 0)]
    if not size.size:
        raise InputError(f"V = {mechanics.potential} exerts no finite force where |q| <= 1.")
    return float(10.0 ** round(-0.5 * math.log10(np.median(size))))
