"""Make the examples again: files of data as somebody would have measured them, and the picture.

    python examples/make.py              # the files beside this one
    python examples/make.py picture      # picture.png, from a fit of swing.csv

Each file is drawn from a known law with a fixed seed, so that what a fit should find is known: it
stands in the docstring of the function that draws it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import systems
from systems.integrate import driven_flow
from systems.samples.trajectories import Trajectories

Array = NDArray[np.float64]
HERE = Path(__file__).resolve().parent
DIGITS = 10


def write(name: str, columns: Mapping[str, Array], folder: Path = HERE) -> None:
    """The columns as a CSV file, to ten digits."""
    rows = np.column_stack(list(columns.values()))
    lines = (",".join(f"{value:.{DIGITS}g}" for value in row) for row in rows.tolist())
    (folder / name).write_text("\n".join([",".join(columns), *lines, ""]), encoding="utf-8")


def moved(data: Trajectories, *, several: bool = True, every: int = 1) -> dict[str, Array]:
    """trajectory, t, the coordinates and their velocities v_x, of some of the samples."""
    items = [item.at(slice(None, None, every)) for item in data]
    q, p = (np.concatenate([getattr(item, kind) for item in items]) for kind in "qp")
    numbers = np.concatenate([np.full(len(item), k + 1.0) for k, item in enumerate(items)])
    times = np.concatenate([item.t for item in items])
    names = data.coordinates
    columns = {"trajectory": numbers} if several else {}
    columns |= {"t": times, **dict(zip(names, q.T, strict=True))}
    return columns | {f"v_{n}": v for n, v in zip(names, (p / data.mass).T, strict=True)}


def swing(rng: np.random.Generator) -> dict[str, Array]:
    """A pendulum on a video, 0.5 % noise: V = -9.81 cos θ, R = 0.05 θ'²; positions alone."""
    t = np.arange(0, 20, 0.04)

    def field(y: Array) -> Array:
        return -9.81 * np.sin(y[:, :1]) - 0.1 * y[:, 1:2]

    q, _ = driven_flow(field, np.array([[1.9]]), np.array([[0.0]]), t)
    theta = q[0, :, 0]
    return {"t": t, "theta": theta + 0.005 * theta.std() * rng.standard_normal(len(t))}


def orbit(rng: np.random.Generator) -> dict[str, Array]:
    """Two stars of mass 1 about each other, twice: V = -1/r."""
    t = np.linspace(0, 8, 201)

    def field(y: Array) -> Array:
        apart = y[:, :2] - y[:, 2:4]
        pull = apart / np.linalg.norm(apart, axis=1, keepdims=True) ** 3
        return np.concatenate([-pull, pull], axis=1)

    v0 = [[0.05, 0.42, -0.02, -0.3], [0.0, 0.3, 0.1, -0.45]]
    q, v = driven_flow(field, [[1.0, 0.0, -1.0, 0.0], [0.8, 0.3, -1.0, 0.0]], v0, t)
    names = ("x1", "y1", "x2", "y2")
    items = [(t, *pair) for pair in zip(q, v, strict=True)]
    return moved(Trajectories.from_velocities(names, np.ones(4), items))


def throw(rng: np.random.Generator) -> dict[str, Array]:
    """Throws through the air: V = 9.81 y and the drag 0.05 |v| v."""
    return moved(systems.get("falling_with_drag").draw(), every=2)


def trap(rng: np.random.Generator) -> dict[str, Array]:
    """A charge in a bowl and a magnetic field: V = (x² + y²)/4, B = 0.3; σ of x beside it."""
    columns = moved(systems.get("magnetic_trap").draw()[:2], every=4)
    sigma = 0.002 * (1 + rng.random(len(columns["t"])))
    columns["x"] = columns["x"] + sigma * rng.standard_normal(len(sigma))
    for name in ("y", "v_x", "v_y"):
        columns[name] = columns[name] + 0.002 * rng.standard_normal(len(sigma))
    return {**columns, "sigma_x": sigma}


def coil(rng: np.random.Generator) -> dict[str, Array]:
    """A spring that a coil pushes: x'' = -4 x - 0.2 x' + 1.5 u(t), and u was measured."""
    t = np.arange(0, 30, 0.05)
    u = np.sin(0.7 * t) + 0.6 * np.sin(1.9 * t + 1)

    def field(y: Array) -> Array:
        now = y[:, -1:]
        pushed = np.sin(0.7 * now) + 0.6 * np.sin(1.9 * now + 1)
        return -4 * y[:, :1] - 0.2 * y[:, 1:2] + 1.5 * pushed

    q, v = driven_flow(field, np.array([[0.5]]), np.array([[0.0]]), t)
    return {"t": t, "x": q[0, :, 0], "v_x": v[0, :, 0], "u": u}


def cluster(rng: np.random.Generator) -> dict[str, Array]:
    """Three atoms that swing about each other: V = Σ 4/r¹² - 4/r⁶."""
    data = systems.get("lennard_jones").draw()
    return moved(data[:2], every=2)


def pendula(rng: np.random.Generator) -> dict[str, Array]:
    """A double pendulum, two swings: masses depend on the angles."""
    return moved(systems.get("double_pendulum").draw()[:2], every=2)


def cart(rng: np.random.Generator) -> dict[str, Array]:
    """A pole on a cart that a measured force u pushes; masses depend on the position."""
    t = np.arange(0, 8, 0.02)

    def force(now: Array) -> Array:
        return 0.5 * np.sin(1.3 * now) + 0.3 * np.cos(2.1 * now)

    def field(y: Array) -> Array:
        th, rates, now = y[:, 1], y[:, 2:4], y[:, -1]
        # L = x'²/2 + x' th' cos(th)/10 + th'²/30 - cos(th)
        lever = np.cos(th) / 10
        rows = [[np.ones_like(th), lever], [lever, np.full_like(th, 1 / 15)]]
        mass = np.array(rows).transpose(2, 0, 1)
        pushed = np.stack([force(now) + rates[:, 1] ** 2 * np.sin(th) / 10, np.sin(th)], axis=1)
        found: Array = np.linalg.solve(mass, pushed[:, :, None])[:, :, 0]
        return found

    items = []
    for k, lean in enumerate((0.5, 1.2, 2.0)):
        q, v = driven_flow(field, np.array([[0.0, lean]]), np.array([[0.1, 0.0]]), t)
        items.append(np.column_stack([np.full(len(t), k + 1.0), t, q[0], v[0], force(t)]))
    names = ("trajectory", "t", "x", "th", "v_x", "v_th", "u")
    return dict(zip(names, np.concatenate(items).T, strict=True))


def points(rng: np.random.Generator) -> dict[str, Array]:
    """Two masses between three springs: places, velocities and accelerations, without times."""
    a, b, va, vb = rng.uniform(-1, 1, (4, 120))
    return {"a": a, "b": b, "v_a": va, "v_b": vb, "a_a": b - 2 * a, "a_b": a - 2 * b}


def delta(rng: np.random.Generator) -> dict[str, Array]:
    """A phase shift in degrees over the energy in MeV: a broad resonance at 500."""
    energy = np.linspace(280, 800, 53)
    return {"E": energy, "delta": np.degrees(np.arctan2(60.0, 500.0 - energy)) - 15.2551}


def levels(rng: np.random.Generator) -> dict[str, Array]:
    """Levels of two boxes in MeV, from which phase shifts follow."""
    box = np.repeat([10.0, 12.0], 3)
    return {"box": box, "E": np.array([272.29, 331.60, 405.55, 273.9, 319.02, 375.4])}


FILES: Mapping[str, Callable[[np.random.Generator], dict[str, Array]]] = {
    "swing.csv": swing,
    "orbit.csv": orbit,
    "throw.csv": throw,
    "trap.csv": trap,
    "coil.csv": coil,
    "cluster.csv": cluster,
    "pendula.csv": pendula,
    "cart.csv": cart,
    "points.csv": points,
    "delta.csv": delta,
    "levels.csv": levels,
}


def make(folder: Path = HERE) -> None:
    """All files of data."""
    for name, draw in FILES.items():
        write(name, draw(np.random.default_rng(0)), folder)


def picture(folder: Path = HERE) -> None:
    """What the README shows: the readings, what the law says comes next, and the law."""
    from matplotlib.figure import Figure

    import interpret
    from interpret.laws.parts import KINDS
    from interpret.pages import formulas
    from interpret.pictures.drawn import png, styled
    from interpret.pictures.rollouts import rollout_numbers

    run = interpret.fit(folder / "swing.csv")
    numbers = rollout_numbers(run.law, run.samples)  # type: ignore[arg-type]
    whole = run.samples.items[0]  # type: ignore[attr-defined]
    with styled():
        figure = Figure(figsize=(9, 4.2), layout="constrained")
        axes = figure.subplots()
        start, late = float(numbers["from"][0]), numbers["t"] >= numbers["from"][0]
        axes.plot(whole.t, whole.q[:, 0], ".", color="0.6", ms=4, label="measured, noise 0.5 %")
        axes.axvspan(start, whole.t[-1], color="C0", alpha=0.08, lw=0)
        axes.plot(
            numbers["t"][late],
            numbers["law"][late, 0],
            lw=2.2,
            label="what the law says comes next",
        )
        axes.set(xlabel="t (s)", ylabel="θ (rad)", ylim=(-2.1, 2.5))
        axes.margins(x=0)
        axes.legend(loc="upper right", ncols=2)
        parts = [formulas.lettered(run.law.equation(part).latex, run.law) for part in run.law.parts]
        assert all(part.name in KINDS for part in run.law.parts)
        figure.suptitle("      ".join(f"${part}$" for part in parts), fontsize=17)
        (folder / "picture.png").write_bytes(png(figure))


if __name__ == "__main__":
    picture() if sys.argv[1:] == ["picture"] else make()
