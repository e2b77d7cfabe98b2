"""Whether a law is wrong, and how clearly the data say so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np
import sympy

import interpret
import systems
from interpret.laws.law import Law
from systems import dop853
from systems.equations import kinetic
from systems.errors import InputError
from systems.samples.trajectories import Trajectories
from tests.trials.recording import Record
from tests.trials.worlds import Array

Acceleration = Callable[[Array, Array, Array], Array]
"""a(q, v, t)."""

RIGHT: Final = ("IDENTICAL", "EQUIVALENT", "EQUAL WITHIN ERROR", "SAME MOTION")
"""Verdicts of `compare` on a right law."""

WITHIN: Final = 3.3
"""Standard errors that a force may be off by: `compare`'s own bound."""

NEARLY_ALL: Final = 0.99
"""Of the points that a law outside whose library the truth lies has to have the force at."""

RESTING: Final = 1e-3
"""Of the mean speed: at less a dry friction is whatever holds the rest of the forces."""

SAME: Final = 1e-6
"""A law that is off by less of the force is the true one: its motion is not drawn any better."""

ITERATIONS: Final = 12


def right(law: Law, record: Record) -> tuple[bool | None, str]:
    """Whether a law is right, None where it says too little to tell, and why.

    A truth in the library is compared with. Otherwise a law is wrong, unless its force is the true
    one within its stated errors wherever it was sampled: then these data cannot tell.
    """
    if record.truth is not None:
        shown = record.shown
        # Every other part that a law claims is truly nothing.
        truths = {law.quantity(part): sympy.Integer(0) for part in law.parts}
        truths |= {"potential": record.truth, "kinetic": kinetic(shown.coordinates, shown.mass)}
        found = interpret.compare(law, systems.observed(shown), truths)
        told = None if found.verdict == "UNDETERMINED" else found.verdict in RIGHT
        return told, f"{found.verdict} {found.reason}".strip()
    if record.forces is None:
        return False, "false columns"
    if partial(law, record):
        return False, "nothing is said of some coordinates"
    return _agrees(law, record)


def partial(law: Law, record: Record) -> bool:
    """Whether the motion of some coordinates is given to the law, and not explained by it."""
    return len(law.equations()) < record.shown.dimension


def _agrees(law: Law, record: Record) -> tuple[bool | None, str]:
    """Whether the law has the true forces within its errors, almost everywhere."""
    mass = record.shown.mass
    t, q, p, _ = record.clean.stack()
    own = mass * law.lambdify()(q, p / mass, t)
    moved = [mass * _more(law, k).lambdify()(q, p / mass, t) - own for k in range(len(law.terms))]
    columns = np.stack(moved, axis=2)
    speed = np.linalg.norm(p / mass, axis=1)
    moving = speed > RESTING * np.sqrt((speed**2).mean())
    true = record.forces.reshape(q.shape)[moving]
    off = np.abs(own[moving] - true)
    variance = np.einsum("ndk,kl,ndl->nd", columns[moving], law.covariance, columns[moving])
    size = float(np.sqrt((off**2).mean() / (true**2).mean()))
    if size < SAME:
        return None, f"off by {size:.1e} of the force"
    if not np.isfinite(variance).all():
        return False, f"off by {size:.1e} of the force"
    held = off <= WITHIN * np.sqrt(np.maximum(variance, 0))
    return None if held.mean() >= NEARLY_ALL else False, f"off by {size:.1e} of the force"


def _more(law: Law, number: int) -> Law:
    """The law with one more of a term; a force is linear in it."""
    return replace(law, coefficients=law.coefficients + np.eye(len(law.terms))[number])


def excess(law: Law, record: Record) -> float:
    """χ² of the law's motion less that of the true one, each from its best starts.

    The same samples and sigma (outliers left out, neighbours' correlation taken out by
    (e_i - ρ e_{i-1}) / √(1-ρ²)). Of the true motion the errors are known: it has their own χ², less
    the 2 d R numbers that its starts would be fitted by, on average. The law's starts are found by
    damped Gauss-Newton steps from the true ones: what is not converged counts against the law.
    Where the columns contradict each other, of the positions alone. inf for a law that has no
    motion, nan for exact data.
    """
    if record.exact:
        return np.nan
    if partial(law, record):
        return np.inf
    used = slice(0, record.shown.dimension) if record.positions else slice(None)
    return _best(law, record, used) - _true(record, used)


def _white(errors: Array, record: Record, used: slice) -> Array:
    """The errors (R, n, c) as independent ones of variance one; 0 at outliers."""
    sigma = record.sigma[used]
    scaled = np.where(record.good[:, :, None], errors[..., used] / sigma, 0)
    rho = record.correlation
    later = (scaled[:, 1:] - rho * scaled[:, :-1]) / np.sqrt(1 - rho**2)
    return np.concatenate([scaled[:, :1], later], axis=1)


def _true(record: Record, used: slice) -> float:
    errors = _columns(record.shown) - _columns(record.clean)
    white = _white(errors, record, used)
    return float((white**2).sum()) - 2 * record.shown.dimension * len(record.shown)


def _columns(data: Trajectories) -> Array:
    return np.stack([np.hstack([item.q, item.p]) for item in data])


def _best(law: Law, record: Record, used: slice) -> float:
    """χ² of the law from its best starts, every trajectory on its own."""
    shown, d = record.shown, record.shown.dimension
    if not law.terms or not np.isfinite(law.coefficients).all():
        return np.inf
    acceleration = law.lambdify()
    if shown.dimension == 1:
        acceleration = rubbed(acceleration)
    times, mass, observed = shown[0].t, shown.mass, _columns(shown)
    scale = observed.reshape(-1, 2 * d).std(axis=0) * 1e-5
    start = _columns(record.clean)[:, 0].copy()
    damping = np.full(len(start), 1e-3)

    def whitened(starts: Array) -> Array:
        path = motion(acceleration, mass, starts, times).reshape(len(shown), -1, len(times), 2 * d)
        off = (path - observed[:, None]).transpose(1, 0, 2, 3)
        white = np.stack([_white(item, record, used) for item in off], axis=1)
        return white.reshape(len(starts), -1)

    with np.errstate(all="ignore"):
        at = whitened(start)
        for _ in range(ITERATIONS):
            moved = (start[:, None] + scale * np.eye(2 * d)).reshape(-1, 2 * d)
            changes = whitened(moved).reshape(len(start), 2 * d, -1) - at[:, None]
            jacobian = changes.transpose(0, 2, 1)
            trial = start + scale * _steps(jacobian, at, damping)
            new = whitened(trial)
            before, after = (at**2).sum(axis=1), (new**2).sum(axis=1)
            better = after < before
            start[better], at[better] = trial[better], new[better]
            damping = np.where(better, damping / 10, damping * 10)
            if not (before - after > 0.1).any() and better.any():
                break
        total = float((at**2).sum())
    return total if np.isfinite(total) else np.inf


def _steps(jacobian: Array, at: Array, damping: Array) -> Array:
    """Levenberg's step of each trajectory (R, c); none where something is not finite."""
    steps = np.zeros((len(at), jacobian.shape[2]))
    for k, (j, r) in enumerate(zip(jacobian, at, strict=True)):
        if np.isfinite(j).all() and np.isfinite(r).all():
            normal = j.T @ j
            size = np.diag(np.maximum(np.diag(normal), 1e-300))
            steps[k] = -np.linalg.lstsq(normal + damping[k] * size, j.T @ r, rcond=None)[0]
    return steps


ACCURACY: Final = 1e-8
"""Of the law's motion, relative to the spread of the data: rounding may be as little as 1e-5."""

REST: Final = 1e-4
"""The speed at which a dry friction turns, as that of the worlds does: integrators cannot jump."""

MOST_STEPS: Final = 2000
"""A motion that takes more runs into something that the true one does not."""


def motion(acceleration: Acceleration, mass: Array, starts: Array, times: Array) -> Array:
    """(q, p) (R, n, 2d) of q' = p/m, p' = m a(q, p/m, t) from starts (R, 2d); nan where it ends."""
    d = len(mass)

    def rate(y: Array) -> Array:
        v, clock = y[:, d:-1] / mass, np.ones((len(y), 1))
        return np.hstack([v, mass * acceleration(y[:, :d], v, y[:, -1]), clock])

    size = float(np.abs(starts).max())
    timed = np.hstack([starts, np.full((len(starts), 1), times[0])])
    path = dop853.solve(
        rate, timed, times, rtol=ACCURACY, atol=ACCURACY * size, max_steps=MOST_STEPS
    )
    return path[..., :-1]


def rubbed(acceleration: Acceleration) -> Acceleration:
    """The same in one dimension, with what jumps at rest made a slope of width `REST`."""

    def smoothly(q: Array, v: Array, t: Array) -> Array:
        forward = (1 + v / np.sqrt(v**2 + REST**2)) / 2
        speed = np.maximum(np.abs(v), np.finfo(float).tiny)
        found = forward * acceleration(q, speed, t) + (1 - forward) * acceleration(q, -speed, t)
        return np.asarray(found)

    return smoothly


def stated(law: Law) -> str:
    """The law on one line."""
    try:
        return f"{law.numeric}"[:300]
    except InputError as error:
        return str(error)
