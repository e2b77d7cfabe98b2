"""Makes the small data files of these pages: `python docs/data.py [FOLDER]`.

Each is a simulation with a fixed seed, so that there is a truth to hold against what is found.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import solve_ivp

Array = NDArray[np.float64]
Force = Callable[[Array, Array, float], ArrayLike]


def times(end: float, step: float) -> Array:
    """0, step, ... end."""
    return np.arange(round(end / step) + 1) * step


def moved(acceleration: Force, q0: ArrayLike, v0: ArrayLike, t: Array) -> Array:
    """Positions and velocities (n, 2 d) at the times t, of q'' = acceleration(q, q', t)."""
    start = np.concatenate([np.atleast_1d(q0), np.atleast_1d(v0)]).astype(float)
    d = len(start) // 2

    def slope(time: float, z: Array) -> Array:
        return np.concatenate([z[d:], np.atleast_1d(acceleration(z[:d], z[d:], time))])

    found = solve_ivp(slope, (t[0], t[-1]), start, "DOP853", t, rtol=1e-11, atol=1e-12)
    return found.y.T


def noisy(values: Array, noise: float, seed: int) -> Array:
    """The values with white noise, a fraction of each column's standard deviation."""
    sigma = noise * values.std(axis=0)
    return values + sigma * np.random.default_rng(seed).standard_normal(values.shape)


def table(t: Array, *motions: Array) -> Array:
    """The rows of one file: the number of the trajectory, the time, and the motion's columns."""
    numbered = enumerate(motions, 1)
    return np.vstack([np.column_stack([np.full(len(t), n), t, motion]) for n, motion in numbered])


def pendulum() -> tuple[str, Array]:
    """A pendulum with friction, let go twice: theta'' = -4.9 sin(theta) - 0.12 theta'."""
    t = times(20, 0.05)
    swings = [
        moved(lambda q, v, _: -4.9 * np.sin(q) - 0.12 * v, start, 0, t) for start in (1.8, -0.9)
    ]
    return "trajectory,t,theta,omega", table(t, *(noisy(q, 0.01, n) for n, q in enumerate(swings)))


def degrees() -> tuple[str, Array]:
    """The same pendulum, the angle in degrees and the rate in radians per second."""
    header, rows = pendulum()
    return header, rows * [1, 1, 180 / np.pi, 1]


def cart() -> tuple[str, Array]:
    """A cart of 0.5 kg between springs, x in metres, p in kg m/s: V = x**4/4 - x**2/2."""
    t = times(20, 0.02)
    rides = [moved(lambda q, v, _: (q - q**3) / 0.5, *z, t) for z in ((0.3, 0), (1.2, 0.5))]
    return "trajectory,t,x,p_x", table(t, *(ride * [1, 0.5] for ride in rides))


def video() -> tuple[str, Array]:
    """A pendulum filmed 30 times a second, its angle alone."""
    t = times(30, 1 / 30)
    swing = moved(lambda q, v, _: -9 * np.sin(q) - 0.1 * v, 1.2, 0, t)[:, :1]
    return "t,theta", np.column_stack([t, noisy(swing, 0.01, 3)])


def coil() -> tuple[str, Array]:
    """A mass on a spring that a coil pushes with a measured current u(t)."""
    t = times(40, 0.05)

    def current(time: ArrayLike) -> ArrayLike:
        return 0.8 * np.sin(0.7 * np.asarray(time)) + 0.5 * np.sin(1.9 * np.asarray(time) + 1)

    motion = moved(lambda q, v, time: -4 * q - 0.2 * v + 1.5 * current(time), 0.3, 0, t)
    return "t,x,v_x,u", np.column_stack([t, noisy(motion, 0.005, 5), current(t)])


def ion() -> tuple[str, Array]:
    """An ion in a trap and a magnetic field, twice: V = (x**2 + y**2)/4, B = 0.3."""
    t = times(40, 0.05)

    def pulled(q: Array, v: Array, time: float) -> Array:
        return -q / 2 + 0.3 * np.array([v[1], -v[0]])

    orbits = [moved(pulled, *start, t) for start in (((1, 0), (0.3, 0.8)), ((0.2, 0.5), (-1, 0)))]
    return "trajectory,t,x,y,v_x,v_y", table(t, *(noisy(q, 0.002, n) for n, q in enumerate(orbits)))


def orbit() -> tuple[str, Array]:
    """A body that is pulled to the origin by V = -1/r, three times."""
    t = times(12, 0.02)
    starts = (((1, 0), (0, 1.1)), ((1, 0), (0.2, 0.8)), ((0, 1.4), (0.7, 0.3)))
    orbits = [moved(lambda q, v, _: -q / np.linalg.norm(q) ** 3, *start, t) for start in starts]
    return "trajectory,t,x,y,v_x,v_y", table(t, *orbits)


def throws() -> tuple[str, Array]:
    """A ball thrown up three times, in metres and seconds: gravity, and drag 0.06 v²."""
    t = times(2.4, 0.02)
    throws = [
        moved(lambda q, v, _: -9.81 - 0.06 * abs(v) * v, 1, speed, t) for speed in (9, 12, 15)
    ]
    return "trajectory,t,y,v_y", table(
        t, *(noisy(throw, 0.002, n) for n, throw in enumerate(throws))
    )


def springs() -> tuple[str, Array]:
    """Three masses on springs of one make, the last one stiffer: k = 4, 4 and 5."""
    t = times(20, 0.05)
    moves = [moved(lambda q, v, _, k=k: -k * q - 0.1 * v, 1, 0, t) for k in (4, 4, 5)]
    return "trajectory,t,x,v_x", table(t, *(noisy(move, 0.01, n) for n, move in enumerate(moves)))


def cluster() -> tuple[str, Array]:
    """Four atoms in a plane with the pair law 4/r**12 - 4/r**6."""

    def pulled(q: Array, v: Array, time: float) -> Array:
        apart = q.reshape(4, 1, 2) - q.reshape(1, 4, 2)
        square = (apart**2).sum(axis=2) + np.eye(4)
        pull = (48 / square**7 - 24 / square**4) * (1 - np.eye(4))
        return (pull[..., None] * apart).sum(axis=1).ravel()

    t = times(6, 0.01)
    start = (0, 0, 1.15, 0, 0.6, 1.0, 1.75, 1.05)
    speed = (0.2, 0.1, -0.1, 0.25, 0.1, -0.3, -0.2, -0.05)
    names = [f"{axis}{i}" for i in range(1, 5) for axis in "xy"]
    header = ",".join(["t", *names, *(f"v_{name}" for name in names)])
    return header, np.column_stack([t, moved(pulled, start, speed, t)])


def pendula() -> tuple[str, Array]:
    """A pendulum on a pendulum, angles to the vertical: equal rods and bobs, g/l = 9."""

    def pulled(q: Array, v: Array, time: float) -> Array:
        cosine, sine = np.cos(q[0] - q[1]) / 2, np.sin(q[0] - q[1]) / 2
        masses = np.array([[1, cosine], [cosine, 0.5]])
        forces = [-sine * v[1] ** 2 - 9 * np.sin(q[0]), sine * v[0] ** 2 - 4.5 * np.sin(q[1])]
        return np.linalg.solve(masses, forces)

    t = times(8, 0.02)
    starts = ((1.4, -0.6), (-0.8, 1.1), (0.5, 1.8))
    swings = [noisy(moved(pulled, q, (0, 0), t), 0.005, n) for n, q in enumerate(starts)]
    return "trajectory,t,th1,th2,v_th1,v_th2", table(t, *swings)


def well(*more: tuple[float, float]) -> tuple[str, Array]:
    """A ball in the left one of two wells, let go twice, V = q**4 - 4 q**3 + 3 q**2 + 2 q."""
    t = times(5, 0.1)
    starts = ((0.25, 0.79), (-0.4, 0.75), *more)
    rolls = [
        moved(lambda q, v, _: -(4 * q**3 - 12 * q**2 + 6 * q + 2), *start, t) for start in starts
    ]
    sigma = np.array([0.015, 0.04])
    rolls = [
        roll + sigma * np.random.default_rng(n).standard_normal(roll.shape)
        for n, roll in enumerate(rolls, 30)
    ]
    return "trajectory,t,q,v_q", table(t, *rolls)


def well_again() -> tuple[str, Array]:
    """The same and two motions more, each from where it was said that it tells most."""
    return well((-0.5, 1.5), (0.11, 1.8))


def delta() -> tuple[str, Array]:
    """A phase shift of two pions with a broad resonance, in degrees over MeV."""
    E = np.linspace(277, 990, 72)
    k = np.sqrt(E**2 / 4 - 138.5**2)
    return "E,delta", np.column_stack([E, np.degrees(np.arctan2(0.9 * k, 620 - E))])


FILES = {
    f"{made.__name__}.csv": made
    for made in (
        *(pendulum, degrees, cart, video, coil, ion),
        *(orbit, throws, springs, cluster, pendula, well, well_again, delta),
    )
}


def write(folder: Path, names: Iterable[str] = FILES) -> None:
    """Write the files, or those that are named, into the folder."""
    for name in names:
        header, rows = FILES[name]()
        lines = [header, *(",".join(f"{value:.10g}" for value in row) for row in rows)]
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
